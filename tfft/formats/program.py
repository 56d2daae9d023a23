"""Write the program beside a net alone: it answers with exactly this export, in about 30 lines of Python, without tfft.

A program is assembled from parts: one for the inputs, one for the file format of the net, and one for the task.
"""

from collections.abc import Mapping
from string import Template
from typing import Any

from tfft.bundles.predictor import Predictor
from tfft.formats.compared_examples import texts_of
from tfft.tokenizers.json_tokenizer import JsonTokenizer

NAME = "predict.py"
_PROGRAM = '''"""Answer with the net in this folder, without tfft: python predict.py $usage

Needs: pip install numpy $packages
"""

${io}import json
import sys
from pathlib import Path

$imports

HOME = Path(__file__).resolve().parent
ABOUT = json.loads((HOME / "tfft.json").read_text(encoding="utf-8"))
$net
$read

for $items:
    logits = $run[0]
$answer
    print(json.dumps(answer, ensure_ascii=False))
'''

# the pixels are those of tfft.inputs.image; images whose meaning Pillow does not tell are refused
_IMAGE = """SIZE = ABOUT["preprocessing"]["width"], ABOUT["preprocessing"]["height"]


def inputs(path):
    content = Path(path).read_bytes()
    image = Image.open(io.BytesIO(content))
    deep, keyed = image.mode[0] in "IF", "transparency" in image.info
    if (deep and (image.format != "PNG" or keyed or b"sBIT" in content)) or (
        keyed and any(stored in str(image.tile) for stored in ("'L;2'", "'L;4'", "'RGB;16B'"))
    ):
        sys.exit(f"{path}: save this image with 8 bits a channel.")
$before    if image.format == "JPEG" and image.mode in ("RGB", "L"):
        image.draft(image.mode, (max(SIZE), max(SIZE)))  # decoded no larger than needed
    image = ImageOps.exif_transpose(image)
    image = (Image.fromarray((np.asarray(image) >> 8).astype(np.uint8)) if deep else image).convert("RGBA")
    image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image).convert("RGB")
$fit    return {"pixels": np.asarray(image, np.float32)[None]}
"""
_FITS: Mapping[str, tuple[str, str]] = {
    "crop": ("", "    image = ImageOps.fit(image, SIZE, Image.Resampling.BILINEAR)\n"),
    "squash": ("", "    image = image.resize(SIZE, Image.Resampling.BILINEAR)\n"),
    "pad": (
        "    columns, rows = image.size[::-1] if image.getexif().get(274) in (5, 6, 7, 8) else image.size\n",
        "    share = min(SIZE[0] / columns, SIZE[1] / rows)\n"
        "    inner = max(1, round(columns * share)), max(1, round(rows * share))\n"
        '    small, image = image.resize(inner, Image.Resampling.BILINEAR), Image.new("RGB", SIZE)\n'
        "    image.paste(small, ((SIZE[0] - inner[0]) // 2, (SIZE[1] - inner[1]) // 2))\n",
    ),
}

_TEXT = """STEP, TOKENS = ABOUT["preprocessing"], ABOUT["preprocessing"]["tokenizer"]["config"]["tokens"]
tokenizer = Tokenizer.from_file(str(HOME / "tokenizer" / "tokenizer.json"))
START, END = tokenizer.token_to_id(TOKENS["start"]), tokenizer.token_to_id(TOKENS["end"])


def tokens(text):
    return tokenizer.encode(text, add_special_tokens=False).ids


def inputs($texts):
$join
    return {$arrays}
"""
_SINGLE = """    ids = np.array([[START, *tokens(text)[: STEP["length"] - 2], END]], np.int32)"""
_PAIR = """    one, other, between = tokens(first), tokens(second), [END] * STEP["tokenizer"]["separators"]
    room = STEP["length"] - 2 - len(between)
    one = one[: max(room - room // 2, room - len(other))]  # the longer text is cut first
    other = other[: room - len(one)]
    ids = np.array([[START, *one, *between, *other, END]], np.int32)"""
_ARRAYS = {"token_ids": "ids", "padding_mask": "np.ones_like(ids)", "segment_ids": "np.zeros_like(ids)"}
_SECOND = "\n    second = (np.arange(ids.size)[None] > len(one + between)).astype(np.int32)"

