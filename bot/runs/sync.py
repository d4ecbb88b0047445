"""Help desk -> store, one page at a time: redacted, pseudonymous, each page committed with its cursor.

What is stored is all that a run reads, so a digest never waits for a vendor's rate limit, and a crash in the middle of
a sync repeats one page at most (RELIABILITY sections 0 and 3).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from bot.customers.pseudonyms import pseudonymous
from bot.domain import Page, Reject, Ticket, Warned
from bot.ports import Progress, Refused, Source, Unavailable
from bot.redact import redacted
from bot.store import Store

_EXAMPLES = 10
UNREAD = "could not be read"  # in a line of progress; why, is said once, where it ends
BACKFILL = timedelta(weeks=9)  # at first start: eight weeks of baseline and the current one


@dataclass(frozen=True, slots=True)
class Synced:
    """What one sync of one source brought. `fault`: why it stopped early; what came before that is kept.

    `refused`: it won't work until a person acts. `examples`: the first few of the rejects.
    """

    source: str
    tickets: int
    tombstones: int
    rejects: int
    fault: str | None = None
    refused: bool = False
    warnings: tuple[Warned, ...] = ()
    examples: tuple[Reject, ...] = ()


def sync(store: Store, name: str, source: Source, since: datetime, progress: Progress | None = None) -> Synced:
    """Reads on from where the last sync ended, or everything that changed since `since` when none did.

    A window that begins before all that was ever read is read anew from its start: tickets are upserted by id. A fault
    of the source is told in the result, kept in the store, and said in the next digest; so are its warnings, until a
    reading ends well without them. Raises Unavailable for the database alone.
    """
    place = store.tickets.place(name)
    reaches = place is not None and place.since is not None and place.since <= since
    cursor = place.cursor if place is not None and reaches else None
    begin = since if place is None or place.since is None else min(place.since, since)
    tickets = tombstones = 0
    rejects: list[Reject] = []
    warnings: dict[Warned, None] = {}
    faults: list[Refused | Unavailable] = []
    for page in _told(source, cursor, begin, faults):
        store.tickets.take(name, _hidden(page, store.salt), since=begin)
        tickets, tombstones = tickets + len(page.tickets), tombstones + len(page.tombstones)
        rejects += page.rejects
        warnings.update(dict.fromkeys(page.warnings))
        if progress:
            progress(tickets, max(tickets, page.estimate or 0))
    came = Synced(
        name, tickets, tombstones, len(rejects), warnings=tuple(warnings), examples=tuple(rejects[:_EXAMPLES])
    )
    for fault in faults:
        store.tickets.fault(name, str(fault))
        return replace(came, fault=str(fault), refused=isinstance(fault, Refused))
    store.tickets.settle(name, came.warnings)
    return came


def _told(source: Source, cursor: str | None, begin: datetime, faults: list[Refused | Unavailable]) -> Iterator[Page]:
    """The pages up to the source's fault, which is kept. A fault of our own database is none of the source's."""
    try:
        yield from source.pages(cursor, since=begin)
    except (Refused, Unavailable) as fault:
        faults.append(fault)


def _hidden(page: Page, key: bytes) -> Page:
    return replace(page, tickets=tuple(hidden(t, key) for t in page.tickets))


def hidden(ticket: Ticket, key: bytes) -> Ticket:
    """The ticket as it may be stored: personal data out of its text, and its requester a pseudonym."""
    return pseudonymous(redacted(ticket)[0], key)
