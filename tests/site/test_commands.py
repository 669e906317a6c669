"""The command line, as an operator meets it."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from anju.installation.paths import REPO
from anju.site.report import Bar, Figure, Report, yes


def anju(*arguments: str, home: Path) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "anju.site.cli", *arguments],
        env={"PATH": "/usr/bin:/bin", "ANJU_VAR": str(home), "PYTHONPATH": str(REPO / "src")},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_check_says_what_to_do_when_nothing_runs(tmp_path: Path) -> None:
    done = anju("check", home=tmp_path)
    assert done.returncode == 1
    assert "./anju up" in done.stdout


def test_check_answers_programs_with_one_object_in_the_last_line(tmp_path: Path) -> None:
    done = anju("check", "--json", home=tmp_path)
    said = json.loads(done.stdout.splitlines()[-1])
    assert said["ok"] is False
    assert set(said) == {"ok", "figures", "seconds"}
    assert all({"value", "unit", "bar", "ok"} <= set(figure) for figure in said["figures"].values())


def test_bench_lists_its_names(tmp_path: Path) -> None:
    done = anju("bench", home=tmp_path)
    assert done.returncode == 0
    assert "match" in done.stdout


def test_up_refuses_a_name_that_people_cannot_type(tmp_path: Path) -> None:
    done = anju("up", "--host", "0.0.0.0", home=tmp_path)  # noqa: S104
    assert done.returncode == 2
    assert "name the host" in done.stderr


def test_the_tour_says_what_photographs_it_needs(tmp_path: Path) -> None:
    (tmp_path / "only-one").mkdir()
    done = anju("tour", "--photos", str(tmp_path), "--json", home=tmp_path)
    assert done.returncode == 1
    assert json.loads(done.stdout.splitlines()[-1])["ok"] is False
    assert "two folders or more" in done.stderr


def test_a_gate_that_is_not_registered_says_how(tmp_path: Path) -> None:
    done = anju("gate", "run", "--home", str(tmp_path / "gate"), home=tmp_path)
    assert done.returncode == 1
    assert "anju gate register" in done.stderr


def test_the_keys_belong_to_the_platform_alone(tmp_path: Path) -> None:
    anju("check", home=tmp_path)
    keys = list((tmp_path / "keys").glob("*"))
    assert all(key.stat().st_mode & 0o077 == 0 for key in keys)


@pytest.mark.parametrize(
    ("value", "side", "ok"), [(4, Bar.AT_MOST, True), (6, Bar.AT_MOST, False), (4, Bar.AT_LEAST, False)]
)
def test_a_figure_knows_whether_it_meets_its_bar(value: float, side: Bar, ok: bool) -> None:
    assert Figure(value, "ms", 5, side).ok is ok


def test_one_missed_bar_makes_the_whole_report_fail(capsys: pytest.CaptureFixture[str]) -> None:
    report = Report(quiet=True)
    report.add("a", yes(True))
    report.add("b", Figure(2, "s", 1))
    assert report.finish(as_json=True) == 1
    assert json.loads(capsys.readouterr().out)["ok"] is False
