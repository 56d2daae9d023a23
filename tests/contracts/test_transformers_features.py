"""Features of folders that Transformers saves are its own hidden states, whatever class saved them and whatever they are set to.

The numbers were recorded by ``record_hidden_states.py``; the folders are drawn again here from names and shapes.
"""

import json
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

import tfft
from tests.contracts.transformers_folders import RECORDED, images, texts, write_folder
from tfft.backbones.keras_hub import transformers_nets
from tfft.backbones.keras_hub.encoders import FAMILIES, masked
from tfft.backbones.keras_hub.transformers_config import stated
from tfft.backbones.keras_hub.transformers_fields import FIELDS

WORDS = json.loads(RECORDED.read_text(encoding="utf-8"))
CASES: dict[str, Any] = WORDS["cases"]
KINDS = {"distilbert": "distil_bert", "xlm-roberta": "xlm_roberta"}
IMAGE = {"image_mean": [0.5] * 3, "image_std": [0.5] * 3}


def shapes_of(case: str) -> dict[str, list[int]]:
    return WORDS["shapes"][CASES[case]["shapes"]]


def written(case: str, folder: Path) -> Path:
    """The folder of a case as its class saved it."""
    (
        write_folder(folder, CASES[case]["config"], shapes_of(case), CASES[case]["dtype"]) / "preprocessor_config.json"
    ).write_text(json.dumps(IMAGE))
    return folder


def encoder(folder: Path, unused: list[str] | None = None) -> keras.Model:
    """The net of a folder of texts; it has no tokenizer, so that ``load_backbone`` would describe it alone."""
    config = json.loads((folder / "config.json").read_text())
    family = KINDS.get(config["model_type"], config["model_type"])
    net = stated(str(folder), family, config)
    return masked(
        transformers_nets.load(str(folder), net, FAMILIES[family].backbone, True, [] if unused is None else unused)
    )


def features(net: keras.Model, tokens: int) -> np.ndarray:
    ids, segments, mask = texts(30, tokens)
    given = {"token_ids": ids * mask, "segment_ids": segments, "padding_mask": mask}
    states, _ = net([given[tensor.name] for tensor in net.inputs])
    return np.asarray(states)[mask == 1][1::2] if tokens < 16 else np.asarray(states)[0, ::8]


def states_of(folder: Path) -> np.ndarray:
    """The numbers that were recorded, as tfft computes them."""
    if json.loads((folder / "config.json").read_text())["model_type"] == "vit":
        net = tfft.load_backbone(str(folder)).load()
        return np.asarray(net(images(*net.input_shape[1:3])))[:, ::8].ravel()
    net = encoder(folder)
    return np.concatenate([features(net, tokens).ravel() for tokens in (7, 16)])


@pytest.mark.parametrize("case", CASES)
def test_features_are_the_hidden_states_of_transformers(tmp_path: Path, case: str) -> None:
    expected = np.array(CASES[case]["states"])
    np.testing.assert_allclose(states_of(written(case, tmp_path)), expected, rtol=1e-5, atol=2e-5)
    assert np.ptp(expected) > 0.5
    keras.backend.clear_session()


def test_all_families_that_are_read_are_recorded() -> None:
    kinds = {case["config"]["model_type"] for case in CASES.values()}
    assert {KINDS.get(kind, kind) for kind in kinds} == set(FIELDS)


def test_settings_make_a_difference_that_would_be_seen() -> None:
    # the first two change no features; rows of the table of types are drawn alike, however many there are
    same = {"sinusoidal_pos_embds", "chunk_size_feed_forward", "type_vocab_size"}
    for case, held in CASES.items():
        name, _, rest = case.removesuffix(")").partition("(")
        if rest and rest.split("=")[0] not in same and len(held["states"]) == len(CASES[f"{name}()"]["states"]):
            far = np.abs(np.subtract(held["states"], CASES[f"{name}()"]["states"])).max()
            assert far > 2e-4, case  # the two forms of GELU are the closest
