"""Who comes into the console, and how far."""

import time
from uuid import UUID

import pytest
from django.test import Client

from anju.access.models import Gate
from anju.console.middleware import IDLE_SECONDS
from anju.homes.models import Application, Community, Duty, Home, Member, StaffRole
from anju.people.models import Person
from anju.privacy import scope
from anju.privacy.models import AuditEntry, Consent
from anju.site.demo import code_now
from tests import factories
from tests.console.conftest import Desk

R, G, M, OPERATOR = "reviewer", "guard", "manager", "operator"
F, C, D, A = "front_desk", "cashier", "dpo", "auditor"
EVERYBODY = {R, G, M, F, C, D, A, OPERATOR}

PAGES = {
    "": EVERYBODY,
    "live-ticket/": {R, G, M, F, OPERATOR},
    "duties/": EVERYBODY,
    "devices/": EVERYBODY,
    "glasses/": {R, M, F, D, OPERATOR},
    "exports/": {M, D, OPERATOR},
    "exports/rows/": {M, D, OPERATOR},
    "disclosures/": {M, D, OPERATOR},
    "disclosures/new/": {M, D, OPERATOR},
    "incidents/": {M, D, OPERATOR},
    "incidents/new/": {D, OPERATOR},
    "statistics/": {M, D, OPERATOR},
    "reviews/": {R, M, OPERATOR},
    "reviews/rows/": {R, M, OPERATOR},
    "reviews/{application}/": {R, M, OPERATOR},
    "monitor/": {G, M, OPERATOR},
    "monitor/entries/": {G, M, OPERATOR},
    "monitor/entries/{entry}/": {G, M, OPERATOR},
    "monitor/gates/{gate}/": {G, M, OPERATOR},
    "outbox/": {M, F, OPERATOR},
    "outbox/rows/": {M, F, OPERATOR},
    "self-test/": {M, OPERATOR},
    "homes/import/": {M, OPERATOR},
    "homes/import/template.xlsx": {M, OPERATOR},
    "homes/community/": {M, OPERATOR},
    "homes/community/add/": {OPERATOR},
    "homes/building/": {R, M, F, C, OPERATOR},
    "homes/building/add/": {M, OPERATOR},
    "homes/unit/": {R, M, F, C, OPERATOR},
    "homes/home/": {R, M, F, C, OPERATOR},
    "homes/home/{home}/change/": {R, M, F, C, OPERATOR},
    "homes/home/{home}/delete/": {M, OPERATOR},
    "homes/member/": {M, F, C, OPERATOR},
    "homes/member/{member}/change/": {M, F, C, OPERATOR},
    "homes/member/add/": set(),
    "homes/member/{member}/delete/": set(),
    "homes/application/": {R, M, OPERATOR},
    "homes/application/add/": set(),
    "homes/application/{application}/change/": {R, M, OPERATOR},
    "homes/application/{application}/delete/": set(),
    "homes/staffrole/": {M, OPERATOR},
    "homes/staffrole/add/": {M, OPERATOR},
    "access/gate/": {G, M, OPERATOR},
    "access/gate/add/": {M, OPERATOR},
    "access/gate/{gate}/change/": {G, M, OPERATOR},
    "access/gate/{gate}/delete/": set(),
    "access/entry/": {G, M, OPERATOR},
    "access/entry/{entry}/change/": {G, M, OPERATOR},
    "access/entry/{entry}/delete/": set(),
    "access/grant/": {M, OPERATOR},
    "access/grant/add/": set(),
    "people/person/": {OPERATOR},
    "people/person/add/": set(),
    "privacy/auditentry/": {M, D, A, OPERATOR},
    "privacy/auditentry/add/": set(),
    "privacy/auditentry/{audit}/delete/": set(),
    "privacy/consent/": {M, D, A, OPERATOR},
    "privacy/sharing/": {M, D, A, OPERATOR},
    "privacy/consent/{consent}/delete/": set(),
}
"""Every page, and who may open it."""


@pytest.fixture
def rows(community: Community) -> dict[str, UUID | str]:
    """Something of everything in the community."""
    member = factories.resident(community)
    gate = factories.gate(community)
    with scope.platform():
        return {
            "application": factories.application(community, "201").pk,
            "gate": gate.pk,
            "entry": factories.entry(gate, member).pk,
            "home": Home.objects.get(community=community, room="101").pk,
            "member": Member.objects.get(person=member).pk,
            "audit": AuditEntry.objects.create(action="gate", actor=member.pk, target="access.Gate").pk,
            "consent": Consent.objects.filter(subject=member.pk).latest("id").pk,
        }


