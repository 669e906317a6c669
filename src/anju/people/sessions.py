"""Sessions at rest: encrypted, because while a code is awaited they hold the phone it went to."""

import json
import secrets
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from anju.installation.keyring import secret


class SealedSerializer:
    """Django's session serializer: JSON under AES-256-GCM. A session that does not open is an empty one."""

    def dumps(self, obj: dict[str, Any]) -> bytes:  # Any: a session's JSON
        nonce = secrets.token_bytes(12)
        return nonce + AESGCM(secret("sessions")).encrypt(
            nonce, json.dumps(obj, separators=(",", ":")).encode(), b"session"
        )

    def loads(self, data: bytes) -> dict[str, Any]:  # Any: a session's JSON
        try:
            found: dict[str, Any] = json.loads(AESGCM(secret("sessions")).decrypt(data[:12], data[12:], b"session"))
        except InvalidTag:
            return {}
        return found
