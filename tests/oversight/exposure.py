"""Every page and every operation, tried by everybody who may not: nothing is to come of it.

Two communities are furnished with something of everything. Each duty of the first, a resident, and somebody who is not signed in
try every address of the console and every operation of the API: with rows of the other community, which nobody may see, and with
the own community's where their duty does not reach. `run()` is to be called inside a database transaction that is rolled back.
"""

import json
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from django.apps import apps
from django.contrib import admin
from django.test import Client
from django.urls import URLPattern, URLResolver

from anju.console.middleware import ENTERED
from anju.homes import duties as rights
from anju.homes.duties import Duty, Right
from anju.homes.models import Community
from anju.people.models import Person
from anju.privacy import scope
from anju.site.api import api
from tests import factories
from tests.oversight.furnished import Furnished, furnish

ALL_STAFF: tuple[Right, ...] = tuple(rights.RIGHTS.values())
NOBODY: tuple[Right, ...] = ()
_R = rights

PAGES: dict[str, tuple[Right, ...]] = {
    "index": ALL_STAFF,
    "duties": ALL_STAFF,
    "devices": ALL_STAFF,
    "device_end": ALL_STAFF,
    "device_forget": ALL_STAFF,
    "live_ticket": (_R.REVIEW, _R.WATCH, _R.RECEIVE_VISITORS, _R.WATCH_CARS),
    **dict.fromkeys(("reviews", "review_rows", "review", "review_decide", "review_reveal"), (_R.REVIEW,)),
    **dict.fromkeys(("monitor", "monitor_latest", "monitor_entry", "monitor_gate"), (_R.WATCH,)),
    "monitor_open": (_R.OPEN_GATES,),
    **dict.fromkeys(("fleet", "fleet_now", "alarm_see_to", "alarm_close"), (_R.WATCH,)),
    **dict.fromkeys(("fleet_mode", "fleet_decide"), (_R.RUN_GATES,)),
    "fleet_renew_keys": (_R.KEEP_GATES,),
    **dict.fromkeys(("stations", "station_hang", "station_renew", "station_take_down"), (_R.KEEP_GATES,)),
    **dict.fromkeys(("terminals", "terminal", "terminal_renew"), (_R.KEEP_GATES,)),
    **dict.fromkeys(("cards", "card_issue", "card_take_back"), (_R.KEEP_CARDS,)),
    **dict.fromkeys(
        (
            "visitors",
            "visitor_rows",
            "visitor_find",
            "visitor_walk_in",
            "visitor",
            "visitor_left",
            "visitor_let_in",
        ),
        (_R.RECEIVE_VISITORS,),
    ),
    **dict.fromkeys(
        ("calls", "call_rows", "call_picture", "call_accept", "call_connect", "call_open", "call_end"),
        (_R.RECEIVE_VISITORS,),
    ),
    **dict.fromkeys(("intercom", "intercom_servers", "intercom_try"), (_R.KEEP_GATES,)),
    **dict.fromkeys(("trunks", "trunk", "trunk_try", "trunk_remove"), (_R.TRUNKS,)),
    **dict.fromkeys(("cars", "cars_rows"), (_R.WATCH_CARS,)),
    "barrier_raise": (_R.OPEN_GATES,),
    **dict.fromkeys(("fees", "fees_run", "fees_decide", "readings", "readings_template"), (_R.KEEP_FEES,)),
    **dict.fromkeys(
        ("collectors", "collector_add", "collector_renew", "collector_remove", "collector_reading"), (_R.KEEP_FEES,)
    ),
    **dict.fromkeys(
        (
            "fees_owed",
            "fees_adjust",
            "fees_repay",
            "reading_dial",
            "cashier",
            "cashier_begin",
            "cashier_close",
            "cashier_take",
            "cashier_receipt",
        ),
        (_R.COLLECT,),
    ),
    **dict.fromkeys(
        ("fees_adjustment", "fees_repayment", "fees_give_back", "payments", "payments_compare", "payments_clear"),
        (_R.DECIDE_FEES,),
    ),
    **dict.fromkeys(
        (
            "wallets",
            "wallets_answer",
            "wallets_clear",
            "wallets_book",
            "wallets_stop",
            "wallets_unblock",
            "wallets_rule",
        ),
        (_R.GUARD_MONEY,),
    ),
    **dict.fromkeys(("parking", "parking_decide", "parking_settle"), (_R.KEEP_PARKING,)),
    **dict.fromkeys(("outbox", "outbox_rows", "outbox_read"), (_R.PASS_ON,)),
    "self_test": (_R.KEEP_GATES,),
    **dict.fromkeys(("home_import", "home_import_template", "home_import_carry_out"), (_R.KEEP_HOMES,)),
    **dict.fromkeys(("glasses", "glass"), (_R.ASK_GLASS, _R.DECIDE_GLASS)),
    **dict.fromkeys(("glass_ask", "glass_reveal"), (_R.ASK_GLASS,)),
    "glass_decide": (_R.DECIDE_GLASS,),
    **dict.fromkeys(("exports", "export_rows"), (_R.ASK_EXPORT, _R.DECIDE_EXPORT)),
    "export_decide": (_R.DECIDE_EXPORT,),
    "export_download": (_R.ASK_EXPORT,),
    **dict.fromkeys(
        (
            "disclosures",
            "disclosure_new",
            "disclosure",
            "disclosure_document",
            "disclosure_decide",
            "disclosure_produce",
            "disclosure_hand_over",
        ),
        (_R.DISCLOSE,),
    ),
    **dict.fromkeys(("incidents", "incident", "incident_progress"), (_R.INCIDENTS, _R.SEND_INCIDENTS)),
    **dict.fromkeys(
        (
            "incident_new",
            "incident_measure",
            "incident_edit",
            "incident_confirm",
            "incident_report",
            "incident_close",
        ),
        (_R.INCIDENTS,),
    ),
    "incident_send": (_R.SEND_INCIDENTS,),
    "statistics": (_R.STATISTICS,),
    **dict.fromkeys(("privacy", "privacy_request"), (_R.OVERSEE, _R.ANSWER)),
    **dict.fromkeys(("privacy_answer", "privacy_partner"), (_R.ANSWER,)),
    "assessments": (_R.ASSESS, _R.APPROVE_ASSESSMENT),
    "assessment_new": (_R.ASSESS,),
    "assessment_approve": (_R.APPROVE_ASSESSMENT,),
    "access_gate_code": (_R.KEEP_GATES,),
}
"""Whom each page of the console's own is for. A page that is missing here is one that nobody answered for."""

