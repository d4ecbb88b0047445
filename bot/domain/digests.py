"""What a run says: the digest, and what it has beside its themes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from bot.domain.themes import BacklogItem, Theme
from bot.domain.tickets import Reject, Warned, Window


@dataclass(frozen=True, slots=True)
class LeftOver:
    """A ticket that is in no theme: `one-off`, `anecdote`, `candidate` or `muted` (its like was marked as not a theme
    before), with the reason in words.

    `urgent`: a verbatim sentence of it that tells of what is P0, "" where none does: it may be urgent though it does
    not recur. `url`: where such a ticket can be read.
    """

    ticket_id: str
    reason: str
    detail: str
    urgent: str = ""
    url: str | None = None


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
    """A theme after its issue was done, against its months before and themes that nobody touched (`months.outcomes`).

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
