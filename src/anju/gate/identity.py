"""Who this gate is: its own keys, which never leave it, and what the platform said when it registered."""

import base64
import hashlib
import json
import os
import secrets
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import nkeys
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from nats.aio.msg import Msg

from anju import __version__
from anju.grants import encoding, signing

_FILE = "registration.json"
_KEYS = "keys"
RENEWED = "identity.json"
"""Keys and registration in one file, so that a renewal takes effect in one rename."""


class NotRegistered(RuntimeError):
    """This gate is not registered, or could not be; the message says what to do."""


@dataclass(frozen=True)
class Identity:
    """What a gate is known by.

    gate: its id. seed: its NKey's private half. box: opens what is sealed for this gate. storage: 32 bytes
    that encrypt what it keeps. platform: who may tell it anything.
    """

    gate: str
    name: str
    nats: list[str]
    jwt: str = field(repr=False)
    seed: bytes = field(repr=False)
    box: X25519PrivateKey = field(repr=False)
    storage: bytes = field(repr=False)
    platform: Ed25519PublicKey
    open_seconds: float
    registered: str = ""

    @property
    def registration(self) -> str:
        """Differs between any two registrations; keys that are renewed stay within theirs."""
        return self.registered or hashlib.sha256(self.jwt.encode()).hexdigest()

    @property
    def nkey(self) -> str:
        """The public half of the NKey."""
        return nkeys.from_seed(bytearray(self.seed)).public_key.decode()

    def prove(self, what: bytes) -> str:
        """This gate's signature, base64url."""
        return encoding.encode(nkeys.from_seed(bytearray(self.seed)).sign(what))

    def sign(self, nonce: str) -> bytes:
        """Prove to the bus that the key is ours; in the bus's own base64."""
        return base64.b64encode(nkeys.from_seed(bytearray(self.seed)).sign(nonce.encode()))

    def trusts(self, subject: str, message: Msg) -> bool:
        """Whether the platform signed this message for this subject."""
        signature = (message.headers or {}).get(signing.HEADER)
        return signing.verify(self.platform, subject, message.data, signature)


def _write(path: Path, content: bytes) -> None:
    """Durably, and never half: a power cut leaves the old file or the new one."""
    fresh = path.with_suffix(".new")
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(path)


def _keys(home: Path) -> dict[str, str]:
    """This gate's private keys, made at the first call. Text by name; `box` and `storage` are base64url."""
    path = home / _KEYS
    if not path.exists():
        home.mkdir(mode=0o700, parents=True, exist_ok=True)
        made = {
            "seed": nkeys.encode_seed(secrets.token_bytes(32), nkeys.PREFIX_BYTE_USER).decode(),
            "box": encoding.encode(X25519PrivateKey.generate().private_bytes_raw()),
            "storage": encoding.encode(secrets.token_bytes(32)),
        }
        _write(path, json.dumps(made).encode())
    found: dict[str, str] = json.loads(path.read_bytes())
    return found


def introduction(code: str, home: Path) -> dict[str, str]:
    """What a machine says to become the gate that the one-time code names."""
    keys = _keys(home)
    box = X25519PrivateKey.from_private_bytes(encoding.decode(keys["box"]))
    return {
        "code": code,
        "nkey": nkeys.from_seed(bytearray(keys["seed"].encode())).public_key.decode(),
        "box_key": encoding.encode(box.public_key().public_bytes_raw()),
        "version": __version__,
    }


def accept(welcome: bytes, home: Path) -> Identity:
    """Take in the platform's answer and keep it. Raises NotRegistered."""
    made = _identity(welcome, _keys(home))
    _write(home / _FILE, welcome)
    (home / RENEWED).unlink(missing_ok=True)
    return made


def register(platform: str, code: str, home: Path) -> Identity:
    """Become the gate that the one-time code names. Raises NotRegistered with the platform's own words."""
    asked = introduction(code, home)
    try:
        answer = httpx.post(f"{platform.rstrip('/')}/api/v1/gates/register", json=asked, timeout=20)
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise NotRegistered(f"the platform at {platform} does not answer ({type(error).__name__})") from error
    if answer.status_code != 201:
        is_problem = answer.headers.get("content-type", "").startswith("application/problem+json")
        words = answer.json()["detail"] if is_problem else f"the platform answered {answer.status_code}"
        raise NotRegistered(words)
    return accept(answer.content, home)


def load(home: Path) -> Identity:
    """This gate's identity. Raises NotRegistered."""
    if (home / RENEWED).exists():
        return read_renewed(home / RENEWED)
    path = home / _FILE
    if not path.exists():
        how = f"anju gate register --platform URL --code CODE --home {home}"
        raise NotRegistered(f"no gate is registered in {home}: {how}")
    return _identity(path.read_bytes(), _keys(home))


def write_renewed(path: Path, keys: dict[str, str], registration: dict[str, Any]) -> None:
    """Durably, keys and registration together."""
    _write(path, json.dumps({"keys": keys, "registration": registration}).encode())


def current(home: Path) -> tuple[dict[str, str], dict[str, Any]]:
    """The keys and the registration that count now."""
    if (home / RENEWED).exists():
        said: dict[str, Any] = json.loads((home / RENEWED).read_bytes())
        return said["keys"], said["registration"]
    return _keys(home), json.loads((home / _FILE).read_bytes())


def read_renewed(path: Path) -> Identity:
    """Raises NotRegistered."""
    said: dict[str, Any] = json.loads(path.read_bytes())
    return _identity(json.dumps(said["registration"]).encode(), said["keys"])


def _identity(registration: bytes, keys: dict[str, str]) -> Identity:
    """Raises NotRegistered when the platform's words are not what docs/gate-protocol.md says."""
    try:
        said: dict[str, Any] = json.loads(registration)  # Any: JSON from outside
        return Identity(
            gate=said["gate"],
            name=said["name"],
            nats=said["nats"],
            jwt=said["jwt"],
            seed=keys["seed"].encode(),
            box=X25519PrivateKey.from_private_bytes(encoding.decode(keys["box"])),
            storage=encoding.decode(keys["storage"]),
            platform=Ed25519PublicKey.from_public_bytes(encoding.decode(said["platform_key"])),
            open_seconds=float(said["settings"]["open_seconds"]),
            registered=str(said.get("registered", "")),
        )
    except (ValueError, KeyError, TypeError) as error:
        raise NotRegistered(f"the registration cannot be read ({error!r}): register this gate anew") from error
