"""Round a model to int8, and measure what this costs on labelled examples."""

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from numbers import Real
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from tfft.bundles.predictor import Predictor
from tfft.core.errors import BundleError, DataError, kind_of, quantity
from tfft.core.files import in_words
from tfft.core.seed import derive
from tfft.data.examples import Examples
from tfft.evaluation.predictions import aligned, predict
from tfft.formats.compared_examples import spread
from tfft.formats.export_folders import checked
from tfft.formats.exporting import opened, write_format
from tfft.formats.file_net import FileNet, seconds_per_example
from tfft.formats.net_files import LITERT_FILE, calibrates
from tfft.measures.bootstrap import difference, with_intervals

if TYPE_CHECKING:
    from tfft.models.assembly import TransferModel

FORMAT = "litert_int8"
_BATCH = 32
_ROUNDING = 1e-9


@dataclass(frozen=True)
class Quantized:
    """What int8 costs and gains, on examples with known labels.

    Attributes:
        path: The folder that was written.
        calibrated_on: The number of examples on which ranges of values were measured; 0 for texts, where only weights are rounded.
        measured_on: The number of examples on which both nets were measured.
        data: The fingerprint of the measured examples.
        seen: How many of the measured examples the model has seen in training and validation; None when this is unknown.
        overlap: How many of the measured examples were calibration examples as well.
        metric: The name of the main metric of the task.
        keras: Its value with the Keras net, and the ends of the 95 % interval: ``value``, ``low`` and ``high``.
        int8: The same with the written file.
        drop: How much worse the file is, and the paired 95 % interval. It is negative where the file is better.
        bytes: The bytes of the weights in float32 (``keras``), and of the file (``int8``).
        seconds: The median time of one example alone, without its preprocessing (``keras``, ``int8``).
    """

    path: Path
    calibrated_on: int
    measured_on: int
    data: str
    seen: Mapping[str, int] | None
    overlap: int
    metric: str
    keras: Mapping[str, float]
    int8: Mapping[str, float]
    drop: Mapping[str, float]
    bytes: Mapping[str, int]
    seconds: Mapping[str, float]

    def to_dict(self) -> dict[str, Any]:
        """Return the values without the path, as JSON values; an undefined number is None."""
        found = asdict(self)
        del found["path"]
        for name in ("keras", "int8", "drop"):
            found[name] = {key: value if math.isfinite(value) else None for key, value in found[name].items()}
        return found

    def describe(self) -> str:
        """Return a table of both nets, and a sentence about the difference."""
        rows = [
            f"{name:5}  {self.metric} {_interval(measured)}  {in_words(self.bytes[name]):>8}  {self.seconds[name] * 1e3:.2f} ms"
            for name, measured in (("keras", self.keras), ("int8", self.int8))
        ]
        return "\n".join([*rows, self.describe_drop()])

    def describe_drop(self) -> str:
        """Return how much worse int8 is, with its interval, as a sentence."""
        low, value, high = (round(self.drop[key], 4) + 0.0 for key in ("low", "value", "high"))
        change = f"{abs(value):.4f} {_direction(value)}"
        ends = sorted((abs(low), abs(high)))
        interval = f"{ends[0]:.4f} to {ends[1]:.4f} {_direction(low)}"
        if low <= 0 <= high:
            interval = f"{abs(low):.4f} better to {abs(high):.4f} worse, so it may be chance"
        if low == value == high == 0:
            change, interval = "the same", "of the difference 0 to 0"
        overlap = (
            f"; {self.overlap} of the measured examples are among them" if self.overlap else ", and measured on others"
        )
        calibrated = f"It was calibrated on {quantity(self.calibrated_on, 'example')}{overlap}."
        if not self.calibrated_on:
            calibrated = "Only the weights are in int8, which needs no calibration."
        return (
            f"On {quantity(self.measured_on, 'example')}, {self.metric} of int8 is {change} "
            f"(95 % interval {interval}). {calibrated}"
        )


