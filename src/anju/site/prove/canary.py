"""Somebody whose every value is unlike any other, so that a trace of it can be found wherever it was left."""

import base64
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import cv2
import numpy as np

from anju.people import id_number
from anju.privacy import erasure
from anju.privacy.sealed import Sealed, SealedValue
from anju.privacy.vault import Erased
from anju.site.tour.kiosk import Kiosk
from anju.site.tour.photos import Sitter, frame
from anju.site.tour.resident import Resident, expect
from anju.site.tour.scratch import Place
from anju.site.tour.staff import Staff
from anju.site.tour.visitor import Visitor


def _token() -> str:
    return secrets.token_hex(5)


@dataclass
class Canary:
    """values: everything unlike any other that was typed or sent, by what it was."""

    place: Place
    code_for: Callable[..., str]
    app: Resident = field(init=False)
    values: dict[str, str] = field(default_factory=dict)
    people: list[UUID] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.values["phone"] = f"139{secrets.randbelow(10**8):08}"
        self.app = Resident(self.place.front, self._new("name", "金丝雀{}"), f"+86{self.values['phone']}")

    def _new(self, label: str, form: str) -> str:
        self.values[label] = form.format(_token())
        return self.values[label]

    def live(self, staff: Staff, sitter: Sitter, guest: Sitter) -> None:
        """Walk through everything that takes in something personal, also the ways that fail."""
        app = self.app
        app.sign_up(self.code_for)
        self.people.append(UUID(app.get("/me")["id"]))
        app.http.patch("/api/v1/me", json={"nickname": self._new("nickname", "雀{}")})
        app.agree("home_certification", "real_name", "gate_opening", "face_opening")
        self._apply(staff)
        app.make_key()
        app.http.post("/api/v1/keys", json={"public": "!" + self._new("bad key", "{}"), "label": "x"})
        self._face(sitter)
        self._child()
        self._visitor(guest)
        self._household()
        self._car()
        self._called()
        self._fail()

    def _apply(self, staff: Staff) -> None:
        """Refused, objected to, approved: every text of a certification."""
        app = self.app
        number = id_number.of_nobody("19880808", secrets.randbelow(1000))
        self.values["id number"] = number
        application = app.apply(self.place.demo["community"], 7, number)
        staff.decide(application, approve=False, reason=self._new("refusal", "资料不清{}"))
        app.post(f"/applications/{application}/dispute", {"text": self._new("objection", "申诉理由{}")})
        staff.decide(application, approve=True)
        other = app.apply(self.place.demo["community"], 8, number)
        staff.decide(other, approve=False, reason=self._new("second refusal", "另一套也不清{}"))

    def _face(self, sitter: Sitter) -> None:
        """Photographs whose metadata speaks as well."""
        mark = self._new("photograph's metadata", "exif-{}").encode()
        frames = [_with_comment(frame(photo), mark) for photo in sitter.photos[:2]]
        self.app.judge(frames[0])
        self.app.enrol(frames)

    def _child(self) -> None:
        """A child without an account, and a second guardian who never answers."""
        versions = {one["code"]: one["version"] for one in self.app.get("/children/rules")}
        body = {"name": self._new("child's name", "小雀{}"), "birth_date": "2019-03-07", "versions": versions}
        child = self.app.post("/children", body)["id"]
        self.people.append(UUID(child))
        self.values["second guardian's phone"] = f"138{secrets.randbelow(10**8):08}"
        self.app.post(f"/children/{child}/guardians", {"phone": self.values["second guardian's phone"]})

    def _visitor(self, guest: Sitter) -> None:
        """Somebody without an account, by a link, with a face of their own."""
        self.values["visitor's phone"] = f"137{secrets.randbelow(10**8):08}"
        visitor = Visitor.of(self.app, self._new("visitor's name", "来客{}"), self.values["visitor's phone"])
        visitor.accept()
        visitor.show_face([frame(photo) for photo in guest.photos[:2]])
        self.people.append(UUID(self.app.get("/visitors")[0]["id"]))

    def _household(self) -> None:
        """Somebody who is invited into the home and never answers."""
        self.app.agree("household")
        home = self.app.get("/homes")[0]["id"]
        self.values["invited phone"] = f"136{secrets.randbelow(10**8):08}"
        body = {"role": "family", "name": self._new("invited name", "家雀{}"), "phone": self.values["invited phone"]}
        self.app.post(f"/homes/{home}/invitations", body)

    def _car(self) -> None:
        """A car, and a visitor's."""
        self.app.agree("vehicles")
        home = self.app.get("/vehicles/places")[0]["home"]["id"]
        for label, path, more in (("plate", "cars", {}), ("visitor's plate", "visitors", _soon())):
            self.values[label] = f"鲁A{secrets.randbelow(10**5):05}"
            self.app.post(f"/vehicles/{path}", {"home": home, "plate": self.values[label], **more})

    def _called(self) -> None:
        """Somebody at the gate is seen, declined and leaves word; a softphone rings as well."""
        app = self.app
        app.agree("intercom", "intercom_message", "push")
        home = app.get("/homes")[0]
        app.post("/sip/devices", {"home": home["id"], "label": self._new("softphone", "话机{}")})
        face = _with_comment(_picture(), self._new("gate picture's metadata", "call-{}").encode())
        with Kiosk(self.place.gate) as kiosk:
            picture = base64.b64encode(face).decode()
            call = kiosk.call("dial", to=home["id"], offer="v=0", picture=picture)["call"]
            app.post(f"/calls/{call}/refuse")
            kiosk.called()
            sound = base64.b64encode(self._new("visitor's message", "sound-{}").encode()).decode()
            expect_left(kiosk.call("message", call=call, kind="audio/webm", sound=sound))

    def let(self, listing: str) -> None:
        """A home of one's own to let, somebody else's to see and to rent."""
        app = self.app
        app.agree("rental")
        home = app.get("/homes")[0]["id"]
        facts = {"rent": 100_000, "rooms": 1, "available_from": date.today().isoformat(), "home": home}  # noqa: DTZ011
        words = {name: self._new(f"listing's {name}", "房源介绍文字{}") for name in ("title", "text", "terms")}
        mine = app.post("/rentals", {**facts, **words})["listing"]["id"]
        photo = [("photos", ("room.jpg", _with_comment(_picture(), self._new("room's metadata", "room-{}").encode())))]
        expect(app.http.post(f"/api/v1/rentals/{mine}/photos", files=photo), 200)
        at = (datetime.now(UTC) + timedelta(hours=5)).isoformat()
        self.values["prospect's phone"] = f"135{secrets.randbelow(10**8):08}"
        seen = {"at": at, "name": self._new("prospect", "看房{}"), "phone": self.values["prospect's phone"]}
        app.post(f"/rentals/{listing}/viewings", seen)
        until = (datetime.now(UTC) + timedelta(days=100)).isoformat()
        body = {"since": datetime.now(UTC).isoformat(), "until": until, "note": self._new("note", "留言{}")}
        app.post(f"/rentals/{listing}/leases", {**body, "name": self._new("tenant", "租客{}")})

    def _fail(self) -> None:
        """What is refused must leave no trace either."""
        app, post = self.app, self.app.http.post
        homes = {"home": str(self.people[0]), "role": "owner"}
        post("/api/v1/applications", json={**homes, "name": self._new("refused name", "张{}"), "id_number": "110"})
        post("/api/v1/applications", json={**homes, "name": "张三", "id_number": self._new("refused id number", "{}X")})
        wrong = self._new("refused phone", "1{}")
        post("/_allauth/app/v1/auth/signup", json={"phone": wrong, "account_version": 1})
        app.http.get("/api/v1/communities", params={"text": self._new("search", "找{}")})
        app.http.get(f"/api/v1/notices?x={self._new('query', 'q{}')}")
        post("/api/v1/face/check", files={"image": ("x.jpg", self._new("bad picture", "{}").encode(), "image/jpeg")})
        fresh = Resident(self.place.front, "", app.phone)
        fresh.http.post("/_allauth/app/v1/auth/signup", json={"phone": app.phone, "account_version": 1})
        fresh.http.post(
            "/_allauth/app/v1/auth/login", json={"phone": app.phone, "password": self._new("password", "pw{}")}
        )

    def prove(self) -> None:
        """Answer the code that is asked for before anything that cannot be undone."""
        self.app.post("/rights/proof/code")
        self.app.post("/rights/proof", {"code": self.code_for(self.app.phone, "重要操作")})

    def ask_for_a_code(self) -> None:
        """A message that goes to the phone."""
        self.app.http.post(
            "/_allauth/app/v1/auth/code/request", json={"phone": self.app.phone}, headers={"X-Session-Token": ""}
        )

    def use_rights(self) -> None:
        """Requests of every kind, an export, and what staff write in answer."""
        self.prove()
        app = self.app
        app.post("/rights/requests", {"kind": "explain", "text": self._new("question", "为什么{}")})
        app.get("/rights/export.json")


