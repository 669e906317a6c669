"""Somebody whose every value is unlike any other, so that a trace of it can be found wherever it was left."""

import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from uuid import UUID

from anju.people import id_number
from anju.privacy import erasure
from anju.privacy.sealed import Sealed, SealedValue
from anju.privacy.vault import Erased
from anju.site.tour.photos import Sitter, frame
from anju.site.tour.resident import Resident
from anju.site.tour.scratch import Place
from anju.site.tour.staff import Staff


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

    def live(self, staff: Staff, sitter: Sitter) -> None:
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