MODELS: dict[str, dict[str, tuple[Right, ...]]] = {
    "homes.Community": {"see": (_R.KEEP_HOMES,), "change": (_R.KEEP_HOMES,)},
    **{
        label: {"see": (_R.SEE_HOMES,), **dict.fromkeys(("add", "change", "delete"), (_R.KEEP_HOMES,))}
        for label in ("homes.Building", "homes.Unit", "homes.Home")
    },
    "homes.Member": {"see": (_R.SEE_RESIDENTS,)},
    "homes.Application": {"see": (_R.REVIEW,)},
    "homes.StaffRole": dict.fromkeys(("see", "add", "delete"), (_R.APPOINT,)),
    "access.Gate": {"see": (_R.WATCH,), "add": (_R.KEEP_GATES,), "change": (_R.KEEP_GATES,)},
    "access.Entry": {"see": (_R.WATCH,)},
    "access.Grant": {"see": (_R.KEEP_GATES,)},
    "intercom.Panel": {"see": (_R.WATCH,), **dict.fromkeys(("add", "change", "delete"), (_R.KEEP_GATES,))},
    "lifts.Lift": {"see": (_R.WATCH,), **dict.fromkeys(("add", "change", "delete"), (_R.KEEP_GATES,))},
    "vehicles.Space": {
        "see": (_R.WATCH_CARS,),
        **dict.fromkeys(("add", "change", "delete"), (_R.KEEP_PARKING,)),
    },
    "vehicles.Parking": {"see": (_R.WATCH_CARS,), **dict.fromkeys(("change", "delete"), (_R.KEEP_PARKING,))},
    "billing.FeeItem": {"see": (_R.COLLECT,), **dict.fromkeys(("add", "change"), (_R.KEEP_FEES,))},
    **{
        label: {"see": (_R.COLLECT,), **dict.fromkeys(("add", "change", "delete"), (_R.KEEP_FEES,))}
        for label in ("billing.Tariff", "billing.Meter")
    },
    "billing.Reading": {"see": (_R.COLLECT,), **dict.fromkeys(("add", "change"), (_R.KEEP_FEES,))},
    "people.Person": {},
    **{label: {"see": (_R.PROOFS,)} for label in ("privacy.AuditEntry", "privacy.Consent", "privacy.Sharing")},
}
"""The models' own pages: who sees, adds, changes, deletes."""

_DOORS = {
    "login", "logout", "password_change", "password_change_done", "jsi18n", "autocomplete", "search", "view_on_site",
    "app_list", None,
}  # fmt: skip
"""Django's own addresses, which show no rows by themselves; the lists of models follow their pages' rights."""

