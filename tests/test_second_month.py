"""The second month from the terminal: October honours what people corrected in September, and says so."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.scenarios.demo_months import Terminal, month, play


def test_the_second_month_honours_each_correction_of_the_first_and_bears_counting_again(tmp_path: Path) -> None:
    here = Terminal(tmp_path, aloud=False)
    play(here)
    made = json.loads((tmp_path / "digest.json").read_text())["data"]  # October's, as it was printed
    names = {t["name"]: t for t in made["themes"]}
    assert [h["code"] for h in made["honoured"]] == ["rename", "merge", "snooze", "reject"]
    assert "Scheduled reports come late" in names and "CSV file has the wrong encoding" not in names
    assert names["CSV export times out"]["ticket_count"] == 29 + 9, "the encoding is a part of it"
    assert [t["name"] for t in made["snoozed_themes"]] == ["Sharing a dashboard with a client"], "by the name it had"
    assert len([x for x in made["not_a_theme"] if x["reason"] == "muted"]) == 8
    assert "CSV file has the wrong encoding" in here.said and "29 tickets, 22 customers" in here.said, "after the undo"


def test_every_correction_is_typed_listed_and_taken_back_by_its_number(tmp_path: Path) -> None:
    here = Terminal(tmp_path, aloud=False)
    here.types("run", *month("2026-09"), "--quiet")
    before = here.types("list", "--json")
    first, other = here.tickets("1", 6), here.tickets("CSV export", 1)
    here.types("split", "1", *first, "--name", "Reports on Mondays")
    assert "Reports on Mondays\n    6 tickets" in here.types("list")
    here.types("move", "CSV export", *other, "--to", "Scheduled")
    here.types("edit", "Map widget", "--title", "Draw the map", "--severity", "P0", "--acceptance", "A map is there")
    assert "Draw the map\n" in here.types("show", "Map widget") and "set by " in here.said
    here.types("merge", "Sending alerts", "Scheduled", "--once")
    here.types("snooze", "Charged twice", "--until", "2099-01-31", "--growth", "0.2")
    assert "until it grows 20% or 31 Jan 2099" in here.said
    here.types("reject", "CSV file", "--reason", "off-topic")
    here.types("rename", "Sharing a dashboard", "Guests")
    assert [line.split()[0] for line in here.types("rules").splitlines()[:7]] == list("1234567")
    assert "(this digest alone)" in here.said
    here.types("verify")
    for _ in range(7):
        here.types("rules", "--remove", "1")
    assert "No correction binds" in here.types("rules")
    assert json.loads(here.types("list", "--json"))["data"] == json.loads(before)["data"]


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (("merge", "1", "9"), "no theme '9'"),
        (("split", "1", "nobody"), "nobody was not read by this digest."),
        (("snooze", "1", "--until", "soon"), "--until 'soon' is no date."),
        (("edit", "1"), "Nothing of the draft was changed."),
        (("rename", "r", "x"), "no theme 'r'"),
        (("rules", "--remove", "1"), "there is no correction '1'."),
    ],
)
def test_what_can_not_be_is_one_sentence_and_an_exit_code(
    september: Terminal, words: tuple[str, ...], why: str
) -> None:
    with pytest.raises(SystemExit, match="exit 2"):
        september.types(*words)
    assert why in september.fault


@pytest.fixture(scope="module")
def september(tmp_path_factory: pytest.TempPathFactory) -> Terminal:
    here = Terminal(tmp_path_factory.mktemp("september"), aloud=False)
    here.types("run", *month("2026-09"), "--quiet")
    return here
