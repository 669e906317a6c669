"""A state machine that lives through years of consents in seconds: the API on one side, a model of a few lines on the other.

An adult, a child, its guardian and a stranger agree and take back, use features, are shown older and newer texts, become and
stop being guardians, and see controllers change, in any order. After every step nothing personal may lie where nobody agreed,
nothing may be left of what was taken back, and the history may only have grown. `run` counts the steps; FAULTS are mistakes
that it must notice.
"""

import logging
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from typing import Any, ClassVar
from unittest.mock import patch
from uuid import UUID

from django.core.cache import caches
from django.db import connection, transaction
from django.test.client import ClientHandler
from django.utils import timezone
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from anju.access.actions import MOST_KEYS
from anju.access.purposes import FACE_OPENING, GATE_OPENING
from anju.grants import encoding
from anju.homes.actions import MOST_OPEN
from anju.homes.purposes import HOME_CERTIFICATION
from anju.partners.purposes import ACCOUNT
from anju.people import guardians
from anju.people.models import Guardianship
from anju.people.purposes import CHILD, REAL_NAME
from anju.policies.models import Controller
from anju.privacy import consent, erasure, scope
from anju.privacy.models import Consent, new_id
from anju.privacy.purposes import PURPOSES as declared
from anju.privacy.purposes import Purpose
from tests import factories
from tests.doors import Answer, Door

LIFE = 100
"""Steps of one life."""
PURPOSES = (ACCOUNT, CHILD, REAL_NAME, HOME_CERTIFICATION, GATE_OPENING, FACE_OPENING)
_HANDLER = ClientHandler(enforce_csrf_checks=False)
"""One for all doors: setting up the middleware takes longer than a dozen steps."""
FEATURES = {
    HOME_CERTIFICATION.code: ("homes_application", MOST_OPEN),
    GATE_OPENING.code: ("access_phonekey", MOST_KEYS),
}
"""What the machine uses of each purpose: where its rows lie, and how many of them one person may have."""
_ROWS = "select " + ", ".join(
    f"(select count(*) from {table} where person_id = %s)"
    for _subject in range(2)
    for table, _most in FEATURES.values()
)
_ACTS = "select subject, id, purpose, action, version, actor from privacy_consent where subject = any(%s) order by id"

subjects = st.sampled_from(["adult", "child"])
everybody = st.sampled_from(["adult", "child", "guardian", "stranger", "guardian", "adult"])
purposes = st.sampled_from([*FEATURES] * 4 + [one.code for one in (FACE_OPENING, REAL_NAME, ACCOUNT, CHILD)])
ending = st.sampled_from([*FEATURES] * 7 + [FACE_OPENING.code, REAL_NAME.code] * 2 + [ACCOUNT.code, CHILD.code])
"""Taken back: seldom the account, with which a life is over."""


def _upwards(purpose: Purpose) -> list[Purpose]:
    """What it needs, what that needs first, itself last."""
    return list(dict.fromkeys([*(one for needed in purpose.needs for one in _upwards(needed)), purpose]))


