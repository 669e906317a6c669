"""The privacy documents through the public door: readable by everybody, on the page, as a PDF, in every version."""

import pytest
from django.test import Client

from anju.policies import actions
from anju.policies.models import Version
from anju.privacy import documents
from anju.privacy.purposes import PURPOSES
from tests.doors import Door


@pytest.mark.parametrize("language", documents.LANGUAGES)
@pytest.mark.parametrize("name", documents.DOCUMENTS)
def test_everybody_reads_every_document_in_their_language(nobody: Door, name: str, language: str) -> None:
    answer = Door(Client(), language).get(f"/policies/{name}")
    assert answer.status == 200
    heading, *rest = answer.body["blocks"]
    assert (heading["kind"], heading["level"], heading["text"]) == ("heading", 1, answer.body["title"])
    assert any(one["kind"] == "table" for one in rest)
    chinese = any("一" <= letter <= "鿿" for letter in heading["text"])
    assert chinese == (language == "zh-hans")


def test_the_policy_names_every_purpose_and_who_answers_for_it(nobody: Door) -> None:
    body = nobody.get("/policies/policy").body
    headings = {one["text"] for one in body["blocks"] if one["kind"] == "heading"}
    assert {str(purpose.title) for purpose in PURPOSES.values()} <= headings
    everything = str(body["blocks"])
    assert nobody.get("/policies").body["controller"] in everything
    for needed in ("十四周岁", "15 天", "中国境内", "设置 → 账号注销", "安全事件", "5 天"):
        assert needed in everything, needed


@pytest.mark.parametrize("name", documents.DOCUMENTS)
def test_every_document_comes_as_a_pdf(nobody: Door, name: str) -> None:
    answer = nobody.client.get(f"/api/v1/policies/{name}.pdf")
    assert answer.headers["Content-Type"] == "application/pdf"
    assert answer.content.startswith(b"%PDF-")
    assert b"STSong-Light" in answer.content


def test_what_does_not_exist_is_refused_by_name(nobody: Door) -> None:
    assert nobody.get("/policies/everything").code == "unknown_document"
    assert nobody.get("/policies/policy", version=999).code == "unknown_version"
    assert nobody.get("/policies/changes", old=1, new=999).code == "unknown_version"


def test_starting_again_publishes_nothing_new(nobody: Door) -> None:
    actions.publish()
    before = Version.objects.count()
    assert actions.publish() is None
    assert Version.objects.count() == before
    assert nobody.get("/policies").body["announced"] is None
