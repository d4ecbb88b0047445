"""One reading of a workspace: conversations, then tickets, then what was deleted; a page for each page of a search."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from bot.domain import Page, Reject, Ticket, Warned
from bot.ports import Unavailable
from connectors.intercom import reading
from connectors.intercom.cursor import Cursor
from connectors.intercom.people import People
from connectors.intercom.searching import Searching
from connectors.intercom.walk import LAG, Item, Place, Step, Walk
from connectors.intercom.wire import REGIONS, Denied, Gone, Json, Kind, Region, Unfit, Wire

_APPS = {"us": "https://app.intercom.com", "eu": "https://app.eu.intercom.com", "au": "https://app.au.intercom.com"}
_PAGES_OF_DELETED = 1_000


@dataclass(frozen=True, slots=True)
class Tombstone:
    """Not to be kept here: deleted over there, or excluded by the settings."""

    id: str


@dataclass(frozen=True, slots=True)
class Exclusions:
    """Teams by id, tags by name or id, casefolded."""

    teams: frozenset[str]
    tags: frozenset[str]

    @classmethod
    def of(cls, teams: Iterable[str | int], tags: Iterable[str]) -> Exclusions:
        return cls(frozenset(str(t).casefold() for t in teams), frozenset(t.casefold() for t in tags))

    def hold(self, told: Json) -> bool:
        return reading.is_excluded(told, self.teams, self.tags)


@dataclass(frozen=True, slots=True)
class Workspace:
    app_id: str | None
    name: str
    region: Region

    def link(self, key: str) -> str | None:
        """Where people open it; tickets stand in the same inbox."""
        inbox = f"{_APPS[self.region]}/a/inbox/{self.app_id}/inbox/shared/all/conversation/{key}"
        return inbox if self.app_id else None


def workspace(wire: Wire, region: Region) -> Workspace:
    """Whose token it is. Raises Denied when the workspace is in another region than the settings say."""
    try:
        app = reading.thing(wire.me().get("app"))
    except (Gone, Unfit) as odd:
        raise Denied(
            "this address does not answer like Intercom", f"check sources.intercom.region (now {region})."
        ) from odd
    there = (reading.word(app.get("region")) or region).lower()
    if there in REGIONS and there != region:
        raise Denied(
            f"the Intercom workspace lives in region {there}, and sources.intercom.region says {region}",
            f"set sources.intercom.region to {there}.",
        )
    return Workspace(reading.key(app.get("id_code")), reading.word(app.get("name")) or "Intercom", region)


class Run:
    """`once` asks without waiting: for what a sync can do without."""

    def __init__(
        self, wire: Wire, once: Wire, where: Workspace, excluded: Exclusions, now: Callable[[], datetime]
    ) -> None:
        self._wire = wire
        self._once = once
        self._where = where
        self._excluded = excluded
        self._now = now
        self._people = People(wire)
        self._cut = 0
        self._struck: set[str] = set()
        self._conversations = Searching(wire, "conversations")
        self._tickets = Searching(wire, "tickets")

    def pages(self, cursor: Cursor, remarks: tuple[Warned, ...] = ()) -> Iterator[Page]:
        """Raises Denied before the first page, Unavailable at any time."""
        conversations = Walk(self._conversations, cursor.conversations, self._clock)
        for step in conversations.steps():
            cursor = replace(cursor, conversations=step.place)
            yield from self._page(step, self._conversation, cursor)
        for step in Walk(self._tickets, cursor.tickets, self._clock).steps():
            cursor = replace(cursor, tickets=step.place)
            yield from self._page(step, self._ticket, cursor)
        tombstones, place = self._deleted(cursor.deleted)
        yield Page(
            tickets=(),
            rejects=(*self._conversations.rejects, *self._tickets.rejects),
            warnings=(*remarks, *self._remarks()),
            cursor=replace(cursor, deleted=place).written(),
            tombstones=tombstones,
            high_water=datetime.fromtimestamp(conversations.complete_to, UTC),
        )

    def first_pages(self, cursor: Cursor) -> Iterator[tuple[Kind, Page | None]]:
        """The first page of each kind that holds something; a workspace without tickets has none. Raises as `pages`."""
        steps = Walk(self._conversations, cursor.conversations, self._clock).steps()
        pages = (page for step in steps for page in self._page(step, self._conversation, cursor))
        yield "conversations", next(pages, None)
        steps = Walk(self._tickets, cursor.tickets, self._clock).steps()
        pages = (page for step in steps for page in self._page(step, self._ticket, cursor))
        if (found := next(pages, None)) is not None:
            yield "tickets", found

    def _clock(self) -> int:
        return int(self._now().timestamp())

    def _page(self, step: Step, read: Callable[[Item], Ticket | Reject | Tombstone], cursor: Cursor) -> Iterator[Page]:
        """No page for nothing."""
        if not step.fresh:
            return
        found = [read(item) for item in step.fresh]
        handed = min(cursor.conversations.second, cursor.tickets.second)
        yield Page(
            tickets=tuple(f for f in found if isinstance(f, Ticket)),
            rejects=tuple(f for f in found if isinstance(f, Reject)),
            cursor=cursor.written(),
            estimate=step.total,
            tombstones=tuple(f.id for f in found if isinstance(f, Tombstone)),
            struck=tuple(f.id for f in found if isinstance(f, Ticket) and f.id in self._struck),
            high_water=datetime.fromtimestamp(handed, UTC) if handed else None,
        )

    def _conversation(self, item: Item) -> Ticket | Reject | Tombstone:
        """A search result has the first message and no parts (2.14), so each conversation is asked for."""
        if self._excluded.hold(dict(item.told)):
            return Tombstone(f"{reading.SOURCE}:{item.key}")
        try:
            told = {**item.told, **self._wire.conversation(item.key)}
        except Gone:
            return Tombstone(f"{reading.SOURCE}:{item.key}")
        except Unfit as unfit:
            return Reject(f"conversation {item.key}", f"Intercom would not show it ({unfit})")
        if not isinstance(told.get("source"), dict) and not isinstance(told.get("conversation_parts"), dict):
            return Reject(f"conversation {item.key}", "Intercom's answer has no message that can be read")
        who, account = self._people.behind(told)
        found = reading.conversation(told, item.key, who, account, self._where.link(item.key))
        return self._noted(told, found, f"conversation {item.key}")

    def _ticket(self, item: Item) -> Ticket | Reject | Tombstone:
        id_ = f"{reading.SOURCE}:ticket-{item.key}"
        told = dict(item.told)
        if self._excluded.hold(told):
            return Tombstone(id_)
        internal = reading.is_internal(told)
        behind = None if internal else reading.conversation_behind(told)
        if behind:
            return Reject(f"ticket ticket-{item.key}", f"the same request as conversation {behind}, which is counted")
        if not isinstance(told.get("ticket_parts"), dict):
            try:
                told.update(self._wire.ticket(item.key))
            except Gone:
                return Tombstone(id_)
            except Unfit as unfit:
                return Reject(f"ticket ticket-{item.key}", f"Intercom would not show it ({unfit})")
        who, account = self._people.behind(told, internal=internal)
        found = reading.ticket(told, item.key, who, account, self._where.link(item.key))
        return self._noted(told, found, f"ticket ticket-{item.key}")

    def _noted(self, told: Json, found: Ticket, where: str) -> Ticket | Reject:
        if found.created_at is None:
            return Reject(where, "it has no date that can be read, so it would be in no window")
        self._cut += reading.is_cut(told, found.body)
        if reading.is_struck(told):
            self._struck.add(found.id)
        return found

    def _deleted(self, place: Place) -> tuple[tuple[str, ...], Place]:
        """Conversations deleted since `place`. A search no longer lists them, and only API 2.16 tells of them.

        What does not answer now is asked for again in the next sync, from the same place.
        """
        if place.second >= self._clock() - LAG:  # the first sync: nothing of theirs is here
            return (), place
        found: dict[str, int] = {}
        for number in range(1, _PAGES_OF_DELETED + 1):
            try:
                told = self._once.deleted(number)
            except (Gone, Unfit, Denied, Unavailable):
                return (), place
            new = {key: at for key, at in _deletions(told) if not place.knows(key, at) and key not in found}
            found |= new
            if not new or number >= _whole(reading.thing(told.get("pages")).get("total_pages")):
                break
        settled = min(max(found.values(), default=place.second), self._clock() - LAG)
        behind = max(place.second, settled)
        recent = {key: at for key, at in {**place.done, **found}.items() if at >= behind}
        return tuple(f"{reading.SOURCE}:{key}" for key in found), Place(behind, recent)

    def _remarks(self) -> Iterator[Warned]:
        if self._cut:
            yield Warned(
                "intercom_cut",
                f"{self._cut:,} Intercom conversations are too long to be read whole: of their messages the newest"
                f" {reading.PARTS}, and of their text the first {reading.LONGEST:,} characters were read.",
            )
        why = self._tickets.unread
        if why:
            told = f"Intercom's tickets are missing, its conversations are not: {why}"
            yield Warned("intercom_tickets_unread", told, partial=True)


def _deletions(told: Json) -> Iterator[tuple[str, int]]:
    for one in reading.things(told, "conversations"):
        key, at = reading.key(one.get("id")), reading.second(one.get("deleted_at"))
        if key is not None and at is not None:
            yield key, at


def _whole(value: object) -> int:
    return value if isinstance(value, int) else 0
