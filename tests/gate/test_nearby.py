"""A phone before the gate, over HTTP on the local network, with nobody else there."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from starlette.testclient import TestClient

from anju.gate import nearby as served
from anju.gate.nearby import Nearby
from anju.grants import encoding, nearby, phone_keys
from anju.grants.grant import Ended
from anju.grants.nearby import NearbyPermit
from tests.gate import made
from tests.gate.made import Gate, Phone

PLATFORM = Ed25519PrivateKey.generate()


class Visit:
    """A phone with a permit, and the gate's address on the network."""

    def __init__(self, gate: Gate, phone: Phone) -> None:
        self.gate, self.phone = gate, phone
        self.id = UUID(gate.me.gate)
        self.nearby = Nearby(self.id, gate.brain, gate.link)
        self.http = TestClient(served.app(self.nearby))

    def permit(self, **facts: Any) -> str:
        now = datetime.now(UTC)
        plain = {"id": uuid4(), "key": self.phone.id, "public": self.phone.public, "gates": frozenset({self.id})}
        window = {"since": now - timedelta(minutes=1), "until": now + timedelta(hours=1)}
        return nearby.make(facts.pop("platform", PLATFORM), NearbyPermit(**{**plain, **window, **facts}))

    def asks(self) -> str:
        return str(self.http.get("/nearby/challenge").json()["challenge"])

    def answer(
        self, permit: str, challenge: str, gate: UUID | None = None, phone: Phone | None = None
    ) -> dict[str, str]:
        asked = nearby.question(gate or self.id, encoding.decode(challenge), permit)
        signature = phone_keys.sign((phone or self.phone).private, asked)
        return {"permit": permit, "challenge": challenge, "signature": encoding.encode(signature)}

    def opens(self, said: Any) -> str:
        return str(self.http.post("/nearby/open", json=said).json()["code"])

    def tries(self, permit: str, **facts: Any) -> str:
        return self.opens(self.answer(permit, self.asks(), **facts))


@pytest.fixture
def phone() -> Phone:
    return Phone()


@pytest.fixture
def visit(tmp_path: Any, phone: Phone) -> Any:
    gate = Gate(tmp_path, made.identity(PLATFORM))
    gate.told_the_time()
    gate.learn(made.grant(phone))
    yield Visit(gate, phone)
    gate.close()


def test_a_phone_with_a_permit_opens_and_it_is_written_down(visit: Visit) -> None:
    assert visit.tries(visit.permit()) == "nearby_ok"
    assert visit.gate.door.opened == 1
    (entry,) = visit.gate.entries()
    assert (entry["way"], entry["result"], entry["reason"]) == ("nearby", "granted", "nearby_ok")


def test_an_answer_seen_on_the_air_opens_nothing_again(visit: Visit) -> None:
    said = visit.answer(visit.permit(), visit.asks())
    assert visit.opens(said) == "nearby_ok"
    assert visit.opens(said) == "permit_replayed"
    assert visit.gate.door.opened == 1


def test_a_stolen_permit_is_worth_nothing_without_the_phone(visit: Visit) -> None:
    assert visit.tries(visit.permit(), phone=Phone()) == "permit_unknown"


def test_an_answer_given_at_another_gate_opens_nothing_here(visit: Visit) -> None:
    assert visit.tries(visit.permit(), gate=uuid4()) == "permit_unknown"


def test_a_permit_for_another_gate_or_of_another_platform_opens_nothing(visit: Visit) -> None:
    assert visit.tries(visit.permit(gates=frozenset({uuid4()}))) == "permit_unknown"
    assert visit.tries(visit.permit(platform=Ed25519PrivateKey.generate())) == "permit_unknown"


@pytest.mark.parametrize("ahead", [timedelta(hours=2), -timedelta(hours=2)])
def test_shifting_the_clock_does_not_stretch_a_permit(visit: Visit, ahead: timedelta) -> None:
    """The phone's clock plays no part; the gate goes by the platform's time."""
    visit.gate.told_the_time(ahead)
    assert visit.tries(visit.permit()) == "permit_expired"


def test_a_right_that_has_ended_opens_nothing_whatever_the_permit_says(visit: Visit) -> None:
    (grant,) = visit.gate.brain.grants()
    permit = visit.permit()
    visit.gate.learn(Ended(grant.id, grant.rev + 1))
    assert visit.tries(permit) == "permit_unknown"


@pytest.mark.parametrize("said", [{}, [], "x", {"permit": 1, "challenge": "!", "signature": None}])
def test_nonsense_is_refused_and_the_gate_goes_on(visit: Visit, said: Any) -> None:
    assert visit.opens(said) == "permit_unknown"
    assert visit.tries(visit.permit()) == "nearby_ok"


def test_whoever_floods_it_is_told_to_wait_and_keeps_nobody_else_out(visit: Visit) -> None:
    codes = [visit.opens({}) for _ in range(served.TRIES + 1)]
    assert codes[-1] == "too_many"
    other = TestClient(served.app(visit.nearby), client=("192.0.2.7", 50000))
    challenge = other.get("/nearby/challenge").json()["challenge"]
    assert other.post("/nearby/open", json=visit.answer(visit.permit(), challenge)).json()["code"] == "nearby_ok"


def test_a_flood_from_many_places_fills_no_disk(visit: Visit) -> None:
    for place in range(5):
        phone = TestClient(served.app(visit.nearby), client=(f"192.0.2.{place}", 50000))
        for _ in range(served.TRIES):
            phone.post("/nearby/open", json={})
    assert len(visit.gate.entries()) == served.NOTED
    assert visit.tries(visit.permit()) == "nearby_ok"


def test_more_than_a_permit_can_be_is_not_even_read(visit: Visit) -> None:
    assert visit.http.post("/nearby/open", content=b"x" * (served.MOST_BODY + 1)).status_code == 413


def test_any_page_may_ask_a_gate_on_the_local_network(visit: Visit) -> None:
    asked = {
        "Origin": "https://anju.example",
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "content-type",
        "Access-Control-Request-Private-Network": "true",
    }
    answer = visit.http.options("/nearby/open", headers=asked)
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert answer.headers["Access-Control-Allow-Private-Network"] == "true"


def test_the_cameras_socket_is_not_to_be_reached_from_there(visit: Visit) -> None:
    assert visit.http.get("/kiosk/ws").status_code == 404
    assert visit.http.get("/").status_code == 404
