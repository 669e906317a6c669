"""anju gate register | run"""

import argparse
import asyncio
import gc
import os
import signal
import sys
from collections.abc import Coroutine, Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

import structlog
import uvicorn
from starlette.applications import Starlette
from starlette.routing import Route

from anju.gate import alarms, barrier_pages, identity, nearby, pages, speech_setup
from anju.gate.alarms import Alarms, DoorWatch
from anju.gate.barrier import Barrier
from anju.gate.barrier_camera import Camera
from anju.gate.brain import Brain
from anju.gate.door import CommandDoor, Door, SimulatedDoor
from anju.gate.identity import Identity, NotRegistered
from anju.gate.kiosk import Kiosk
from anju.gate.lift import Lifts
from anju.gate.link import Link
from anju.gate.nearby import Nearby
from anju.gate.renewal import Renewal
from anju.gate.speech_setup import BadVoice
from anju.gate.store import Store
from anju.gate.texts import TEXTS
from anju.grants.decision import Reason
from anju.grants.grant import Way

KIOSK_PAGE = Path(__file__).resolve().parents[3] / "web" / "dist" / "kiosk"
MOST_MESSAGE = 4 * 1024 * 1024
"""Bytes; more than a frame may have, so that one a little too large is answered and not hung up on."""


LEAST_TOKEN = 16


def register(platform: str, code: str, home: Path) -> Identity:
    """Make this machine the gate that the code names. Raises NotRegistered."""
    return identity.register(platform, code, home)


@dataclass(frozen=True)
class Beside:
    """How phones that stand before the gate reach it.

    address: host and port on the local network. certificate: a PEM file with its key, for https. radio: a Bluetooth transport.
    """

    address: tuple[str, int] | None
    certificate: Path | None
    radio: str | None


@dataclass(frozen=True)
class CardReader:
    """An OSDP reader: the serial device and the 16 bytes that it and the gate share."""

    device: Path
    key: bytes


@dataclass(frozen=True)
class Lane:
    """A barrier's camera. camera: the address of its pictures; None: it posts them. token: what it must show to be heard.

    address: host and port where it posts; None: where the kiosk's page is served, which is this machine alone unless said.
    """

    camera: str | None
    token: str | None
    address: tuple[str, int] | None


@dataclass(frozen=True)
class Loudspeaker:
    """player: a program that plays a WAV file. voice: a file that names an online voice and its keys; None: espeak-ng."""

    player: str
    voice: Path | None


async def run(
    home: Path,
    host: str,
    port: int,
    door_program: str | None = None,
    beside: Beside | None = None,
    lane: Lane | None = None,
    sensors: str | None = None,
    reader: CardReader | None = None,
    loud: Loudspeaker | None = None,
) -> None:
    """Be the gate until told to stop. Raises NotRegistered."""
    me = identity.load(home)
    door: Door = CommandDoor(me.open_seconds, door_program) if door_program else SimulatedDoor(me.open_seconds)
    store = Store(home / "gate.db", me.storage)
    store.serve(me.gate, me.registration)
    brain = Brain(store, door, me.platform)
    link = Link(me, brain, Renewal(home))
    kiosk = Kiosk(me, brain, link)
    Lifts(brain, kiosk.no_lift)
    speaker = speech_setup.speaker(home, loud.player, loud.voice) if loud else None
    kiosk.aloud = speaker.say if speaker else None
    barrier = Barrier(brain, link.news, kiosk.judged_car) if lane else None
    camera = Camera(lane.camera, barrier) if lane and barrier and lane.camera else None
    cars = _lane_routes(lane, barrier, camera) if lane and barrier else []
    config = uvicorn.Config(
        pages.app(kiosk, Path(os.environ.get("ANJU_KIOSK", KIOSK_PAGE)), [] if lane and lane.address else cars),
        host=host,
        port=port,
        access_log=False,
        log_level="warning",
        ws_max_size=MOST_MESSAGE,
        ws_per_message_deflate=False,  # frames are compressed pictures
        timeout_graceful_shutdown=1,
    )
    talking = asyncio.create_task(link.run())
    await kiosk.warm()
    brain.gallery()
    gc.freeze()  # tens of thousands of grants stay: looking through them for rubbish would take longer than a face
    phones = [asyncio.create_task(one) for one in _phones(beside, Nearby(UUID(me.gate), brain, link))] if beside else []
    watching = [asyncio.create_task(camera.watch())] if camera else []
    if lane and lane.address:
        watching.append(asyncio.create_task(_serve(Starlette(routes=cars), *lane.address, None)))
    watch = DoorWatch(Alarms(brain), brain)
    watching.append(asyncio.create_task(alarms.keep_watch(watch)))
    if sensors:
        watching.append(asyncio.create_task(alarms.listen(sensors, watch)))
    if speaker:
        watching.append(asyncio.create_task(speaker.run(TEXTS.values())))
    if reader:
        watching.append(asyncio.create_task(_read_cards(reader, brain, link)))
    try:
        await uvicorn.Server(config).serve()
    finally:
        running = {talking, *watching, *phones}
        for task in running:
            task.cancel()
        await asyncio.wait(running, timeout=2)
        if barrier is not None:
            barrier.close()
        kiosk.close()
        store.close()


