"""The frozen values that every part speaks, and the invariants they keep. Standard library only."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
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
    """What a source hands over in one piece. `warnings` are remarks on the whole source, in full sentences."""

    tickets: tuple[Ticket, ...]
    rejects: tuple[Reject, ...] = ()
    warnings: tuple[Warned, ...] = ()
    cursor: str | None = None
    estimate: int | None = None
    tombstones: tuple[str, ...] = ()  # ids ("zendesk:42") of tickets deleted over there: their text goes here, too
    struck: tuple[str, ...] = ()  # ids of tickets of which somebody over there struck something out: it goes here, too
    high_water: datetime | None = None


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
    """What the usage of a theme's flow shows: in its window, and in as many days before. `bot.signals` judges."""

    flow: str
    verdict: Corroboration
    now: Users | None
    before: Users | None
    message: str


@dataclass(frozen=True, slots=True)
class Theme:
    """A recurring problem that passed the rule. `members` are shown ids, nearest to the centre first.

    `trend` is None where it can't be told: no earlier digest, a small sample, a source that is missing.
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


@dataclass(frozen=True, slots=True)
class LeftOver:
    """A ticket that is in no theme: `one-off`, `anecdote`, `candidate` or `muted` (its like was marked as not a theme
    before), with the reason in words."""

    ticket_id: str
    reason: str
    detail: str


@dataclass(frozen=True, slots=True)
class Removed:
    """A ticket that was taken out before grouping, and why."""

    ticket_id: str
    reason: str


@dataclass(frozen=True, slots=True)
class Totals:
    """tickets_read = in_themes + not_a_theme + removed, always."""

    tickets_read: int
    in_themes: int
    not_a_theme: int
    removed: int
    customers: int
    unidentified_customers: int

    def __post_init__(self) -> None:
        if self.tickets_read != self.in_themes + self.not_a_theme + self.removed:
            raise ValueError(f"totals do not add up: {self}")


@dataclass(frozen=True, slots=True)
class Dot:
    """A ticket on the map: position in the unit square, and the rank of its theme (0: none, -1: beyond the shown)."""

    x: float
    y: float
    theme: int


@dataclass(frozen=True, slots=True)
class Honoured:
    """A person's correction that shaped this digest, in one full sentence: "Invoices and VAT stay one theme, as Dana
    merged them on 3 November." `code` is the verdict; (theme_id, number) names the decision."""

    code: str
    theme_id: str
    number: int
    message: str


@dataclass(frozen=True, slots=True)
class Watched:
    """A group just under the rule that is growing, or whose theme's issue was Done: what to keep an eye on."""

    name: str
    tickets: int
    customers: int
    ticket_ids: tuple[str, ...]
    message: str


class Worked(StrEnum):
    """What a fix did to its theme's tickets, as far as counts can tell."""

    LIKELY = "likely effect"
    NONE = "no measurable effect"
    TOO_FEW = "too few to judge"


@dataclass(frozen=True, slots=True)
class Measured:
    """A theme after its issue was done, against its months before and the themes that nobody touched (`bot.outcomes`).

    `days` were measured; `fewer`, `low`, `high` are tickets per 30 days that did not come, with a 95 % interval; None
    where too few tell. `forecast_low`, `forecast_high` are per 30 days and before any correction; None: none was made.
    `others`: the change of the untouched themes' tickets per day. `at_least`: it fell below the rule, where a digest
    counts no more. `since`: themes that are new since then.
    """

    theme_id: str
    name: str
    issue: str
    done_at: datetime
    worked: Worked
    days: int
    before: int
    after: int
    rate_before: float  # per 1,000 tickets looked at
    rate_after: float
    others: float | None
    fewer: float | None
    low: float | None
    high: float | None
    forecast_low: float | None
    forecast_high: float | None
    at_least: bool
    since: tuple[str, ...]
    message: str


@dataclass(frozen=True, slots=True)
class TrackRecord:
    """What came of forecasts: `outcomes` were measured, `inside` fell into the forecast range; sums are tickets per 30
    days. `factor`: by what later forecasts are multiplied; 1 while there are too few outcomes."""

    outcomes: int
    inside: int
    forecast: float
    actual: float
    factor: float
    message: str = ""


@dataclass(frozen=True, slots=True)
class Making:
    """How a digest was made, so that it can be made again."""

    run_id: str
    made_at: datetime
    version: str
    embedder: str
    drafter: str
    seed: int
    config_hash: str
    sources: tuple[tuple[str, int], ...]
    redactions: Mapping[str, int] = field(default_factory=dict)
    other_language_share: float = 0.0


@dataclass(frozen=True, slots=True)
class Digest:
    """What a run says. Slack, the terminal, JSON, Markdown, HTML and Jira render this and nothing else.

    `snoozed_themes` pass the rule and wait, as somebody wished: they are counted in themes, and not approvable.
    """

    making: Making
    window: Window
    totals: Totals
    stability: float | None
    themes: tuple[Theme, ...]
    further_themes: tuple[Theme, ...]
    candidate_themes: tuple[Theme, ...]
    items: tuple[BacklogItem, ...]
    not_a_theme: tuple[LeftOver, ...]
    removed: tuple[Removed, ...]
    rejects: tuple[Reject, ...]
    warnings: tuple[Warned, ...]
    dots: tuple[Dot, ...] = ()
    snoozed_themes: tuple[Theme, ...] = ()
    honoured: tuple[Honoured, ...] = ()
    watched: tuple[Watched, ...] = ()
    outcomes: tuple[Measured, ...] = ()
    record: TrackRecord | None = None

    def item_of(self, theme: Theme) -> BacklogItem:
        return next(i for i in self.items if i.theme_id == theme.id)
