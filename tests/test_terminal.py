from dataclasses import replace
from io import StringIO

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.console import Console

from bot.report import terminal
from tests.digests import HOSTILE, empty_digest, sample_digest, small_digest, with_text
from tests.goldens import same_as_kept


def printed(digest, width=100, *, colour=False):
    out = StringIO()
    system = "truecolor" if colour else None
    Console(file=out, width=width, force_terminal=colour, color_system=system).print(terminal.table(digest))
    return out.getvalue()


def test_eighty_columns_read_as_they_did():
    text = "\n".join(line.rstrip() for line in printed(sample_digest(), 80).splitlines())
    same_as_kept("terminal80.txt", text + "\n")


@pytest.mark.parametrize("width", [60, 80, 120, 200])
def test_no_line_is_wider_than_the_terminal(width):
    assert max(cell_len(line) for line in printed(sample_digest(), width).splitlines()) <= width


def test_a_theme_has_its_numbers_on_its_line():
    line = next(line for line in printed(sample_digest(), 120).splitlines() if "Charged twice" in line)
    assert " ".join(line.split()) == "4 Charged twice after a plan change 22 19 P0 18–22 2 fair"


def test_totals_and_what_is_not_a_theme_are_summed_up_below():
    text = " ".join(printed(sample_digest()).split())
    assert "Tickets: 270 read, 23 of them not looked at (automatic replies 8, duplicates 8, without text 7)." in text
    assert "Of the other 247: 171 in themes (69%; 6 of them in further themes), 76 not a theme." in text
    assert "118 customers, 9 not identified. Stability good (0.87)." in text
    assert "NOT A THEME: 60 one-offs, 2 anecdotes (10 tickets), 6 in candidate themes." in text


def test_warnings_come_first():
    assert printed(small_digest(), 120).startswith("Note  Only 12 tickets: fewer than 30")


def test_a_month_without_themes_says_so():
    assert "to be a theme" not in printed(empty_digest()), "that there are no tickets is said before"
    read = replace(empty_digest(), totals=replace(empty_digest().totals, tickets_read=12, not_a_theme=12))
    assert "No problem recurs in enough tickets" in printed(read)


def test_colour_says_nothing_that_the_words_do_not():
    coloured = Console(file=StringIO(), width=100, record=True)
    coloured.print(terminal.table(sample_digest()))
    assert coloured.export_text() == printed(sample_digest(), 100)


def test_markup_in_a_ticket_is_shown_as_letters():
    assert "[bold]x[/bold] [red]y" in printed(with_text("[bold]x[/bold] [red]y"), 160)
    assert "[/nonsense]" in printed(with_text("[/nonsense]"), 160)


@settings(max_examples=25, deadline=None)
@given(st.text(max_size=50))
@example(HOSTILE)
@example("\x1b[2J\x1b]8;;https://evil.example\x07click\x1b]8;;\x07")
@example("a\rb\x08c\x9b31m")
def test_no_ticket_can_move_the_cursor_or_change_the_colour(text):
    out = printed(with_text(text))
    assert not [c for c in out if c != "\n" and (ord(c) < 32 or 127 <= ord(c) < 160 or 0xD800 <= ord(c) < 0xE000)]
