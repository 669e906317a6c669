"""Obeying the platform: open now, for somebody with a phone or for its staff; say what lies here."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import structlog
from nats.aio.client import Client
from nats.aio.msg import Msg

from anju.gate.brain import Brain
from anju.gate.identity import Identity
from anju.gate.modes import Mode
from anju.gate.modes import read as read_mode
from anju.gate.news import News
from anju.grants.decision import Reason

log = structlog.get_logger()
PAGE = 500
"""Rows of an inventory in one answer."""


@dataclass(frozen=True)
class Order:
    """grant: whose right it is; None: the platform's staff answer for it.

    until: past it, nobody waits any more. only, after: which part of the inventory is asked for. mode: how to be run, and its number.
    lift: which one is to be called, and to which floor. call: what is said of the call that this gate makes.
    """

    id: str
    do: str
    grant: UUID | None
    until: datetime
    only: tuple[str, ...] | None = None
    after: str = ""
    mode: tuple[Mode, int] | None = None
    lift: tuple[str, int] | None = None
    call: dict[str, str] | None = None


def read(message: bytes) -> Order:
    """Raises ValueError, KeyError or TypeError. A missing grant is no staff order: it must say null."""
    said = json.loads(message)
    grant = None if said["grant"] is None else UUID(str(said["grant"]))
    until = datetime.fromisoformat(str(said["exp"]))
    if until.tzinfo is None:
        raise ValueError("a time without a zone")
    only = None if said.get("only") is None else tuple(str(one) for one in said["only"])[:PAGE]
    mode = read_mode(said) if said["do"] == "mode" else None
    lift = (str(said["lift"]), int(said["floor"])) if said["do"] == "lift" else None
    about = ("call", "say", "sdp", "state")
    call = {name: str(said[name]) for name in about if name in said} if said["do"] == "call" else None
    return Order(str(said["id"]), str(said["do"]), grant, until, only, str(said.get("after") or ""), mode, lift, call)


class Orders:
    """Lives as long as one connection to the bus."""

    def __init__(
        self,
        identity: Identity,
        brain: Brain,
        bus: Client,
        news: News,
        opened: Callable[[], None],
        set_anew: Callable[[], None],
        changed: Callable[[], None],
        renew: Callable[[], None],
    ) -> None:
        """opened: called when an order has opened the door. set_anew: when the gate's settings have changed. changed: when what it
        says of itself has."""
        self._identity = identity
        self._brain = brain
        self._bus = bus
        self._news = news
        self._opened = opened
        self._set_anew = set_anew
        self._changed = changed
        self._renew = renew

    async def hear(self, message: Msg) -> None:
        """Obey and answer. Who repeats an order hears the same answer, and nothing happens twice."""
        if not self._identity.trusts(message.subject, message):
            log.warning("forged_order_dropped")
            return
        try:
            order = read(message.data)
        except (ValueError, KeyError, TypeError) as error:
            log.warning("bad_order_dropped", error=type(error).__name__)
            return
        await self._news.wait()
        answer = await self._lift(order) if order.lift is not None else self._answer(order)
        if message.reply:
            await self._bus.publish(message.reply, answer)

    def _answer(self, order: Order) -> bytes:
        """What was answered before, or what comes of it now; the entry and the answer are stored in one go."""
        store = self._brain.store
        if order.do == "inventory":  # a look, not an act: asked again, it looks again
            return json.dumps(self._inventory(order)).encode()
        with store.transaction():
            answer = store.answer_to(order.id)
            if answer is None:
                answer = json.dumps(self._obey(order)).encode()
                store.obeyed(order.id, answer, self._brain.clock.read().now)
        return answer

    async def _lift(self, order: Order) -> bytes:
        """Whoever asks again calls again: a lift that has been called twice comes once."""
        lift, floor = order.lift or ("", 0)
        now = self._brain.clock.read().now
        code = "expired" if now > order.until else "unknown_command"
        if code != "expired" and self._brain.on_lift is not None and order.grant is not None:
            code = await self._brain.on_lift(order.grant, lift, floor)
        said = {"id": order.id, "ok": code == "lift_called", "code": code, "entry": None, "at": now.isoformat()}
        return json.dumps(said).encode()

    def _inventory(self, order: Order) -> dict[str, object]:
        """What lies in the tables themselves, not what is remembered of it."""
        store = self._brain.store
        grants, templates = store.totals()
        rows = store.inventory(order.only, order.after, PAGE)
        applied = store.applied()
        return {"id": order.id, "ok": True, "grants": grants, "templates": templates, "applied": applied, "rows": rows}

    def _obey(self, order: Order) -> dict[str, object]:
        now = self._brain.clock.read().now  # after waiting: by now it may be too late
        result: dict[str, object] = {"id": order.id, "ok": False, "entry": None, "at": now.isoformat()}
        if now > order.until:
            return {**result, "code": "expired"}
        if order.do == "settings":
            self._set_anew()
            return {**result, "ok": True, "code": "settings"}
        if order.do == "renew":
            self._renew()
            return {**result, "ok": True, "code": "renew"}
        if order.mode is not None:
            holds = self._brain.modes.follow(*order.mode)
            self._changed()
            return {**result, "ok": holds, "code": "mode" if holds else "older_mode"}
        if order.call is not None and self._brain.on_call is not None:
            code, entry = self._brain.on_call(order.call)
            if code == Reason.CALL_OPEN:
                self._opened()
            return {**result, "ok": code in ("call", Reason.CALL_OPEN), "code": code, "entry": entry}
        if order.do != "open":
            return {**result, "code": "unknown_command"}
        decision, entry = self._brain.remote(order.grant)
        if decision.open:
            self._opened()
        return {**result, "ok": decision.open, "code": decision.reason, "entry": entry}
