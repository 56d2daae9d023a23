"""The application of a service: how inputs become answers, and how errors become responses."""

import asyncio
import warnings
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

from tfft.bundles.predictor import Predictor
from tfft.core.errors import TfftError
from tfft.core.specs import Text
from tfft.formats.compared_examples import texts_of
from tfft.serving import addresses, reading, refusals
from tfft.serving.answers import values_of
from tfft.serving.batching import Batcher, QueueFullError
from tfft.serving.guard import Guard
from tfft.serving.numbers import Numbers
from tfft.serving.packages import check_packages
from tfft.serving.refusals import RefusedError
from tfft.serving.settings import Settings

if TYPE_CHECKING:
    from fastapi import FastAPI, Request, Response

_MOST_PROBLEMS = 10
_FIX_OF_ONE = " Repair or remove it."  # the response says it once for all of its inputs


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
        TfftError: When a package is not installed, all of which the message names, or the model reads several inputs.
    """
    check_packages()
    from fastapi import Depends, FastAPI, Request
    from starlette.exceptions import HTTPException

    async def checked(request: Request) -> None:
        await reading.check_rest(request)

    service = Service(predictor, settings or Settings())
    app = FastAPI(
        title="tfft",
        summary=f"{predictor.task.name} of {predictor.preprocessor.noun}s",
        lifespan=service.lifespan,
        dependencies=[Depends(checked)],
        openapi_url=None,  # its address would not have the dependencies
        docs_url=None,  # FastAPI's pages load scripts from other servers
        redoc_url=None,
        redirect_slashes=False,
        exception_handlers={TfftError: _refused, HTTPException: _unknown},
    )
    app.add_middleware(Guard, settings=service.settings, measured=service.numbers.request)
    addresses.add(app, service)
    return app


class Service:
    """What all addresses share: the bundle, the batches and the numbers.

    Args:
        predictor: The loaded bundle.
        settings: Limits and batches.
    """

    def __init__(self, predictor: Predictor, settings: Settings) -> None:
        self.predictor, self.settings, self.ready = predictor, settings, False
        self.numbers = Numbers(lambda: self.batcher.waiting)
        self.batcher = Batcher(self._answer, settings, self.numbers.batch)

    def _answer(self, items: Sequence[Any]) -> list[dict[str, Any]]:
        with warnings.catch_warnings(action="ignore"):  # warnings are for the owner of the inputs, who is not here
            found = self.predictor.predict(list(items), batch_size=self.settings.batch, on_corrupt="skip")
        return [values_of(each) for each in found]  # here, because the PNG of a large mask takes time

    @asynccontextmanager
    async def lifespan(self, app: Any) -> AsyncIterator[None]:
        """Answer one example before the first request, which traces the graph; and all open requests before the end.

        Args:
            app: Not used.
        """
        await asyncio.to_thread(self._answer, [_example(self.predictor)])
        self.batcher.start()
        self.ready = True
        yield
        self.ready = False
        await self.batcher.stop()

    async def answered(self, request: "Request", items: Sequence[Any]) -> "Response":
        """Answer the inputs of one request.

        Args:
            request: The request, whose body was read.
            items: Its inputs.

        Returns:
            The response.

        Raises:
            TfftError: When there are no answers.
        """
        from fastapi.responses import JSONResponse

        if not self.ready:
            raise refusals.busy("The service is starting or ending.", 503)
        try:
            found = await self._unless_gone(request, items)
        except QueueFullError:
            raise refusals.busy("Too many inputs wait.") from None
        except TimeoutError:
            seconds = self.settings.seconds
            raise RefusedError(f"No answer within {seconds:g} seconds.", "", "Send fewer inputs.", 408) from None
        problems = [
            f"input {index}: {each['problem'].removesuffix(_FIX_OF_ONE)}"
            for index, each in enumerate(found)
            if "problem" in each
        ]
        if problems:
            error = RefusedError("; ".join(problems[:_MOST_PROBLEMS]), "", "Repair or remove these inputs.")
            return _response(error, answers=found)
        return JSONResponse({"answers": found})

    async def _unless_gone(self, request: "Request", items: Sequence[Any]) -> list[Any]:
        """Wait for answers, or for the end of the connection: inputs of clients that are gone leave the queue."""
        from starlette.requests import ClientDisconnect

        answers = asyncio.ensure_future(self.batcher.answer(items))
        gone = asyncio.ensure_future(request.receive())
        try:
            await asyncio.wait((answers, gone), return_when=asyncio.FIRST_COMPLETED)
            if not answers.done():
                raise ClientDisconnect
            return answers.result()
        finally:
            answers.cancel()
            gone.cancel()


def _response(error: TfftError, **more: Any) -> "Response":
    from fastapi import Response

    status, headers = (error.status, error.headers) if isinstance(error, RefusedError) else (422, None)
    return Response(refusals.body(error, **more), status, headers, refusals.KIND)


async def _refused(request: "Request", error: TfftError) -> "Response":
    return _response(error)


async def _unknown(request: "Request", error: Any) -> "Response":
    """Describe an address or a method that does not exist."""
    path = repr(request.url.path[:80])
    what, fix = str(error.detail), "See /docs."
    if error.status_code == 404:
        what, fix = f"There is nothing at {path}.", "/docs describes all addresses."
    elif error.status_code == 405:
        allowed = (error.headers or {}).get("Allow", "GET")
        what, fix = f"{path} does not answer {request.method[:20]}.", f"Use {allowed}."
    return _response(RefusedError(what, "", fix, error.status_code, error.headers))


def _example(predictor: Predictor) -> Any:
    import numpy as np

    if predictor.preprocessor.noun == "image":
        return np.zeros((16, 16, 3), np.uint8)
    return Text("What is this?", "This is a text.") if texts_of(predictor) == 2 else Text("This is a text.")