# imports and packages, the net, and a call of it
_RUNTIMES: Mapping[str, tuple[str, str, str, str]] = {
    "onnx": (
        "import onnxruntime",
        "onnxruntime",
        'net = onnxruntime.InferenceSession(HOME / "model.onnx")',
        "net.run(None, $given)[0]",
    ),
    "litert": (
        "from ai_edge_litert.interpreter import Interpreter",
        "ai-edge-litert",
        'net = Interpreter(str(HOME / "model.tflite")).get_signature_runner()',
        "next(iter(net(**$given).values()))",
    ),
    "keras": (
        "import keras",
        "keras tensorflow",
        'net = keras.saving.load_model(HOME / "net.keras", compile=False)',
        "net.predict($given, verbose=0)",
    ),
}

_TASKS: Mapping[str, str] = {
    "classification": """    shares = np.exp(logits - logits.max())
    answer = dict(zip(ABOUT["labels"], (shares / shares.sum()).tolist()))
    answer = {"label": max(answer, key=answer.get), "probabilities": answer}""",
    "multi_label": """    shares = 1 / (1 + np.exp(-logits.astype(float)))
    found = shares >= np.array(ABOUT["options"]["threshold"])
    answer = {"labels": [name for name, there in zip(ABOUT["labels"], found) if there]}
    answer["probabilities"] = dict(zip(ABOUT["labels"], shares.tolist()))""",
    "regression": """    values = logits * ABOUT["scale"] + ABOUT["mean"]
    answer = {"values": dict(zip(ABOUT["labels"], values.tolist()))}""",
    "segmentation": """    answer = {"labels": ABOUT["labels"], "mask": logits.argmax(axis=-1).tolist()}""",
}


def program(predictor: Predictor, runtime: str) -> str | None:
    """Assemble the program for an export.

    Args:
        predictor: The model.
        runtime: ``"onnx"``, ``"litert"`` or ``"keras"``.

    Returns:
        The content of ``predict.py``; None for tasks whose answers need more than the logits, and for tokenizers that no package
        but tfft's own dependencies reads.

    Example:
        >>> import tempfile, tfft
        >>> model = tfft.build("toy", tfft.tasks.classification(["ants", "bees"]))
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     text = program(tfft.load(tfft.export(model, f"{folder}/toy.tfft")), "onnx")
        >>> text.splitlines()[0]
        '\"\"\"Answer with the net in this folder, without tfft: python predict.py photo.jpg'
    """
    parts = _reading(predictor)
    answer = _TASKS.get(predictor.task.name)
    if parts is None or answer is None:
        return None
    library, package, net, run = _RUNTIMES[runtime]
    names = [tensor.name for tensor in predictor.net.inputs]
    given = f"inputs({parts['arguments']})"
    imports = sorted(["import numpy as np", library, parts["library"]], key=lambda line: (line[0] == "f", line.lower()))
    return Template(_PROGRAM).substitute(
        parts,
        packages=f"{parts['package']} {package}",
        imports="\n".join(imports),
        net=net,
        # Keras takes a single input without its name
        run=Template(run).substitute(
            given=f'{given}["{names[0]}"]' if runtime == "keras" and len(names) == 1 else given
        ),
        answer=answer,
    )


def _reading(predictor: Predictor) -> dict[str, str] | None:
    """The parts of the program that depend on the inputs."""
    preprocessor: Any = predictor.preprocessor
    if preprocessor.noun == "image":
        before, fit = _FITS[preprocessor.to_dict()["fit"]]
        return {
            "usage": "photo.jpg",
            "io": "import io\n",
            "library": "from PIL import Image, ImageOps",
            "package": "pillow",
            "read": Template(_IMAGE).substitute(before=before, fit=fit),
            "items": "path in sys.argv[1:]",
            "arguments": "path",
        }
    if not isinstance(preprocessor.tokenizer.made, JsonTokenizer):
        return None
    pair = texts_of(predictor) == 2
    arrays = _ARRAYS | ({"segment_ids": "second"} if pair else {})
    read = Template(_TEXT).substitute(
        texts="first, second" if pair else "text",
        join=_SINGLE if not pair else _PAIR + (_SECOND if preprocessor.segments else ""),
        arrays=", ".join(f'"{tensor.name}": {arrays[tensor.name]}' for tensor in predictor.net.inputs),
    )
    return {
        "io": "",
        "usage": '"A first text." "Its second text."' if pair else '"A text." "Another text."',
        "library": "from tokenizers import Tokenizer",
        "package": "tokenizers",
        "read": read,
        "items": "first, second in list(zip(sys.argv[1::2], sys.argv[2::2], strict=True))"
        if pair
        else "text in sys.argv[1:]",
        "arguments": "first, second" if pair else "text",
    }
