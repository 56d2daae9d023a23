"""Read the tokenizer of a preset: from ``tokenizer.json``, from vocabulary files, or from KerasHub's own format."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tfft.backbones.keras_hub import hub_files
from tfft.backbones.keras_hub.encoders import Family
from tfft.backbones.keras_hub.preset_files import further
from tfft.backbones.keras_hub.presets import REMOTE
from tfft.core import regular_files
from tfft.core.errors import BackboneError, WeightsError, shortlist
from tfft.tokenizers.json_tokenizer import FILE, JsonTokenizer
from tfft.tokenizers.pipelines import ALBERT, BERT, ROBERTA, added_token, byte_pairs, sentence_pieces, word_pieces
from tfft.tokenizers.tokenizer_json import around, parsed

_CONFIG, _SPECIAL, _ADDED = "tokenizer_config.json", "special_tokens_map.json", "added_tokens.json"
_WORDS, _PAIRS, _MERGES = "vocab.txt", "vocab.json", "merges.txt"
_PIECES = {"sentencepiece.bpe.model": "xlm_roberta", "spiece.model": "albert", "spm.model": "deberta_v3"}
_NAMES = {"start": "cls_token", "end": "sep_token", "pad": "pad_token", "mask": "mask_token"}
_SWITCHES = {
    "do_lower_case": "lowercase",
    "strip_accents": "strip_accents",
    "tokenize_chinese_chars": "handle_chinese_chars",
}
_GPT2 = "<|endoftext|>"


def tokenizer(preset: str, family: Family) -> Any:
    """Read the tokenizer of a preset.

    Args:
        preset: ``hf://owner/model``, ``kaggle://...``, a preset name of KerasHub, or a folder.
        family: The family of the model.

    Returns:
        A JsonTokenizer.

    Raises:
        BackboneError: When a file is damaged, or asks for something that is not supported.
        WeightsError: When the preset has no tokenizer file.
    """
    if (config := further(preset, "config.json")) and "model_type" in config:
        return _of_transformers(preset, family)
    made = hub_files.tokenizer(preset)
    local = Path(preset).is_dir()
    return of_kerashub(made, _values(preset, _CONFIG).get("strip_accents") if local else None)


def of_kerashub(made: Any, strip_accents: bool | None = None) -> Any:
    """Convert a KerasHub tokenizer to one that treats texts as in the pretraining of its family.

    KerasHub 0.32 cleans texts differently: it converts full-width characters, knows only ASCII spaces, and keeps accents.

    Args:
        made: A ``keras_hub.tokenizers.Tokenizer``.
        strip_accents: Whether to remove accents; None to remove them when the tokenizer lowercases.

    Returns:
        A JsonTokenizer; ``made`` itself when its family is not supported, or it has other options.
    """
    name = type(made).__name__.removesuffix("Tokenizer")
    place = f"The {type(made).__name__} of KerasHub"
    if name in ("Bert", "DistilBert", "Electra"):
        if made.suffix_indicator != "##" or made.oov_token != "[UNK]" or not made.split:
            return made
        accents = True if made.strip_accents else strip_accents
        words = word_pieces(made.get_vocabulary(), made.lowercase, accents, made.split_on_cjk, _tokens(made, BERT))
        return JsonTokenizer(*words, place=place)
    if name in ("Roberta", "GPT2"):
        vocabulary = {str(token): int(id) for token, id in made.vocabulary.items()}
        return JsonTokenizer(*byte_pairs(vocabulary, made.merges, prefix_space=made.add_prefix_space), place=place)
    families = {"XLMRoberta": "xlm_roberta", "Albert": "albert", "DebertaV3": "deberta_v3"}
    return JsonTokenizer(*sentence_pieces(made.proto, families[name]), place=place) if name in families else made


def _tokens(made: Any, defaults: Mapping[str, str]) -> dict[str, str]:
    return {name: str(getattr(made, f"{name}_token", token)) for name, token in defaults.items()}


def _of_transformers(preset: str, family: Family) -> JsonTokenizer:
    config = {**_values(preset, _SPECIAL), **_values(preset, _CONFIG)}
    path = _file(preset, FILE)
    if path is not None:
        place = repr(f"{preset}/{FILE}")
        values = parsed(_bytes(path), place)
        start, end, separators = around(values, place) or (None, None, family.separators)
        ends = {name: token for name, token in (("start", start), ("end", end)) if token is not None}
        tokens = {**_special(config, family, _held(values)), **ends}
    else:
        values, tokens, separators = _of_vocabulary(preset, config, family)
        place = repr(preset)
    values = _with_added(_with_switches(values, config), preset, config, place)
    return JsonTokenizer(values, tokens, separators, place)


def _held(values: Mapping[str, Any]) -> dict[str, int]:
    """Token -> id, from a file that is not checked yet."""
    model = values.get("model")
    vocabulary = model.get("vocab") if isinstance(model, dict) else None
    if isinstance(vocabulary, dict):
        return vocabulary
    rows = vocabulary if isinstance(vocabulary, list) else []
    return {row[0]: id for id, row in enumerate(rows) if isinstance(row, list) and row and isinstance(row[0], str)}


def _special(config: Mapping[str, Any], family: Family, held: Mapping[str, int]) -> dict[str, str]:
    """The special tokens that the files name; for other special tokens, the family's default."""
    if family.pooling == "last":
        first = next((token for token, id in held.items() if id == 0), _GPT2)
        end = _text(config.get("eos_token")) or _GPT2
        return {"start": end, "end": end, "pad": _text(config.get("pad_token")) or first}
    defaults = next((each for each in (BERT, ROBERTA, ALBERT) if {each["start"], each["pad"]} <= held.keys()), BERT)
    return {name: _text(config.get(key)) or defaults[name] for name, key in _NAMES.items()}


