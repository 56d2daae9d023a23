"""The limits of a service and the size of its batches."""

import math
from dataclasses import dataclass, fields
from numbers import Integral

from tfft.core.errors import TfftError


@dataclass(frozen=True)
class Settings:
    """What a service accepts, and how it computes.

    Attributes:
        batch: The largest number of inputs that are computed together.
        wait_milliseconds: How long the first input of a batch waits for others. With 0 it does not wait;
            inputs that already wait are computed together.
        inputs: The largest number of inputs in one request.
        body_bytes: The largest size of a request.
        queue: The largest number of inputs that wait; further ones get status 429.
        seconds: How long a request may take to arrive, and to be answered.
        held_bytes: The largest size of all requests that are being answered; further ones get status 429.

    Raises:
        TfftError: When a value is not a positive number, or some requests could never be answered.

    Example:
        >>> Settings(batch=8).queue
        256
    """

    batch: int = 32
    wait_milliseconds: float = 5.0
    inputs: int = 64
    body_bytes: int = 10 * 2**20
    queue: int = 256
    seconds: float = 30.0
    held_bytes: int = 512 * 2**20

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            least = 0 if field.name == "wait_milliseconds" else 1e-3
            whole = isinstance(field.default, int)
            valid = isinstance(value, Integral if whole else (int, float)) and not isinstance(value, bool)
            if not valid or not math.isfinite(value) or value < least:
                raise TfftError(
                    f"{field.name}={value!r} must be a positive {'whole ' if whole else ''}number.",
                    fix=f"The default is {field.default}.",
                )
        for less, more, why, fix in (
            ("inputs", "queue", "a full request would never find a place", "Raise queue, or lower inputs."),
            (
                "body_bytes",
                "held_bytes",
                "the largest request would never fit",
                "Raise held_bytes, or lower body_bytes.",
            ),
        ):
            low, high = getattr(self, less), getattr(self, more)
            if low > high:
                raise TfftError(f"{less} must not be larger than {more}: {why}.", f"{less}={low}, {more}={high}", fix)
        if self.wait_milliseconds >= 1000 * self.seconds:
            raise TfftError(
                "wait_milliseconds must be shorter than seconds: a request alone would get no answer in time.",
                f"wait_milliseconds={self.wait_milliseconds:g}, seconds={self.seconds:g}",
                "Lower wait_milliseconds, or raise seconds.",
            )
