"""What terminals prove themselves with, and what we prove ourselves to them with. Derived, so that nothing of it lies in the database."""

import secrets

import nkeys
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from anju.bus.credentials import Key
from anju.bus.server import authority
from anju.installation.keyring import secret
from anju.terminals.models import Terminal

_NONCE = 12


def _derived(terminal: Terminal, what: str) -> bytes:
    info = f"anju-terminal-{what}-{terminal.pk}-{terminal.generation}".encode()
    return HKDF(SHA256(), 32, salt=None, info=info).derive(secret("terminals"))


def push_key(terminal: Terminal) -> bytes:
    """What a terminal signs its events with."""
    return _derived(terminal, "push")


def nkey(terminal: Terminal) -> str:
    """The name under which the bus knows it; revoked when its credentials are changed."""
    return Key.make(nkeys.PREFIX_BYTE_USER, _derived(terminal, "mqtt")).public


def mqtt_password(terminal: Terminal) -> str:
    """The token it shows as its MQTT password: good for its own topics."""
    return authority().terminal_token(terminal.pk, nkey(terminal))


def seal_password(terminal: Terminal, password: str) -> bytes:
    """A device's own password, as it is kept."""
    nonce = secrets.token_bytes(_NONCE)
    return nonce + _cipher().encrypt(nonce, password.encode(), terminal.pk.bytes)


def password(terminal: Terminal) -> str:
    """Raises ValueError when it does not open."""
    kept = bytes(terminal.password or b"")
    try:
        return _cipher().decrypt(kept[:_NONCE], kept[_NONCE:], terminal.pk.bytes).decode()
    except InvalidTag as error:
        raise ValueError("the device's password does not open") from error


def _cipher() -> AESGCM:
    return AESGCM(secret("terminal-passwords"))
