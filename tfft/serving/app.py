"""The application of a service: its addresses, and how requests become inputs."""

import warnings
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from tfft.bundles.predictor import Predictor
from tfft.core.errors import TfftError
from tfft.core.specs import Text
from tfft.formats.compared_examples import texts_of
from tfft.serving.answers import values_of
from tfft.serving.batching import Batcher, QueueFullError
from tfft.serving.guard import Guard
from tfft.serving.numbers import Numbers
from tfft.serving.settings import Settings

if TYPE_CHECKING:
    from fastapi import FastAPI

_INSTALL = 'Run: pip install "tfft[serve]"'
_MOST_PROBLEMS = 10


def create_app(predictor: Predictor, settings: Settings | None = None) -> "FastAPI":
    """Make the application that serves a bundle.

    ``POST /predict`` answers images (a form with files) or texts (JSON). ``/`` is a page to try it, ``/docs`` describes all
    addresses, ``/about`` the model, ``/health`` says that the process lives, ``/ready`` that it answers, and ``/metrics`` has
    numbers for Prometheus.

    Args:
        predictor: The loaded bundle.
        settings: Limits and batches; None for the defaults.

    Returns:
        A FastAPI application, which any ASGI server runs in one process.

    Raises:
        TfftError: When FastAPI or the Prometheus client is not installed.
    """
    try:
        from fastapi import FastAPI

        service = _Service(predictor, settings or Settings())
    except ImportError as error:
        raise TfftError(f"Serving needs a package that is not installed: {error.name}.", fix=_INSTALL) from None
    summary = f"{predictor.task.name} of {predictor.preprocessor.noun}s"
    app = FastAPI(title="tfft", summary=summary, lifespan=service.lifespan)
    app.add_middleware(Guard, settings=service.settings, measured=service.numbers.request)
    _ADDRESSES[predictor.preprocessor.noun](app, service)
    _describe(app, service)
    return app


class _Service:
    """What all addresses share: the bundle, the batches and the numbers."""

    def __init__(self, predictor: Predictor, settings: Settings) -> None:
        self.predictor, self.settings, self.ready = predictor, settings, False
        self.numbers = Numbers(lambda: self.batcher.waiting)
        self.batcher = Batcher(self._answer, settings, self.numbers.batch)

    def _answer(self, items: Sequence[Any]) -> Sequence[Any]:
        with warnings.catch_warnings(action="ignore"):  # warnings are for the owner of the inputs, who is not here
            return self.predictor.predict(list(items), batch_size=self.settings.batch, on_corrupt="skip")

    @asynccontextmanager
    async def lifespan(self, app: Any) -> AsyncIterator[None]:
        """Answer one example before the first request, which traces the graph; and all open requests before the end."""
        self.batcher.start()
        await self.batcher.answer([_EXAMPLES[self.predictor.preprocessor.noun](self.predictor)])
        self.ready = True
        yield
        self.ready = False
        await self.batcher.stop()

    async def answered(self, items: Sequence[Any]) -> Any:
        """The response to the inputs of one request."""
        from fastapi.responses import JSONResponse

        if not self.ready:
            return refused(503, "The service is starting or ending.", "Try again.", {"retry-after": "1"})
        if not items or len(items) > self.settings.inputs:
            return refused(422, f"A request has from 1 to {self.settings.inputs} inputs.", f"Got {len(items)}.")
        try:
            found = [values_of(each) for each in await self.batcher.answer(items)]
        except QueueFullError:
            return refused(429, "Too many inputs wait.", "Try again later.", {"retry-after": "1"})
        except TimeoutError:
            return refused(408, f"No answer within {self.settings.seconds:g} seconds.", "Send fewer inputs.")
        except TfftError as error:
            return refused(422, error.what, error.fix)
        problems = [f"input {index}: {each['problem']}" for index, each in enumerate(found) if "problem" in each]
        if problems:
            said = "; ".join(problems[:_MOST_PROBLEMS])
            return refused(422, said, "Repair or remove these inputs.", answers=found)
        return JSONResponse({"answers": found})


def refused(status: int, what: str, fix: str, headers: Mapping[str, str] | None = None, **more: Any) -> Any:
    """Make a response that says why a request has no answer.

    Args:
        status: The status, from 400.
        what: What was wrong.
        fix: What to do.
        headers: More headers.
        **more: More JSON values.

    Returns:
        A ``JSONResponse``.
    """
    from fastapi.responses import JSONResponse

    return JSONResponse({"error": {"what": what, "fix": fix}, **more}, status, headers)


def _describe(app: "FastAPI", service: _Service) -> None:
    """Add the addresses that say something about the service."""
    from fastapi.responses import HTMLResponse, JSONResponse, Response

    predictor = service.predictor

    @app.get("/", response_class=HTMLResponse, include_in_schema=False)
    async def page() -> str:
        return files("tfft.serving").joinpath("page.html").read_text(encoding="utf-8")

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


def _image(predictor: Predictor) -> Any:
    import numpy as np

    return np.zeros((16, 16, 3), np.uint8)


def _text(predictor: Predictor) -> Any:
    return Text("What is this?", "This is a text.") if texts_of(predictor) == 2 else Text("This is a text.")


def _of_images(app: "FastAPI", service: _Service) -> None:
    from fastapi import Request, Response, UploadFile

    @app.post("/predict")
    async def predict(images: list[UploadFile]) -> Response:
        """Answer the images of a form, each a file named ``images``."""
        if len(images) > service.settings.inputs:
            return await service.answered(images)  # refused without reading the files
        return await service.answered([await image.read() for image in images])

    @app.post("/predict/bytes")
    async def predict_bytes(request: Request) -> Response:
        """Answer one image, which is the whole body of the request."""
        return await service.answered([await request.body()])


def _of_texts(app: "FastAPI", service: _Service) -> None:
    from fastapi import Response
    from pydantic import BaseModel, ConfigDict

    class Texts(BaseModel):
        """The texts of a request; a pair is a list of two, such as question and context."""

        model_config = ConfigDict(extra="forbid")
        texts: list[str | tuple[str, str]]

    @app.post("/predict")
    async def predict(body: Texts) -> Response:
        """Answer texts, or pairs of texts."""
        # a Text is never taken for the name of a file
        items = [Text(text) if isinstance(text, str) else Text(*text) for text in body.texts]
        try:
            for item in items:
                if service.predictor.seen is not None:
                    service.predictor.seen.check_pairs(item)
        except TfftError as error:
            return refused(422, error.what, error.fix)
        return await service.answered(items)


_ADDRESSES: Mapping[str, Any] = {"image": _of_images, "text": _of_texts}
_EXAMPLES: Mapping[str, Any] = {"image": _image, "text": _text}
