"""Sizes, latencies and agreement of exported files, with real photos or texts.

    python -m benchmarks.exports --material ../shared

A head is trained on kept features first. Each format answers the same examples as the bundle; latencies are the median and the 95th
percentile of 50 calls with 1 input and of 10 calls with 32, decoding or tokenizing included, in turn with the bundle.
"""

import argparse
import json
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

import tfft
import tfft.evaluation.render
from benchmarks.rows import machine
from tfft.bundles.predictor import Predictor
from tfft.formats.compared_examples import encoded, strings
from tfft.formats.comparison import answers_of
from tfft.formats.exporting import FORMATS

SETS = {"flowers5": "MobileNetV2-0.35", "trec6": "MiniLM"}
WEIGHTS = "mobilenet_v2_weights_tf_dim_ordering_tf_kernels_0.35_224_no_top.h5"
COUNT = 300


def trained(material: Path, name: str) -> tuple[Any, list[Any], Any]:
    """A model with a trained head, examples to compare, and examples to calibrate."""
    home = material / "data"
    if name == "flowers5":
        data = tfft.data.from_folder(home / "image_classification" / name, seed=0)
        net = tfft.load_backbone("mobilenet_v2", alpha=0.35, weights=material / "weights" / WEIGHTS)
    else:
        files = {part: home / "text_classification" / name / f"{part}.tsv" for part in ("train", "test")}
        data = tfft.data.from_csv(files, text_column="text", label_column="label", seed=0)
        net = tfft.load_backbone("minilm_l6")
    model = tfft.build(net, tfft.tasks.classification(data.labels), seed=0)
    tfft.fit(model, data, tfft.plans.head_only(3), seed=0, progress=False)
    test = data.test
    return model, [test.inputs[index] for index in range(min(COUNT, len(test)))], data.train


def program(predictor: Predictor, folder: Path, format: str) -> Callable[[Sequence[Any]], Any]:
    """A function that answers raw inputs with an exported file."""
    import tensorflow as tf

    if format == "saved_model":
        serve = tf.saved_model.load(str(folder)).signatures["serving_default"]
        if predictor.preprocessor.noun == "image":
            return lambda items: serve(images=tf.constant([encoded(item) for item in items]))
        return lambda items: serve(texts=tf.constant([strings(item)[0] for item in items]))

    def arrays(items: Sequence[Any]) -> dict[str, np.ndarray]:
        found = predictor.preprocessor.collate([predictor.preprocessor(item) for item in items])
        return {tensor.name: found[tensor.name].astype(tensor.dtype) for tensor in predictor.net.inputs}

    if format == "onnx":
        import onnxruntime

        session = onnxruntime.InferenceSession(str(folder / "model.onnx"))
        return lambda items: answers_of(predictor, session.run(None, arrays(items))[0])
    if format == "keras":
        import keras

        net = keras.saving.load_model(folder / "net.keras", compile=False)
        return lambda items: answers_of(
            predictor, net(arrays(items) if len(net.inputs) > 1 else next(iter(arrays(items).values())))
        )
    from ai_edge_litert.interpreter import Interpreter

    run = Interpreter(str(folder / "model.tflite")).get_signature_runner()
    return lambda items: answers_of(predictor, next(iter(run(**arrays(items)).values())))


def timed(call: Callable[[Sequence[Any]], Any], items: Sequence[Any], size: int, times: int) -> str:
    """Median and 95th percentile of the time of a call, in milliseconds."""
    call(items[:size])
    found = []
    for number in range(times):
        some = [items[(number * size + index) % len(items)] for index in range(size)]
        begun = time.perf_counter()
        call(some)
        found.append(1000 * (time.perf_counter() - begun))
    return f"{np.median(found):.1f}, {np.percentile(found, 95):.1f}"


def main() -> None:
    """Print a table for each set."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--material", type=Path, default=Path("../shared"))
    parser.add_argument("--sets", nargs="*", default=list(SETS), choices=list(SETS))
    arguments = parser.parse_args()
    rows = []
    for name in arguments.sets:
        model, items, calibration = trained(arguments.material, name)
        with tempfile.TemporaryDirectory() as home:
            bundle = tfft.export(model, Path(home) / "m.tfft")
            predictor = tfft.load(bundle)
            wanted = predictor.predict(items)
            scores = np.array([list(each.scores.values()) for each in wanted])
            labels = np.array([each.label for each in wanted])
            for format in ("bundle", *FORMATS):
                call: Callable[[Sequence[Any]], Any] = predictor.predict
                said, size = ["", ""], bundle
                if format != "bundle":
                    examples = calibration if FORMATS[format].calibrated else items[:32]
                    size = tfft.export(predictor, Path(home) / format, format=format, examples=examples)
                    call = program(predictor, size, format)
                    found = [call(items[start : start + 32]) for start in range(0, len(items), 32)]
                    own = np.concatenate([np.asarray(each["label"]) for each in found]).astype(bytes)
                    agreed = np.mean([label.decode() for label in own] == labels)
                    apart = np.abs(np.concatenate([np.asarray(each["probabilities"]) for each in found]) - scores).max()
                    said = [f"{agreed:.2%}", f"{apart:.1e}"]
                megabytes = sum(file.stat().st_size for file in size.rglob("*") if file.is_file()) / 1e6
                times = [timed(call, items, 1, 50), timed(call, items, 32, 10)]
                rows.append([SETS[name], format, f"{megabytes:.1f}", *said, *times])
                print(json.dumps(rows[-1]), flush=True)
    header = ["net", "format", "MB", "labels", "probability", "1 input: median, p95 ms", "32 inputs: median, p95 ms"]
    print(tfft.evaluation.render.table(header, rows))
    print(machine())


if __name__ == "__main__":
    main()
