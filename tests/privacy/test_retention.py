"""What is kept for a time goes when it is over; who says a time must say what it counts from."""

from datetime import timedelta

import pytest
from allauth.usersessions.models import UserSession
from django.utils import timezone

from anju.notices import actions as notices
from anju.notices.models import Notice
from anju.people.models import KnownDevice, Person
from anju.privacy import checks, retention, scope
from anju.privacy.declarations import LASTS
from anju.privacy.erasure import declared

PAST = timezone.now() - timedelta(days=184)


def test_messages_devices_and_sessions_go_after_half_a_year(person: Person) -> None:
    notices.tell(person, Notice.Kind.HOME, "房屋", "认证")
    notices.tell(person, Notice.Kind.HOME, "房屋", "认证")
    KnownDevice.objects.create(person=person, mark=b"m", label="Chrome")
    UserSession.objects.create(user=person, ip="192.0.2.0", session_key="s", user_agent="Chrome")
    with scope.platform():
        Notice.objects.filter(pk=Notice.objects.latest("id").pk).update(at=PAST)
    KnownDevice.objects.update(last_seen=PAST)
    UserSession.objects.update(last_seen_at=PAST)
    retention.expire()
    with scope.platform():
        assert Notice.objects.count() == 1
    assert not KnownDevice.objects.exists()
    assert not UserSession.objects.exists()


def test_every_timed_retention_is_carried_out() -> None:
    for model, declares in declared():
        if retention.retentions(model, declares) & LASTS.keys():
            assert declares.age, model


def test_a_time_that_nothing_ends_fails_the_build(monkeypatch: pytest.MonkeyPatch) -> None:
    assert checks.every_field_is_declared(None) == []
    object.__setattr__(Notice.privacy, "age", None)
    try:
        assert [one.id for one in checks.every_field_is_declared(None)] == ["privacy.E006"]
    finally:
        object.__setattr__(Notice.privacy, "age", "at")
