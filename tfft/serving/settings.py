"""The limits of a service and the size of its batches."""

from dataclasses import dataclass, fields

from tfft.core.errors import TfftError


@dataclass(frozen=True)
class Settings:
    """What a service accepts, and how it computes.

    Attributes:
        batch: The largest number of inputs that are computed together.
        wait_milliseconds: How long the first input of a batch waits for others; 0 computes each request alone.
        inputs: The largest number of inputs in one request.
        body_bytes: The largest size of a request.
        queue: The largest number of inputs that wait; further ones get status 429.
        seconds: How long a request may take to arrive, and to be answered.

    Raises:
        TfftError: When a value is not a positive number.

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

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            least = 0 if field.name == "wait_milliseconds" else 1e-3
            whole = isinstance(field.default, int)
            valid = isinstance(value, (int, float)) and not isinstance(value, bool) and value >= least
            if not valid or (whole and int(value) != value):
                raise TfftError(
                    f"{field.name}={value!r} must be a positive {'whole ' if whole else ''}number.",
                    fix=f"The default is {field.default}.",
                )
