"""A quarter as the sum of its months: themes by id, tickets summed, each customer once."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from bot.digest import Reading
from bot.domain import AccountHint, Counts, Digest, Requester, Ticket, Warned, Window
from bot.months.rollup import Rollup, rolled_up, told
from bot.window import between, months, window
from tests import digests
from tests.test_trends import month
from tests.tickets import ticket

QUARTER = Window(datetime(2026, 7, 1, tzinfo=UTC), datetime(2026, 10, 1, tzinfo=UTC), "UTC", "the quarter")


def by(key: str, account: str | None = None, mail: str | None = None) -> Ticket:
    return ticket(key, f"said {key}", account=AccountHint(id=account), requester=Requester(email=mail))


def made(number: int, themes: dict[str, list[Ticket]], **more: object) -> tuple[Digest, Reading]:
    """A month's digest of these themes, and what it counted."""
    sample, window = digests.sample_digest(), month(number)
    found = []
    for rank, (theme_id, members) in enumerate(themes.items(), 1):
        counts = Counts(len(members), 99, 0, {}, {})  # what a month's digest says of customers is its own
        words = replace(sample.themes[0].words, name=f"{theme_id} in {number}")
        ids = tuple(t.key for t in members)
        found.append(replace(sample.themes[0], id=theme_id, rank=rank, members=ids, counts=counts, words=words))
    tickets = tuple(t for members in themes.values() for t in members)
    making = replace(sample.making, run_id=f"monthly:2026-{number:02d}")
    empty = {"further_themes": (), "removed": (), "warnings": (), "candidate_themes": ()}
    digest = replace(sample, window=window, themes=tuple(found), making=making, **{**empty, **more})
    return digest, Reading(tickets, (), (), (), window, {})


def summed() -> Rollup:
    july = made(7, {"t-a": [by("1", account="7"), by("2", account="8")], "t-b": [by("3", mail="x@gmail.com")]})
    august = made(8, {"t-a": [by("4", account="7", mail="ana@acme.com"), by("5", mail="bo@acme.com")]})
    september = made(9, {"t-b": [by("6", mail="x@gmail.com")], "t-c": [by("7", mail="cy@acme.com")]})
    return rolled_up(QUARTER, [july, august, september], ())


def test_tickets_are_summed_by_theme_and_a_month_without_it_is_none() -> None:
    rollup = summed()
    assert [(s.theme_id, s.tickets, [m.tickets for m in s.months]) for s in rollup.themes] == [
        ("t-a", 4, [2, 2, 0]),
        ("t-b", 2, [1, 0, 1]),
        ("t-c", 1, [0, 0, 1]),
    ]
    assert [s.name for s in rollup.themes] == ["t-a in 8", "t-b in 9", "t-c in 9"]
    assert rollup.run_keys == ("monthly:2026-07", "monthly:2026-08", "monthly:2026-09")


def test_a_customer_counts_once_though_each_month_knew_it_by_something_else() -> None:
    """Account 7 in July is acme.com by its ticket of August; nobody could know that in July or September alone."""
    assert [(s.theme_id, s.customers) for s in summed().themes] == [("t-a", 2), ("t-b", 1), ("t-c", 1)]
    assert summed().customers == 3
    assert told(summed())["themes"][0]["customer_count"] == 2


def test_what_a_month_could_not_count_is_said_with_its_name() -> None:
    missing = Warned("source_missing", "Zendesk is missing.")
    rollup = rolled_up(QUARTER, [made(7, {"t-a": [by("1")]}, warnings=(missing, Warned("other", "Else.")))], ())
    assert rollup.missing == ("July 2026: Zendesk is missing.",)


@pytest.mark.parametrize("zone", ["UTC", "America/New_York", "Pacific/Kiritimati"])
def test_a_quarter_is_three_months_and_nothing_else_is(zone: str) -> None:
    now = datetime(2026, 11, 24, 9, tzinfo=UTC)
    parts = months(window("last-quarter", now, zone))
    assert [w.label for w in parts] == ["July 2026", "August 2026", "September 2026"]
    assert parts == [window(f"2026-{n:02d}", now, zone) for n in (7, 8, 9)]
    others = ("2026-07", "2026-07-01..2026-09-29", "2026-06-01..2026-08-31", "2025-07-01..2026-09-30", "7d")
    assert [months(window(text, now, zone)) for text in others] == [[]] * 5
    assert months(Window(None, None, zone, "")) == []
    assert months(between(datetime(2026, 10, 1).date(), datetime(2026, 12, 31).date(), zone))  # noqa: DTZ001
