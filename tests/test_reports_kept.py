"""What `run` leaves behind: files for one user, and a word when another report was there; a rehearsal leaves none."""

from __future__ import annotations

import json
import os
import stat
from pathlib import Path

import pytest

from bot.commands import papers
from tests.commands import groundswell
from tests.runs import jsonl
from tests.test_bad_input import tickets


def modes(folder: Path) -> dict[str, str]:
    return {p.relative_to(folder).as_posix(): f"{stat.S_IMODE(p.stat().st_mode):o}" for p in folder.rglob("*")}


@pytest.mark.parametrize("umask", [0o000, 0o022, 0o177])
def test_a_file_of_ours_is_for_one_user_whatever_the_umask(tmp_path: Path, umask: int) -> None:
    before = os.umask(umask)
    try:
        papers.write(tmp_path / "a" / "b" / "report.html", "x")
    finally:
        os.umask(before)
    assert modes(tmp_path) == {"a": "700", "a/b": "700", "a/b/report.html": "600"}


def test_reports_are_for_one_user_and_a_folder_that_was_there_keeps_its_mode(tmp_path: Path) -> None:
    file = jsonl(tmp_path / "a.jsonl", tickets(12))
    (tmp_path / "shared").mkdir(mode=0o755)
    groundswell("run", file, "--out", "shared/deep/er", cwd=tmp_path)
    found = modes(tmp_path / "shared")
    assert found == {
        "deep": "700",
        "deep/er": "700",
        **{f"deep/er/{name}": "600" for name in ("digest.json", "digest.md", "report.html")},
    }
    assert stat.S_IMODE((tmp_path / "shared").stat().st_mode) == 0o755
    (tmp_path / "config.yaml").write_text("slack: {channel: C0PRODUCT1, token: xoxb-1, app_token: xapp-1}\n")
    assert groundswell("preview", "slack", cwd=tmp_path).returncode == 0
    assert modes(tmp_path / "out") == {"slack.html": "600"}


def test_another_report_in_the_same_place_is_told_and_the_same_one_is_not(tmp_path: Path) -> None:
    first, second = (jsonl(tmp_path / f"{n}.jsonl", tickets(n)) for n in (12, 13))
    assert "overwritten" not in groundswell("run", first, "-q", cwd=tmp_path).stderr
    told = json.loads((tmp_path / "out" / "digest.json").read_text())
    assert "overwritten" not in groundswell("run", first, "-q", cwd=tmp_path).stderr
    said = groundswell("run", second, "-q", cwd=tmp_path).stderr
    assert f"overwritten in out/: the report of {told['data']['window']['label']} ({told['meta']['run_id']});" in said


def test_a_dry_run_says_what_it_would_take_and_leaves_nothing_behind(tmp_path: Path) -> None:
    file = jsonl(tmp_path / "a.jsonl", [*tickets(12), {}])
    done = groundswell("run", file, "--dry-run", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "Nothing was started" in done.stdout and "read   12 tickets of " in done.stdout and "1 file" in done.stdout
    assert "not readable: " in done.stdout and "send   nothing" in done.stdout
    told = json.loads(groundswell("run", file, "1999-10", "--dry-run", "--json", cwd=tmp_path).stdout)["data"]
    assert (told["started"], told["tickets"]) == (False, 0) and sum(told["left_out"].values()) == 12
    assert sorted(p.name for p in tmp_path.iterdir() if p.name != "cache") == ["a.jsonl"]


def test_a_file_of_one_word_is_no_ticket(tmp_path: Path) -> None:
    (tmp_path / "e.csv").write_text("x\n")
    done = groundswell("run", "e.csv", cwd=tmp_path)
    assert (done.returncode, done.stdout) == (2, "") and "holds a single word, and no tickets" in done.stderr
