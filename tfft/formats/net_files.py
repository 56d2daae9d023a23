"""Write the net alone as ONNX, LiteRT or Keras file, with its preprocessing as JSON and a program that uses both without tfft."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Literal

import numpy as np

from tfft.bundles.predictor import Predictor
from tfft.core.errors import BundleError, shortlist
from tfft.core.values import argument_of
from tfft.formats import program
from tfft.formats.comparison import Answering, answers_of
from tfft.keras_files import saving

LITERT_FILE = "model.tflite"
_LOGITS = "logits"
_TOKENIZER = "tokenizer"
Dtype = Literal["float32", "float16", "int8"]
Run = Callable[[Mapping[str, np.ndarray]], np.ndarray]


def write_keras(predictor: Predictor, folder: Path, items: Sequence[Any]) -> Answering:
    """Write ``net.keras``.

    Args:
        predictor: The model.
        folder: The folder to fill.
        items: Not used.

    Returns:
        A function that answers raw inputs with the file: n inputs -> answers by name.
    """
    import keras

    path = folder / "net.keras"
    saving.save_net(predictor.net, path)
    net = keras.saving.load_model(path, compile=False)

    def run(arrays: Mapping[str, np.ndarray]) -> np.ndarray:
        return np.asarray(net(argument_of(arrays), training=False))

    return _finished(predictor, folder, "keras", run)


def write_onnx(predictor: Predictor, folder: Path, items: Sequence[Any]) -> Answering:
    """Write ``model.onnx``.

    Args:
        predictor: The model.
        folder: The folder to fill.
        items: At least one example.

    Returns:
        As ``write_keras``.

    Raises:
        BundleError: When a package is missing, or the net cannot be converted, such as one with an operation that ONNX lacks.
    """
    _require("ONNX", "onnx", "tf2onnx", "onnx", "onnxruntime")
    import keras
    import onnxruntime

    path = folder / "model.onnx"
    # Keras 3.15 writes ``net(x)``, in which layers such as RandomFlip are random
    net = keras.Model(predictor.net.input, predictor.net(predictor.net.input, training=False))
    # Keras 3.15 refuses to write a net that was never called
    net(argument_of(_arrays(predictor, items[:1])), training=False)
    with _converting("as ONNX"):
        net.export(str(path), format="onnx", verbose=False)
        _mend(path)
        session = onnxruntime.InferenceSession(str(path))

    def run(arrays: Mapping[str, np.ndarray]) -> np.ndarray:
        return np.asarray(session.run(None, {each.name: arrays[each.name] for each in session.get_inputs()})[0])

    return _finished(predictor, folder, "onnx", run)


def write_litert(predictor: Predictor, folder: Path, items: Sequence[Any], dtype: Dtype = "float32") -> Answering:
    """Write ``model.tflite``. Inputs and logits are float32 in any case.

    Args:
        predictor: The model.
        folder: The folder to fill.
        items: Examples as in training. For ``"int8"`` and images, the ranges of values inside of the net are measured on them.
        dtype: ``"float32"``; ``"float16"`` for weights that are half as large; or ``"int8"`` for weights that are a quarter as
            large, of image nets also the values inside of the net.

    Returns:
        As ``write_keras``.

    Raises:
        BundleError: When a package is missing, or the net cannot be converted.
    """
    _require("LiteRT", "litert", "ai_edge_litert")
    import tensorflow as tf

    def calibration() -> Iterator[dict[str, np.ndarray]]:
        for item in items:
            yield _arrays(predictor, [item])

    rounded = {"optimizations": [tf.lite.Optimize.DEFAULT]}
    options: Mapping[str, Any] = {
        "float32": {},
        "float16": {**rounded, "target_spec": {"supported_types": [tf.float16]}},
        "int8": {**rounded, "representative_dataset": calibration} if calibrates(predictor) else rounded,
    }
    path = folder / LITERT_FILE
    with _converting("for LiteRT"):
        predictor.net.export(str(path), format="litert", verbose=False, **options[dtype])
        run = open_litert(path)
    return _finished(predictor, folder, "litert", run)


def calibrates(predictor: Predictor) -> bool:
    """Return whether int8 rounds the values inside of a net as well, to ranges that are measured on examples.

    For texts, only the weights are in int8. With MiniLM and 256 questions of TREC-6, 98.8 % of the labels then agree; with fixed
    ranges, 38 %. A few very large values in a transformer widen the ranges, so that all other values share few steps.

    Args:
        predictor: The model.

    Source:
        Bondarenko et al. 2021, "Understanding and Overcoming the Challenges of Efficient Transformer Quantization".
    """
    return predictor.preprocessor.length is None


def open_litert(path: Path) -> Run:
    """Open ``model.tflite``.

    Args:
        path: The path of the file.

    Returns:
        A function: the inputs of the net by name, each of shape (batch, ...) and in the dtype that the net takes -> its logits,
        float32, shape (batch, ..., outputs).
    """
    from ai_edge_litert.interpreter import Interpreter

    run_signature = Interpreter(model_path=str(path)).get_signature_runner()
    return lambda arrays: np.asarray(next(iter(run_signature(**arrays).values())))


@contextmanager
def _converting(to: str) -> Iterator[None]:
    try:
        yield
    except OSError:
        raise  # a full disk; ``export`` says so
    except Exception as error:  # converters raise many kinds of errors, without a common class
        reason = str(error) or type(error).__name__
        raise BundleError(
            f"This net cannot be written {to}.", reason[:300], "Choose another format, such as saved_model."
        ) from None


def _finished(predictor: Predictor, folder: Path, runtime: str, run: Run) -> Answering:
    """Write what belongs to a net: the files of the tokenizer and, where logits are enough for answers, a program."""
    predictor.preprocessor.save(folder / _TOKENIZER)
    if (text := program.program(predictor, runtime)) is not None:
        (folder / program.NAME).write_text(text, "utf-8")
    return lambda items: answers_of(predictor, run(_arrays(predictor, items)))


def _arrays(predictor: Predictor, items: Sequence[Any]) -> dict[str, np.ndarray]:
    """The inputs of the net by name, in the dtypes that it takes."""
    found = predictor.preprocessor.collate([predictor.preprocessor(item) for item in items])
    return {tensor.name: found[tensor.name].astype(tensor.dtype) for tensor in predictor.net.inputs}


def _require(what: str, extra: str, *packages: str) -> None:
    if missing := [name for name in packages if find_spec(name) is None]:
        raise BundleError(
            f"{what} needs packages that are not installed.", shortlist(missing), f'Run: pip install "tfft[{extra}]"'
        )


def _mend(path: Path) -> None:
    """Replace Erfc, which ONNX does not have, by 1 - Erf; and name the output."""
    import onnx
    from onnx import helper, numpy_helper

    model = onnx.load(str(path))
    nodes: list[Any] = []
    for node in model.graph.node:
        if node.op_type == "Erfc":
            inner = f"{node.output[0]}_erf"
            nodes.append(helper.make_node("Erf", node.input, [inner]))
            node = helper.make_node("Sub", ["tfft_one", inner], node.output)
        nodes.append(node)
    if len(nodes) > len(model.graph.node):
        model.graph.initializer.append(numpy_helper.from_array(np.array(1, np.float32), "tfft_one"))
    old = model.graph.output[0].name
    for node in nodes:
        for index, name in enumerate(node.output):
            node.output[index] = _LOGITS if name == old else name
        for index, name in enumerate(node.input):
            node.input[index] = _LOGITS if name == old else name
    model.graph.output[0].name = _LOGITS
    del model.graph.node[:]
    model.graph.node.extend(nodes)
    onnx.save(model, str(path))