class Consents(RuleBasedStateMachine):
    """last: the last act about each (subject, purpose) as it must be: action, version, who, under which controller."""

    executed: ClassVar[int] = 0

    @initialize(settled=st.booleans())
    def begin(self, settled: bool) -> None:
        self.lasting = ExitStack()
        self.lasting.enter_context(_undone())
        for purpose in PURPOSES:
            self.lasting.callback(object.__setattr__, purpose, "version", purpose.version)
        place = factories.community()
        self.homes = [str(factories.home(place, f"{floor}01").pk) for floor in range(1, MOST_OPEN + 1)]
        self.phone = factories.phone()
        people = {name: factories.person() for name in ("adult", "guardian")}
        people["stranger"] = factories.person(phone=self.phone)
        people["child"] = factories.child(people["guardian"]).person
        self.ids: dict[str, UUID] = {name: person.pk for name, person in people.items()}
        self.doors = {name: Door.of(person) for name, person in people.items()}
        for door in self.doors.values():
            door.client.handler = _HANDLER
        self.guardianships: dict[str, str] = {}
        self.guardians, self.invited, self.gone, self.controller = {"guardian"}, False, set[str](), 0
        self.last = {
            ("adult", ACCOUNT.code): ("granted", ACCOUNT.version, "adult", 0),
            ("child", ACCOUNT.code): ("granted", ACCOUNT.version, "guardian", 0),
            ("child", CHILD.code): ("granted", CHILD.version, "guardian", 0),
        }
        self.rows = {(subject, purpose): 0 for subject in ("adult", "child") for purpose in FEATURES}
        self.history: dict[str, list[tuple[Any, ...]]] = {"adult": [], "child": []}
        self.acts = {"adult": 1, "child": 2}
        for purpose in (HOME_CERTIFICATION, GATE_OPENING, FACE_OPENING) if settled else ():
            self.agree("adult", "adult", purpose, purpose.version)
            self.agree("guardian", "child", purpose, purpose.version)

    def teardown(self) -> None:
        if hasattr(self, "lasting"):
            self.lasting.close()

    # --- the model ----------------------------------------------------------------------------------------------------

    def counts(self, subject: str, purpose: Purpose) -> bool:
        action, version, _who, controller = self.last.get((subject, purpose.code), ("none", 0, "", 0))
        return action == "granted" and version >= purpose.version and controller == self.controller

    def granted(self, subject: str, purpose: Purpose) -> bool:
        return all(self.counts(subject, one) for one in _upwards(purpose))

    def decides(self, who: str, subject: str) -> bool:
        return subject not in self.gone and (who == "adult" if subject == "adult" else who in self.guardians)

    def end(self, subject: str, purpose: Purpose, who: str) -> None:
        """What taking back does: everything that needs it goes, and a child without its profile goes altogether."""
        if subject == "child" and purpose is CHILD:
            purpose = ACCOUNT
        for one in PURPOSES:
            if purpose in _upwards(one):
                if self.last.get((subject, one.code), ("withdrawn",))[0] != "withdrawn":
                    self.last[subject, one.code] = ("withdrawn", one.version, who, self.controller)
                    self.acts[subject] += 1
                if one.code in FEATURES:
                    self.rows[subject, one.code] = 0
        if purpose is ACCOUNT:
            self.gone.add(subject)

    # --- what people do -----------------------------------------------------------------------------------------------

    def agree(self, who: str, subject: str, purpose: Purpose, version: int) -> None:
        answer = self.doors[who].post(self.consents(who, subject), {"purpose": purpose.code, "version": version})
        may = self.decides(who, subject) and version == purpose.version and (purpose is not CHILD or subject == "child")
        may = may and all(self.granted(subject, one) for one in purpose.needs)
        if may:
            self.last[subject, purpose.code] = ("granted", version, who, self.controller)
            self.acts[subject] += 1
        self.expect(answer, may, f"{who} agrees to {purpose.code} {version} for {subject}")

    def consents(self, who: str, subject: str) -> str:
        return "/consents" if who == subject else f"/children/{self.ids[subject]}/consents"

    def expect(self, answer: Answer, allowed: bool, what: str) -> None:
        type(self).executed += 1
        assert answer.status < 500, what
        assert (answer.status < 300) == allowed, f"{what}: {answer.status} {answer.body}"

    @rule(who=everybody, subject=subjects, code=purposes, off=st.sampled_from([0, 0, 0, 0, -1, 1]))
    def somebody_agrees(self, who: str, subject: str, code: str, off: int) -> None:
        self.agree(who, subject, declared[code], declared[code].version + off)

    @rule(subject=subjects, code=purposes)
    def who_may_agrees_to_all_it_needs(self, subject: str, code: str) -> None:
        who = "adult" if subject == "adult" else min(self.guardians, default="guardian")
        for one in _upwards(declared[code]):
            if not self.counts(subject, one):
                self.agree(who, subject, one, one.version)

    @rule(who=everybody, subject=subjects, code=ending)
    def somebody_takes_back(self, who: str, subject: str, code: str) -> None:
        purpose = declared[code]
        answer = self.doors[who].delete(f"{self.consents(who, subject)}/{purpose.code}")
        may = self.decides(who, subject)
        closes = may and who == "adult" and purpose is ACCOUNT
        if closes:  # by rights/cancellation.py, which asks for more than this
            consent.withdraw(self.ids[subject], ACCOUNT)
        if may:
            self.end(subject, purpose, who)
        self.expect(answer, may and not closes, f"{who} takes back {purpose.code} for {subject}")

    @rule(subject=subjects, code=st.sampled_from([*FEATURES]))
    def somebody_uses(self, subject: str, code: str) -> None:
        purpose = declared[code]
        caches["process"].clear()  # nobody waits a minute here
        so_far = self.rows[subject, code]
        may = subject not in self.gone and self.granted(subject, purpose) and so_far < FEATURES[code][1]
        if purpose is HOME_CERTIFICATION:
            home = self.homes[min(so_far, MOST_OPEN - 1)]
            body = {"home": home, "role": "owner", "name": "王小安", "id_number": factories.citizen()}
            answer = self.doors[subject].post("/applications", body)
        else:
            answer = self.doors[subject].post("/keys", {"public": encoding.encode(factories.key()[1])})
        self.rows[subject, code] += may
        self.expect(answer, may, f"{subject} uses {purpose.code}")

    # --- what happens around them -------------------------------------------------------------------------------------

    @rule(code=st.sampled_from([one.code for one in PURPOSES]))
    def the_text_changes(self, code: str) -> None:
        purpose = declared[code]
        object.__setattr__(purpose, "version", purpose.version + 1)
        type(self).executed += 1

    @precondition(lambda self: self.controller < 2)
    @rule(really=st.sampled_from([False, False, True]))
    def the_platform_is_handed_over(self, really: bool) -> None:
        if really:
            Controller.objects.create(name="新安物业", since=timezone.now())
            self.controller += 1
        type(self).executed += 1

    @precondition(lambda self: "stranger" not in self.guardians and not self.invited)
    @rule()
    def the_stranger_is_invited(self) -> None:
        caches["process"].clear()
        answer = self.doors["guardian"].post(f"/children/{self.ids['child']}/guardians", {"phone": self.phone})
        may = self.decides("guardian", "child") and self.granted("child", CHILD)
        self.invited = may
        self.expect(answer, may, "the guardian invites")

    @precondition(lambda self: self.invited)
    @rule()
    def the_stranger_confirms(self) -> None:
        offered = self.doors["stranger"].get("/guardianships").body
        may = "child" not in self.gone and self.controller == 0 and ACCOUNT.version == 1
        if not offered:
            assert "child" in self.gone
            return
        answer = self.doors["stranger"].post(f"/guardianships/{offered[0]['guardianship']}/confirm")
        if may:
            self.guardians.add("stranger")
            self.invited = False
        self.expect(answer, may, "the stranger confirms")

    @precondition(lambda self: self.guardians and "child" not in self.gone)
    @rule(who=st.sampled_from(["stranger", "stranger", "guardian"]), really=st.sampled_from([True, False, False]))
    def a_guardian_leaves(self, who: str, really: bool) -> None:
        if who not in self.guardians or not really:
            return
        (child,) = self.doors[who].get("/children").body
        answer = self.doors[who].delete(f"/guardianships/{child['guardianship']}")
        self.guardians.discard(who)
        self.invited = self.invited and who != "guardian"  # what they sent goes with them
        if not self.guardians:
            self.end("child", ACCOUNT, who)
        self.expect(answer, True, f"{who} is no guardian any more")

    # --- what must hold -----------------------------------------------------------------------------------------------

    @rule(subject=subjects)
    def where_they_stand_is_shown_as_it_is(self, subject: str) -> None:
        states = {one.purpose.code: one.state for one in consent.standings(self.ids[subject])}
        for purpose in PURPOSES:
            assert (states[purpose.code] == "granted") == self.counts(subject, purpose), f"{subject}: {purpose.code}"
        type(self).executed += 1

    @invariant()
    def nothing_lies_where_nobody_agreed(self) -> None:
        if not hasattr(self, "ids"):
            return
        keys = [(subject, purpose) for subject in ("adult", "child") for purpose in FEATURES]
        with scope.platform(), connection.cursor() as cursor:
            cursor.execute(_ROWS, [self.ids[subject] for subject, _purpose in keys])
            counted = dict(zip(keys, cursor.fetchone(), strict=True))
        assert counted == self.rows, f"{counted}, expected {self.rows}"
        for (subject, purpose), count in counted.items():
            assert not count or self.last[subject, purpose][0] == "granted", f"{purpose} of {subject} remains"

    @invariant()
    def the_history_only_grows_and_names_who_acted(self) -> None:
        if not hasattr(self, "ids"):
            return
        with connection.cursor() as cursor:
            cursor.execute(_ACTS, [[self.ids["adult"], self.ids["child"]]])
            acts = cursor.fetchall()
        for subject in ("adult", "child"):
            now = [act[1:] for act in acts if act[0] == self.ids[subject]]
            before = self.history[subject]
            assert now[: len(before)] == before, "history was rewritten"
            assert len(now) == self.acts[subject], "an act too many, or too few"
            latest = {purpose: (action, version, actor) for _id, purpose, action, version, actor in now}
            for (whose, purpose), (action, version, who, _controller) in self.last.items():
                if whose == subject:
                    found = latest[purpose]
                    assert found[0] == action, f"{subject}: {purpose} is {found[0]}"
                    assert action != "granted" or found[1:] == (version, self.ids[who])
            self.history[subject] = now


