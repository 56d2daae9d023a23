"""Choose the precision of a net: float32, bfloat16 or float16, by a short trial of speed and error.

::

    Precision           the precision of trunk and tail
    computing           let a net compute in another precision in a context
    tried, fastest      measure speed and error of each precision, and choose one
    remembered          read earlier trials of this machine from a file
"""

import json
import time
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from tfft.core import files
from tfft.core.errors import PlanError, RunWarning
from tfft.core.fingerprint import fingerprint

FLOAT32 = "float32"
DTYPES = (FLOAT32, "bfloat16", "float16")
TOLERANCE = 0.02
GAIN = 1.2
# other processes may slow a run of 0.2 s by 50 %, so take the fastest of several runs, which alternate between precisions; one
# round is enough where it finds a gain larger than that
_ROUNDS, _ENOUGH_SECONDS, _CLEAR = 4, 1.0, 1.5


@dataclass(frozen=True)
class Precision:
    """The precision of the two parts of a net. Variables, the head and the loss are always float32.

    Attributes:
        trunk: The dtype in which the frozen part of the backbone computes.
        tail: The dtype in which the trained part computes.

    Raises:
        PlanError: When a dtype is unknown.
    """

    trunk: str = FLOAT32
    tail: str = FLOAT32

    def __post_init__(self) -> None:
        for dtype in (self.trunk, self.tail):
            if dtype not in DTYPES:
                raise PlanError(
                    f"precision={dtype!r} is unknown.",
                    fix=f'Use "auto", one of {", ".join(DTYPES)}, or a pair for the frozen and the trained part.',
                )

    @classmethod
    def of(cls, value: Any) -> "Precision | None":
        """Convert the argument ``precision`` of a user to a Precision.

        Args:
            value: ``"auto"``, a Precision, one dtype for both parts, or a pair of dtypes for the frozen and the trained part.

        Returns:
            A Precision; None for ``"auto"``, which is measured later.

        Raises:
            PlanError: When the value is invalid.

        Example:
            >>> Precision.of("bfloat16"), Precision.of(["bfloat16", "float32"]).tail, Precision.of("auto")
            (Precision(trunk='bfloat16', tail='bfloat16'), 'float32', None)
        """
        if value == "auto" or isinstance(value, cls):
            return None if value == "auto" else value
        pair = (value, value) if isinstance(value, str) else value
        if not isinstance(pair, Sequence) or len(pair) != 2:
            raise PlanError(
                "precision must be a string, or a pair of strings.",
                repr(value),
                'Write "auto", "float32" or ("bfloat16", "float32").',
            )
        if "auto" in pair:
            raise PlanError(
                "A pair of precisions must consist of two dtypes.",
                repr(value),
                'Write precision="auto", or pass two dtypes.',
            )
        return cls(*pair)


@dataclass(frozen=True)
class DtypeTrial:
    """The measured speed and error of one computation in one precision.

    Attributes:
        dtype: The precision.
        seconds: The shortest time in seconds, without the first run; infinite if it was not measured.
        error: The Euclidean distance of the result from the float32 result, divided by the norm of the float32 result; infinite if
            the result is not finite.
    """

    dtype: str
    seconds: float
    error: float


def tried(work: Callable[[str], np.ndarray], dtypes: Sequence[str]) -> list[DtypeTrial]:
    """Run a computation in float32, and then in other precisions until one is fast and exact enough.

    Args:
        work: A function: dtype -> the result, float32, of any shape.
        dtypes: The precisions to try besides float32.

    Returns:
        A DtypeTrial for each precision that was tried, float32 first.

    Warns:
        RunWarning: When the computation fails in a precision; the warning gives the reason.
    """
    # the first run includes tracing and the setup of kernels
    exact = work(FLOAT32)
    norm = float(np.linalg.norm(exact)) or 1.0
    trials = [DtypeTrial(FLOAT32, float("inf"), 0.0)]
    for dtype in dtypes:
        try:
            found = work(dtype)
        except (
            Exception
        ) as fault:  # operations of TensorFlow and Keras raise many kinds of errors for unsupported precisions
            reason = (str(fault).splitlines() or [""])[0]
            warnings.warn(
                f"precision={dtype!r} does not work with this net, and is not used: {type(fault).__name__} {reason}",
                RunWarning,
                stacklevel=2,
            )
            trials.append(DtypeTrial(dtype, float("inf"), float("inf")))
            continue
        own, other = _in_turn(work, (FLOAT32, dtype))
        error = float(np.linalg.norm(found - exact)) / norm
        trials[0] = DtypeTrial(FLOAT32, min(own, trials[0].seconds), 0.0)
        trials.append(DtypeTrial(dtype, other, error if np.isfinite(error) else float("inf")))
        if fastest(trials) != FLOAT32:
            break
    return trials