def quantize(
    model: "TransferModel | Predictor | str | Path",
    path: str | Path,
    calibration: Examples,
    measured: Examples,
    largest_drop: float | None = None,
    allow_overlap: bool = False,
) -> Quantized:
    """Write a model as ``litert_int8``, and measure its main metric before and after on labelled examples.

    Both nets go through the same measures as in ``tfft.evaluate``. ``tfft.json`` in the folder holds the result.

    Args:
        model: The model, such as ``run.model``, a loaded bundle, or its path.
        path: The path of a folder; an older export there is replaced.
        calibration: Examples as in training, on at most 256 of which ranges of values are measured, such as ``data.train``. Those
            with the content of a measured example are left out.
        measured: Examples with targets of shape (n,) or (n, k), such as ``data.validation``.
        largest_drop: How much worse the main metric may become, such as 0.01 for one percentage point of accuracy, or in the unit
            of a quantity. When int8 is worse than that, nothing is written. None accepts any result.
        allow_overlap: Whether calibration examples may be measured as well, which is optimistic.

    Returns:
        A Quantized.

    Raises:
        BundleError: As ``export``; when int8 is worse than ``largest_drop``.
        DataError: When there are no examples, all calibration examples are measured as well, or they do not fit the model.

    Example:
        >>> import tempfile, tfft
        >>> images = np.random.default_rng(0).integers(0, 255, (40, 16, 16, 3), np.uint8)
        >>> data = tfft.data.from_arrays(images, [0, 1] * 20)
        >>> model = tfft.build("toy", tfft.tasks.classification(data.labels))
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     quantize(model, f"{folder}/int8", data.train, data.validation).calibrated_on
        28

    Source:
        Integer quantization after training: Jacob et al. 2018, "Quantization and Training of Neural Networks for Efficient
        Integer-Arithmetic-Only Inference". The ranges are those of LiteRT's converter.
    """
    _check(calibration, measured, largest_drop)
    path, predictor = checked(path), opened(model)
    known = set(measured.digests)
    both = np.array([digest in known for digest in calibration.digests])
    if both.all() and not allow_overlap and calibrates(predictor):
        raise DataError(
            "All calibration examples are measured as well, so the measured accuracy would be optimistic.",
            quantity(len(calibration), "example"),
            "Calibrate on the training part and measure on the validation part, or write allow_overlap=True (--allow-overlap).",
        )
    calibration = calibration if allow_overlap or both.all() else calibration.take(~both)
    calibration = calibration.take(spread(len(calibration)))
    measured = aligned(measured, predictor.task.labels)
    found: list[Quantized] = []

    def measure(folder: Path) -> Mapping[str, Any]:
        found.append(replace(_compared(predictor, folder, calibration, measured), path=path))
        _refuse(found[0], largest_drop)
        return {"quantization": found[0].to_dict()}

    write_format(predictor, path, FORMAT, calibration, measure)
    return found[0]


def _check(calibration: Any, measured: Any, largest_drop: Any) -> None:
    for name, examples in (("calibration", calibration), ("measured", measured)):
        if not isinstance(examples, Examples) or not len(examples):
            raise DataError(
                f"quantize() takes one part of the data as {name}.",
                kind_of(examples) if not isinstance(examples, Examples) else "0 examples",
                "Write quantize(model, path, data.train, data.validation).",
            )
    number = isinstance(largest_drop, Real) and not isinstance(largest_drop, bool)
    if largest_drop is not None and not (number and 0 <= largest_drop < math.inf):
        raise BundleError(
            f"largest_drop={largest_drop!r} cannot be used.", fix="It must be a number of at least 0, such as 0.01."
        )


def _compared(predictor: Predictor, folder: Path, calibration: Examples, measured: Examples) -> Quantized:
    """Measure the Keras net and the file in a folder; the path is that folder."""
    file = folder / LITERT_FILE
    nets = {"keras": predictor.net, "int8": FileNet(file, predictor.net)}
    task, seed = predictor.task, derive(0, "bootstrap")  # as in evaluate
    scores = {}
    for name, net in nets.items():
        answers = predict(replace(predictor, net=net), measured, _BATCH)
        scores[name] = task.score(measured, answers.probabilities)
    metric, measure = next(iter(task.measures.items()))
    intervals = {name: with_intervals({metric: measure}, each, seed)[metric] for name, each in scores.items()}
    change = difference(measure, scores["keras"], scores["int8"], seed)
    if measure.higher_is_better:
        change = {"value": -change["value"], "low": -change["high"], "high": -change["low"]}
    chosen = set(calibration.digests if calibrates(predictor) else ())
    return Quantized(
        path=folder,
        calibrated_on=len(calibration) if calibrates(predictor) else 0,
        measured_on=len(measured),
        data=measured.fingerprint(),
        seen=None if predictor.seen is None else predictor.seen.counts(measured),
        overlap=sum(digest in chosen for digest in measured.digests),
        metric=metric,
        **intervals,
        drop=change,
        bytes={
            "keras": sum(math.prod(each.shape) * 4 for each in predictor.net.weights),
            "int8": file.stat().st_size,
        },
        seconds={name: seconds_per_example(predictor, net, measured) for name, net in nets.items()},
    )


def _refuse(found: Quantized, largest_drop: float | None) -> None:
    # a share of examples is not exact in binary; NaN is refused
    if largest_drop is None or found.drop["value"] <= largest_drop + _ROUNDING * max(1.0, abs(found.keras["value"])):
        return
    raise BundleError(
        f"int8 is worse than largest_drop={largest_drop:g} allows, so it was not written.",
        found.describe_drop().rstrip("."),
        "Calibrate on more examples, train all layers with a lower learning rate, or write litert_float16.",
    )


def _direction(change: float) -> str:
    return "worse" if change >= 0 else "better"


def _interval(measured: Mapping[str, float]) -> str:
    return f"{measured['value']:.4f} [{measured['low']:.4f}, {measured['high']:.4f}]"
