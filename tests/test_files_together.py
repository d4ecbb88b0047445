"""Several files in one run: what is the same ticket in two of them, and what only has the same number."""

from __future__ import annotations

from pathlib import Path

from bot import wiring
from bot.config import Config
from bot.domain import shown_ids
from bot.runs.reading import Collected, Unwatched, collect
from tests.runs import NOW


def both(*paths: Path) -> Collected:
    return collect(wiring.ticket_files(paths, {}, Config(), NOW), Unwatched())


def shown(found: Collected) -> list[str]:
    return sorted(shown_ids(found.tickets).values())


def said(found: Collected) -> list[str]:
    return [w.message for w in found.warnings if w.code == "told_twice"]


def file(path: Path, *rows: str, header: str = "id,description,company") -> Path:
    path.parent.mkdir(exist_ok=True)
    path.write_text("\n".join([header, *rows]), encoding="utf-8")
    return path


def test_the_same_file_twice_is_the_same_tickets_and_that_is_said(tmp_path: Path) -> None:
    rows = "7,It hangs,Larch", "8,It fails,Elm"
    found = both(file(tmp_path / "a.csv", *rows), file(tmp_path / "b" / "a.csv", *rows))

    assert shown(found) == ["7", "8"]
    assert said(found) == ["2 tickets stand in two of the files, word for word, and are counted once."]


def test_one_number_of_two_tickets_is_told_apart_by_the_file_and_no_other_is(tmp_path: Path) -> None:
    first = file(tmp_path / "october.csv", "7,It hangs,Larch", "8,It fails,Elm")
    found = both(first, file(tmp_path / "november.csv", "7,Other words,Larch", "8,It fails,Elm", "9,It burns,Elm"))

    assert shown(found) == ["8", "9", "november:7", "october:7"]
    assert said(found) == ["One ticket stands in two of the files, word for word, and is counted once."]


def test_the_same_words_without_an_id_are_two_tickets_unless_the_whole_file_is_the_same(tmp_path: Path) -> None:
    first = file(tmp_path / "a.csv", "It hangs,Larch", "It fails,Elm", header="description,company")
    other = file(tmp_path / "b.csv", "It hangs,Larch", "It burns,Elm", header="description,company")
    copy = file(tmp_path / "c.csv", "It hangs,Larch", "It fails,Elm", header="description,company")

    assert len(both(first, other).tickets) == 4
    assert len(both(first, copy).tickets) == 2