def _in_turn(work: Callable[[str], np.ndarray], dtypes: Sequence[str]) -> list[float]:
    """Measure the shortest time in seconds for float32 and another precision."""
    best, begun = [float("inf")] * len(dtypes), time.perf_counter()
    for done in range(_ROUNDS):
        if done and (time.perf_counter() - begun > _ENOUGH_SECONDS or best[0] > _CLEAR * best[-1]):
            break
        for index, dtype in enumerate(dtypes):
            before = time.perf_counter()
            work(dtype)
            best[index] = min(best[index], time.perf_counter() - before)
    return best


def fastest(trials: Sequence[DtypeTrial], tolerance: float = TOLERANCE, gain: float = GAIN) -> str:
    """Choose the fastest precision whose error is small enough.

    Args:
        trials: The trials; the one of float32 must be the first.
        tolerance: The largest allowed error. The default 0.02 is about the error of an 8-bit mantissa after a few dozen layers.
        gain: The smallest required speed-up over float32.

    Returns:
        The name of the precision; ``"float32"`` if no other precision is fast and exact enough.

    Example:
        >>> fastest([DtypeTrial("float32", 1.0, 0.0), DtypeTrial("bfloat16", 0.2, 0.09), DtypeTrial("float16", 0.3, 0.01)])
        'float16'
    """
    good = [trial for trial in trials[1:] if trial.error <= tolerance and trial.seconds * gain <= trials[0].seconds]
    return min(good, key=lambda trial: trial.seconds).dtype if good else FLOAT32


def remembered(path: Path, about: Mapping[str, Any], measure: Callable[[], list[DtypeTrial]]) -> list[DtypeTrial]:
    """Read earlier trials from a file, or measure now and store the result.

    Args:
        path: A JSON file. It need not exist; errors while reading or writing it are ignored.
        about: JSON values that describe everything that the trials depend on.
        measure: A function that runs the trials.

    Returns:
        The trials.
    """
    key = fingerprint(about)
    known: dict[str, Any] = {}
    with suppress(OSError, ValueError, TypeError, KeyError, RecursionError):
        known = dict(json.loads(path.read_text(encoding="utf-8")))
        return [DtypeTrial(str(trial["dtype"]), float(trial["seconds"]), float(trial["error"])) for trial in known[key]]
    trials = measure()
    with suppress(OSError):
        files.write_text(path, json.dumps(known | {key: [asdict(trial) for trial in trials]}, indent=1))
    return trials


@contextmanager
def computing(net: Any, dtype: str) -> Iterator[None]:
    """Let the layers of a net compute in another precision in this context. Their variables do not change.

    Args:
        net: A ``keras.Model``.
        dtype: ``"float32"``, ``"bfloat16"`` or ``"float16"``.

    Yields:
        None. Layers that are called inside cast their inputs and variables.
    """
    layers = net._flatten_layers(include_self=True, recursive=True)
    before = [layer.dtype_policy for layer in layers]
    policy = dtype if dtype == FLOAT32 else f"mixed_{dtype}"
    try:
        for layer in layers:
            layer.dtype_policy = policy
        yield
    finally:
        for layer, old in zip(layers, before, strict=True):
            layer.dtype_policy = old
