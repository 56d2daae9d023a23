"""Concurrent inputs are answered together, each by its own answer, whatever happens to the others."""

import asyncio
import gc
import threading
import weakref

import numpy as np
import pytest

from tfft.serving.batching import Batcher, QueueFullError
from tfft.serving.settings import Settings


def answered(requests, answer, **options):
    """The results of concurrent requests, and the size of each batch."""
    sizes = []

    async def main():
        batcher = Batcher(answer, Settings(**options), sizes.append)
        batcher.start()
        found = await asyncio.gather(*(batcher.answer(items) for items in requests), return_exceptions=True)
        assert batcher.waiting == 0
        await batcher.stop()
        return found

    return asyncio.run(main()), sizes


def doubled(items):
    return [2 * item for item in items]


def test_requests_that_come_together_are_one_batch():
    found, sizes = answered([[1], [2, 3], [4]], doubled, wait_milliseconds=50)
    assert found == [[2], [4, 6], [8]]
    assert sizes == [4]


def test_batches_have_at_most_the_size_of_the_settings():
    found, sizes = answered([[number] for number in range(10)], doubled, batch=4, wait_milliseconds=50)
    assert found == [[2 * number] for number in range(10)]
    assert sizes == [4, 4, 2]


def test_without_a_wait_nothing_waits_for_others():
    _, sizes = answered([[1]], doubled, wait_milliseconds=0)
    assert sizes == [1]


def test_an_error_belongs_to_its_own_input():
    def picky(items):
        if 3 in items:
            raise ValueError("three")
        return doubled(items)

    found, _ = answered([[1], [3], [5]], picky, wait_milliseconds=50)
    assert found[0] == [2]
    assert found[2] == [10]
    assert isinstance(found[1], ValueError)


def test_too_few_answers_are_an_error_and_the_batcher_goes_on():
    found, _ = answered([[1], [2]], lambda items: items[1:], wait_milliseconds=0, batch=1)
    assert [str(each) for each in found] == ["0 answers to 1 inputs"] * 2


def test_a_full_queue_refuses_and_takes_inputs_again_afterwards():
    gate = threading.Event()

    def slow(items):
        gate.wait(10)
        return doubled(items)

    async def main():
        batcher = Batcher(slow, Settings(batch=1, inputs=2, queue=2, wait_milliseconds=0))
        batcher.start()
        first = asyncio.create_task(batcher.answer([1]))
        await asyncio.sleep(0.05)  # it is being computed, and waits no longer
        second = asyncio.create_task(batcher.answer([2, 3]))
        await asyncio.sleep(0.01)
        with pytest.raises(QueueFullError):
            await batcher.answer([4])
        gate.set()
        assert await first == [2]
        assert await second == [4, 6]
        assert await batcher.answer([4]) == [8]
        await batcher.stop()

    asyncio.run(main())


def test_a_request_that_takes_too_long_ends_and_is_not_computed_later():
    gate, met = threading.Event(), []

    def slow(items):
        gate.wait(10)
        met.extend(items)
        return doubled(items)

    async def main():
        batcher = Batcher(slow, Settings(batch=1, seconds=0.2, wait_milliseconds=0))
        batcher.start()
        first, second = (asyncio.create_task(batcher.answer([number])) for number in (1, 2))
        found = await asyncio.gather(first, second, return_exceptions=True)
        assert [type(each) for each in found] == [TimeoutError, TimeoutError]
        gate.set()
        await batcher.stop()

    asyncio.run(main())
    assert met == [1]


@pytest.mark.parametrize(("gone", "seconds"), [("closed", 30.0), ("late", 1.0)])
def test_inputs_of_requests_that_have_ended_take_neither_a_place_nor_memory(gone, seconds):
    gate, met = threading.Event(), []

    def slow(items):
        met.extend(items)
        gate.wait(10)
        return doubled(items)

    async def main():
        batcher = Batcher(slow, Settings(batch=1, inputs=2, queue=2, wait_milliseconds=0, seconds=seconds))
        batcher.start()
        first = asyncio.create_task(batcher.answer([1]))
        await asyncio.sleep(0.05)
        arrays = [np.ones(3), np.ones(3)]
        held = weakref.ref(arrays[0])
        second = asyncio.create_task(batcher.answer(arrays))
        await asyncio.sleep(0.01)
        assert batcher.waiting == 2
        if gone == "closed":
            second.cancel()
        await asyncio.wait([second])  # gather would hold the frame of the request
        assert second.cancelled() or isinstance(second.exception(), TimeoutError)
        assert batcher.waiting == 0
        del arrays, second
        gc.collect()
        assert held() is None
        third = asyncio.create_task(batcher.answer([4, 5]))
        await asyncio.sleep(0.01)
        gate.set()
        assert await third == [8, 10]
        await asyncio.gather(first, return_exceptions=True)
        await batcher.stop()

    asyncio.run(main())
    assert met == [1, 4, 5]


def test_without_a_wait_inputs_that_wait_already_are_computed_together():
    assert answered([[number] for number in range(6)], doubled, wait_milliseconds=0)[1] == [6]


def test_a_full_queue_waits_for_no_others():
    found, sizes = answered([[1], [2, 3]], doubled, inputs=3, queue=3, batch=32, wait_milliseconds=20_000)
    assert (found, sizes) == ([[2], [4, 6]], [3])


def test_a_request_that_ends_while_others_are_awaited_leaves_no_batch():
    sizes = []

    async def main():
        batcher = Batcher(doubled, Settings(wait_milliseconds=100), sizes.append)
        batcher.start()
        first = asyncio.create_task(batcher.answer([1]))
        await asyncio.sleep(0.02)
        first.cancel()
        await asyncio.sleep(0.2)
        assert await batcher.answer([2]) == [4]
        await batcher.stop()

    asyncio.run(main())
    assert sizes == [1]


def test_stopping_answers_what_waits():
    async def main():
        batcher = Batcher(doubled, Settings(wait_milliseconds=20))
        batcher.start()
        call = asyncio.create_task(batcher.answer([7]))
        await asyncio.sleep(0)
        await batcher.stop()
        assert await call == [14]

    asyncio.run(main())
