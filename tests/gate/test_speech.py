"""The gate says aloud what it shows: by itself, or by an online voice that is asked for each sentence once."""

import asyncio
import base64
import hashlib
import hmac
import io
import json
import re
import shutil
import stat
import time
import wave
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote_plus, urlsplit

import pytest
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from websockets.asyncio.server import ServerConnection, serve

from anju.gate.approach import answer
from anju.gate.barrier import Verdict
from anju.gate.speech import Espeak, Phrases, Speaker, SpeechFailed, Voice
from anju.gate.speech_baidu import Baidu
from anju.gate.speech_iflytek import Iflytek
from anju.gate.speech_setup import BadVoice, voice
from anju.gate.texts import TEXTS
from anju.recognition.advice import Text
from tests.gate.made import Gate

WELCOME = TEXTS["recognised"]


def wav(samples: bytes = b"\1\2" * 800) -> bytes:
    made = io.BytesIO()
    with wave.open(made, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(16_000)
        file.writeframes(samples)
    return made.getvalue()


@dataclass
class Counting:
    """A voice that counts what it is asked for, or fails."""

    name: str = "counting"
    fails: bool = False
    asked: list[tuple[str, str]] = field(default_factory=list)

    async def wav(self, text: str, language: str) -> bytes:
        self.asked.append((text, language))
        if self.fails:
            raise SpeechFailed("no")
        return wav()


@pytest.fixture
def player(tmp_path: Path) -> Path:
    """A program that notes what it is given to play."""
    program = tmp_path / "player"
    program.write_text(f'#!/bin/sh\ncat "$1" | wc -c >> "{tmp_path}/played"\n')
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    return program


def played(folder: Path) -> int:
    """How many sounds have been played."""
    notes = folder / "played"
    return len(notes.read_text().split()) if notes.exists() else 0


async def until(done: Callable[[], bool]) -> None:
    for _ in range(300):
        if done():
            return
        await asyncio.sleep(0.02)
    raise AssertionError("it never came")


# --- the gate's own voice ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("language", ["zh", "en"])
def test_the_gate_speaks_both_languages_by_itself(language: str) -> None:
    if shutil.which("espeak-ng") is None:
        pytest.skip("no espeak-ng: apt-get install espeak-ng")
    sound = asyncio.run(Espeak().wav(getattr(WELCOME, language), language))
    with wave.open(io.BytesIO(sound)) as file:
        assert file.getframerate() >= 16_000
    assert len(sound) > 20_000


def test_what_is_shown_is_played_in_chinese_and_then_in_english(tmp_path: Path, player: Path) -> None:
    counting = Counting()

    async def live() -> None:
        speaker = Speaker(Phrases(tmp_path / "speech", [counting]), str(player))
        speaking = asyncio.create_task(speaker.run())
        speaker.say(WELCOME)
        speaker.say(WELCOME)  # two pages show it
        await until(lambda: played(tmp_path) == 2)
        speaking.cancel()

    asyncio.run(live())
    assert counting.asked == [(WELCOME.zh, "zh"), (WELCOME.en, "en")]
    assert played(tmp_path) == 2


def test_a_sentence_is_made_once_and_kept_over_a_restart(tmp_path: Path) -> None:
    first, second = Counting(), Counting()
    for one in (first, first, second):
        assert asyncio.run(Phrases(tmp_path, [one]).file(WELCOME.zh, "zh")) is not None
    assert (len(first.asked), len(second.asked)) == (1, 0)


def test_all_sentences_are_made_before_anybody_needs_them(tmp_path: Path, player: Path) -> None:
    counting = Counting()

    async def live() -> None:
        speaking = asyncio.create_task(Speaker(Phrases(tmp_path, [counting]), str(player)).run(TEXTS.values()))
        await until(lambda: len(counting.asked) >= len(set(TEXTS.values())) * 2)
        speaking.cancel()

    asyncio.run(live())
    assert {text for text, _ in counting.asked} == {said for text in TEXTS.values() for said in (text.zh, text.en)}


def test_when_the_online_voice_fails_the_gates_own_stands_in_until_it_is_back(tmp_path: Path) -> None:
    online, own = Counting("online", fails=True), Counting("own")
    phrases = Phrases(tmp_path, [online, own])
    stood_in = asyncio.run(phrases.file(WELCOME.zh, "zh"))
    online.fails = False
    back = asyncio.run(phrases.file(WELCOME.zh, "zh"))
    assert stood_in is not None and back is not None
    assert (stood_in.name.split("-")[0], back.name.split("-")[0]) == ("own", "online")


def test_a_player_that_is_missing_or_fails_stops_nothing(tmp_path: Path) -> None:
    counting = Counting()

    async def live(program: str) -> None:
        speaker = Speaker(Phrases(tmp_path / "speech", [counting]), program)
        speaking = asyncio.create_task(speaker.run())
        speaker.say(WELCOME)
        await asyncio.sleep(0.3)
        assert not speaking.done()
        speaking.cancel()

    for program in ("/nowhere/aplay", "/bin/false"):
        asyncio.run(live(program))


def test_of_what_waits_the_newest_is_said(tmp_path: Path, player: Path) -> None:
    counting = Counting()

    async def live() -> None:
        speaker = Speaker(Phrases(tmp_path / "speech", [counting]), str(player))
        speaker.say(TEXTS["qr_ok"])
        speaker.say(TEXTS["revoked"])
        speaking = asyncio.create_task(speaker.run())
        await until(lambda: played(tmp_path) == 2)
        speaking.cancel()

    asyncio.run(live())
    assert {text for text, _ in counting.asked} == {TEXTS["revoked"].zh, TEXTS["revoked"].en}


def test_with_a_loudspeaker_of_its_own_the_gate_speaks_and_the_page_is_silent(gate: Gate) -> None:
    from anju.gate.approach import Approach
    from anju.gate.kiosk import Page

    said: list[Text] = []
    page = Page(Approach(gate.brain), aloud=said.append)
    page.show(answer("granted", "recognised", say=True))
    page.show(answer("granted", "recognised"))
    assert said == [WELCOME]
    assert [page.told.get_nowait()["say"] for _ in range(2)] == [False, False]


def test_a_barrier_without_any_page_speaks(gate: Gate) -> None:
    said: list[Text] = []
    gate.kiosk.aloud = said.append
    gate.kiosk.judged_car(Verdict("plate_ok", TEXTS["plate_ok"], fresh=True))
    gate.kiosk.no_lift()
    assert said == [TEXTS["plate_ok"], TEXTS["lift_failed"]]


# --- online voices, against servers that check as the real ones do ----------------------------------------------------


@dataclass
class XfyunServer:
    """As iFlytek's documentation has it: the signature covers host, date and request line, and is at most five minutes old."""

    secret: str = "the-secret"
    key: str = "the-key"
    fault: int = 0
    asked: list[dict[str, Any]] = field(default_factory=list)

    def refuses(self, path: str, host: str) -> bool:
        query = {name: values[0] for name, values in parse_qs(urlsplit(path).query).items()}
        said = dict(re.findall(r'(\w+)="([^"]*)"', base64.b64decode(query["authorization"]).decode()))
        origin = f"host: {query['host']}\ndate: {query['date']}\nGET {urlsplit(path).path} HTTP/1.1"
        expected = base64.b64encode(hmac.new(self.secret.encode(), origin.encode(), hashlib.sha256).digest()).decode()
        age = abs(time.time() - parsedate_to_datetime(query["date"]).timestamp())
        facts = (said["api_key"], said["algorithm"], said["headers"], query["host"])
        return (
            facts != (self.key, "hmac-sha256", "host date request-line", host)
            or not hmac.compare_digest(said["signature"], expected)
            or age > 300
        )

    async def speak(self, socket: ServerConnection) -> None:
        self.asked.append(json.loads(await socket.recv()))
        if self.fault:
            await socket.send(json.dumps({"code": self.fault, "message": "licc failed", "sid": "x"}))
            return
        for status, samples in ((1, b"\1\0" * 100), (2, b"\2\0" * 100)):
            audio = base64.b64encode(samples).decode()
            await socket.send(
                json.dumps({"code": 0, "sid": "x", "data": {"audio": audio, "status": status, "ced": "1"}})
            )

    @asynccontextmanager
    async def serving(self) -> AsyncIterator[str]:
        def check(connection: ServerConnection, request: Any) -> Any:
            host = request.headers["Host"]
            return (
                connection.respond(401, "HMAC signature does not match") if self.refuses(request.path, host) else None
            )

        async with serve(self.speak, "127.0.0.1", 0, process_request=check) as server:
            yield f"ws://127.0.0.1:{next(iter(server.sockets)).getsockname()[1]}/v2/tts"


def hears_iflytek(server: XfyunServer, **keys: str) -> bytes:
    async def live() -> bytes:
        async with server.serving() as address:
            known = {"app_id": "app", "api_key": "the-key", "api_secret": "the-secret", **keys}
            return await Iflytek(**known, address=address).wav(WELCOME.zh, "zh")

    return asyncio.run(live())


def test_iflytek_takes_our_signature_and_its_pieces_become_one_sound() -> None:
    server = XfyunServer()
    with wave.open(io.BytesIO(hears_iflytek(server))) as file:
        assert (file.getframerate(), file.getnchannels(), file.getsampwidth()) == (16_000, 1, 2)
        assert file.readframes(1000) == b"\1\0" * 100 + b"\2\0" * 100
    (asked,) = server.asked
    assert base64.b64decode(asked["data"]["text"]).decode() == WELCOME.zh
    assert (asked["common"]["app_id"], asked["business"]["aue"], asked["data"]["status"]) == ("app", "raw", 2)


@pytest.mark.parametrize("wrong", [{"api_secret": "guessed"}, {"api_key": "another"}])
def test_iflytek_refuses_a_wrong_key(wrong: dict[str, str]) -> None:
    with pytest.raises(SpeechFailed):
        hears_iflytek(XfyunServer(), **wrong)


def test_iflytek_saying_no_is_a_failure_and_no_sound() -> None:
    with pytest.raises(SpeechFailed, match="11200"):
        hears_iflytek(XfyunServer(fault=11200))


@dataclass
class BaiduServer:
    """As Baidu's documentation has it. stale: the first token is taken back at once."""

    stale: bool = False
    fault: int = 0
    tokens: int = 0
    asked: list[dict[str, str]] = field(default_factory=list)

    async def token(self, request: Request) -> Response:
        query = request.query_params
        known = ("client_credentials", "the-key", "the-secret")
        if (query.get("grant_type"), query.get("client_id"), query.get("client_secret")) != known:
            return JSONResponse({"error": "invalid_client"}, status_code=401)
        self.tokens += 1
        return JSONResponse({"access_token": f"token-{self.tokens}", "expires_in": 2592000})

    async def speech(self, request: Request) -> Response:
        body = (await request.body()).decode()
        form = {name: values[0] for name, values in parse_qs(body).items()}
        good = f"token-{2 if self.stale else 1}"
        if form.get("tok") != good:
            return JSONResponse({"err_no": 502, "err_msg": "token invalid"})
        needed = {"tex", "cuid", "ctp", "lan", "aue"}
        if self.fault or not needed <= form.keys() or form["ctp"] != "1" or form["lan"] != "zh":
            return JSONResponse({"err_no": self.fault or 500, "err_msg": "parameter error"})
        self.asked.append(form)
        return Response(wav(), media_type="audio/wav")

    @asynccontextmanager
    async def serving(self) -> AsyncIterator[str]:
        app = Starlette(
            routes=[
                Route("/token", self.token, methods=["POST"]),
                Route("/text2audio", self.speech, methods=["POST"]),
            ]
        )
        server = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=0, log_level="warning"))
        running = asyncio.create_task(server.serve())
        while not server.started:
            await asyncio.sleep(0.01)
        yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
        server.should_exit = True
        await running


