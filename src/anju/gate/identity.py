"""Who this gate is: its own keys, made here and never sent anywhere, and what the platform said when it registered."""

import base64
import json
import os
import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import nkeys
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from anju import __version__

_FILE = "registration.json"
_KEYS = "keys"


class NotRegistered(RuntimeError):
    """This gate is not registered, or could not be; the message says what to do."""


def _bytes(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


@dataclass(frozen=True)
class Identity:
    """gate: its id. seed: the NKey's private half. box: opens what is sealed for this gate. storage: encrypts what it keeps."""

    home: Path
    gate: str
    name: str
    nats: list[str]
    jwt: str
    seed: bytes
    box: X25519PrivateKey
    storage: bytes
    platform: Ed25519PublicKey
    open_seconds: float

    def sign(self, nonce: str) -> bytes:
        """Prove to the bus that the key is ours."""
        return base64.b64encode(nkeys.from_seed(bytearray(self.seed)).sign(nonce.encode()))


def _write(path: Path, content: bytes) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _keys(home: Path) -> dict[str, str]:
    """This gate's private keys, made at the first call. base64url text by name."""
    path = home / _KEYS
    if not path.exists():
        home.mkdir(mode=0o700, parents=True, exist_ok=True)
        made = {
            "seed": nkeys.encode_seed(secrets.token_bytes(32), nkeys.PREFIX_BYTE_USER).decode(),
            "box": base64.urlsafe_b64encode(X25519PrivateKey.generate().private_bytes_raw()).decode(),
            "storage": base64.urlsafe_b64encode(secrets.token_bytes(32)).decode(),
        }
        _write(path, json.dumps(made).encode())
    found: dict[str, str] = json.loads(path.read_bytes())
    return found


def register(platform: str, code: str, home: Path) -> Identity:
    """Become the gate that the one-time code names. Raises NotRegistered with the platform's own words."""
    keys = _keys(home)
    box = X25519PrivateKey.from_private_bytes(_bytes(keys["box"]))
    asked = {
        "code": code,
        "nkey": nkeys.from_seed(bytearray(keys["seed"].encode())).public_key.decode(),
        "box_key": base64.urlsafe_b64encode(box.public_key().public_bytes_raw()).rstrip(b"=").decode(),
        "version": __version__,
    }
    try:
        answer = httpx.post(f"{platform.rstrip('/')}/api/v1/gates/register", json=asked, timeout=20)
    except httpx.HTTPError as error:
        raise NotRegistered(f"the platform at {platform} does not answer ({type(error).__name__})") from error
    if answer.status_code != 201:
        is_problem = answer.headers.get("content-type", "").startswith("application/problem+json")
        raise NotRegistered(answer.json()["detail"] if is_problem else f"the platform answered {answer.status_code}")
    _write(home / _FILE, answer.content)
    return load(home)


def load(home: Path) -> Identity:
    """This gate's identity. Raises NotRegistered."""
    path = home / _FILE
    if not path.exists():
        raise NotRegistered(f"no gate is registered in {home}: anju gate register --platform URL --code CODE --home {home}")
    said: dict[str, Any] = json.loads(path.read_bytes())
    keys = _keys(home)
    return Identity(
        home=home,
        gate=said["gate"],
        name=said["name"],
        nats=said["nats"],
        jwt=said["jwt"],
        seed=keys["seed"].encode(),
        box=X25519PrivateKey.from_private_bytes(_bytes(keys["box"])),
        storage=_bytes(keys["storage"]),
        platform=Ed25519PublicKey.from_public_bytes(_bytes(said["platform_key"])),
        open_seconds=float(said["settings"]["open_seconds"]),
    )