_ASKS = (
    "search/?s=西门", "search/?s=彼处", "homes/", "access/", "people/", "privacy/", "jsi18n/",
    "autocomplete/?app_label=access&model_name=gate&field_name=community&term=彼处",
    "autocomplete/?app_label=homes&model_name=member&field_name=person&term=",
)  # fmt: skip
"""What may be asked of those."""

_REFUSED = {401, 403, 404, 405}


@dataclass
class Figures:
    """tried: requests made. exposed: what should not have come of them. undeclared: pages that nobody answered for."""

    tried: int = 0
    exposed: list[str] = field(default_factory=list)
    undeclared: list[str] = field(default_factory=list)


@dataclass
class Trier:
    """Somebody who tries. duty: None for a resident and for nobody."""

    title: str
    client: Client
    duty: Duty | None = None


def triers(place: Community, duties: Collection[Duty]) -> list[Trier]:
    """Each of these duties of this community, a resident of it, and nobody."""
    found = [Trier("nobody", Client()), Trier("resident", _client(factories.resident(place, "301")))]
    return found + [Trier(str(duty), _client(factories.staff(place, duty)), duty) for duty in duties]


def _client(person: Person) -> Client:
    client = Client()
    client.force_login(person)
    session = client.session
    session["account_authentication_methods"] = [{"method": "mfa", "at": 0}]
    session["account_authentication_methods_user"] = str(person.pk)
    session[ENTERED] = True
    session.save()
    return client


def _patterns(found: list[URLPattern | URLResolver], before: str = "") -> Iterator[tuple[str, str | None]]:
    for one in found:
        if isinstance(one, URLResolver):
            yield from _patterns(one.url_patterns, before + str(one.pattern))
        else:
            yield before + str(one.pattern), one.name


@dataclass(frozen=True)
class Page:
    """An address of the console. allowed: the duties it is for. model: whose page it is."""

    route: str
    name: str
    allowed: frozenset[str]
    model: str = ""

    def path(self, rows: dict[str, object]) -> str:
        route = self.route.replace("<path:object_id>", str(rows.get(self.model, "")))
        route = route.replace("<str:form>", "xlsx")
        for kind in ("uuid", "int"):
            while f"<{kind}:" in route:
                part = route.split(f"<{kind}:")[1].split(">")[0]
                route = route.replace(f"<{kind}:{part}>", str(rows[part]))
        return f"/console/{route}"

    @property
    def about_a_row(self) -> bool:
        """Whether it shows a community's row; assessments and wallets are the installation's."""
        whole = any(one in self.route for one in ("<str:form>", "assessment", "wallets/"))
        return "<" in self.route and not whole


def _allowed(which: tuple[Right, ...]) -> frozenset[str]:
    if which is ALL_STAFF:
        return frozenset(Duty.values)
    return frozenset(str(duty) for right in which for duty in right.duties)


def pages(figures: Figures) -> list[Page]:
    """Every page of the console, with whom it is for; those that nobody answered for are noted."""
    labels = {f"{model._meta.app_label}_{model._meta.model_name}": model._meta.label for model in apps.get_models()}
    found = []
    for route, name in _patterns(admin.site.get_urls()):
        if name in PAGES:
            found.append(Page(route, name, _allowed(PAGES[name])))
            continue
        if name in _DOORS:
            continue
        model, _dash, act = str(name).rpartition("_")
        label = labels.get(model, "")
        act = {"changelist": "see", "history": "history"}.get(act, act)
        if label not in MODELS:
            figures.undeclared.append(f"{name} ({route})")
            continue
        allowed = _allowed(MODELS[label].get("see" if act == "change" else act, NOBODY))
        found.append(Page(route, str(name), allowed, label))
    return found


def _snapshot(*places: Community) -> dict[str, list[str]]:
    """Every row of these communities, to see whether anything was changed."""
    ids = [place.pk for place in places]
    with scope.platform():
        found = {}
        for model in apps.get_models():
            names = {one.attname for one in model._meta.concrete_fields}
            if "community_id" in names:
                rows = model._base_manager.filter(community_id__in=ids).order_by("pk").values_list()
                found[model._meta.label] = [str(row) for row in rows]
        return found


