"""Read the inputs of a request: images of a form, or texts of a JSON document. Nothing that is sent is left out silently."""

from collections.abc import AsyncGenerator
from typing import TYPE_CHECKING, Any

from tfft.bundles.text_reading import empty_text
from tfft.core import strict_json
from tfft.core.errors import kind_of, shortlist
from tfft.core.specs import Text
from tfft.serving.refusals import RefusedError

if TYPE_CHECKING:
    from starlette.requests import Request

FIELD_OF_IMAGES, FIELD_OF_TEXTS = "images", "texts"
_FORM = "Send a form with files named images: curl -F images=@photo.jpg"
_BYTES = 'Send the image alone: curl -H "content-type: application/octet-stream" --data-binary @photo.jpg'
_TEXTS = 'Send {"texts": ["one", "two"]}, or pairs as ["question", "context"].'


async def check_rest(request: "Request") -> None:
    """Refuse parts of a request that no address reads: a query string, and the body of a GET request.

    Args:
        request: The request.

    Raises:
        RefusedError: When the request has one of them.
    """
    if query := request.scope["query_string"].decode("latin-1"):
        raise RefusedError("No address takes a query string.", repr(_cut(query)), "Remove '?' and what follows it.")
    if request.method == "GET" and (body := await request.body()):
        raise RefusedError("A GET request has no body.", f"{len(body):,} bytes", "Send it without a body.", 400)


async def image_of(request: "Request") -> bytes:
    """Read the image that is the whole body.

    Args:
        request: The request.

    Returns:
        The content of the image file.

    Raises:
        RefusedError: When the body has another content type than ``image/*`` or ``application/octet-stream``.
    """
    kind = _type_of(request)
    if kind and kind != "application/octet-stream" and not kind.startswith("image/"):
        raise _other_type(request, "image/* or application/octet-stream", _BYTES)
    return await request.body()


async def images_of(request: "Request", most: int) -> list[bytes]:
    """Read the images of a form.

    Args:
        request: The request.
        most: The largest number of images.

    Returns:
        The content of each file.

    Raises:
        RefusedError: When the body is not exactly one form, or has other fields, other values than files, or too many files.
    """
    from starlette.datastructures import UploadFile
    from starlette.formparsers import MultiPartException, MultiPartParser

    class Form(MultiPartParser):
        """Notices the end of the form, before which the last file may be cut."""

        whole = False

        def on_end(self) -> None:
            self.whole = True

    async def stream() -> AsyncGenerator[bytes, None]:
        outside = _Outside(request.headers["content-type"])
        async for part in request.stream():
            if problem := outside.problem(part):
                raise MultiPartException(problem)
            yield part
        if not form.whole:  # raised here, so that the parser closes its files
            raise MultiPartException("it ends before its last boundary.")

    _check_type(request, "multipart/form-data", _FORM)
    form = Form(request.headers, stream())
    try:
        found = await form.parse()
    except (MultiPartException, ValueError, LookupError) as error:  # ValueError: a charset that cannot be decoded
        raise RefusedError(f"The form cannot be read: {getattr(error, 'message', error)}", "", _FORM, 400) from None
    try:
        if others := sorted({name for name, _ in found.multi_items()} - {FIELD_OF_IMAGES}):
            raise RefusedError(
                "The form has other fields than images.", shortlist(_cut(each) for each in others), _FORM
            )
        files = [value for _, value in found.multi_items() if isinstance(value, UploadFile)]
        if len(files) < len(found.multi_items()):
            raise RefusedError("A field named images is a text, not a file.", "", _FORM)
        check_count(len(files), most)
        return [await file.read() for file in files]
    finally:
        await found.close()


