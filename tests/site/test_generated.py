"""What programs write is up to date, and nothing in the repository says where it was made."""

import json
import re
import subprocess

import pytest
from django.core.management import call_command

from anju.billing.models import Method
from anju.installation.paths import REPO
from anju.privacy.declarations import Retention
from anju.site.cli import docs

TRACKED = subprocess.run(["git", "ls-files"], cwd=REPO, capture_output=True, text=True, check=True).stdout.splitlines()


def test_the_api_is_described_as_it_is() -> None:
    assert docs.OPENAPI.read_text() == docs.openapi(), "run ./anju docs openapi"


def test_the_privacy_documents_say_what_the_code_does() -> None:
    for path, text in docs.policy().items():
        assert path.read_text() == text, "run ./anju docs policy"


def test_the_table_of_duties_is_the_consoles_own() -> None:
    for path, text in docs.staff().items():
        assert path.read_text() == text, "run ./anju docs staff"


def test_every_model_has_its_migration(db: None) -> None:
    call_command("makemigrations", check=True, dry_run=True, verbosity=0)


def test_the_system_check_finds_nothing(db: None) -> None:
    call_command("check", fail_level="WARNING")


@pytest.mark.parametrize("name", ["anju.txt", "test.txt", "models.txt"])
def test_every_locked_package_has_a_hash_and_no_address(name: str) -> None:
    text = (REPO / "requirements" / name).read_text()
    assert "://" not in text
    packages = [line for line in text.splitlines() if "==" in line]
    assert packages
    assert all(line.endswith("\\") for line in packages), "a package without a hash"


def test_every_package_of_the_runtime_is_the_same_in_tests() -> None:
    def pinned(name: str) -> set[str]:
        return set(re.findall(r"^\S+==\S+", (REPO / "requirements" / name).read_text(), re.MULTILINE))

    assert pinned("anju.txt") <= pinned("test.txt")


def test_the_web_lock_names_no_registry() -> None:
    assert "resolved" not in (REPO / "web" / "package-lock.json").read_text()


@pytest.mark.parametrize("language", ["zh-hans", "en"])
def test_the_app_has_words_for_how_long_and_through_what(language: str) -> None:
    """What the server names by a code, and the app shows."""
    texts = json.loads((REPO / "web" / "src" / "texts" / f"{language}.json").read_text())
    assert texts["retention"].keys() == set(Retention)
    assert texts["payMethod"].keys() == set(Method)


def test_documents_link_to_what_exists() -> None:
    for path in (one for one in TRACKED if one.endswith(".md")):
        text = (REPO / path).read_text()
        for target in re.findall(r"\]\(([^)#:]+)\)|src=\"([^\":]+)\"", text):
            there = (REPO / path).parent / (target[0] or target[1])
            assert there.exists(), f"{path} links to {there}"


def test_verbs_of_the_readme_are_verbs_of_the_launcher() -> None:
    from anju.site.cli.__main__ import VERBS

    for readme in ("README.md", "README.zh.md"):
        for verb in re.findall(r"\./anju (\w+)", (REPO / readme).read_text()):
            assert verb in VERBS, f"{readme}: ./anju {verb}"
