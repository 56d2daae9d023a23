"""In which numbers a net computes: float32, bfloat16 or float16, whichever a short trial finds fast and near enough.

::

    Precision           what trunk and tail compute in
    computing           lets a net compute in another precision while it is called
    tried, fastest      how long work takes in each precision and how far its answer is off, and which one to take
    remembered          trials of this machine, from a file
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
# a single run of some 0.2 s may take half as long again on a machine that others share: the fastest of several, taken in turn
_ROUNDS, _ENOUGH_SECONDS = 4, 1.0


@dataclass(frozen=True)
class Precision:
    """What the two parts of a net compute in; variables, the head and the loss are always float32.

    Attributes:
        trunk: Of the frozen part of the backbone.
        tail: Of the part that trains.

    Raises:
        PlanError: When one of them is unknown.
    """

    trunk: str = FLOAT32
    tail: str = FLOAT32

    def __post_init__(self) -> None:
        for dtype in (self.trunk, self.tail):
            if dtype not in DTYPES:
                raise PlanError(
                    f"precision={dtype!r} is unknown.",
                    fix=f'Use "auto", one of {", ".join(DTYPES)}, or one for the frozen and one for the trained part.',
                )

    @classmethod
    def of(cls, value: Any) -> "Precision | None":
        """A Precision from what a user passes for one.

        Args:
            value: ``"auto"``, a Precision, a dtype for everything, or one for the frozen and one for the trained part.

        Returns:
            A Precision; None where it is to be measured.

        Raises:
            PlanError: When it is none of these.

        Example:
            >>> Precision.of("bfloat16"), Precision.of(["bfloat16", "float32"]).tail, Precision.of("auto")
            (Precision(trunk='bfloat16', tail='bfloat16'), 'float32', None)
        """
        if value == "auto" or isinstance(value, cls):
            return None if value == "auto" else value
        pair = (value, value) if isinstance(value, str) else value
        if not isinstance(pair, Sequence) or len(pair) != 2:
            raise PlanError(
                "precision must be a word or two.", repr(value), 'Write "auto", "float32" or ("bfloat16", "float32").'
            )
        if "auto" in pair:
            raise PlanError('"auto" is for both parts at once.', repr(value), 'Write precision="auto", or name two.')
        return cls(*pair)


@dataclass(frozen=True)
class DtypeTrial:
    """One piece of work in one precision.

    Attributes:
        dtype: Which.
        seconds: The least that it took, once it had been done before; infinite where it was not measured.
        error: Distance of the answer from that in float32, relative to its norm (Euclidean); infinite where it is no number.
    """

    dtype: str
    seconds: float
    error: float


def tried(work: Callable[[str], np.ndarray], dtypes: Sequence[str]) -> list[DtypeTrial]:
    """Do a piece of work in float32, and then in one precision after the other until one is near and fast enough.

    Args:
        work: dtype -> its answer, float32, of any shape.
        dtypes: To try beside float32.

    Returns:
        A DtypeTrial for each that was tried, float32 first.

    Warns:
        RunWarning: When one of them is not possible, with the reason.
    """
    # the first time traces it and sets up kernels
    exact = work(FLOAT32)
    norm = float(np.linalg.norm(exact)) or 1.0
    trials = [DtypeTrial(FLOAT32, float("inf"), 0.0)]
    for dtype in dtypes:
        try:
            found = work(dtype)
        except Exception as fault:  # of all kinds, where an operation of TensorFlow or Keras does not know a precision
            reason = (str(fault).splitlines() or [""])[0]
            warnings.warn(f"{dtype} is left out: {type(fault).__name__} {reason}", RunWarning, stacklevel=2)
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
    """Least seconds that work takes in each precision."""
    best, begun = [float("inf")] * len(dtypes), time.perf_counter()
    for done in range(_ROUNDS):
        if done and time.perf_counter() - begun > _ENOUGH_SECONDS:
            break
        for index, dtype in enumerate(dtypes):
            before = time.perf_counter()
            work(dtype)
            best[index] = min(best[index], time.perf_counter() - before)
    return best


def fastest(trials: Sequence[DtypeTrial], tolerance: float = TOLERANCE, gain: float = GAIN) -> str:
    """The precision to take.

    Args:
        trials: Of float32 first.
        tolerance: Most error; 0.02 by default, about what eight bits of mantissa leave after a few dozen layers.
        gain: How many times faster than float32 it has to be.

    Returns:
        Its name; float32 where no other one is near and fast enough.

    Example:
        >>> fastest([DtypeTrial("float32", 1.0, 0.0), DtypeTrial("bfloat16", 0.2, 0.09), DtypeTrial("float16", 0.3, 0.01)])
        'float16'
    """
    good = [trial for trial in trials[1:] if trial.error <= tolerance and trial.seconds * gain <= trials[0].seconds]
    return min(good, key=lambda trial: trial.seconds).dtype if good else FLOAT32


def remembered(path: Path, about: Mapping[str, Any], measure: Callable[[], list[DtypeTrial]]) -> list[DtypeTrial]:
    """Trials that were made before, or made now and remembered.

    Args:
        path: A JSON file, which need not exist; one that cannot be read or written is done without.
        about: Everything that the trials depend on, as JSON values.
        measure: Makes them.

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
    """Let the layers of a net compute in another precision while they are called; their variables stay as they are.

    Args:
        net: A ``keras.Model``.
        dtype: ``"float32"``, ``"bfloat16"`` or ``"float16"``.

    Yields:
        Nothing; what is called inside casts its inputs and variables.
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
