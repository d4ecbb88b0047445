"""`run` and what is said of files: named without an option, columns and the order of dates kept for files like them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import typer

from bot.commands import files
from tests.commands import groundswell

SAID = "The export to CSV fails every night", "I was charged twice for one order", "Login code never comes"


def table(path: Path, header: str = "id,Wann,Was geschah", rows: int = 12) -> Path:
    lines = (f"{n},0{n % 4 + 1}/10/2026,{SAID[n % 3]} at site {n}" for n in range(1, rows + 1))
    path.write_text("\n".join([header, *lines]), encoding="utf-8")
    return path


def test_a_file_may_stand_without_an_option_beside_a_window(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    table(tmp_path / "a.csv")
    table(tmp_path / "2026-10")
    monkeypatch.chdir(tmp_path)

    assert files.sorted_out(["a.csv"]) == (None, [Path("a.csv")])
    assert files.sorted_out(["a.csv", "last-month"]) == ("last-month", [Path("a.csv")])
    assert files.sorted_out(["2026-10"]) == ("2026-10", [])
    assert files.sorted_out([]) == (None, [])


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["nope"], "'nope' is neither a file nor a time window"),
        (["nope.csv"], "nope.csv does not exist"),
        (["2026-10", "2026-11"], "two windows"),
        (["."], "is a folder"),
    ],
)
def test_a_word_that_is_neither_a_window_nor_a_file_is_named(
    words: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(typer.Exit) as end:
        files.sorted_out(words)

    assert end.value.exit_code == 2
    assert said in capsys.readouterr().err


def test_what_was_said_of_columns_and_dates_holds_for_the_next_file_with_the_same_ones(tmp_path: Path) -> None:
    """A run that was refused teaches nothing, and other columns are not read by what was said of these."""
    said = ["--column", "body=Was geschah", "--column", "created=Wann", "--day-first"]
    file = table(tmp_path / "october.csv")
    refused = groundswell("run", file, *said, "--column", "id=Nummer", cwd=tmp_path)
    unknown = groundswell("run", file, cwd=tmp_path)
    first = groundswell("run", file, *said, cwd=tmp_path)
    again = groundswell("run", table(tmp_path / "next.csv", rows=16), "--json", cwd=tmp_path)
    other = groundswell("run", table(tmp_path / "other.csv", "Nr,Wann,Was geschah"), cwd=tmp_path)
    found = json.loads(again.stdout)["data"]

    empty = groundswell("run", file, "2026-01", "--json", cwd=tmp_path)
    listed = groundswell("list", "--json", cwd=tmp_path)

    totals = json.loads(empty.stdout)["data"]["totals"]
    assert (totals["tickets_read"], totals["removed"]) == (12, 12)
    assert json.loads(listed.stdout)["data"]["run"] == json.loads(again.stdout)["meta"]["run_id"], "no empty run"
    assert (refused.returncode, unknown.returncode, other.returncode) == (2, 2, 2)
    assert 'say which one with --column body="Was geschah"' in unknown.stderr
    assert "october.csv: text from “Was geschah”, date from “Wann”, id from “id”\n" in first.stderr
    assert "as you said" not in first.stderr + other.stderr
    assert "body from “Was geschah”, created from “Wann”, the day before the month" in again.stderr
    assert found["window"]["label"] == "1 to 4 October 2026"
    assert found["totals"]["tickets_read"] == 16
