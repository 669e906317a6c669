"""The main journey, step by step: from a phone number to an open gate, and back out again."""

import secrets
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import httpx

from anju.people import id_number
from anju.site.report import Bar, Figure, Report, yes
from anju.site.tour.kiosk import Kiosk, Shown
from anju.site.tour.photos import Sitter, frame
from anju.site.tour.resident import Resident, Unexpected, expect
from anju.site.tour.scratch import Place
from anju.site.tour.staff import Staff
from anju.site.tour.visitor import Visitor

MOST_PEOPLE = 6
"""So many residents and so many strangers at the most: each takes a few seconds before the camera."""
_SETTLE = 5.0
_TEMPLATE_SECONDS = 10.0


@dataclass
class Neighbour:
    """Somebody of the photographs who moves in. used: photographs they enrolled with; left: the others."""

    sitter: Sitter
    app: Resident
    application: str = ""
    used: list[bytes] = field(default_factory=list)
    left: list[bytes] = field(default_factory=list)


class Journey:
    """One walk. Raises Unexpected at the first thing that is not as it should be."""

    def __init__(self, place: Place, sitters: list[Sitter], report: Report) -> None:
        half = min(MOST_PEOPLE, max(1, len(sitters) // 2))
        self._place = place
        self._residents = [Neighbour(one, self._app(one)) for one in sitters[:half]]
        self._strangers = sitters[half : half + MOST_PEOPLE]
        self._staff = Staff(place.front, place.demo["manager"])
        self._report = report

    def _app(self, sitter: Sitter) -> Resident:
        phone = f"+86139{secrets.randbelow(10**8):08}"
        return Resident(self._place.front, f"住户{sitter.name[:8]}", phone)

    def walk(self) -> None:
        """Every step in its order."""
        for title, step in (
            ("staff sign in with a second factor / 物业登录", self._staff.enter),
            ("sign up by phone and code / 注册", self._sign_up),
            ("agree and apply for a home / 同意与房屋认证", self._apply),
            ("review: masked, opened with a reason, approved / 审核", self._review),
            ("face consent and enrolment / 人脸录入", self._enrol),
            ("residents at the gate / 住户刷脸", self._residents_enter),
            ("strangers at the gate / 陌生人", self._strangers_stay_out),
            ("QR code, once / 二维码", self._qr),
            ("open from the phone / 手机开门", self._remote),
            ("a visitor, by link / 访客", self._visit),
            ("withdraw the face consent / 撤回人脸同意", self._withdraw),
        ):
            with self._timed(title):
                step()

    @contextmanager
    def _timed(self, title: str) -> Iterator[None]:
        began = time.perf_counter()
        yield
        self._report.say(f"  ✓ {title}  {time.perf_counter() - began:.1f} s")

    @property
    def _first(self) -> Neighbour:
        return self._residents[0]

    # 2 and 3: the app and the console

    def _sign_up(self) -> None:
        for one in self._residents:
            one.app.sign_up(self._staff.code_for)

    def _apply(self) -> None:
        community = self._place.demo["community"]
        for number, one in enumerate(self._residents):
            one.app.agree("home_certification")
            one.application = one.app.apply(
                community, number + 4, id_number.of_nobody("19900307", secrets.randbelow(1000))
            )

    def _review(self) -> None:
        page = self._staff.review(self._first.application)
        if self._first.app.name in page:
            raise Unexpected("the review page shows a name unmasked")
        if self._first.app.name not in self._staff.reveal(self._first.application, "name", "review"):
            raise Unexpected("the name was not shown although a reason was given")
        with self._first.app.listening() as ear:
            began = time.perf_counter()
            self._staff.decide(self._first.application, approve=True)
            told = (ear.wait("notice", began) - began) * 1000
        self._report.add("applicant told after the decision", Figure(told, "ms", 2000))
        for one in self._residents[1:]:
            self._staff.decide(one.application, approve=True)
        if not all(one.app.get("/homes") for one in self._residents):
            raise Unexpected("somebody was approved and has no home")

    # 4: the face

    def _enrol(self) -> None:
        faceless = []
        for one in self._residents:
            one.app.agree("face_opening", "gate_opening")
            frames = self._good_frames(one)
            if frames:
                one.app.enrol(frames)
            else:
                faceless.append(one)
        self._residents = [one for one in self._residents if one not in faceless]
        if not self._residents:
            raise Unexpected("no photograph of anybody is good enough to enrol")
        began = time.perf_counter()
        _until("every gate has the templates", self._have_templates, _TEMPLATE_SECONDS)
        taken = (time.perf_counter() - began) * 1000
        names = ", ".join(one.sitter.name for one in faceless)
        note = f"only the QR code for {names}: no photograph is good enough" if faceless else ""
        self._report.add("template at the gate", Figure(taken, "ms", 5000, note=note))

    def _have_templates(self) -> bool:
        faces = [one.app.get("/face") for one in self._residents]
        return all(gate["has_it"] for face in faces for gate in face["gates"]) and all(face["gates"] for face in faces)

    def _good_frames(self, one: Neighbour) -> list[bytes]:
        """Frames of as few photographs as will do, so that others are left for the gate; none: all are too bad."""
        photos = list(one.sitter.photos)
        good = [photo for photo in photos if not one.app.judge(frame(photo))]
        if not good:
            return []
        used = good[: max(1, min(3, len(good) - 1))]
        one.used = used
        one.left = [photo for photo in photos if photo not in used]
        frames = [frame(photo) for photo in used]
        return frames if len(frames) > 1 else [frames[0], frame(used[0], shift=6)]

    # 5: the gate

    def _residents_enter(self) -> None:
        times = []
        missed = []
        with Kiosk(self._place.gate) as kiosk, self._first.app.listening() as ear:
            for one in self._residents:
                began = time.perf_counter()
                shown = [_stand(kiosk, photo) for photo in one.left]
                if all(look.state == "looking" for look in shown):  # turned away or blurred: look at the camera, please
                    shown.append(_stand(kiosk, one.used[0]))
                if not any(look.opened for look in shown):
                    missed.append(f"{one.sitter.name} ({', '.join(look.code for look in shown)})")
                times += [look.milliseconds for look in shown if look.opened]
                if one is self._first and not missed:
                    heard = (ear.wait("entry", began) - began) * 1000
                    self._report.add("entry shown live in the app", Figure(heard, "ms", 5000))
                kiosk.walk_away()
        count = len(self._residents)
        self._report.add(
            "residents let in", Figure(count - len(missed), "people", count, Bar.AT_LEAST, note="; ".join(missed))
        )
        if times:
            self._report.add("first frame to open", Figure(sorted(times)[len(times) // 2], "ms", 1000))

    def _strangers_stay_out(self) -> None:
        let_in = judged = 0
        with Kiosk(self._place.gate) as kiosk:
            for stranger in self._strangers:
                for photo in stranger.photos[:2]:
                    shown = _stand(kiosk, photo)
                    let_in += shown.opened
                    judged += shown.state == "refused"
                    kiosk.walk_away()
        self._report.add("strangers let in", Figure(let_in, "people", 0, note=f"{judged} refused by name of none"))

    # the other ways

    def _qr(self) -> None:
        app = self._first.app
        app.make_key()
        with Kiosk(self._place.gate) as kiosk:
            _until("the QR code opens", lambda: kiosk.scan(app.permit()).opened, _SETTLE)
            permit = app.permit()
            first, again = kiosk.scan(permit), kiosk.scan(permit)
        self._report.add("QR code opens", yes(first.opened, first.code))
        self._report.add("the same QR code again is refused", yes(not again.opened, again.code))

    def _remote(self) -> None:
        gate = self._place.demo["gate"]["id"]
        times = sorted(self._first.app.open(gate) for _ in range(10))
        self._report.add("app's tap to the gate's answer", Figure(times[len(times) // 2], "ms", 50))

    def _visit(self) -> None:
        """Invited, agreeing, let in, deleting everything."""
        host = self._first.app
        visitor = Visitor.of(host, "王小明", f"139{secrets.randbelow(10**8):08}")
        began = time.perf_counter()
        visitor.accept()
        with Kiosk(self._place.gate) as kiosk:
            _until("the visitor's code opens", lambda: kiosk.scan(visitor.permit()).opened, _SETTLE)
            self._report.add("visitor agrees to let in", Figure((time.perf_counter() - began) * 1000, "ms", 5000))
            _until("the host is told", lambda: host.get("/visitors/passes")[0]["inside"], _SETTLE)
            visitor.forget()
            _until("the gate has forgotten", lambda: not kiosk.scan(visitor.permit()).opened, _SETTLE)
        self._report.add("visitor forgotten", yes(not host.get("/visitors/passes"), "everywhere"))

    # 6: withdrawal

    def _withdraw(self) -> None:
        one = self._first
        photo = one.left[0]
        held = self._templates()
        began = time.perf_counter()
        done = one.app.withdraw("face_opening")
        if not done["erased"]:
            raise Unexpected("the withdrawal says that nothing was erased")
        _until("the template is gone from the gate", lambda: self._templates() < held, 2 * _SETTLE)
        self._report.add("consent withdrawn to the template gone", Figure(time.perf_counter() - began, "s", 5))
        with Kiosk(self._place.gate) as kiosk:
            shown = _stand(kiosk, photo)
            self._report.add("face refused after the withdrawal", yes(not shown.opened, shown.code))
            qr = kiosk.scan(one.app.permit())
        self._report.add("QR code still opens", yes(qr.opened, qr.code))

    def _templates(self) -> int:
        """How many faces the gate knows."""
        answer = httpx.get(f"{self._place.gate.replace('ws:', 'http:')}/health", timeout=5)
        return int(expect(answer, 200)["templates"])


def _stand(kiosk: Kiosk, photo: bytes) -> Shown:
    """Before the camera for a few seconds, never quite still."""
    return kiosk.look([frame(photo), frame(photo, shift=4)])


def _until(what: str, holds: Callable[[], bool], seconds: float) -> None:
    until = time.perf_counter() + seconds
    while not holds():
        if time.perf_counter() > until:
            raise Unexpected(f"not within {seconds:g} s: {what}")
        time.sleep(0.05)
