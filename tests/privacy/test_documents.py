"""The privacy documents name everything that is declared, in both languages, and change when it does."""

import pytest

from anju.access.purposes import FACE_OPENING
from anju.privacy import documents
from anju.privacy.purposes import PURPOSES
from anju.privacy.registry import BASES, CATEGORIES, RETENTIONS, held_for


@pytest.mark.parametrize("language", documents.LANGUAGES)
def test_every_purpose_and_every_field_is_named(language: str) -> None:
    from django.utils import translation

    policy, collected = documents.render("policy", language), documents.render("collected", language)
    with translation.override(language):
        for purpose in PURPOSES.values():
            assert f"## {purpose.title}" in policy
            for held in held_for(purpose):
                assert f"| {held.title} |" in collected, held.place


def test_english_documents_have_no_chinese_in_them() -> None:
    for name in documents.DOCUMENTS:
        text = documents.render(name, "en")
        assert not [letter for letter in text if "一" <= letter <= "鿿"], name


def test_a_changed_purpose_makes_another_version(monkeypatch: pytest.MonkeyPatch) -> None:
    before = documents.render("policy", "zh-hans")
    monkeypatch.setitem(FACE_OPENING.__dict__, "version", FACE_OPENING.version + 1)
    after = documents.render("policy", "zh-hans")
    assert before.splitlines()[-1] != after.splitlines()[-1]


def test_every_kind_and_every_time_has_a_name() -> None:
    from anju.privacy.declarations import Category, Retention
    from anju.privacy.purposes import Basis

    assert (set(CATEGORIES), set(RETENTIONS), set(BASES)) == (set(Category), set(Retention), set(Basis))
