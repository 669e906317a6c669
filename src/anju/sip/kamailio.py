"""Orders to the SIP server, through a socket of this machine that no other user may open (JSON-RPC)."""

import json
import os
import re
import secrets
import socket
import threading
from contextlib import suppress
from typing import Any

import structlog

from anju.sip import place

log = structlog.get_logger()
SECONDS = 0.6
_ENDED = 5
"""State of a dialog that is over and not yet forgotten (its dialog module)."""
Answer = dict[str, Any]  # Any: JSON


class NoAnswer(RuntimeError):
    """Kamailio is not there, or will not."""


def ask(method: str, *parameters: str) -> Any:  # Any: JSON
    """Have it do something, and return its result. Raises NoAnswer."""
    there = place.rpc_socket()
    here = there.with_name(f"ask-{os.getpid()}-{secrets.token_hex(4)}")
    question = {"jsonrpc": "2.0", "method": method, "params": list(parameters), "id": 1}
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as line:
        line.settimeout(SECONDS)
        try:
            line.bind(str(here))
            here.chmod(0o622)  # Kamailio may be another user; what it may do here is answer
            line.sendto(json.dumps(question).encode(), str(there))
            answer: Answer = json.loads(line.recv(65_507))
        except (OSError, ValueError) as error:
            raise NoAnswer(type(error).__name__) from error
        finally:
            with suppress(OSError):
                here.unlink()
    if "error" in answer:
        raise NoAnswer(str(answer["error"].get("message")))
    return answer.get("result")


def tell(method: str, *parameters: str) -> bool:
    """Have it do something that need not succeed, such as ending what has ended. Returns whether it did."""
    try:
        ask(method, *parameters)
    except NoAnswer as error:
        log.info("kamailio_did_not", method=method, why=str(error))
        return False
    return True


def end(dialog: str, caller: str, answering: str, after: float = 0) -> None:
    """End a call that is up. after: seconds; one that has only just been answered cannot be ended at once."""
    later = threading.Timer(after, tell, ["dlg.terminate_dlg", dialog, caller, answering])
    later.daemon = True
    later.start()


def began() -> str:
    """When it was started. Raises NoAnswer."""
    return str(ask("core.uptime")["up_since"])


def carries(dialog: str) -> bool:
    """Whether it knows a call of this name. Raises NoAnswer."""
    found = ask("dlg.dlg_list", dialog)
    return bool(found) and found["state"] != _ENDED


def forget(username: str) -> None:
    """Drop a device's registration: it is rung no more."""
    tell("ul.rm", "location", username)


_HOST = re.compile(r"sips?:(?:[^@;]*@)?(?:\[([^\]]+)\]|([^:;>]+))(?::(\d+))?")


def address(contact: Answer) -> tuple[str, str]:
    """The IP address and port that a registration came from."""
    found = _HOST.match(str(contact.get("Received")))
    return (found[1] or found[2], found[3] or "5060") if found else ("", "")


def contacts(username: str) -> list[Answer]:
    """Where a device is registered now, as Kamailio describes it."""
    try:
        found = ask("ul.lookup", "location", username)
    except NoAnswer:
        return []
    return [one["Contact"] for one in found.get("Contacts", [])]