@contextmanager
def _undone() -> Iterator[None]:
    """Everything inside is taken back at the end: lives do not pile up."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


def run(steps: int) -> int:
    """Live until at least so many steps are done. Returns how many. Raises AssertionError at the first broken promise."""
    Consents.executed = 0
    logging.disable(logging.WARNING)  # every second step is refused, as it should be
    try:
        return _run(steps)
    finally:
        logging.disable(logging.NOTSET)


def _run(steps: int) -> int:
    while Consents.executed < steps:
        lives = max(1, (steps - Consents.executed) // LIFE)
        run_state_machine_as_test(
            Consents,
            settings=settings(
                max_examples=lives,
                stateful_step_count=LIFE,
                deadline=None,
                database=None,
                phases=[Phase.generate],
                report_multiple_bugs=False,
                suppress_health_check=list(HealthCheck),
            ),
        )
    return Consents.executed


# --- planted faults ---------------------------------------------------------------------------------------------------


def _unrecorded_withdrawal(subject: UUID, purpose: Purpose, action: Consent.Action, actor: UUID) -> Consent:
    if action == Consent.Action.WITHDRAWN:
        return Consent(id=new_id())
    return _record(subject, purpose, action, actor)


def _misattributed(subject: UUID, purpose: Purpose, action: Consent.Action, actor: UUID) -> Consent:
    del actor
    return _record(subject, purpose, action, subject)


_record = consent._record
_agreeing = consent.agreeing
_living = Guardianship.State.INVITED, Guardianship.State.CONFIRMED


@contextmanager
def _guardians_in(states: tuple[Guardianship.State, ...]) -> Iterator[None]:
    """A guardianship counts in these states as well."""

    def speaking(guardian: Any, child: UUID) -> UUID:
        return child

    def of(subject: UUID) -> set[UUID] | None:
        if (found := guardians.guardians_of(subject)) is None:
            return None
        known = Guardianship.objects.filter(child=subject, state__in=states, guardian__isnull=False)
        return {*found, *known.values_list("guardian_id", flat=True)}

    with patch.object(consent, "_speakers", [of]), patch.object(guardians, "speaking", speaking):
        yield


FAULTS: dict[str, Callable[[], AbstractContextManager[Any]]] = {
    "writing asks nobody": lambda: patch.object(consent, "require", lambda subject, purpose: None),
    "withdrawal forgets what needs it": lambda: patch.object(consent, "dependents", lambda purpose: [purpose]),
    "withdrawal erases nothing": lambda: patch.object(erasure, "erase_purpose", lambda subject, purpose: []),
    "withdrawal is not recorded": lambda: patch.object(consent, "_record", _unrecorded_withdrawal),
    "an older agreement counts": lambda: patch.object(consent._Act, "counts", lambda act, purpose: True),
    "any text will do": lambda: patch.object(consent, "require_shown", lambda version, purpose: None),
    "what it needs is not looked at": lambda: patch.object(consent, "with_needs", lambda purpose: [purpose]),
    "the child agrees itself": lambda: patch.object(consent, "require_voice", lambda actor, subject: None),
    "an invitation is enough": lambda: _guardians_in(_living),
    "an ended guardianship counts": lambda: _guardians_in((Guardianship.State.CONFIRMED, Guardianship.State.ENDED)),
    "the record names somebody else": lambda: patch.object(consent, "_record", _misattributed),
    "a new controller inherits": lambda: patch.object(consent, "_asked_anew", "null::timestamptz"),
}
"""Mistakes by name, each as a context in which it is made."""
