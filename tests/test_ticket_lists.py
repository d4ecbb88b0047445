"""Lists that people type: bullets, numbers, paragraphs, lines, and what they begin with."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from bot.domain import Page
from connectors.ticket_file import TicketFile

NOW = datetime(2026, 11, 2, 9, tzinfo=UTC)
SAID = ["The export fails", "Can't add a user", "Invoice is wrong", "Login code never comes", "Map is frozen"]
FIRMS = ["Larch Homes", "Birch & Co", "Cobalt GmbH", "Alder Ltd", "Elm 24"]


def read(tmp_path: Path, content: str, name: str = "tickets.md") -> Page:
    path = tmp_path / name
    path.write_text(content, encoding="utf-8")
    (only,) = list(TicketFile(path, now=NOW).pages())
    return only


def bodies(page: Page) -> list[str]:
    return [ticket.body for ticket in page.tickets]


@pytest.mark.parametrize(
    "content",
    [
        "# Tickets October\n\n" + "\n".join(f"- {text}" for text in SAID),
        "# Tickets\n## Billing\n" + "\n\n".join(f"* {text}" for text in SAID),
        "Tickets of October:\n\n" + "\n".join(f"{n}. {text}" for n, text in enumerate(SAID, 1)),
        "\n".join(f"• {text}" for text in SAID) + "\n\n---\n",
        "**Billing**\n\n- [ ] " + "\n- [x] ".join(SAID),
    ],
    ids=["heading", "blank lines", "numbers", "dots", "boxes"],
)
def test_a_bullet_is_a_ticket_whatever_headings_and_blank_lines_stand_around(tmp_path: Path, content: str) -> None:
    read_ = read(tmp_path, content)

    assert bodies(read_) == SAID
    assert read_.rejects == ()


def test_what_is_set_in_under_a_bullet_or_goes_on_below_it_belongs_to_it(tmp_path: Path) -> None:
    content = "- The export fails:\n  - with PDF\n  - with CSV\n\n  Since Monday.\n- Map is\nfrozen\n- Login fails\n"

    assert bodies(read(tmp_path, content)) == [
        "The export fails:\n- with PDF\n- with CSV\n\nSince Monday.",
        "Map is\nfrozen",
        "Login fails",
    ]


def test_text_between_two_lists_is_reported_and_no_ticket(tmp_path: Path) -> None:
    read_ = read(tmp_path, "- one fails\n- two fails\n\nThese came by phone today\n\n- three fails\n")

    assert bodies(read_) == ["one fails", "two fails", "three fails"]
    assert [(r.where, "outside of the list" in r.why) for r in read_.rejects] == [("line 4", True)]


def test_a_paragraph_that_lists_steps_is_one_ticket(tmp_path: Path) -> None:
    steps = "It breaks when I\n- open the editor\n- press save\n- close it"
    paragraphs = [SAID[0], steps, SAID[1], SAID[2]]

    assert bodies(read(tmp_path, "# October\n\n" + "\n\n".join(paragraphs), "tickets.txt")) == paragraphs


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("- **#{n}** {day}.10.2026 ({firm}): {text}", "id, date, customer"),
        ("{n} | 2026-10-{day} | {text}", "id, date"),
        ("1. ({firm}) {text}", "customer"),
        ("- [2026-10-{day}] [INC-{n}] {text}", "date, id"),
    ],
)
def test_what_most_lines_begin_with_is_read_as_what_it_is_and_said(tmp_path: Path, line: str, told: str) -> None:
    rows = zip(range(10_010, 10_015), range(14, 19), FIRMS, SAID, strict=True)
    page = read(tmp_path, "\n".join(line.format(n=n, day=day, firm=firm, text=text) for n, day, firm, text in rows))

    assert bodies(page) == SAID
    assert page.understood == (), "it has no columns of its own to tell of"
    assert page.warnings[0].message == f"The file is a list. Read from the beginning of each ticket: {told}."
    if "customer" in told:
        assert [t.account.name for t in page.tickets] == FIRMS
    if "date" in told:
        assert [t.created_at and t.created_at.day for t in page.tickets] == [14, 15, 16, 17, 18]
    if "id" in told:
        assert [t.key.removeprefix("INC-") for t in page.tickets] == ["10010", "10011", "10012", "10013", "10014"]


def test_a_mail_address_in_front_is_who_wrote(tmp_path: Path) -> None:
    page = read(tmp_path, "".join(f"- (ann{n}@firm{n}.com) {text}\n" for n, text in enumerate(SAID)))

    assert [t.requester.email for t in page.tickets] == [f"ann{n}@firm{n}.com" for n in range(5)]


def test_a_line_that_lacks_a_part_keeps_what_it_has_and_is_counted(tmp_path: Path) -> None:
    lines = [f"- #{n} ({firm}): {text}" for n, firm, text in zip(range(101, 111), FIRMS * 2, SAID * 2, strict=True)]
    page = read(tmp_path, "\n".join([*lines, "- #111: Cold food again", "- (by phone) nothing works"]))

    assert [(t.account.name, t.body) for t in page.tickets][10:] == [
        (None, "Cold food again"),
        ("by phone", "nothing works"),
    ]
    assert page.tickets[10].key == "111"
    assert "2 of 12 lack one of them" in page.warnings[0].message


@pytest.mark.parametrize(
    "begins",
    [
        ["(Android) ", "(iOS) ", "(Android) ", "(iOS) ", "(Android) "],
        ["#12 ", "#12 ", "#12 ", "#12 ", "#12 "],
        ["404 ", "", "#7 ", "", "(Larch Homes) "],
    ],
    ids=["labels", "one code over and over", "here and there"],
)
def test_what_is_not_surely_an_id_or_a_customer_stays_text(tmp_path: Path, begins: list[str]) -> None:
    said = [begin + text for begin, text in zip(begins, SAID, strict=True)]

    assert bodies(read(tmp_path, "\n".join(f"- {text}" for text in said))) == said
