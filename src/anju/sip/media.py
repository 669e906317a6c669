"""Orders to the media relay (rtpengine's ng protocol: bencode over UDP on this machine)."""

import secrets
import socket
from contextlib import suppress

from anju.installation.ports import ports

SECONDS = 1.0
Value = bytes | str | int | dict[str, "Value"] | list["Value"]


def _encode(value: Value) -> bytes:
    if isinstance(value, int):
        return b"i%de" % value
    if isinstance(value, str):
        value = value.encode()
    if isinstance(value, bytes):
        return b"%d:%s" % (len(value), value)
    if isinstance(value, list):
        return b"l" + b"".join(map(_encode, value)) + b"e"
    return b"d" + b"".join(_encode(key) + _encode(value[key]) for key in sorted(value)) + b"e"


def play(dialog: str, tag: str, path: str) -> bool:
    """Let this side of a call hear a WAV file. Returns whether it does."""
    try:
        return b"6:result2:ok" in ask("play media", call_id=dialog, from_tag=tag, file=path)
    except OSError:
        return False


def stop(dialog: str, tag: str) -> None:
    """End what `play` began, if it has not ended by itself."""
    with suppress(OSError):
        ask("stop media", call_id=dialog, from_tag=tag)


def silence(dialog: str, tag: str, *, off: bool = False) -> None:
    """What this side of a call says is not passed on, though its keys are heard; off: from now on it is. Raises OSError."""
    answer = ask("unblock media" if off else "block media", call_id=dialog, from_tag=tag)
    if b"6:result2:ok" not in answer:
        raise OSError("the relay would not")


def ask(command: str, **more: Value) -> bytes:
    """Returns its answer as it came, which says `6:result2:ok` or `4:pong` when it did. Raises OSError."""
    words: dict[str, Value] = {"command": command, **{name.replace("_", "-"): value for name, value in more.items()}}
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as line:
        line.settimeout(SECONDS)
        line.connect(("127.0.0.1", ports()["sip_media"]))
        line.send(secrets.token_hex(8).encode() + b" " + _encode(words))
        return line.recv(65_507)