def _lane_routes(lane: Lane, barrier: Barrier, camera: Camera | None) -> list[Route]:
    """Without a token nobody may post."""
    return barrier_pages.routes(barrier, lane.token, camera.look if camera else lambda: None) if lane.token else []


async def _read_cards(reader: CardReader, brain: Brain, link: Link) -> None:
    from anju.gate import reader_osdp  # only a gate with a reader has what this needs (requirements/osdp.txt)

    def judge(card: str) -> bool:
        opened = brain.mark(f"card:{card}", Way.CARD, Reason.CARD_UNKNOWN).open
        if opened:
            link.on_opened()
        return opened

    line = reader_osdp.Line(reader.device)
    await reader_osdp.Reader(line, reader.key, judge).serve()


class _Second(uvicorn.Server):
    """Beside the kiosk's server, which hears the signals for both."""

    @contextmanager
    def capture_signals(self) -> Generator[None]:
        yield


def _phones(beside: Beside, gate: Nearby) -> Iterator[Coroutine[None, None, None]]:
    if beside.address:
        yield _serve(nearby.app(gate), *beside.address, beside.certificate)
    if beside.radio:
        from anju.gate import bluetooth  # only a gate with a radio has what this needs (requirements/bluetooth.txt)

        yield bluetooth.serve(beside.radio, gate)


async def _serve(app: Starlette, host: str, port: int, certificate: Path | None) -> None:
    """On an address of its own: the kiosk's page and its camera's socket are nobody's on the network."""
    config = uvicorn.Config(
        app,
        host=host,
        port=port,
        access_log=False,
        log_level="warning",
        limit_concurrency=64,
        ssl_certfile=certificate,
        timeout_graceful_shutdown=1,
    )
    await _Second(config).serve()