def at_desk(role: str, community: Community) -> Desk:
    if role == OPERATOR:
        return Desk(factories.person(is_staff=True, is_superuser=True))
    return Desk(factories.staff(community, Duty(role)))


@pytest.mark.parametrize("role", sorted(EVERYBODY))
def test_a_duty_opens_its_own_pages_and_no_other(role: str, community: Community, rows: dict[str, UUID | str]) -> None:
    desk = at_desk(role, community)
    for pattern, allowed in PAGES.items():
        answer = desk.get(pattern.format(**rows))
        assert answer.status_code == (200 if role in allowed else 403), (role, pattern, answer.status_code)


@pytest.mark.parametrize("role", sorted(EVERYBODY - {OPERATOR}))
def test_nothing_of_another_community_can_be_opened(
    role: str, elsewhere: Community, rows: dict[str, UUID | str]
) -> None:
    desk = at_desk(role, elsewhere)
    for pattern in PAGES:
        if "{" not in pattern:
            continue
        answer = desk.get(pattern.format(**rows))
        # Django's admin sends a row that is not there back to the overview.
        assert answer.status_code in (302, 403, 404), (role, pattern, answer.status_code)
        assert answer.headers.get("Location", "/console/") == "/console/"


def test_a_duty_in_one_community_is_none_in_another(community: Community, elsewhere: Community) -> None:
    person = factories.staff(community, Duty.REVIEWER)
    with scope.platform():
        StaffRole.objects.create(community=elsewhere, person=person, duty=Duty.GUARD)
    there = factories.application(elsewhere, "502")
    here = factories.application(community, "601")
    desk = Desk(person)
    assert desk.get(f"reviews/{here.pk}/").status_code == 200
    assert desk.get(f"reviews/{there.pk}/").status_code == 404
    assert "601" in desk.text("reviews/") and "502" not in desk.text("reviews/")
    assert "601" in desk.text("homes/application/") and "502" not in desk.text("homes/application/")
    assert desk.post(f"reviews/{there.pk}/decide/", {"decision": "approve"}).status_code == 404
    with scope.platform():
        assert Application.objects.get(pk=there.pk).state == Application.State.SUBMITTED


def test_lists_hold_rows_of_the_own_community_only(manager: Desk, elsewhere: Community) -> None:
    factories.home(elsewhere, "909")
    factories.gate(elsewhere, "别处的门")
    factories.resident(elsewhere, "808")
    assert "909" not in manager.text("homes/home/")
    assert "别处的门" not in manager.text("access/gate/")
    assert "808" not in manager.text("homes/member/")
    assert elsewhere.name not in manager.text("homes/community/")
    assert elsewhere.name not in manager.text("homes/building/add/")


def test_a_row_cannot_be_put_into_another_community(manager: Desk, elsewhere: Community) -> None:
    answer = manager.post("access/gate/add/", {"community": str(elsewhere.pk), "name": "后门", "place": ""})
    assert answer.status_code == 200  # the form again, with an error
    with scope.platform():
        assert not Gate.objects.filter(name="后门").exists()


# --- the door itself --------------------------------------------------------------------------------------


def test_whoever_is_not_signed_in_is_asked_to(db: None) -> None:
    answer = Client().get("/console/reviews/", follow=True)
    assert answer.redirect_chain[-1][0].startswith("/console/account/login/")
    assert "登录物业控制台" in answer.content.decode()


def test_a_password_alone_leads_to_setting_up_the_second_factor(community: Community) -> None:
    desk = Desk(factories.staff(community, Duty.MANAGER), proven=False)
    answer = desk.get("reviews/")
    assert (answer.status_code, answer.headers["Location"]) == (302, "/console/account/2fa/totp/activate/")


def test_a_session_without_the_second_factor_is_ended_and_never_loops(community: Community) -> None:
    person = factories.staff(community, Duty.MANAGER)
    factories.second_factor(person)
    desk = Desk(person, proven=False)
    answer = desk.get("reviews/", follow=True)
    assert len(answer.redirect_chain) == 1
    assert answer.status_code == 200
    assert "进入控制台需要两步验证" in answer.content.decode()
    assert "_auth_user_id" not in desk.client.session


def test_somebody_elses_second_factor_proves_nothing(community: Community) -> None:
    desk = Desk(factories.staff(community, Duty.MANAGER))
    session = desk.client.session
    session["account_authentication_methods_user"] = str(factories.person().pk)
    session.save()
    assert desk.get("outbox/").status_code == 302