def run(duties: Collection[Duty] = tuple(Duty)) -> Figures:
    """Try everything as each of these duties. Must run inside a transaction of a test database; it is rolled back by whoever calls."""
    figures = Figures()
    here, there = furnish("此处苑", "独孤小一"), furnish("彼处苑", "西门小二")
    people = triers(here.place, duties)
    before = _snapshot(here.place, there.place)
    every = pages(figures)
    for trier in people:
        for page in every:
            _try_page(figures, trier, page, here, there)
        for asked in _ASKS:
            _look(figures, trier, trier.client.get(f"/console/{asked}"), asked, there)
        for method, path, query, body in operations(there.rows):
            _try_operation(figures, trier, method, path, query, body, there)
        if trier.duty and trier.client.get("/console/").status_code != 200:
            figures.exposed.append(f"{trier.title} was signed out meanwhile: what came after was not tried")
    after = _snapshot(here.place, there.place)
    for label, rows in before.items():
        if after[label] != rows and label != "oversight.Published":
            figures.exposed.append(f"{label} was changed")
    return figures


def _try_page(figures: Figures, trier: Trier, page: Page, here: Furnished, there: Furnished) -> None:
    reaches = trier.duty is not None and str(trier.duty) in page.allowed
    for side, furnished in (("own", here), ("other", there)):
        if side == "other" and not page.about_a_row:
            continue
        path = page.path(furnished.rows)
        for method in ("get", "post"):
            if side == "own" and reaches and (method == "post" or page.about_a_row):
                continue  # what one may do is not tried here
            answer = getattr(trier.client, method)(path)
            _look(figures, trier, answer, f"{method} {path}", there)
            if side == "own" and reaches:
                continue
            if not _refused(answer):
                figures.exposed.append(f"{trier.title} {method} {path} ({page.name}, {side}): {answer.status_code}")


def _look(figures: Figures, trier: Trier, answer: Any, asked: str, there: Furnished) -> None:  # Any: as below
    """Whether anything of the other community's stands in an answer, but for what was asked with."""
    figures.tried += 1
    text = answer.content.decode(errors="replace")
    if leaked := [mark for mark in there.marks if mark in text and mark not in asked]:
        figures.exposed.append(f"{trier.title} {asked}: {leaked[0]}")


def _refused(answer: Any) -> bool:  # Any: the test client's answer
    """Turned away; Django's admin sends a row that is not there back to the overview."""
    if answer.status_code in _REFUSED:
        return True
    to = answer.headers.get("Location", "")
    return answer.status_code == 302 and (
        to == "/console/" or to.startswith(("/console/login/", "/console/account/login/"))
    )


# --- the API --------------------------------------------------------------------------------------------------------------


def operations(rows: dict[str, object]) -> Iterator[tuple[str, str, dict[str, str], Any]]:  # Any: JSON
    """Every operation with the other community's ids wherever it takes one."""
    schema = api.get_openapi_schema()
    for path, methods in schema["paths"].items():
        for method, operation in methods.items():
            filled, query = path, {}
            for one in operation.get("parameters", []):
                value = _value(one["name"], one["schema"], rows)
                if one["in"] == "path":
                    filled = filled.replace("{" + one["name"] + "}", value)
                elif one["in"] == "query":
                    query[one["name"]] = value
            content = operation.get("requestBody", {}).get("content", {}).get("application/json", {})
            body = _body(content["schema"], schema, rows) if content else None
            yield method, filled, query, body


def _value(name: str, schema: dict[str, Any], rows: dict[str, object]) -> str:  # Any: JSON schema
    if name in rows:
        return str(rows[name])
    if name == "purpose":
        return "face_opening"  # not the account's: taking that back would close it
    if name == "week":
        return "2026-01-05"
    return {"uuid": str(rows["person"]), "date": date(2026, 1, 5).isoformat()}.get(schema.get("format", ""), "1")


def _body(schema: dict[str, Any], whole: dict[str, Any], rows: dict[str, object]) -> Any:  # Any: JSON schema, JSON
    if "$ref" in schema:
        schema = whole["components"]["schemas"][schema["$ref"].rsplit("/", 1)[-1]]
    if "enum" in schema:
        return schema["enum"][0]
    if "anyOf" in schema:
        return _body(schema["anyOf"][0], whole, rows)
    if schema.get("type") == "object":
        return {
            name: str(rows[name]) if name in rows else _body(one, whole, rows)
            for name, one in schema.get("properties", {}).items()
        }
    if schema.get("type") == "array":
        return []
    if schema.get("type") == "boolean":
        return True
    if schema.get("type") in ("integer", "number"):
        return 1
    return _value("", schema, rows)


def _try_operation(
    figures: Figures, trier: Trier, method: str, path: str, query: dict[str, str], body: Any, there: Furnished
) -> None:  # Any: JSON
    sent = json.dumps(body) if body is not None else None
    answer = trier.client.generic(method.upper(), path, sent or "", content_type="application/json", query_params=query)
    _look(figures, trier, answer, f"{method} {path} {query} {sent}", there)