def main(arguments: list[str]) -> int:
    """The gate's command line. Returns the exit code."""
    parser = argparse.ArgumentParser(prog="anju gate", description="The program at the gate")
    verbs = parser.add_subparsers(dest="what", required=True)
    joining = verbs.add_parser("register", help="become a gate, with a one-time code from the console")
    joining.add_argument("--platform", required=True)
    joining.add_argument("--code", required=True)
    running = verbs.add_parser("run", help="be the gate")
    running.add_argument("--host", default="127.0.0.1", help="where the kiosk page is served (default: here only)")
    running.add_argument("--port", type=int, default=8010)
    running.add_argument("--door", help="a program that opens the door; it gets the seconds as its argument")
    running.add_argument("--osdp", type=Path, metavar="DEVICE", help="the serial device of an OSDP card reader")
    running.add_argument("--osdp-key-file", type=Path, help="a file with the reader's key, 32 hexadecimal digits")
    running.add_argument("--sensors", help="a program that says what the door does: open, closed, exit, tamper, whole")
    running.add_argument("--nearby", help="HOST:PORT where phones before the gate reach it (default: nowhere)")
    running.add_argument(
        "--bluetooth", help="the radio over which phones reach it, such as hci-socket:0 (default: none)"
    )
    running.add_argument("--certificate", type=Path, help="a PEM file, certificate and key, to serve phones by https")
    running.add_argument("--speaker", help="a program that plays the WAV file it gets as its argument, such as aplay")
    running.add_argument(
        "--voice", type=Path, help="a JSON file with an online voice and its keys (default: espeak-ng)"
    )
    running.add_argument("--barrier-camera", metavar="URL", help="where a barrier's camera gives its picture")
    running.add_argument(
        "--barrier-token-file", type=Path, help="a file with the token that a camera must show to post pictures"
    )
    running.add_argument(
        "--barrier-listen", metavar="HOST:PORT", help="where the camera posts (default: with the kiosk)"
    )
    for verb in (joining, running):
        verb.add_argument("--home", type=Path, required=True, help="where this gate keeps its keys and its store")
    chosen = parser.parse_args(arguments)
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    _log_plainly()
    try:
        if chosen.what == "register":
            sys.stdout.write(f"registered as {register(chosen.platform, chosen.code, chosen.home).name}\n")
        else:
            reader = _reader(chosen)
            beside, lane = _beside(chosen), _lane(chosen)
            loud = Loudspeaker(chosen.speaker, chosen.voice) if chosen.speaker else None
            asyncio.run(
                run(chosen.home, chosen.host, chosen.port, chosen.door, beside, lane, chosen.sensors, reader, loud)
            )
    except (NotRegistered, BadVoice) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


def _log_plainly() -> None:
    """What went wrong, without the values that were in use: keys are among them."""
    plain = structlog.dev.ConsoleRenderer(colors=False, exception_formatter=structlog.dev.plain_traceback)
    structlog.configure(processors=[*structlog.get_config()["processors"][:-1], plain])


def _reader(chosen: argparse.Namespace) -> CardReader | None:
    """Raises SystemExit when the key cannot be used: a line that is not encrypted is not read."""
    if not chosen.osdp:
        return None
    try:
        key = bytes.fromhex(chosen.osdp_key_file.read_text().strip())
    except (AttributeError, OSError, ValueError):
        key = b""
    if len(key) != 16:
        sys.exit(
            "An OSDP reader needs --osdp-key-file: a file with 32 hexadecimal digits, such as by openssl rand -hex 16."
        )
    return CardReader(chosen.osdp, key)


def _lane(chosen: argparse.Namespace) -> Lane | None:
    """Raises SystemExit when the token's file cannot be used."""
    token = None
    if chosen.barrier_token_file:
        try:
            token = chosen.barrier_token_file.read_text().strip()
        except OSError as error:
            sys.exit(f"The token's file cannot be read: {error.strerror}.")
        if len(token) < LEAST_TOKEN:
            sys.exit(
                f"The token is too short: make one of {LEAST_TOKEN} characters or more, such as by openssl rand -hex 16."
            )
    address = _address(chosen.barrier_listen)
    return Lane(chosen.barrier_camera, token, address) if chosen.barrier_camera or token else None


def _address(text: str | None) -> tuple[str, int] | None:
    """`0.0.0.0:8011`, `:8011`."""
    host, _colon, port = (text or "").rpartition(":")
    return (host or "0.0.0.0", int(port)) if port else None  # noqa: S104  the operator asked for it


def _beside(chosen: argparse.Namespace) -> Beside | None:
    if not chosen.nearby and not chosen.bluetooth:
        return None
    return Beside(_address(chosen.nearby), chosen.certificate, chosen.bluetooth)
