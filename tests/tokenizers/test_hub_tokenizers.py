"""Arguments and files of KerasHub's tokenizers are checked; hostile presets and bundles are in tests/attacks."""

from pathlib import Path

import keras_hub
import pytest

from tfft.core.errors import BackboneError, BundleError
from tfft.tokenizers import hub_tokenizers


def test_each_class_is_one_of_kerashub() -> None:
    for name in hub_tokenizers.CLASSES:
        assert getattr(keras_hub.tokenizers, name) is getattr(keras_hub.models, name)


def test_what_kerashub_writes_passes(tmp_path: Path) -> None:
    words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "a"]
    ids = {"<s>": 0, "<pad>": 1, "</s>": 2, "<unk>": 3, "<mask>": 4, "a": 5, "aa": 6}
    for made in (
        keras_hub.tokenizers.BertTokenizer(vocabulary=words),
        keras_hub.tokenizers.RobertaTokenizer(vocabulary=ids, merges=["a a"]),
    ):
        config = {key: value for key, value in made.get_config().items() if key != "name"}
        assert hub_tokenizers.refusal(config, "it", BackboneError) is None
        made.save_assets(str(tmp_path))
        hub_tokenizers.check_files(tmp_path / name for name in made.file_assets)


@pytest.mark.parametrize("content", [b"[" * 10**6, b"[1]", b'{"a": 1, "a": 2}', b"\xff"])
def test_a_vocabulary_in_damaged_json_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "vocabulary.json").write_bytes(content)
    with pytest.raises(BackboneError, match=r"vocabulary\.json"):
        hub_tokenizers.check_files([tmp_path / "vocabulary.json"])


def test_arguments_of_a_tokenizer_are_judged_one_by_one() -> None:
    assert hub_tokenizers.refusal({"lowercase": True, "vocabulary": None, "dtype": "int32"}, "it", BundleError) is None
    assert hub_tokenizers.refusal({"config_file": "../a.json"}, "it", BundleError) == ("config_file", "'../a.json'")
    with pytest.raises(BundleError, match="could run code"):
        hub_tokenizers.refusal({"dtype": {"class_name": "Lambda", "module": "keras.layers"}}, "it", BundleError)


def test_a_vocabulary_above_the_limit_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TFFT_MAX_VOCABULARY_TOKENS", "2")
    for name, content in (("vocabulary.txt", "a\nb\nc\n"), ("vocabulary.json", '{"a": 0, "b": 1, "c": 2}')):
        (tmp_path / name).write_text(content)
        with pytest.raises(BackboneError, match=r"3 tokens are more than the limit"):
            hub_tokenizers.check_files([tmp_path / name])
