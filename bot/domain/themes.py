"""What is found: a theme with all that is known of it, and the backlog item that is drafted for it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Kind(StrEnum):
    """What the customers of a theme are asking for."""

    BUG = "bug"
    REQUEST = "request"
    HOW_TO = "how-to"


class Severity(StrEnum):
    """P0 is worst. Compare by `level`, never by the text."""

    P0 = "P0"
    P1 = "P1"
    P2 = "P2"
    P3 = "P3"
    P4 = "P4"

    @property
    def level(self) -> int:
        return int(self.value[1])


@dataclass(frozen=True, slots=True)
class Group:
    """Membership only: positions of tickets in the batch, nearest to the centre first; `fit`: similarity to it."""

    members: tuple[int, ...]
    fit: tuple[float, ...]
    cohesion: float


@dataclass(frozen=True, slots=True)
class Counts:
    """Every number of a theme that is a count. Made in `synthesis.counts` and nowhere else."""

    tickets: int
    customers: int
    unidentified: int
    by_source: Mapping[str, int]
    by_day: Mapping[str, int]
    top_customer: tuple[str, int] | None = None


@dataclass(frozen=True, slots=True)
class Words:
    """All that may be worded about a theme. There is no field for a count and none for a ticket id, on purpose.

    `near_misses` and the suggestion are a language model's: shown beside, they decide nothing. `edited`: which of these
    a person has set (`name`, `title`, ...); nobody else's rules hold for those.
    """

    name: str
    short: str
    kind: Kind
    problem: str
    title: str
    user_story: str
    acceptance: tuple[str, ...]
    made_by: str
    near_misses: tuple[str, ...] = ()
    suggested_severity: Severity | None = None
    suggested_because: str = ""
    edited: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Quote:
    """A verbatim piece of the redacted text of one ticket."""

    ticket_id: str
    text: str


@dataclass(frozen=True, slots=True)
class Evidence:
    """One ticket behind a theme, as the report lists it. `fit` is its similarity to the centre, 0 to 1."""

    ticket_id: str
    url: str | None
    created_at: datetime | None
    customer: str | None
    source: str
    quote: str
    fit: float


@dataclass(frozen=True, slots=True)
class Quality:
    """How far to trust a theme. `stability`: mean Jaccard with its like over resamples, None when not measured.

    `core` is the number of its tickets that stay in it in at least 80 % of the resamples they were drawn in.
    """

    cohesion: float
    stability: float | None
    core: int


@dataclass(frozen=True, slots=True)
class Alarm:
    """A theme may be skewed: one customer, one day, one source or one macro makes most of it."""

    code: str
    message: str


class Course(StrEnum):
    """How a theme stands to its own past. GREW and SHRANK are of tickets per day of window, by more than chance."""

    NEW = "new"
    CONTINUED = "continued"
    GREW = "grew"
    SHRANK = "shrank"
    RETURNED = "returned"  # it was there before, and not in the window before this one


@dataclass(frozen=True, slots=True)
class Month:
    """A theme in one window: what its digest counted, so that a rename changes nothing. `days`: the window's length."""

    label: str
    tickets: int
    customers: int
    days: float | None


@dataclass(frozen=True, slots=True)
class Trend:
    """A theme's course over at most six windows, oldest first, this one last.

    `previous`: tickets in the window before, as counted then; None when it wasn't there, or nothing is known of it.
    `change`: of tickets per day against that window (0.41 is 41 % more). `merged_from` and `split_from` are names of
    themes that stood apart, or together with this one, before. `returned_after`: the issue that had been Done.
    """

    course: Course
    months: tuple[Month, ...]
    previous: int | None = None
    change: float | None = None
    merged_from: tuple[str, ...] = ()
    split_from: str | None = None
    returned_after: str | None = None


class Corroboration(StrEnum):
    """What product analytics says of a theme. UNKNOWN: it did not answer."""

    CORROBORATED = "corroborated"
    NONE = "no supporting signal"
    NOT_INSTRUMENTED = "not instrumented"
    TOO_FEW = "too few to judge"
    UNKNOWN = "not measured"


@dataclass(frozen=True, slots=True)
class Users:
    """Of a flow in a time: users who reached the step, and those of them who met the trouble there."""

    reached: int
    troubled: int


@dataclass(frozen=True, slots=True)
class Signal:
    """What the usage of a theme's flow shows: in its window, and in as many days before. `bot.signals` judges.

    `usual`: the share of users who may be stuck there with nothing wrong, above which trouble that lasts counts."""

    flow: str
    verdict: Corroboration
    now: Users | None
    before: Users | None
    message: str
    usual: float | None = None


@dataclass(frozen=True, slots=True)
class Theme:
    """A recurring problem that passed the rule. `members` are shown ids, nearest to the centre first.

    `trend` is None where it can't be told: no earlier digest, a small sample, a source that is missing. `numbered`: its
    number when the digest was made, where a correction has changed its rank since.
    """

    id: str
    rank: int
    members: tuple[str, ...]
    examples: tuple[str, ...]
    counts: Counts
    words: Words
    quotes: tuple[Quote, ...]
    evidence: tuple[Evidence, ...]
    quality: Quality
    alarms: tuple[Alarm, ...] = ()
    trend: Trend | None = None
    signal: Signal | None = None
    numbered: int | None = None

    @property
    def number(self) -> int:
        """What people call it by: it stays for the life of the digest, or "approve 2" would mean another theme after a
        merge than the one that was read."""
        return self.rank if self.numbered is None else self.numbered


@dataclass(frozen=True, slots=True)
class Deflection:
    """Tickets that would not come if the theme were solved: a range with its arithmetic, `per` 30 days or the batch.

    `factor`: what measured outcomes made of it (1: nothing); it is in `low` and `high`.
    """

    low: int
    high: int
    per: str
    arithmetic: str
    factor: float = 1.0


@dataclass(frozen=True, slots=True)
class BacklogItem:
    """What a product manager approves: one for each theme. `impact` = customers x severity weight."""

    id: str
    theme_id: str
    rank: int
    severity: Severity
    severity_reason: str
    deflection: Deflection
    impact: int
    revision: int = 1