def expect_left(told: dict[str, object]) -> None:
    """Raises RuntimeError when a visitor's message was not taken."""
    if not told.get("ok"):
        raise RuntimeError(f"the message was not taken: {told}")


def _soon() -> dict[str, str]:
    now = datetime.now(UTC)
    return {"since": now.isoformat(), "until": (now + timedelta(hours=3)).isoformat()}


def _picture() -> bytes:
    done, made = cv2.imencode(".jpg", np.full((300, 400, 3), 120, np.uint8))
    if not done:
        raise RuntimeError("no picture was made")
    return made.tobytes()


def _with_comment(jpeg: bytes, comment: bytes) -> bytes:
    """A JPEG with an Exif user comment, which cameras fill with places and names."""
    tiff = b"Exif\0\0II*\0\x08\0\0\0\x01\0\x86\x92\x07\0" + len(comment).to_bytes(4, "little") + b"\x1a\0\0\0\0\0\0\0"
    body = tiff + comment
    return jpeg[:2] + b"\xff\xe1" + (len(body) + 2).to_bytes(2, "big") + body + jpeg[2:]


def planted(people: list[UUID]) -> tuple[set[str], set[str]]:
    """Sealed fields that hold something of these persons, and those that hold nothing of them."""
    every: set[str] = set()
    filled: set[str] = set()
    for subject in people:
        for model, _declares, rows in erasure.rows_of(subject):
            for name in [one.name for one in model._meta.local_fields if isinstance(one, Sealed)]:
                every.add(f"{model._meta.label}.{name}")
                if rows.filter(**{f"{name}__isnull": False}).exists():
                    filled.add(f"{model._meta.label}.{name}")
    return filled, every - filled


def readable(people: list[UUID]) -> int:
    """How many sealed values of these persons can be read."""
    count = 0
    for subject in people:
        for model, _declares, rows in erasure.rows_of(subject):
            for row in rows:
                for field_ in model._meta.local_fields:
                    value = getattr(row, field_.name) if isinstance(field_, Sealed) else None
                    if isinstance(value, SealedValue) and _opens(value):
                        count += 1
    return count


def _opens(value: SealedValue) -> bool:
    try:
        value.open_bytes()
    except Erased:
        return False
    return True