def hears_baidu(server: BaiduServer, times: int = 1, keys: str = "the-secret") -> bytes:
    async def live() -> bytes:
        async with server.serving() as address:
            baidu = Baidu("the-key", keys, tokens=f"{address}/token", address=f"{address}/text2audio")
            return [await baidu.wav(WELCOME.zh, "zh") for _ in range(times)][-1]

    return asyncio.run(live())


def test_baidu_gives_one_token_for_many_sentences() -> None:
    server = BaiduServer()
    assert hears_baidu(server, times=3) == wav()
    assert (server.tokens, len(server.asked)) == (1, 3)
    assert unquote_plus(server.asked[0]["tex"]) == WELCOME.zh


def test_a_token_that_baidu_has_taken_back_is_asked_for_anew() -> None:
    server = BaiduServer(stale=True)
    assert hears_baidu(server) == wav()
    assert server.tokens == 2


def test_baidu_refusing_the_keys_or_the_text_is_a_failure() -> None:
    with pytest.raises(SpeechFailed):
        hears_baidu(BaiduServer(), keys="guessed")
    with pytest.raises(SpeechFailed, match="513"):
        hears_baidu(BaiduServer(fault=513))


@pytest.mark.parametrize(
    "one", [Iflytek("a", "b", "c", address="ws://127.0.0.1:9/v2/tts"), Baidu("a", "b", tokens="http://127.0.0.1:9/")]
)
def test_a_voice_that_is_away_is_a_failure(one: Voice) -> None:
    with pytest.raises(SpeechFailed):
        asyncio.run(one.wav(WELCOME.zh, "zh"))


def test_the_operators_file_names_a_voice_and_its_keys(tmp_path: Path) -> None:
    file = tmp_path / "voice.json"
    file.write_text(json.dumps({"provider": "iflytek", "app_id": "1", "api_key": "2", "api_secret": "3"}))
    assert voice(file).name == "iflytek-xiaoyan"
    file.write_text(json.dumps({"provider": "baidu", "api_key": "2", "secret_key": "3", "voice": 4}))
    assert voice(file).name == "baidu-4"


@pytest.mark.parametrize(
    "said",
    [
        "",
        "[]",
        '{"provider": "iflytek"}',
        '{"provider": "siri"}',
        '{"provider": "baidu", "api_key": "2", "secret_key": "3", "voice": "Li"}',
    ],
)
def test_a_file_that_does_not_is_refused_with_what_it_needs(tmp_path: Path, said: str) -> None:
    file = tmp_path / "voice.json"
    file.write_text(said)
    with pytest.raises(BadVoice, match="api_secret"):
        voice(file)
    with pytest.raises(BadVoice, match="cannot be read"):
        voice(tmp_path / "none.json")