def _text(token: Any) -> str | None:
    """The text of a token, which is written as a string or as an object with its content."""
    found = token.get("content") if isinstance(token, dict) else token
    return found if isinstance(found, str) and found else None


def _of_vocabulary(
    preset: str, config: Mapping[str, Any], family: Family
) -> tuple[dict[str, Any], dict[str, str], int]:
    if (path := _file(preset, _WORDS)) is not None:
        # when a token occurs twice, its id is the number of the later line, as in Transformers
        words = {token: id for id, token in enumerate(_read(path).split("\n")) if token}
        return word_pieces(words, tokens=_special(config, family, words))
    if (path := _file(preset, _PAIRS)) is not None and (merges := _file(preset, _MERGES)) is not None:
        vocabulary = parsed(_bytes(path), repr(str(path)))
        pairs = [line for line in _read(merges).split("\n") if line and not line.startswith("#version")]
        return byte_pairs(vocabulary, pairs, _special(config, family, vocabulary))
    for name, kind in _PIECES.items():
        if (path := _file(preset, name)) is not None:
            return sentence_pieces(_bytes(path), kind)
    there = [] if preset.startswith(REMOTE) else sorted(each.name for each in Path(preset).iterdir())
    raise WeightsError(
        f"{preset!r} holds no tokenizer.",
        shortlist(there),
        f"Copy one of these there: {FILE}; {_WORDS}; {_PAIRS} and {_MERGES}; {', '.join(_PIECES)}.",
    )


def _values(preset: str, name: str) -> dict[str, Any]:
    """The values of a JSON file; empty when the file does not exist."""
    path = _file(preset, name)
    return {} if path is None else parsed(_bytes(path), repr(f"{preset}/{name}"))


def _bytes(path: Path) -> bytes:
    return regular_files.read(path, "tokenizer_bytes", error=BackboneError)


def _read(path: Path) -> str:
    """The text of a file with the line ends of Unix."""
    try:
        return _bytes(path).decode("utf-8").replace("\r\n", "\n").replace("\r", "\n")
    except UnicodeDecodeError as error:
        raise BackboneError(f"{str(path)!r} cannot be read: {error}.", fix="Copy the model again.") from None


def _with_switches(values: dict[str, Any], config: Mapping[str, Any]) -> dict[str, Any]:
    """Apply ``tokenizer_config.json``: its options for case, accents, Chinese and leading spaces override ``tokenizer.json``."""
    stated = {own: config[key] for key, own in _SWITCHES.items() if key in config}
    # strip_accents=null means "the same as lowercase"; for the other options, null means that tokenizer.json decides
    stated = {own: value for own, value in stated.items() if value is not None or own == "strip_accents"}
    cleaning, before = values.get("normalizer"), values.get("pre_tokenizer")
    if isinstance(cleaning, dict) and cleaning.get("type") == "BertNormalizer":
        values = {**values, "normalizer": {**cleaning, **stated}}
    if isinstance(before, dict) and before.get("type") == "ByteLevel" and "add_prefix_space" in config:
        values = {**values, "pre_tokenizer": {**before, "add_prefix_space": config["add_prefix_space"]}}
    return values


def _with_added(values: dict[str, Any], preset: str, config: Mapping[str, Any], place: str) -> dict[str, Any]:
    """Add the tokens in files beside the vocabulary; JsonTokenizer refuses ids that do not continue the vocabulary."""
    added = values.get("added_tokens")
    if added is not None and (not isinstance(added, list) or not all(isinstance(row, dict) for row in added)):
        return values  # JsonTokenizer raises an error for these values
    rows = {row.get("content"): row for row in added or [] if isinstance(row.get("content"), str)}
    if len(rows) != len(added or []):
        return values
    held = _held(values)
    for token, id in _values(preset, _ADDED).items():
        rows.setdefault(token, {**added_token(id, token, special=False), "normalized": True})
    decoder = config.get("added_tokens_decoder")
    for id, row in decoder.items() if isinstance(decoder, dict) else ():
        if isinstance(row, dict) and isinstance(row.get("content"), str) and str(id).isdecimal():
            known = added_token(int(id), row["content"])
            rows.setdefault(row["content"], {key: row.get(key, value) for key, value in known.items()})
    others = config.get("additional_special_tokens") or []
    for token in filter(None, map(_text, others if isinstance(others, list) else [])):
        if token not in rows and token not in held:
            raise BackboneError(
                f"{place}: the additional special token {token!r} has no id.",
                fix=f"Add it to {_ADDED}, or save the tokenizer again with Transformers.",
            )
        rows.setdefault(token, added_token(held.get(token, -1), token))
    return {**values, "added_tokens": list(rows.values())}


def _file(preset: str, name: str) -> Path | None:
    if not preset.startswith(REMOTE):
        path = Path(preset) / name
        return path if path.is_file() else None
    from keras_hub.src.utils.preset_utils import check_file_exists, get_file

    return Path(get_file(preset, name)) if check_file_exists(preset, name) else None
