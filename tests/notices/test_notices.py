"""Messages: a person's own, in their language, and the ticket that opens their stream."""

import base64
import json
import time

import pytest

from anju.live import tickets
from anju.notices import actions
from anju.notices.models import Notice
from anju.people.models import Person
from tests import factories
from tests.doors import Door


def test_a_message_is_read_by_its_person_alone(person: Person) -> None:
    notice = actions.tell(person, Notice.Kind.HOME, "房屋认证已通过", "请设置开门方式")
    door = Door.of(person)
    assert door.get("/notices").body["unread"] == 1
    other = Door.of(factories.person())
    assert other.get("/notices").body["items"] == []
    other.post(f"/notices/{notice.pk}/read")
    assert door.get("/notices").body["unread"] == 1
    door.post(f"/notices/{notice.pk}/read")
    assert door.get("/notices").body["unread"] == 0


def test_all_are_read_at_once(person: Person) -> None:
    for number in range(3):
        actions.tell(person, Notice.Kind.HOME, f"第 {number} 条", "内容")
    door = Door.of(person)
    assert door.post("/notices/read-all").status == 204
    assert door.get("/notices").body["unread"] == 0


def test_a_ticket_opens_ones_own_channel_and_no_other(person: Person) -> None:
    url = Door.of(person).post("/live-ticket").body["url"]
    assert tickets.read(url.split("ticket=")[1]) == [f"person.{person.pk}"]


def test_a_changed_or_old_ticket_opens_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    ticket, _ = tickets.make(["person.a"])
    raw = base64.urlsafe_b64decode(ticket + "=" * (-len(ticket) % 4))
    forged = raw[:16] + json.dumps([int(time.time()) + 60, "person.b"]).encode()
    for bad in (base64.urlsafe_b64encode(forged).decode(), "", "%%%", ticket[:-2]):
        with pytest.raises(tickets.BadTicket):
            tickets.read(bad)
    later = time.time() + tickets.SECONDS + 1
    monkeypatch.setattr(time, "time", lambda: later)
    with pytest.raises(tickets.BadTicket):
        tickets.read(ticket)
