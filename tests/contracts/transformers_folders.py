"""Folders of tiny nets of Transformers, drawn from names and shapes alone: what is recorded of them is compared with anywhere.

Needs NumPy and nothing else, so that ``record_hidden_states.py`` can use it where PyTorch is, and tests where it is not.
"""

import json
import struct
import zlib
from pathlib import Path
from typing import Any

import numpy as np

RECORDED = Path(__file__).with_name("hidden_states.json")
TOKENS, ARCHITECTURES = 7, 3
LENGTHS = (7, 4, 1)
_KINDS = {"float32": "F32", "float16": "F16", "bfloat16": "BF16"}


def weight(name: str, shape: list[int]) -> np.ndarray:
    """The values of one tensor by its name: float32; the same with whatever prefix."""
    last = ".".join(name.split(".")[-5:])
    draw = np.random.default_rng(zlib.crc32(last.encode())).standard_normal(shape)
    norm = "norm" in name.lower() or ".ln_" in name
    return np.asarray(1 + 0.3 * draw if norm and name.endswith("weight") else 0.4 * draw, "float32")


def stored(values: np.ndarray, dtype: str) -> bytes:
    """The bytes of a tensor in a file; bfloat16 is cut off."""
    if dtype == "bfloat16":
        return (np.ascontiguousarray(values).view(np.uint32) >> 16).astype(np.uint16).tobytes()
    return values.astype(dtype).tobytes()


def write_tensors(path: Path, tensors: dict[str, np.ndarray], dtype: str = "float32") -> None:
    """A ``.safetensors`` file: eight bytes of length, a header in JSON, the values."""
    header: dict[str, Any] = {"__metadata__": {"format": "pt"}}
    parts, at = [], 0
    for name, values in tensors.items():
        parts.append(stored(values, dtype))
        end = at + len(parts[-1])
        header[name] = {"dtype": _KINDS[dtype], "shape": list(values.shape), "data_offsets": [at, end]}
        at = end
    head = json.dumps(header).encode()
    path.write_bytes(struct.pack("<Q", len(head)) + head + b"".join(parts))


def write_folder(folder: Path, config: dict[str, Any], shapes: dict[str, list[int]], dtype: str = "float32") -> Path:
    """A folder as ``save_pretrained`` leaves it, but for a tokenizer."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "config.json").write_text(json.dumps(config), encoding="utf-8")
    write_tensors(folder / "model.safetensors", {name: weight(name, shape) for name, shape in shapes.items()}, dtype)
    return folder


def texts(vocabulary: int, tokens: int = TOKENS) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Token ids, segments and mask, int32 of shape (3, tokens); the first is as long as that, the others are padded."""
    draw = np.random.default_rng(tokens)
    ids = draw.integers(8, vocabulary, (ARCHITECTURES, tokens))
    mask = np.arange(tokens) < np.array([[tokens], *([length] for length in LENGTHS[1:])])
    segments = (np.arange(tokens) >= tokens // 2) & mask
    return ids.astype("int32"), segments.astype("int32"), mask.astype("int32")


def images(height: int, width: int) -> np.ndarray:
    """float32 of shape (2, height, width, 3), in the range that the net takes."""
    return np.random.default_rng(height).uniform(-1, 1, (2, height, width, 3)).astype("float32")
