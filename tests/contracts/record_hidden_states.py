"""Record what Transformers makes of the folders of ``transformers_folders.py``; PyTorch is needed for this alone.

::

    python -m venv recorder && recorder/bin/pip install torch transformers
    cd tests/contracts && ../../recorder/bin/python record_hidden_states.py
"""

import json
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import torch
import transformers
from safetensors import safe_open
from transformers_folders import RECORDED, images, texts, write_folder

_WIDE = {"hidden_size": 8, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 16}
_TEXT = {**_WIDE, "vocab_size": 30, "max_position_embeddings": 20}
_ROBERTA = {**_TEXT, "max_position_embeddings": 22, "type_vocab_size": 1, "layer_norm_eps": 1e-5}
_DISTIL = {"vocab_size": 30, "max_position_embeddings": 20, "n_layers": 2, "n_heads": 2, "dim": 8, "hidden_dim": 16}
_ALBERT = {**_TEXT, "embedding_size": 4, "num_attention_heads": 2}
_GPT2 = {
    "vocab_size": 30,
    "n_positions": 20,
    "n_embd": 8,
    "n_layer": 2,
    "n_head": 2,
    "bos_token_id": 1,
    "eos_token_id": 1,
}
_VIT = {**_WIDE, "image_size": 32, "patch_size": 8}

# class -> its configuration; further fields of a case, each with a word for its name
PLAIN = {
    "BertModel": _TEXT,
    "DistilBertModel": _DISTIL,
    "RobertaModel": _ROBERTA,
    "XLMRobertaModel": _ROBERTA,
    "AlbertModel": _ALBERT,
    "GPT2Model": _GPT2,
    "ViTModel": _VIT,
}
FIELDS: dict[str, list[dict[str, Any]]] = {
    "BertModel": [
        {},
        {"hidden_act": "relu"},
        {"hidden_act": "gelu_new"},
        {"hidden_act": "silu"},
        {"hidden_act": "tanh"},
        {"hidden_act": "mish"},
        {"hidden_act": "relu6"},
        {"layer_norm_eps": 0.01},
        {"type_vocab_size": 1},
        {"type_vocab_size": 4},
        {"num_attention_heads": 4},
        {"num_hidden_layers": 1},
        {"chunk_size_feed_forward": 1},
    ],
    "DistilBertModel": [{}, {"activation": "relu"}, {"sinusoidal_pos_embds": True}, {"n_heads": 4}],
    "RobertaModel": [
        {},
        {"hidden_act": "relu"},
        {"layer_norm_eps": 0.01},
        {"type_vocab_size": 2},
        {"pad_token_id": 0},
        {"pad_token_id": 5},
    ],
    "XLMRobertaModel": [
        {},
        {"hidden_act": "gelu_fast"},
        {"layer_norm_eps": 0.01},
        {"type_vocab_size": 2},
        {"pad_token_id": 3},
    ],
    "AlbertModel": [
        {},
        {"hidden_act": "gelu"},
        {"hidden_act": "relu"},
        {"layer_norm_eps": 0.01},
        {"type_vocab_size": 1},
        {"num_hidden_layers": 4, "num_hidden_groups": 2},
        {"inner_group_num": 2},
    ],
    "GPT2Model": [
        {},
        {"activation_function": "relu"},
        {"activation_function": "gelu"},
        {"n_inner": 12},
        {"layer_norm_epsilon": 0.01},
        {"scale_attn_by_inverse_layer_idx": True, "reorder_and_upcast_attn": True},
        {"scale_attn_by_inverse_layer_idx": True},
        {"scale_attn_weights": False},
    ],
    "ViTModel": [
        {},
        {"layer_norm_eps": 0.01},
        {"qkv_bias": False},
        {"image_size": [32, 16]},
        {"num_attention_heads": 4},
    ],
}
HEADS = {
    "Bert": [
        "MaskedLM",
        "PreTraining",
        "SequenceClassification",
        "TokenClassification",
        "QuestionAnswering",
        "MultipleChoice",
    ],
    "DistilBert": ["MaskedLM", "SequenceClassification", "TokenClassification", "QuestionAnswering"],
    "Roberta": ["MaskedLM", "SequenceClassification", "TokenClassification", "QuestionAnswering"],
    "XLMRoberta": ["MaskedLM", "SequenceClassification", "TokenClassification"],
    "Albert": ["MaskedLM", "PreTraining", "SequenceClassification", "TokenClassification"],
    "GPT2": ["SequenceClassification", "TokenClassification"],
    "ViT": ["ImageClassification", "MaskedImageModeling"],
}


