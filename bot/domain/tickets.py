"""What is read: tickets, who wrote them, whom they count for, and the days that are looked at."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Requester:
    """The person who wrote. `staff` is one of ours (agent, bot, system) and never counts as a customer."""

    id: str | None = None
    email: str | None = None
    name: str | None = None
    staff: bool = False


@dataclass(frozen=True, slots=True)
class AccountHint:
    """What a source says of the account behind a ticket; `bot.customers` decides who it is."""

    id: str | None = None
    name: str | None = None
    domain: str | None = None


MADE = "row-"  # what a key begins with that was made from the text, since the source had no id


@dataclass(frozen=True, slots=True)
class Ticket:
    """One request as its source tells it. `key` is the source's own id; `id` is `source:key`, unique everywhere."""

    source: str
    key: str
    subject: str
    body: str
    requester: Requester = Requester()
    account: AccountHint = AccountHint()
    created_at: datetime | None = None
    updated_at: datetime | None = None
    url: str | None = None
    status: str | None = None
    priority: str | None = None
    tags: tuple[str, ...] = ()
    area: str | None = None
    language: str | None = None

    def __post_init__(self) -> None:
        for name in ("created_at", "updated_at"):
            at: datetime | None = getattr(self, name)
            if at is not None and at.tzinfo is None:
                raise ValueError(f"{name} of ticket {self.id!r} has no time zone")

    @property
    def id(self) -> str:
        return f"{self.source}:{self.key}"


def shown_ids(tickets: Iterable[Ticket]) -> dict[str, str]:
    """Ticket id -> what people see: the source's own id, prefixed only where two sources use the same one."""
    tickets = list(tickets)
    uses = Counter(t.key for t in tickets)
    return {t.id: t.key if uses[t.key] == 1 else t.id for t in tickets}


@dataclass(frozen=True, slots=True)
class Customer:
    """The account that is counted. `joined_by` says on what grounds requesters were put together under it."""

    id: str
    name: str
    joined_by: tuple[str, ...] = ()
    identified: bool = True


@dataclass(frozen=True, slots=True)
class Reject:
    """A row that could not be read: where it stands and why. Never silently dropped."""

    where: str
    why: str


@dataclass(frozen=True, slots=True)
class Page:
    """What a source hands over in one piece. `warnings` are remarks on the whole source, in full sentences.

    `understood`: how it was read ("date from “Opened on”"), for whoever watches a run; no part of a digest.
    """

    tickets: tuple[Ticket, ...]
    rejects: tuple[Reject, ...] = ()
    warnings: tuple[Warned, ...] = ()
    cursor: str | None = None
    estimate: int | None = None
    tombstones: tuple[str, ...] = ()  # ids ("zendesk:42") of tickets deleted over there: their text goes here, too
    struck: tuple[str, ...] = ()  # ids of tickets of which somebody over there struck something out: it goes here, too
    high_water: datetime | None = None
    understood: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Warned:
    """Something the reader of a digest must know, in one full sentence. `code` is stable and for programs.

    `partial`: a part of what was to be read is missing, so that every count is of the rest.
    """

    code: str
    message: str
    partial: bool = False


@dataclass(frozen=True, slots=True)
class Window:
    """The time looked at: `start` inclusive, `end` exclusive, both aware or both None (no ticket has a date)."""

    start: datetime | None
    end: datetime | None
    timezone: str
    label: str

    @property
    def days(self) -> float | None:
        if self.start is None or self.end is None:
            return None
        return (self.end - self.start).total_seconds() / 86_400

    def holds(self, at: datetime) -> bool:
        return (self.start is None or self.start <= at) and (self.end is None or at < self.end)
