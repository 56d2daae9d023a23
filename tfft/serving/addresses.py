"""The addresses of a service, with their descriptions in OpenAPI."""

from collections.abc import Mapping
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from tfft.bundles.text_reading import reads_questions
from tfft.core.errors import TfftError
from tfft.formats.compared_examples import texts_of
from tfft.serving import reading

if TYPE_CHECKING:
    from fastapi import FastAPI

_ERROR = {
    "type": "object",
    "required": ["error"],
    "properties": {
        "error": {
            "type": "object",
            "required": ["what", "fix"],
            "properties": {name: {"type": "string"} for name in ("what", "got", "fix")},
        }
    },
}
_STATUSES = {
    400: "The request is malformed.",
    408: "The request does not arrive, or is not answered, in time.",
    413: "The request is too large.",
    415: "The body has another type, or is compressed.",
    422: "An input cannot be read, or the request has other fields, too many inputs or a query string.",
    429: "Too many inputs wait. Try again later.",
    503: "The service is starting or ending, or has too many connections. Try again later.",
}
_BINARY = {"type": "string", "format": "binary"}


def add(app: "FastAPI", service: Any) -> None:
    """Add all addresses to an application.

    Args:
        app: The application.
        service: The ``Service`` that answers.

    Raises:
        TfftError: When the model reads several inputs, or others than images and texts.
    """
    noun = service.predictor.preprocessor.noun
    if noun not in _PREDICTING:
        raise TfftError(
            "Models of several inputs cannot be served yet.",
            f"a model of {noun}s",
            "Serve a model that reads images alone or texts alone.",
        )
    _PREDICTING[noun](app, service)
    _describe(app, service)
    _pages(app)


def _describe(app: "FastAPI", service: Any) -> None:
    from fastapi.responses import JSONResponse, Response

    predictor = service.predictor

    @app.get("/about")
    async def about() -> dict[str, Any]:
        """The task, the labels and the kind of inputs."""
        return {
            "task": predictor.task.name,
            "labels": list(predictor.task.labels.names),
            "input": predictor.preprocessor.noun,
            "texts": texts_of(predictor),
            "versions": dict(predictor.manifest.get("versions", {})),
        }

    @app.get("/health")
    async def health() -> dict[str, str]:
        """Whether the process lives."""
        return {"status": "ok"}

    @app.get("/ready")
    async def ready() -> JSONResponse:
        """Whether requests are answered."""
        return JSONResponse({"ready": service.ready}, 200 if service.ready else 503)

    @app.get("/metrics")
    async def metrics() -> Response:
        """Numbers in the text format of Prometheus."""
        return Response(service.numbers.text(), media_type="text/plain; version=0.0.4")


def _pages(app: "FastAPI") -> None:
    from fastapi.responses import HTMLResponse, JSONResponse

    folder = files("tfft.serving")

    @app.get("/", response_class=HTMLResponse, include_in_schema=False)
    async def page() -> str:
        return folder.joinpath("page.html").read_text(encoding="utf-8")

    @app.get("/docs", response_class=HTMLResponse, include_in_schema=False)
    async def docs() -> str:
        return folder.joinpath("addresses.html").read_text(encoding="utf-8")

    @app.get("/openapi.json", include_in_schema=False)
    async def schema() -> JSONResponse:
        return JSONResponse(app.openapi())


def _of_images(app: "FastAPI", service: Any) -> None:
    from fastapi import Request, Response

    most = service.settings.inputs
    images = {"type": "array", "items": _BINARY, "minItems": 1, "maxItems": most}

    @app.post("/predict", **_described(_only(reading.FIELD_OF_IMAGES, images), "multipart/form-data"))
    async def predict(request: Request) -> Response:
        """Answer the images of a form, each a file in a field named images."""
        return await service.answered(request, await reading.images_of(request, most))

    @app.post("/predict/bytes", **_described(_BINARY, "image/*", "application/octet-stream"))
    async def predict_bytes(request: Request) -> Response:
        """Answer one image, which is the whole body of the request."""
        return await service.answered(request, [await reading.image_of(request)])


def _of_texts(app: "FastAPI", service: Any) -> None:
    from fastapi import Request, Response

    predictor, most = service.predictor, service.settings.inputs
    text: dict[str, Any] = {"type": "string"}
    if texts_of(predictor) == 2:
        text = {"type": "array", "items": text, "minItems": 2, "maxItems": 2}
    texts = {"type": "array", "items": text, "minItems": 1, "maxItems": most}

    @app.post("/predict", **_described(_only(reading.FIELD_OF_TEXTS, texts), "application/json"))
    async def predict(request: Request) -> Response:
        """Answer texts, or pairs of texts."""
        items = await reading.texts_of(request, most, reads_questions(predictor))
        if predictor.seen is not None:
            for item in items:
                predictor.seen.check_pairs(item)
        return await service.answered(request, items)


def _only(name: str, schema: Mapping[str, Any]) -> dict[str, Any]:
    return {"type": "object", "required": [name], "additionalProperties": False, "properties": {name: schema}}


def _described(schema: Mapping[str, Any], *kinds: str) -> dict[str, Any]:
    """The OpenAPI of an address that answers inputs."""
    answers = {"type": "object", "required": ["answers"], "properties": {"answers": {"type": "array"}}}
    found: dict[int, dict[str, Any]] = {
        200: {"description": "One answer for each input.", "content": {"application/json": {"schema": answers}}}
    }
    for status, description in _STATUSES.items():
        found[status] = {"description": description, "content": {"application/json": {"schema": _ERROR}}}
    body = {"requestBody": {"required": True, "content": {kind: {"schema": schema} for kind in kinds}}}
    return {"responses": found, "openapi_extra": body}


_PREDICTING: Mapping[str, Any] = {"image": _of_images, "text": _of_texts}