def cases() -> dict[str, tuple[str, dict[str, Any], str]]:
    """Name -> class, fields and dtype of the file."""
    found = {}
    for name, several in FIELDS.items():
        for fields in several:
            words = ",".join(f"{key}={value}" for key, value in fields.items())
            found[f"{name}({words})"] = (name, {**PLAIN[name], **fields}, "float32")
        for dtype in ("float16", "bfloat16"):
            found[f"{name}[{dtype}]"] = (name, PLAIN[name], dtype)
    for family, heads in HEADS.items():
        for head in heads:
            fields = {"encoder_stride": 8} if head == "MaskedImageModeling" else {}
            found[f"{family}For{head}"] = (f"{family}For{head}", {**PLAIN[f"{family}Model"], **fields}, "float32")
    found["GPT2LMHeadModel"] = ("GPT2LMHeadModel", _GPT2, "float32")
    return found


def record(name: str, fields: dict[str, Any], dtype: str) -> dict[str, Any]:
    """What a class saves, and the hidden states of its base class on the folder that is drawn from that."""
    made = getattr(transformers, name)
    with tempfile.TemporaryDirectory() as folder:
        made(made.config_class(**fields)).save_pretrained(folder)
        config = json.loads(Path(folder, "config.json").read_text())
        with safe_open(f"{folder}/model.safetensors", "np") as file:
            shapes = {key: list(file.get_slice(key).get_shape()) for key in file.keys()}  # noqa: SIM118
        write_folder(Path(folder), config, shapes, dtype)
        net = transformers.AutoModel.from_pretrained(folder, attn_implementation="eager", dtype=torch.float32).eval()
    with torch.no_grad():
        if "pixel_values" in net.main_input_name:
            pixels = images(*net.embeddings.patch_embeddings.image_size)
            states = [net(torch.tensor(pixels.transpose(0, 3, 1, 2))).last_hidden_state[:, ::8]]
        else:
            states = [_read(net, tokens) for tokens in (7, 16)]
    numbers = [float(f"{value:.6g}") for each in states for value in np.asarray(each).ravel()]
    return {"config": config, "shapes": shapes, "dtype": dtype, "states": numbers}


def _read(net: Any, tokens: int) -> Any:
    """Hidden states of tokens that are not padding; of 16 tokens, the first text alone. Not all of them, to save room."""
    ids, segments, mask = (torch.tensor(each.astype("int64")) for each in texts(30, tokens))
    ids[mask == 0] = net.config.pad_token_id or 0
    further = (
        {"token_type_ids": segments % net.config.type_vocab_size} if net.config.model_type in ("bert", "albert") else {}
    )
    states = net(ids, attention_mask=mask, **further).last_hidden_state
    return states[mask == 1][1::2] if tokens < 16 else states[0, ::8]


def main() -> None:
    """Write the file."""
    versions = {"torch": torch.__version__, "transformers": transformers.__version__, "numpy": np.__version__}
    found: dict[str, Any] = {"versions": versions, "shapes": [], "cases": {}}
    for name, case in cases().items():
        made = record(*case)
        if made["shapes"] not in found["shapes"]:
            found["shapes"].append(made["shapes"])
        found["cases"][name] = {**made, "shapes": found["shapes"].index(made["shapes"])}
    lines = json.dumps(found, separators=(",", ":")).replace('},"', '},\n"')
    RECORDED.write_text(lines + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
