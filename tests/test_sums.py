"""Where every ticket is: sums that add up, and one base for every share."""

from __future__ import annotations

import re
from dataclasses import replace
from io import StringIO

import pytest
from rich.console import Console

from bot.domain import Digest, LeftOver, Removed
from bot.report import markdown, summary, terminal
from bot.report.document import document
from bot.report.sums import as_json, recounted, sums
from tests.digests import sample_digest


def printed(digest: Digest) -> str:
    out = StringIO()
    Console(file=out, width=200).print(terminal.table(digest))
    return " ".join(out.getvalue().split())


def corrected() -> Digest:
    """One theme sleeps, another's like was marked as not a theme; and a month in a file of two years."""
    made = sample_digest()
    asleep, rejected, themes = made.themes[1], made.themes[2], (made.themes[0], *made.themes[3:])
    muted = tuple(LeftOver(i, "muted", "left out, since Dana said so") for i in rejected.members)
    old = tuple(Removed(f"old-{n}", "outside the window") for n in range(900))
    totals = replace(
        made.totals,
        tickets_read=made.totals.tickets_read + 900,
        in_themes=made.totals.in_themes - len(muted),
        not_a_theme=made.totals.not_a_theme + len(muted),
        removed=made.totals.removed + 900,
    )
    left = (*made.not_a_theme, *muted)
    return replace(
        made,
        themes=themes,
        snoozed_themes=(asleep,),
        not_a_theme=left,
        removed=(*made.removed, *old),
        totals=totals,
        items=tuple(i for i in made.items if i.theme_id in {t.id for t in themes}),
    )


@pytest.mark.parametrize("made", [sample_digest(), corrected()], ids=["as found", "as corrected"])
def test_every_ticket_is_somewhere_once(made: Digest) -> None:
    s = sums(made)

    assert s.read == s.looked_at + sum(n for _, n in s.removed)
    assert s.looked_at == s.in_themes + s.one_offs + s.anecdotes + s.candidates + s.put_aside
    assert s.in_themes == s.shown + s.further + s.asleep
    assert as_json(s) == recounted(document(made)["data"])


def test_the_line_below_the_table_adds_up_after_corrections() -> None:
    made = corrected()
    text = printed(made)
    asleep, aside = len(made.snoozed_themes[0].members), sums(made).put_aside

    assert f"{asleep} of them asleep" in text
    assert f"{aside} left out by you" in text
    found = re.search(r"Of the other (\d+): (\d+) in themes .*?, (\d+) not a theme", text)
    assert found and int(found[1]) == int(found[2]) + int(found[3])
    parts = re.search(
        r"NOT A THEME: (\d+) one-offs, \d+ anecdotes \((\d+) tickets\), (\d+) in .*?, (\d+) left out", text
    )
    assert parts and sum(map(int, parts.groups())) == int(found[3])


def test_what_is_outside_of_the_window_is_no_auto_reply_and_in_no_share() -> None:
    made = corrected()
    share = f"{100 * made.totals.in_themes / (made.totals.tickets_read - made.totals.removed):.0f}%"

    for text in (printed(made), markdown.render(made)):
        assert "923 of them not looked at (outside the window 900, automatic replies 8, duplicates 8" in text
        assert f"in themes ({share}" in text
    assert f"({share})" in summary(made)
