"""Members -> Counts. The only place where a number about a theme is made."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from zoneinfo import ZoneInfo

from bot.domain import Counts, Customer, Ticket


def counts(members: Sequence[Ticket], customers: Mapping[str, Customer], timezone: str) -> Counts:
    """Distinct customers are the identified ones; people whom nobody can place are counted beside them."""
    who = [customers[t.id] for t in members]
    known = Counter(c.id for c in who if c.identified)
    names = {c.id: c.name for c in who}
    top = min(known.items(), key=lambda pair: (-pair[1], pair[0]), default=None)
    zone = ZoneInfo(timezone)
    days = Counter(t.created_at.astimezone(zone).date().isoformat() for t in members if t.created_at)
    return Counts(
        tickets=len(members),
        customers=len(known),
        unidentified=len({c.id for c in who if not c.identified}),
        by_source=dict(sorted(Counter(t.source for t in members).items())),
        by_day=dict(sorted(days.items())),
        top_customer=(names[top[0]], top[1]) if top else None,
    )
