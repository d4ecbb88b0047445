"""Several months of digests -> what came of each theme over all of them, for planning. Pure.

Themes are summed by their id, as corrected since. Customers are identified anew over all months together, so that one
who wrote in each of them, with an account here and a mail address there, counts once.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bot.customers import customers
from bot.digest import FIRST, Reading
from bot.domain import Customer, Digest, Month, Theme, Window, shown_ids


@dataclass(frozen=True, slots=True)
class Summed:
    """A theme over the months. `months`: one for each that was summed, in order; of 0 tickets where it didn't come.

    `name` is its newest. `customers`: distinct and identified, over all months; a month's are that digest's own.
    """

    theme_id: str
    name: str
    months: tuple[Month, ...]
    tickets: int
    customers: int


@dataclass(frozen=True, slots=True)
class Rollup:
    """`themes` by tickets, the largest first. `missing`: what the months' digests said of a part that was not counted.

    `tickets_read` and `customers` are of all that was read, and looked at, in the months; in a theme or not.
    """

    window: Window
    run_keys: tuple[str, ...]
    themes: tuple[Summed, ...]
    tickets_read: int
    customers: int
    missing: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Counted:
    """A digest, the ids of the tickets of each of its themes, and of all that it looked at."""

    digest: Digest
    themes: Mapping[str, Theme]
    members: Mapping[str, frozenset[str]]
    looked_at: frozenset[str]


def rolled_up(window: Window, months: Sequence[tuple[Digest, Reading]], internal_domains: Collection[str]) -> Rollup:
    """`months`: each digest with what it counted, oldest first; no two over the same days."""
    counted = [_counted(digest, reading) for digest, reading in months]
    tickets = [t for _, reading in months for t in reading.tickets]
    who = customers(tickets, internal_domains=internal_domains)
    newest = {theme_id: theme for month in counted for theme_id, theme in month.themes.items()}
    found = [_summed(theme, counted, who) for theme in newest.values()]
    return Rollup(
        window=window,
        run_keys=tuple(digest.making.run_id for digest, _ in months),
        themes=tuple(sorted(found, key=lambda s: (-s.tickets, -s.customers, s.theme_id))),
        tickets_read=sum(digest.totals.tickets_read for digest, _ in months),
        customers=_distinct(frozenset[str]().union(*(month.looked_at for month in counted)), who),
        missing=tuple(f"{d.window.label}: {w.message}" for d, _ in months for w in d.warnings if w.code == FIRST),
    )


def _counted(digest: Digest, reading: Reading) -> _Counted:
    whole = {shown: ticket_id for ticket_id, shown in shown_ids(reading.everything).items()}
    themes = {t.id: t for t in (*digest.themes, *digest.further_themes, *digest.snoozed_themes)}
    members = {i: frozenset(whole[shown] for shown in theme.members) for i, theme in themes.items()}
    gone = {whole[r.ticket_id] for r in digest.removed if r.ticket_id in whole}
    return _Counted(digest, themes, members, frozenset(t.id for t in reading.tickets) - gone)


def _summed(theme: Theme, months: Sequence[_Counted], who: Mapping[str, Customer]) -> Summed:
    counts = [month.themes[theme.id].counts if theme.id in month.themes else None for month in months]
    each = tuple(
        Month(m.digest.window.label, c.tickets if c else 0, c.customers if c else 0, m.digest.window.days)
        for m, c in zip(months, counts, strict=True)
    )
    members = frozenset[str]().union(*(m.members.get(theme.id, ()) for m in months))
    return Summed(theme.id, theme.words.name, each, sum(m.tickets for m in each), _distinct(members, who))


def _distinct(ticket_ids: Collection[str], who: Mapping[str, Customer]) -> int:
    return len({who[i].id for i in ticket_ids if who[i].identified})


def told(rollup: Rollup) -> dict[str, Any]:
    """As JSON."""
    return {
        "window": rollup.window.label,
        "made_from": list(rollup.run_keys),
        "tickets_read": rollup.tickets_read,
        "customers": rollup.customers,
        "missing": list(rollup.missing),
        "themes": [
            {
                "id": s.theme_id,
                "name": s.name,
                "ticket_count": s.tickets,
                "customer_count": s.customers,
                "months": [
                    {"label": m.label, "ticket_count": m.tickets, "customer_count": m.customers} for m in s.months
                ],
            }
            for s in rollup.themes
        ],
    }
