"""A terminal that speaks MQTT 3.1.1 to the real broker: its own topics, its own credentials, nothing else."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any
from uuid import UUID, uuid4

import aiomqtt
import pytest
from django.utils import timezone
from nats.js.errors import NotFoundError

from anju.access import entries
from anju.access.models import Entry, Gate
from anju.bus import client as bus
from anju.bus import subjects
from anju.installation.ports import ports
from anju.people.models import Person
from anju.privacy import scope
from anju.terminals import actions, keys
from anju.terminals.models import Known, Terminal
from tests.terminals.conftest import stand


@pytest.fixture
def terminal(place: Gate, manager: Person) -> Terminal:
    return stand(place, manager, Terminal.Protocol.MQTT)


def broker(terminal: UUID, password: str | None, **more: Any) -> aiomqtt.Client:
    return aiomqtt.Client(
        "127.0.0.1",
        ports()["nats_mqtt"],
        identifier=f"t-{uuid4()}",
        username=str(terminal),
        password=password,
        timeout=5,
        **more,
    )


def talk(terminal: Terminal, say: Callable[[aiomqtt.Client], Awaitable[Any]]) -> Any:
    async def run() -> Any:
        async with broker(terminal.pk, keys.mqtt_password(terminal)) as line:
            return await say(line)

    return asyncio.run(run())


async def heard(line: aiomqtt.Client, topic: str, after: Callable[[], object]) -> dict[str, Any]:
    """The next message on this topic after something was done elsewhere."""
    await line.subscribe(topic, qos=1)
    doing = asyncio.get_running_loop().run_in_executor(None, after)
    async with asyncio.timeout(5):
        async for message in line.messages:
            await doing
            found: dict[str, Any] = json.loads(message.payload)  # type: ignore[arg-type]
            return found
    raise AssertionError


def in_stream(*words: UUID) -> list[tuple[str, bytes]]:
    """What waits to be written down and names one of these in its subject."""

    async def read(client: Any) -> list[tuple[str, bytes]]:
        stream = client.jetstream()
        state = (await stream.stream_info(subjects.ENTRIES_STREAM)).state
        found = []
        for number in range(max(1, state.first_seq), state.last_seq + 1):
            with suppress(NotFoundError):
                one = await stream.get_msg(subjects.ENTRIES_STREAM, number)
                if any(str(word) in one.subject for word in words):
                    found.append((one.subject, one.data))
        return found

    return bus.run(read)


def event(serial: int, holder: str | None, **facts: Any) -> bytes:
    plain = {"serial": serial, "at": timezone.now().isoformat(), "holder": holder, "card": None, "granted": True}
    return json.dumps({**plain, **facts}).encode()


def test_a_terminal_hears_whom_it_should_know_and_no_more(
    terminal: Terminal, resident: Person, cards: dict[UUID, str]
) -> None:
    cards[resident.pk] = "04A1B2C3"
    with scope.platform():
        people = actions.roster.everybody(terminal)
    told = talk(
        terminal,
        lambda line: heard(line, f"terminals/{terminal.pk}/persons", lambda: actions._publish(terminal, people)),
    )
    (person,) = told["persons"]
    assert person == {
        "holder": person["holder"],
        "cards": ["04A1B2C3"],
        "since": "2026-01-01T00:00:00+00:00",
        "until": None,
    }
    assert str(resident.pk) not in json.dumps(told)


def test_it_opens_when_it_is_told_to(terminal: Terminal) -> None:
    told = talk(
        terminal,
        lambda line: heard(
            line, f"terminals/{terminal.pk}/commands", lambda: actions._command(terminal, {"do": "open"})
        ),
    )
    assert told["do"] == "open"
    assert {"id", "exp"} <= told.keys()


def test_what_it_reports_is_counted_once_and_belongs_to_the_person(
    terminal: Terminal, resident: Person, cards: dict[UUID, str]
) -> None:
    cards[resident.pk] = "04A1B2C3"
    with scope.platform():
        actions.tell(terminal)
        holder = str(Known.objects.get(person=resident).holder)

    async def report(line: aiomqtt.Client) -> None:
        for body in (event(1, holder), event(1, holder), event(2, None, granted=False), b"{", event(3, str(uuid4()))):
            await line.publish(f"terminals/{terminal.pk}/events", body, qos=1)

    talk(terminal, report)
    assert entries.store(in_stream(terminal.pk)) == 3
    with scope.platform():
        found = [
            (one.person_id, one.result, one.reason) for one in Entry.objects.filter(gate=terminal.gate).order_by("at")
        ]
    assert found == [
        (resident.pk, "granted", "card_ok"), (None, "refused", "card_unknown"), (None, "granted", "card_ok"),
    ]  # fmt: skip


@pytest.mark.parametrize("password", [None, "", "guess", "eyJ0eXAiOiJKV1QiLCJhbGciOiJlZDI1NTE5LW5rZXkifQ.e30.AAAA"])
def test_without_credentials_there_is_no_line(terminal: Terminal, password: str | None) -> None:
    async def knock() -> None:
        async with broker(terminal.pk, password):
            pass

    with pytest.raises(aiomqtt.MqttError):
        asyncio.run(knock())


def test_one_terminal_neither_hears_nor_speaks_for_another(terminal: Terminal) -> None:
    victim = uuid4()

    async def trespass(line: aiomqtt.Client) -> list[int]:
        topics = [
            f"terminals/{victim}/commands", "terminals/+/persons", "grants/#", "entries/#", "live/#", "#", "$SYS/#",
        ]  # fmt: skip
        answers = [await line.subscribe(topic, qos=1) for topic in topics]
        for topic in (
            f"terminals/{victim}/events",
            f"entries/{terminal.gate_id}",
            f"cmd/{terminal.gate_id}",
            "grants/a/b",
        ):
            await line.publish(topic, event(9, None), qos=0)
        await asyncio.sleep(0.3)
        return [code.value for answer in answers for code in answer]  # type: ignore[union-attr]

    assert set(talk(terminal, trespass)) == {0x80}
    assert in_stream(victim, terminal.gate_id) == []


def test_credentials_that_were_changed_open_nothing(terminal: Terminal, manager: Person) -> None:
    former = keys.mqtt_password(terminal)
    with scope.platform():
        now = actions.renew_credentials(terminal, staff=manager)

    async def knock() -> None:
        async with broker(terminal.pk, former):
            pass

    with pytest.raises(aiomqtt.MqttError):
        asyncio.run(knock())
    talk(now, lambda line: line.publish(f"terminals/{now.pk}/ask", b"{}", qos=1))


def test_a_gates_own_token_is_no_mqtt_password(terminal: Terminal) -> None:
    from anju.bus.server import authority

    async def knock() -> None:
        async with broker(terminal.pk, authority().gate_token(terminal.gate_id, keys.nkey(terminal))):
            pass

    with pytest.raises(aiomqtt.MqttError):
        asyncio.run(knock())
