"""Somebody whom a resident expects: a browser with a link, and no account."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from uuid import UUID

import httpx
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from anju.grants import encoding, permits
from anju.site.tour.resident import JSON, Resident, expect


@dataclass
class Visitor:
    """Speaks to the API as the visitor's page does. link: as the host was told it."""

    front: str
    link: str
    http: httpx.Client = field(init=False)
    _key: tuple[UUID, ec.EllipticCurvePrivateKey] | None = None

    def __post_init__(self) -> None:
        secret = self.link.partition("#")[2]
        self.http = httpx.Client(
            base_url=f"{self.front}/api/v1", timeout=30, headers={"Accept-Language": "zh-hans", "X-Visit": secret}
        )

    @classmethod
    def of(cls, host: Resident, name: str, phone: str, *, hours: float = 3) -> "Visitor":
        """Invited by this resident to their first home, from now on."""
        home = host.get("/visitors/places")[0]["home"]["id"]
        now = datetime.now(UTC)
        asked = {"home": home, "name": name, "phone": phone, "since": now.isoformat()}
        made = host.post("/visitors/passes", {**asked, "until": (now + timedelta(hours=hours)).isoformat()})
        return cls(host.front, made["link"])

    def page(self) -> JSON:
        return expect(self.http.get("/visit"), 200)

    def accept(self) -> JSON:
        """Agree to what is shown, with a key of this browser's own."""
        version = next(one["version"] for one in self.page()["purposes"] if one["code"] == "visit")
        private = ec.generate_private_key(ec.SECP256R1())
        public = private.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
        said = expect(
            self.http.post("/visit/accept", json={"version": version, "public": encoding.encode(public)}), 200
        )
        self._key = UUID(said["key"]), private
        return said

    def show_face(self, frames: Sequence[bytes]) -> JSON:
        version = next(one["version"] for one in self.page()["purposes"] if one["code"] == "visit_face")
        files = [("images", (f"{number}.jpg", frame, "image/jpeg")) for number, frame in enumerate(frames)]
        return expect(self.http.post("/visit/face", params={"version": version}, files=files), 201)

    def permit(self) -> str:
        """What the page's QR code says now."""
        if self._key is None:
            raise RuntimeError("nothing was agreed to")
        return permits.make(*self._key, datetime.now(UTC))

    def forget(self) -> None:
        expect(self.http.delete("/visit"), 204)
