"""A barrier reads a plate and decides: for one plate it knows, in its window, and never when two could be meant."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import cv2
import httpx
import numpy as np
import pytest
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from anju.gate import barrier_pages
from anju.gate.barrier import AGAIN, GONE, LEAST, SURE, UNCLEAR_PICTURES, Barrier
from anju.gate.barrier_camera import Camera
from anju.grants import encoding, marks, plates
from anju.grants.grant import Ended, Grant, Way
from anju.recognition.pictures import Picture
from anju.recognition.plates import Read
from tests.gate import made
from tests.gate.made import Gate
from tests.recognition import made_plates

KEY = bytes(range(32))
TOKEN = "a-token-of-the-operator"


@pytest.fixture
def barrier(gate: Gate) -> Iterator[Barrier]:
    settings = {"name": "车库", "kind": "barrier", "direction": "in", "tag_key": encoding.encode(KEY)}
    gate.brain.set(json.dumps(settings).encode())
    lane = Barrier(gate.brain, gate.link.news)
    yield lane
    lane.close()


def car(plate: str, **changes: object) -> Grant:
    tags = frozenset(marks.tag(KEY, one) for one in plates.marks(plate))
    return made.grant(ways=frozenset({Way.PLATE}), face=None, marks=tags, **changes)


def read(plate: str, confidence: float = 0.99, wide: float = 160) -> Read:
    corners = np.array([[0, 0], [wide, 0], [wide, 50], [0, 50]], np.float32)
    return Read(plate, confidence, 0.99, corners)


def jpeg(picture: Picture) -> bytes:
    return bytes(cv2.imencode(".jpg", picture)[1])


def test_a_known_car_opens_and_is_entered_with_its_holder(gate: Gate, barrier: Barrier) -> None:
    resident = car("鲁A12345")
    gate.learn(resident)
    verdict = asyncio.run(barrier.see(jpeg(made_plates.picture("鲁A12345"))))
    assert (verdict.open, verdict.code, gate.door.opened) == (True, "plate_ok", 1)
    (entry,) = gate.entries()
    assert (entry["way"], entry["result"], entry["holder"]) == ("plate", "granted", str(resident.holder))


def test_of_an_unknown_car_nothing_is_kept(gate: Gate, barrier: Barrier) -> None:
    gate.learn(car("鲁A12345"))
    verdict = asyncio.run(barrier.see(jpeg(made_plates.picture("晋LAJ361"))))
    assert (verdict.open, verdict.code, gate.door.opened) == (False, "plate_unknown", 0)
    (entry,) = gate.entries()
    assert (entry["grant"], entry["holder"]) == (None, None)
    kept = b"".join(path.read_bytes() for path in gate.home.iterdir() if path.is_file())
    tags = [marks.tag(KEY, one).encode() for one in plates.marks("晋LAJ361")]
    assert not any(trace in kept for trace in ("晋LAJ361".encode(), b"LAJ361", *tags))


def test_a_gate_holds_no_plate_of_those_it_knows(gate: Gate, barrier: Barrier) -> None:
    gate.learn(car("鲁A12345"))
    kept = b"".join(path.read_bytes() for path in gate.home.iterdir() if path.is_file())
    assert marks.tag(KEY, "plate:鲁A12345").encode() in kept
    assert b"A12345" not in kept


def test_two_plates_that_look_alike_never_open(gate: Gate, barrier: Barrier) -> None:
    gate.learn(car("鲁A8Z345"), car("鲁AB2345"))
    for plate in ("鲁A8Z345", "鲁AB2345", "鲁A82345"):
        verdict = barrier.react([read(plate)], now=1000.0)
        assert (verdict.open, verdict.code) == (False, "plate_unsure")
    assert gate.door.opened == 0


def test_one_car_that_two_households_expect_is_one_car(gate: Gate, barrier: Barrier) -> None:
    over = car("鲁A12345", until=datetime.now(UTC) - timedelta(hours=1))
    gate.learn(over, car("鲁A12345"))
    assert barrier.react([read("鲁A12345")], now=1.0).open


def test_a_doubtful_reading_that_is_alike_to_one_known_plate_opens_and_a_sure_one_is_another_car(
    gate: Gate, barrier: Barrier
) -> None:
    gate.learn(car("鲁A8Z345"))
    assert barrier.react([read("鲁AB2345", SURE)], now=1.0).code == "plate_unknown"
    assert barrier.react([read("鲁A82345", (LEAST + SURE) / 2)], now=100.0).open


@pytest.mark.parametrize("bad", [read("鲁A12345", LEAST - 0.01), read("鲁A12345", wide=40), read("", 0.0)])
def test_a_reading_that_is_not_clear_never_opens(gate: Gate, barrier: Barrier, bad: Read) -> None:
    gate.learn(car("鲁A12345"))
    codes = [barrier.react([bad], now=number * 0.5).code for number in range(UNCLEAR_PICTURES + 2)]
    assert set(codes) == {"plate_unsure"}
    assert gate.door.opened == 0
    assert [entry["reason"] for entry in gate.entries()] == ["plate_unsure"]


def test_the_same_car_standing_there_is_one_try(gate: Gate, barrier: Barrier) -> None:
    gate.learn(car("鲁A12345"))
    fresh = [barrier.react([read("鲁A12345", 0.99 - number / 100)], now=number * 0.7).fresh for number in range(10)]
    assert fresh == [True] + [False] * 9
    assert (gate.door.opened, len(gate.entries())) == (1, 1)


def test_a_car_that_does_not_move_has_the_barrier_raised_again_without_a_second_entry(
    gate: Gate, barrier: Barrier
) -> None:
    gate.learn(car("鲁A12345"))
    for second in range(int(AGAIN) + 3):
        barrier.react([read("鲁A12345")], now=float(second))
    assert (gate.door.opened, len(gate.entries())) == (2, 1)


def test_a_car_that_comes_back_is_a_new_try(gate: Gate, barrier: Barrier) -> None:
    gate.learn(car("鲁A12345"))
    barrier.react([read("鲁A12345")], now=1.0)
    barrier.react([], now=2.0)
    assert barrier.react([read("鲁A12345")], now=3.0 + GONE).fresh
    assert (gate.door.opened, len(gate.entries())) == (2, 2)


def test_the_next_car_is_a_try_of_its_own(gate: Gate, barrier: Barrier) -> None:
    gate.learn(car("鲁A12345"))
    assert barrier.react([read("鲁A12345")], now=1.0).open
    assert barrier.react([read("晋LAJ361")], now=2.0).code == "plate_unknown"
    assert len(gate.entries()) == 2


def test_the_nearest_of_two_cars_decides(gate: Gate, barrier: Barrier) -> None:
    gate.learn(car("鲁A12345"))
    assert not barrier.react([read("鲁A12345", wide=90), read("晋LAJ361", wide=180)], now=1.0).open


def test_a_right_that_has_ended_opens_no_more_the_same_moment(gate: Gate, barrier: Barrier) -> None:
    resident = car("鲁A12345")
    gate.learn(resident)
    assert barrier.react([read("鲁A12345")], now=1.0).open
    gate.learn(Ended(resident.id, 2))
    assert barrier.react([read("鲁A12345")], now=2.0 + GONE).code == "plate_unknown"


def test_outside_its_window_a_car_stays_out(gate: Gate, barrier: Barrier) -> None:
    gate.learn(car("鲁A12345", since=datetime.now(UTC) + timedelta(hours=1)))
    assert barrier.react([read("鲁A12345")], now=1.0).code == "outside_window"


def test_a_grant_for_other_ways_opens_no_barrier(gate: Gate, barrier: Barrier) -> None:
    gate.learn(replace(car("鲁A12345"), id=uuid4(), ways=frozenset({Way.QR})))
    assert barrier.react([read("鲁A12345")], now=1.0).code == "way_not_granted"


# --- cameras ----------------------------------------------------------------------------------------------------------


@asynccontextmanager
async def serving(app: Starlette) -> AsyncIterator[str]:
    """A real server on a free port."""
    server = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=0, log_level="warning"))
    running = asyncio.create_task(server.serve())
    while not server.started:
        await asyncio.sleep(0.01)
    yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    server.should_exit = True
    await running


def test_a_camera_posts_its_picture_and_hears_the_answer_in_two_languages(gate: Gate, barrier: Barrier) -> None:
    gate.learn(car("鲁A12345"))

    async def post(data: bytes, token: str) -> tuple[int, dict[str, object]]:
        app = Starlette(routes=barrier_pages.routes(barrier, TOKEN, lambda: None))
        async with serving(app) as address, httpx.AsyncClient(trust_env=False) as client:
            header = {"Authorization": f"Bearer {token}"}
            answer = await client.post(f"{address}/barrier/picture", content=data, headers=header, timeout=20)
            return answer.status_code, answer.json()

    status, said = asyncio.run(post(jpeg(made_plates.picture("鲁A12345")), TOKEN))
    assert (status, said["open"], said["code"]) == (200, True, "plate_ok")
    assert said["zh"] != said["en"]
    assert "A12345" not in json.dumps(said)

    status, said = asyncio.run(post(jpeg(made_plates.picture("鲁A12345")), "guessed"))
    assert (status, said["open"], said["code"]) == (401, False, "bad_token")
    status, said = asyncio.run(post(b"no picture", TOKEN))
    assert (status, said["code"]) == (400, "not_a_picture")
    status, said = asyncio.run(post(b"\xff\xd8" + bytes(9 * 1024 * 1024), TOKEN))
    assert (status, said["code"]) == (413, "too_big")
    assert gate.door.opened == 1


def test_a_gate_fetches_pictures_from_its_camera_and_survives_its_absence(gate: Gate, barrier: Barrier) -> None:
    gate.learn(car("鲁A12345"))
    asked: list[str] = []

    async def snapshot(request: Request) -> Response:
        asked.append(request.headers.get("authorization", ""))
        if not asked[-1].startswith("Digest "):
            challenge = 'Digest realm="camera", nonce="n", qop="auth", algorithm=MD5'
            return Response(status_code=401, headers={"WWW-Authenticate": challenge})
        if len(asked) < 4:
            return Response(status_code=503)
        return Response(jpeg(made_plates.picture("鲁A12345")), media_type="image/jpeg")

    async def watch() -> None:
        async with serving(Starlette(routes=[Route("/snapshot", snapshot)])) as address:
            camera = Camera(address.replace("//", "//admin:p%40ss@") + "/snapshot", barrier)
            watching = asyncio.create_task(camera.watch())
            await _until(lambda: _looked(camera, gate))
            watching.cancel()

    asyncio.run(watch())
    assert gate.door.opened == 1


async def _looked(camera: Camera, gate: Gate) -> bool:
    camera.look()
    return gate.door.opened > 0


async def _until(done: Callable[[], Awaitable[bool]]) -> None:
    for _ in range(200):
        if await done():
            return
        await asyncio.sleep(0.05)
    raise AssertionError("it never came")