def test_a_resident_is_told_kindly_and_can_sign_out(resident: Person) -> None:
    desk = Desk(resident)
    answer = desk.get("")
    assert answer.status_code == 403
    assert "您登录的是住户账号" in answer.content.decode()
    out = desk.post("account/logout/?next=/console/account/login/", follow=True)
    assert out.status_code == 200
    assert "_auth_user_id" not in desk.client.session


def test_signing_in_with_password_and_code_opens_the_console(community: Community) -> None:

    phone = factories.phone()
    person = factories.staff(community, Duty.MANAGER, phone=phone, password="a-long-enough-one")
    secret = factories.second_factor(person)
    client = Client()
    answer = client.post("/console/account/login/", {"login": phone, "password": "a-long-enough-one"}, follow=True)
    assert answer.redirect_chain[-1][0] == "/console/account/2fa/authenticate/"
    code = code_now(secret)
    answer = client.post("/console/account/2fa/authenticate/", {"code": code}, follow=True)
    assert answer.redirect_chain == [("/console/", 302)]
    assert answer.status_code == 200


def test_an_authenticator_just_set_up_needs_no_second_code(community: Community) -> None:
    from allauth.mfa.totp.internal.auth import SECRET_SESSION_KEY

    phone = factories.phone()
    factories.staff(community, Duty.GUARD, phone=phone, password="a-long-enough-one")
    client = Client()
    answer = client.post("/console/account/login/", {"login": phone, "password": "a-long-enough-one"}, follow=True)
    again = answer.redirect_chain[-1][0]
    assert again.startswith("/console/account/reauthenticate/")
    answer = client.post(again, {"password": "a-long-enough-one"}, follow=True)
    assert answer.redirect_chain[-1][0] == "/console/account/2fa/totp/activate/"
    secret = client.session[SECRET_SESSION_KEY]
    code = code_now(secret)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("django.db.transaction.on_commit", lambda done, **_: done())  # the test never commits
        answer = client.post("/console/account/2fa/totp/activate/", {"code": code}, follow=True)
    assert answer.redirect_chain[-1][0] == "/console/account/2fa/recovery-codes/"
    assert client.get("/console/monitor/").status_code == 200


@pytest.mark.parametrize(
    "page", ["signup/", "email/", "password/reset/", "password/set/", "phone/change/", "login/code/"]
)
def test_what_belongs_in_the_resident_app_is_closed_here(db: None, page: str) -> None:
    answer = Client().get(f"/console/account/{page}")
    assert (answer.status_code, answer.headers["Location"]) == (302, "/console/account/login/")


def test_half_an_hour_away_ends_the_session(manager: Desk) -> None:
    manager.text("outbox/")
    session = manager.client.session
    session["console_seen"] = time.time() - IDLE_SECONDS - 1
    session.save()
    answer = manager.get("outbox/", follow=True)
    assert "30 分钟没有操作" in answer.content.decode()
    assert "_auth_user_id" not in manager.client.session


def test_an_open_page_alone_keeps_nobody_signed_in(manager: Desk) -> None:
    manager.text("outbox/")
    session = manager.client.session
    session["console_seen"] = seen = time.time() - IDLE_SECONDS + 60
    session.save()
    assert manager.get("outbox/rows/", headers={"X-Background": "1"}).status_code == 200
    assert manager.client.session["console_seen"] == seen
    session = manager.client.session
    session["console_seen"] = time.time() - IDLE_SECONDS - 1
    session.save()
    assert manager.get("outbox/rows/", headers={"X-Background": "1"}).status_code == 401


def test_pages_are_kept_by_nobody_and_run_no_script_but_ours(manager: Desk) -> None:
    answer = manager.get("reviews/")
    assert "no-store" in answer.headers["Cache-Control"]
    policy = answer.headers["Content-Security-Policy"]
    assert "default-src 'self'" in policy
    assert "'unsafe-inline'" not in policy.split("script-src", 1)[1].split(";", 1)[0]


def test_a_forged_form_does_nothing_and_is_explained(community: Community) -> None:
    desk = Desk(factories.staff(community, Duty.MANAGER))
    desk.client.handler.enforce_csrf_checks = True
    answer = desk.post("self-test/")
    assert answer.status_code == 403
    assert "页面已过期" in answer.content.decode()


def test_the_console_speaks_english_when_asked(manager: Desk) -> None:
    answer = manager.get("reviews/", headers={"Accept-Language": "en"})
    assert "Review certifications" in answer.content.decode()
