"""An authenticator in software: makes passkeys and signs with them as WebAuthn (level 3, §6) says, and can be told to misbehave."""

import secrets
from dataclasses import dataclass, field
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from fido2.cose import ES256
from fido2.utils import sha256, websafe_decode, websafe_encode
from fido2.webauthn import Aaguid, AttestationObject, AttestedCredentialData, AuthenticatorData, CollectedClientData

from anju.people.models import Person
from tests.doors import Door

AUTH = "/_allauth/browser/v1"
FLAG = AuthenticatorData.FLAG
Json = dict[str, Any]  # Any: WebAuthn's JSON


@dataclass
class Passkey:
    """One on its device. verifies: whether its owner shows the device who they are (a finger, a face, a code) before it signs."""

    site: str = "testserver"
    origin: str = "https://testserver"
    verifies: bool = True
    handle: bytes = field(default_factory=lambda: secrets.token_bytes(16))
    key: ec.EllipticCurvePrivateKey = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))
    owner: str = ""
    signed: int = 0

    @property
    def name(self) -> str:
        return websafe_encode(self.handle)

    def register(self, options: Json) -> Json:
        """A RegistrationResponseJSON."""
        self.owner = options["user"]["id"]
        public = ES256.from_cryptography_key(self.key.public_key())
        held = AttestedCredentialData.create(Aaguid(bytes(16)), self.handle, public)
        data = AuthenticatorData.create(sha256(self.site.encode()), self._flags() | FLAG.AT, self.signed, held)
        response = {
            "clientDataJSON": websafe_encode(self._client(CollectedClientData.TYPE.CREATE, options["challenge"])),
            "attestationObject": websafe_encode(AttestationObject.create("none", data, {})),
        }
        return self._said(response) | {"clientExtensionResults": {"credProps": {"rk": True}}}

    def sign(self, options: Json) -> Json:
        """An AuthenticationResponseJSON."""
        self.signed += 1
        data = AuthenticatorData.create(sha256(self.site.encode()), self._flags(), self.signed)
        client = self._client(CollectedClientData.TYPE.GET, options["challenge"])
        signature = self.key.sign(data + sha256(client), ec.ECDSA(SHA256()))
        response = {"authenticatorData": data, "clientDataJSON": client, "signature": signature}
        return self._said(
            {name: websafe_encode(value) for name, value in response.items()} | {"userHandle": self.owner}
        )

    def _flags(self) -> AuthenticatorData.FLAG:
        return FLAG.UP | FLAG.UV if self.verifies else FLAG.UP

    def _client(self, kind: str, challenge: str) -> CollectedClientData:
        return CollectedClientData.create(kind, websafe_decode(challenge), self.origin)

    def _said(self, response: Json) -> Json:
        return {
            "id": self.name, "rawId": self.name, "type": "public-key", "response": response,
            "authenticatorAttachment": "platform", "clientExtensionResults": {},
        }  # fmt: skip


def passkey_of(person: Person) -> Passkey:
    """A new one of somebody who has no password that they would have to give first."""
    door, passkey = Door.of(person), Passkey()
    path = f"{AUTH}/account/authenticators/webauthn"
    options = door.get(path, passwordless="").body["data"]["creation_options"]["publicKey"]
    added = door.post(path, {"name": "手机", "credential": passkey.register(options)})
    assert added.status == 200, added.body
    return passkey


def challenged(door: Door) -> Json:
    """What a passkey is to sign, to prove who is at this door."""
    answer = door.post("/rights/proof/passkey/challenge")
    assert answer.status == 200, answer.body
    return dict(answer.body["public_key"])
