"""Collect the inputs of concurrent requests into batches, which take hardly longer than a single input."""

import asyncio
import contextlib
import itertools
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from tfft.serving.settings import Settings

Answering = Callable[[Sequence[Any]], Sequence[Any]]


class QueueFullError(Exception):
    """Too many inputs wait already."""


class Batcher:
    """A queue of inputs and a task that answers them, in order, in batches. All methods belong to one event loop.

    Args:
        answer: Inputs -> one result for each of them. It runs in a thread of its own, one call at a time.
        settings: The size of batches and of the queue.
        measured: Called with the number of inputs in each batch.
    """

    def __init__(
        self, answer: Answering, settings: Settings, measured: Callable[[int], Any] = lambda count: None
    ) -> None:
        self._answer, self._settings, self._measured = answer, settings, measured
        self._waiting: dict[asyncio.Future[Any], Any] = {}  # inputs by their answers, in order
        self._came, self._ending = asyncio.Event(), False
        self._thread = ThreadPoolExecutor(1, "tfft-serve")
        self._task: asyncio.Task[None] | None = None

    @property
    def waiting(self) -> int:
        """The number of inputs that wait for a batch. Inputs of requests that have ended do not wait."""
        return len(self._waiting)

    def start(self) -> None:
        """Begin to answer."""
        self._task = asyncio.get_running_loop().create_task(self._run())

    async def stop(self) -> None:
        """Answer what waits, and end."""
        self._ending = True
        self._came.set()
        if self._task is not None:
            await self._task
        self._thread.shutdown()

    async def answer(self, items: Sequence[Any]) -> list[Any]:
        """Wait for the answers to some inputs.

        Args:
            items: The inputs of one request.

        Returns:
            One result for each of them.

        Raises:
            QueueFullError: When too many inputs wait.
            TimeoutError: When the answers take longer than ``Settings.seconds``; inputs that wait are then left out.
            Exception: What the function raised.
        """
        if self.waiting + len(items) > self._settings.queue:
            raise QueueFullError
        loop = asyncio.get_running_loop()
        futures: list[asyncio.Future[Any]] = [loop.create_future() for _ in items]
        self._waiting.update(zip(futures, items, strict=True))
        self._came.set()
        try:
            async with asyncio.timeout(self._settings.seconds):
                return list(await asyncio.gather(*futures))
        finally:
            for future in futures:
                future.cancel()
                self._waiting.pop(future, None)  # it takes neither a place nor memory any longer

    async def _run(self) -> None:
        while self._waiting or not self._ending:
            if batch := await self._collected():
                self._measured(len(batch))
                await self._answered(batch)

    async def _collected(self) -> list[tuple[Any, "asyncio.Future[Any]"]]:
        """The inputs that wait, after the time in which others may join the first one; none at the end of the service."""
        while not (self._waiting or self._ending):
            await self._others()
        if self._settings.wait_milliseconds:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self._settings.wait_milliseconds / 1000):
                    while 0 < self.waiting < min(self._settings.batch, self._settings.queue):
                        await self._others()
        first = list(itertools.islice(self._waiting, self._settings.batch))
        batch = [(self._waiting.pop(future), future) for future in first]
        return [(item, future) for item, future in batch if not future.done()]

    async def _others(self) -> None:
        self._came.clear()
        await self._came.wait()

    async def _answered(self, batch: Sequence[tuple[Any, "asyncio.Future[Any]"]]) -> None:
        call = asyncio.get_running_loop().run_in_executor(self._thread, self._answer, [item for item, _ in batch])
        try:
            found = await call
            if len(found) != len(batch):
                raise RuntimeError(f"{len(found)} answers to {len(batch)} inputs")
        except Exception as error:  # the service goes on
            if len(batch) > 1:  # the error belongs to one input, and the others have answers
                for each in batch:
                    await self._answered([each])
            elif not batch[0][1].done():
                batch[0][1].set_exception(error)
            return
        for (_, future), result in zip(batch, found, strict=True):
            if not future.done():
                future.set_result(result)
