"""Waiting for what the platform said while the gate was away."""

import asyncio
import time
from collections.abc import Awaitable, Callable

import pytest

from anju.gate import news
from anju.gate.news import News


def waited(story: Callable[[News], Awaitable[bool]]) -> tuple[bool, float]:
    """Whether the gate may decide in the end, and the seconds it took."""

    async def run() -> tuple[bool, float]:
        began = time.monotonic()
        return await story(News()), time.monotonic() - began

    return asyncio.run(run())


def test_without_a_connection_nobody_waits(capsys: pytest.CaptureFixture[str]) -> None:
    may, seconds = waited(lambda one: one.wait())
    assert may
    assert seconds < 0.1
    assert "deciding_without_news" not in capsys.readouterr().out


def test_whoever_waits_goes_on_as_soon_as_the_news_is_taken_in() -> None:
    async def story(one: News) -> bool:
        one.expect()
        asyncio.get_running_loop().call_later(0.05, one.taken)
        return await one.wait()

    may, seconds = waited(story)
    assert may
    assert 0.04 < seconds < 1


def test_somebody_at_the_door_is_told_to_wait_and_not_longer_than_asked() -> None:
    async def story(one: News) -> bool:
        one.expect()
        return await one.wait(0.05)

    may, seconds = waited(story)
    assert not may
    assert seconds < 1


def test_after_a_while_the_gate_decides_by_what_it_knows(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(news, "MOST_SECONDS", 0.1)

    async def story(one: News) -> bool:
        one.expect()
        return await one.wait(0.07) or await one.wait(0.07)

    may, seconds = waited(story)
    assert may
    assert 0.09 < seconds < 1
    assert "deciding_without_news" in capsys.readouterr().out
