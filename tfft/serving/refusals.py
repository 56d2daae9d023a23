"""Why a request has no answer, as JSON: ``{"error": {"what": ..., "got": ..., "fix": ...}}``."""

import json
from collections.abc import Mapping
from typing import Any

from tfft.core.errors import TfftError

GONE = 499  # in the metrics, as in nginx: the client closed the connection before its answer
KIND = "application/json"


class RefusedError(TfftError):
    """A request that gets no answer.

    Args:
        what: One sentence that says what is wrong with the request.
        got: The invalid value in words; empty when ``what`` already shows it.
        fix: One sentence that says what to do.
        status: The status of the response, from 400.
        headers: More headers of the response.

    Attributes:
        status, headers: As passed.

    Example:
        >>> body(RefusedError("A request has from 1 to 64 inputs.", "65", "Send fewer.", 422))
        b'{"error": {"what": "A request has from 1 to 64 inputs.", "got": "65", "fix": "Send fewer."}}'
    """

    def __init__(
        self, what: str, got: str = "", fix: str = "", status: int = 422, headers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(what, got, fix)
        self.status, self.headers = status, dict(headers or {})


def body(error: TfftError, **more: Any) -> bytes:
    """Write an error as the JSON of a response.

    Args:
        error: The error.
        **more: Other JSON values for the response.

    Returns:
        JSON in UTF-8, without ``got`` when the error has none.
    """
    parts = {"what": error.what, "got": error.got, "fix": error.fix}
    values = {"error": {name: part for name, part in parts.items() if part or name != "got"}, **more}
    # half of a surrogate pair has no UTF-8; its escape is valid JSON
    return json.dumps(values, ensure_ascii=False).encode("utf-8", "backslashreplace")


def headers(error: RefusedError, content: bytes) -> list[tuple[bytes, bytes]]:
    """Make the headers of a response after which the connection is closed.

    Args:
        error: The error.
        content: The body of the response.
    """
    length = str(len(content))
    named = {"content-type": KIND, "content-length": length, "connection": "close", "x-content-type-options": "nosniff"}
    return [(name.encode(), value.encode()) for name, value in (named | error.headers).items()]


def busy(what: str, status: int = 429) -> RefusedError:
    """Make the refusal of a request that may succeed later.

    Args:
        what: One sentence that says why it is refused now.
        status: The status, 429 or 503.
    """
    return RefusedError(what, "", "Try again later.", status, {"retry-after": "1"})


def late(seconds: float) -> RefusedError:
    """Make the refusal of a request that takes too long to arrive.

    Args:
        seconds: How long a request may take.
    """
    return RefusedError(f"The request did not arrive within {seconds:g} seconds.", "", "Send it faster.", 408)