async def texts_of(request: "Request", most: int, questions: bool) -> list[Text]:
    """Read the texts of a JSON document.

    Args:
        request: The request.
        most: The largest number of texts, or pairs of texts.
        questions: Whether pairs are a question and its context, which both must have words.

    Returns:
        The texts; a ``Text`` is never taken for the name of a file.

    Raises:
        RefusedError: When the body has another type, is not valid JSON, or has other values or too many texts.
    """
    _check_type(request, "application/json", f'{_TEXTS[:-1]} with the header "content-type: application/json".')
    content = await request.body()
    # values take more memory than their JSON: a pair has three marks, and the document two
    marks = 3 * most + 10
    if strict_json.count(content.decode("utf-8", "replace"), marks) > marks:
        raise RefusedError(f"The body has more values than {most} texts.", "", _TEXTS)
    values = strict_json.read(content, "The body", RefusedError, _TEXTS)
    if not isinstance(values, dict) or FIELD_OF_TEXTS not in values:
        raise RefusedError("The body must be an object with the key texts.", _shown(values), _TEXTS)
    if others := sorted(values.keys() - {FIELD_OF_TEXTS}):
        raise RefusedError("The body has other keys than texts.", shortlist(_cut(each) for each in others), _TEXTS)
    texts = values[FIELD_OF_TEXTS]
    if not isinstance(texts, list):
        raise RefusedError("texts must be a list.", kind_of(texts), _TEXTS)
    check_count(len(texts), most)
    return [_text(index, each, questions) for index, each in enumerate(texts)]


def check_count(count: int, most: int) -> None:
    """Check the number of inputs of a request.

    Args:
        count: The number of inputs.
        most: The largest number.

    Raises:
        RefusedError: When there are none or too many.

    Example:
        >>> check_count(64, 64)
    """
    if not 1 <= count <= most:
        fix = "Send the others in further requests." if count else "Send at least one input."
        raise RefusedError(f"A request has from 1 to {most} inputs.", f"{count}", fix)


class _Outside:
    """Finds bytes outside the boundaries of a form, which the parser skips."""

    def __init__(self, kind: str) -> None:
        from python_multipart.multipart import parse_options_header

        self._last = b"\r\n--%s--" % parse_options_header(kind)[1].get(b"boundary", b"")
        self._before = b"\r\n"  # the end of the parts so far, in which the last boundary may begin
        self._begun = self._ended = False

    def problem(self, part: bytes) -> str:
        """Say what is wrong with the next part of the body; an empty text when nothing is."""
        if not self._begun and (first := part.lstrip(b"\r\n")):
            self._begun = True
            if not first.startswith(b"-"):
                return "it has other bytes before its first boundary."
        after = part
        if not self._ended:
            before, found, after = (self._before + part).partition(self._last)
            self._before, self._ended = before[-len(self._last) :], bool(found)
        return "it has other bytes after its last boundary." if after.strip(b"\r\n") else ""


def _text(index: int, value: Any, questions: bool) -> Text:
    pair = isinstance(value, list) and len(value) == 2
    parts = value if pair else [value]
    if all(isinstance(each, str) for each in parts):
        if not parts[0].strip() or empty_text(parts, questions) is not None:
            raise RefusedError(f"texts[{index}] is empty.", "", "Send at least one word.")
        return Text(*parts)
    raise RefusedError(f"texts[{index}] is neither a text nor a pair of texts.", _shown(value), _TEXTS)


def _check_type(request: "Request", wanted: str, fix: str) -> None:
    if _type_of(request) != wanted:
        raise _other_type(request, wanted, fix)


def _type_of(request: "Request") -> str:
    return str(request.headers.get("content-type", "")).partition(";")[0].strip().lower()


def _other_type(request: "Request", wanted: str, fix: str) -> RefusedError:
    found = request.headers.get("content-type", "")
    return RefusedError(f"The content type must be {wanted}.", repr(_cut(found)) if found else "none", fix, 415)


def _shown(value: Any) -> str:
    return f"a list of {len(value)}" if isinstance(value, list) else kind_of(value)


def _cut(text: str) -> str:
    return text if len(text) <= 80 else f"{text[:80]}..."
