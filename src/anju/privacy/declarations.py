"""How a model says what it holds about people. What is not declared does not pass the system check (checks.py)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum

from django.db import models

from anju.privacy.purposes import Purpose
from anju.privacy.refusals import Text


class Category(StrEnum):
    """The kinds of personal data (GB/T 35273, annex A)."""

    ACCOUNT = "account"
    NAME = "name"
    PHONE = "phone"
    ID_NUMBER = "id_number"
    FACE = "face"
    HOME = "home"
    DEVICE = "device"
    NETWORK = "network"
    ENTRY = "entry"
    CREDENTIAL = "credential"
    MESSAGE = "message"
    NOTE = "note"
    PICTURE = "picture"
    VEHICLE = "vehicle"
    CALL = "call"
    PAYMENT = "payment"


class Erase(StrEnum):
    """What withdrawal and cancellation do with a row."""

    ROW = "row"
    FIELDS = "fields"
    KEEP = "keep"
    """The row holds opaque ids only and proves what we did."""
    BY_LAW = "by_law"
    """The row stays for its time whatever is taken back: the law has us keep it. Whoever it is about may still see it."""


class Retention(StrEnum):
    """How long a value is kept."""

    ACCOUNT = "account"
    PURPOSE = "purpose"
    ONE_DAY = "one_day"
    SEVEN_DAYS = "seven_days"
    THIRTY_DAYS = "thirty_days"
    NINETY_DAYS = "ninety_days"
    HALF_YEAR = "half_year"
    THREE_YEARS = "three_years"
    FIVE_YEARS = "five_years"


LASTS = {
    Retention.ONE_DAY: timedelta(days=1),
    Retention.SEVEN_DAYS: timedelta(days=7),
    Retention.THIRTY_DAYS: timedelta(days=30),
    Retention.NINETY_DAYS: timedelta(days=90),
    Retention.HALF_YEAR: timedelta(days=183),
    Retention.THREE_YEARS: timedelta(days=3 * 366),
    Retention.FIVE_YEARS: timedelta(days=5 * 366),
}
"""The retentions that a clock ends. The others end with the account or the purpose."""


@dataclass(frozen=True)
class Personal:
    """A field about a person that is not sealed because the database works with it (roles, times, states)."""

    category: Category
    purpose: Purpose
    title: Text
    retention: Retention = Retention.PURPOSE


@dataclass(frozen=True)
class NotPersonal:
    """A field that says nothing about a person, and why."""

    why: str


@dataclass(frozen=True)
class Declares:
    """A model's declaration. subject: the field holding the person's id, None when no row is about a person.

    age: the time from which a timed retention counts; the whole row goes then.
    title: how people call the row, where the model is a library's and does not say.
    fields: every field but keys, relations and sealed fields (which declare themselves). rest: covers the fields not named.
    """

    subject: str | None = None
    erase: Erase = Erase.ROW
    age: str | None = None
    title: Text = ""
    fields: Mapping[str, Personal | NotPersonal] = field(default_factory=dict)
    rest: Personal | NotPersonal | None = None

    def title_of(self, model: type[models.Model]) -> Text:
        """How people call a row of this model."""
        return self.title or model._meta.verbose_name or ""

    def of(self, name: str) -> Personal | NotPersonal | None:
        return self.fields.get(name, self.rest)


FOREIGN: dict[str, Declares] = {}
"""Declarations for models that libraries bring, by label."""


def declare(label: str, declares: Declares) -> None:
    """Say what a library's model holds."""
    FOREIGN[label] = declares


def declaration_of(model: type[models.Model]) -> Declares:
    """What a model says it holds. Raises LookupError when it does not say; checks.py sees to it that all do."""
    found = getattr(model, "privacy", None) or FOREIGN[model._meta.label]
    if not isinstance(found, Declares):
        raise LookupError(model._meta.label)
    return found
