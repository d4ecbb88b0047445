"""The second month from the terminal: October honours what people corrected in September, and says so."""

from __future__ import annotations

import json
from pathlib import Path

from tests.scenarios.demo_months import Terminal, play


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
    assert names["Charged twice for the subscription this month"]["ticket_count"] == 14, "six alike can't be told apart"
    assert "CSV file has the wrong encoding" in here.said and "29 tickets, 22 customers" in here.said, "after the undo"
