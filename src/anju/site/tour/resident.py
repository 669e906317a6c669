"""Somebody with the app in their hand."""

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import httpx
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from anju.grants import encoding, permits
from anju.site.tour.scratch import Place

JSON = Any  # what an API answers


class Unexpected(AssertionError):
    """The system answered something else than it should."""


def expect(answer: httpx.Response, *statuses: int) -> JSON:
    """The answer's body. Raises Unexpected for any other status."""
    if answer.status_code not in statuses:
        raise Unexpected(f"{answer.request.method} {answer.request.url.path}: {answer.status_code} {answer.text[:300]}")
    return answer.json() if answer.content else None


@dataclass
class Resident:
    """Speaks to the API as a program does, with a session token."""

    front: str
    name: str
    phone: str
    http: httpx.Client = field(init=False)
    _key: tuple[UUID, ec.EllipticCurvePrivateKey] | None = None

    def __post_init__(self) -> None:
        self.http = httpx.Client(base_url=self.front, timeout=30, headers={"Accept-Language": "zh-hans"})

    @classmethod
    def of_demo(cls, place: Place) -> "Resident":
        """The demo's own resident, signed in."""
        me = place.demo["resident"]
        found = cls(place.front, "", f"+86{me['phone']}")
        found.sign_in(me["password"])
        return found

    def _account(self, path: str, body: JSON) -> JSON:
        said = expect(self.http.post(f"/_allauth/app/v1{path}", json=body), 200, 401)
        if token := said.get("meta", {}).get("session_token"):
            self.http.headers["X-Session-Token"] = token
        return said

    def get(self, path: str) -> JSON:
        return expect(self.http.get(f"/api/v1{path}"), 200)

    def post(self, path: str, body: JSON = None, *statuses: int) -> JSON:
        return expect(self.http.post(f"/api/v1{path}", json=body), *(statuses or (200, 201, 204)))

    # the app's pages, in the order a newcomer meets them

    def sign_up(self, code_for: Callable[[str], str]) -> None:
        """Agree to the account's purpose, receive a code, prove the phone."""
        account = next(one for one in self.get("/purposes") if not one["optional"])
        self._account("/auth/signup", {"phone": self.phone, "account_version": account["version"]})
        self._account("/auth/phone/verify", {"code": code_for(self.phone)})
        self.get("/me")

    def sign_in(self, password: str) -> None:
        """Somebody who has an account and a password."""
        self._account("/auth/login", {"phone": self.phone, "password": password})
        self.get("/me")

    def agree(self, *purposes: str) -> None:
        """Agree to purposes as they are shown now."""
        versions = {one["code"]: one["version"] for one in self.get("/purposes")}
        for purpose in purposes:
            self.post("/consents", {"purpose": purpose, "version": versions[purpose]})

    def withdraw(self, purpose: str) -> JSON:
        return expect(self.http.delete(f"/api/v1/consents/{purpose}"), 200)

    def apply(self, community: str, place: int, id_number: str) -> str:
        """Walk down community, building, unit, home and apply for the `place`-th one. Returns the application's id."""
        building = self.get(f"/communities/{community}/buildings")[0]
        homes = self.get(f"/units/{building['units'][0]['id']}/homes")
        body = {"home": homes[place]["id"], "role": "owner", "name": self.name, "id_number": id_number}
        return str(self.post("/applications", body)["id"])

    def judge(self, frame: bytes) -> list[str]:
        """What the app says about a camera frame; empty: good."""
        answer = self.http.post("/api/v1/face/check", files={"image": ("frame.jpg", frame, "image/jpeg")})
        if answer.status_code == 422:
            return [answer.json()["code"]]
        return [issue["code"] for issue in expect(answer, 200)["issues"]]

    def enrol(self, frames: Sequence[bytes]) -> JSON:
        files = [("images", (f"{number}.jpg", frame, "image/jpeg")) for number, frame in enumerate(frames)]
        return expect(self.http.post("/api/v1/face", files=files), 201)

    def make_key(self) -> None:
        """Make this phone's key and register its public half."""
        private = ec.generate_private_key(ec.SECP256R1())
        public = private.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
        made = self.post("/keys", {"public": encoding.encode(public), "label": "tour"})
        self._key = UUID(made["id"]), private

    def permit(self, at: datetime | None = None) -> str:
        """What the app's QR code says now."""
        if self._key is None:
            raise Unexpected("no key was made")
        return permits.make(*self._key, at or datetime.now(UTC))

    def open(self, gate: str) -> float:
        """Open from the app. Returns milliseconds until the gate had answered."""
        began = time.perf_counter()
        self.post(f"/gates/{gate}/open")
        return (time.perf_counter() - began) * 1000

    @contextmanager
    def listening(self) -> Iterator["Ear"]:
        """Hear what the app hears live."""
        ear = Ear(self.front + self.post("/live-ticket")["url"])
        try:
            yield ear
        finally:
            ear.close()


class Ear:
    """One event stream, read in a thread of its own."""

    def __init__(self, url: str) -> None:
        self._heard: dict[str, float] = {}
        self._news = threading.Condition()
        self._client = httpx.Client(timeout=httpx.Timeout(5, read=60))
        self._url = url
        self._closed = False
        threading.Thread(target=self._read, daemon=True).start()
        self.wait("hello", 0, 5)

    def _read(self) -> None:
        try:
            with self._client.stream("GET", self._url) as answer:
                for line in answer.iter_lines():
                    if line.startswith("event: "):
                        with self._news:
                            self._heard[line.removeprefix("event: ")] = time.perf_counter()
                            self._news.notify_all()
        except httpx.HTTPError:
            if not self._closed:
                raise

    def wait(self, event: str, after: float, seconds: float = 5) -> float:
        """Wait until `event` is heard later than `after` (time.perf_counter). Returns when. Raises Unexpected."""
        with self._news:
            if not self._news.wait_for(lambda: self._heard.get(event, -1.0) > after, seconds):
                raise Unexpected(f"no {event} event within {seconds:g} s")
            return self._heard[event]

    def close(self) -> None:
        self._closed = True
        self._client.close()
