"""No model gets into the system without saying what it holds about people."""

import pytest
from django.apps import apps
from django.core.checks import run_checks
from django.db import models

from anju.homes.models import Home
from anju.privacy import erasure
from anju.privacy.checks import every_field_is_declared
from anju.privacy.declarations import Declares, NotPersonal
from anju.privacy.sealed import Sealed


def identifiers() -> list[str | None]:
    return [problem.id for problem in every_field_is_declared(None)]


def test_everything_that_stands_is_declared() -> None:
    assert run_checks(tags=["privacy"]) == []


def test_an_undeclared_field_fails_the_build() -> None:
    field = models.CharField(max_length=20, name="somebodys_phone")
    field.set_attributes_from_name("somebodys_phone")
    Home._meta.local_fields.append(field)
    original = Home.privacy
    Home.privacy = Declares(fields={name.name: NotPersonal("a place") for name in Home._meta.local_fields[:-1]})
    try:
        assert "privacy.E002" in identifiers()
    finally:
        Home._meta.local_fields.remove(field)
        Home.privacy = original


def test_a_model_without_a_declaration_fails_the_build(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Home, "privacy", None)
    assert "privacy.E001" in identifiers()


def test_a_communitys_row_that_is_not_isolated_fails_the_build(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Home, "isolation", None)
    assert "privacy.E003" in identifiers()


def test_every_sealed_field_says_what_it_is_for_and_how_it_is_masked() -> None:
    for model in apps.get_models():
        for field in model._meta.fields:
            if isinstance(field, Sealed):
                assert field.category, field.place
                assert field.purpose, field.place
                assert field.verbose_name, field.place


def test_every_personal_model_can_be_erased_by_its_person() -> None:
    for model, declares in erasure.declared():
        if erasure.purposes_of(model, declares):
            assert declares.subject, model
            model._default_manager.filter(**{declares.subject: "01a20fb1-dac8-7b6c-9080-9700fd4040b7"})
