"""What has but a language in common is no theme; what is about one problem is one in any language."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

from tests.runs import data, faults, run

ENGLISH = """The verification code never comes when I log in
Log-in code by text message is not arriving
Locked out of my account since the code is never sent
The log-in code expired before it arrived
I cannot log in, no code comes
The sign-in code arrives 20 minutes late
Video call has no sound
No sound in the video call with the doctor
The video call dropped three times
Camera stays black in the video call
Video call froze
The doctor could not hear me in the video call
Parking machine is broken
Is the cafeteria open on Sunday
I would like to volunteer
Where do I find my vaccination record
The waiting room was cold
Font is too small
Can my husband come along
How long is the wait for a hip operation"""
STRANGERS = """Termin verschieben geht online nicht
Keine Erinnerung per SMS erhalten, alles verpasst
Anmeldung im Portal nicht möglich, Code kommt nicht
Die Laborwerte fehlen seit Montag im Portal
Die Rechnung wurde doppelt vom Konto abgebucht"""
ONE_PROBLEM = """Termin verschieben geht online nicht
Termin kann ich nur absagen, nicht online verschieben
Wie kann ich einen Termin online verschieben?
Das Verschieben des Termins online führt zu einer Fehlerseite
Ich möchte meinen Termin online verschieben, der Knopf ist grau"""


def found(folder: Path, german: str) -> dict[str, Any]:
    path = folder / "tickets.csv"
    with path.open("w", newline="", encoding="utf-8") as file:
        rows = csv.writer(file)
        rows.writerow(["id", "email", "body"])
        rows.writerows([n, f"p{n}@c{n}.example", t] for n, t in enumerate(f"{ENGLISH}\n{german}".splitlines()))
    made = run(path)
    assert list(faults(made)) == []
    told: dict[str, Any] = data(made)
    return told


def german_themes(told: dict[str, Any]) -> list[dict[str, Any]]:
    first = len(ENGLISH.splitlines())
    return [t for t in told["themes"] if all(int(i) >= first for i in t["ticket_ids"])]


def test_tickets_that_share_a_language_alone_are_listed_one_by_one_and_that_is_said(tmp_path: Path) -> None:
    told = found(tmp_path, STRANGERS)
    said = [w["message"] for w in told["warnings"] if w["code"] == "language_only"]
    assert german_themes(told) == []
    assert len(told["themes"]) == 2
    assert len(said) == 1
    assert "tickets that are not in English" in said[0]
    assert "analysis.embedder" in said[0]


def test_one_problem_is_a_theme_in_another_language_too(tmp_path: Path) -> None:
    told = found(tmp_path, ONE_PROBLEM)
    assert [t["ticket_count"] for t in german_themes(told)] == [5]
    assert all(w["code"] != "language_only" for w in told["warnings"])
