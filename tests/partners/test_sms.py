"""Text messages leave through the gateway, or wait for staff."""

from collections.abc import Iterator

import pytest

from anju.partners import sms, tasks
from anju.partners.models import OutboxMessage
from anju.partners.purposes import ACCOUNT
from anju.people.models import Person
from anju.privacy import consent, gateway
from anju.privacy.models import Sharing
from anju.site.prove import provider as fake


@pytest.fixture
def provider(monkeypatch: pytest.MonkeyPatch) -> Iterator[fake.Provider]:
    with fake.running() as running:
        monkeypatch.setenv("ANJU_SMS_URL", running.url)
        monkeypatch.setenv("ANJU_SMS_SECRET", fake.SECRET)
        yield running


def _waiting(person: Person) -> OutboxMessage:
    assert person.phone is not None
    sms.send(person.phone.open(), "验证码 123456", kind=OutboxMessage.Kind.CODE, subject=person.pk)
    return OutboxMessage.objects.get(subject=person.pk)


def test_without_a_provider_a_message_waits_for_staff(person: Person) -> None:
    message = _waiting(person)
    tasks.deliver(str(message.pk))
    assert OutboxMessage.objects.filter(pk=message.pk).exists()


def test_with_a_provider_it_is_sent_and_forgotten_here(person: Person, provider: fake.Provider) -> None:
    message = _waiting(person)
    tasks.deliver(str(message.pk))
    assert [one["text"] for one in provider.got] == ["验证码 123456"]
    assert provider.forged == 0
    assert not OutboxMessage.objects.filter(pk=message.pk).exists()


def test_each_sending_is_on_the_record_without_a_value(person: Person, provider: fake.Provider) -> None:
    tasks.deliver(str(_waiting(person).pk))
    row = Sharing.objects.get(subject=person.pk)
    assert (row.recipient, row.purpose, row.fields, row.result) == ("sms", "account", ["phone", "text"], "sent")


def test_a_failed_sending_is_on_the_record_and_tried_again(person: Person, provider: fake.Provider) -> None:
    provider.answers = 500
    message = _waiting(person)
    with pytest.raises(gateway.NotDelivered):
        tasks.deliver(str(message.pk))
    results = Sharing.objects.filter(subject=person.pk).order_by("id").values_list("result", flat=True)
    assert list(results) == ["sent", "failed"]
    assert OutboxMessage.objects.filter(pk=message.pk).exists()


def test_nothing_goes_to_the_provider_once_the_person_withdrew(person: Person, provider: fake.Provider) -> None:
    values = {"phone": "+8613900000000", "text": "…"}
    consent.withdraw(person.pk, ACCOUNT)
    with pytest.raises(gateway.Refused):
        gateway.share(tasks.sms_provider.SMS, person.pk, values, tasks.sms_provider.send)
    assert provider.got == []
    assert Sharing.objects.get(subject=person.pk).result == Sharing.Result.REFUSED


def test_a_field_that_was_not_declared_for_the_recipient_is_stopped(person: Person, provider: fake.Provider) -> None:
    with pytest.raises(gateway.Refused, match="undeclared_field"):
        gateway.share(tasks.sms_provider.SMS, person.pk, {"id_number": "…"}, tasks.sms_provider.send)
    assert provider.got == []
