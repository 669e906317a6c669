"""A connection ends wholly, also where the bus's client has lost the word that it should."""

import asyncio

import pytest

from anju.gate import link


def test_work_that_lost_a_cancellation_is_told_again() -> None:
    heard: list[int] = []

    async def deaf() -> None:
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            heard.append(1)  # lost, as nats-py does when a message arrives in the same moment
        await asyncio.Event().wait()

    async def run() -> None:
        task = asyncio.ensure_future(link._insisting(deaf()))
        await asyncio.sleep(0.05)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asyncio.wait_for(task, 5)

    asyncio.run(asyncio.wait_for(run(), 10))
    assert heard == [1]


def test_what_went_wrong_in_it_is_heard() -> None:
    async def broken() -> None:
        raise OSError("the line is down")

    with pytest.raises(OSError, match="the line is down"):
        asyncio.run(link._insisting(broken()))
