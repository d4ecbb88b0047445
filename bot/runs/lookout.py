"""The hourly check: stored tickets -> counts -> spikes -> alerts, each posted once and followed until it is over.

Counts are of tickets that customers wrote, by when they were created: what is read late, or imported, falls into the
hour where it belongs. Nothing is written to the outside here; an alert is an act like any other (`bot.effects`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from zoneinfo import ZoneInfo

from bot.acts import Act
from bot.domain import Ticket, Window
from bot.mirrors import mirrored
from bot.ports import Refused, Unavailable, Vectors
from bot.runs import Parts, Request, ask
from bot.spikes import (
    DAY,
    HOUR,
    WEEK,
    WEEKS,
    Alert,
    Cause,
    Check,
    Hour,
    Rule,
    Series,
    Spike,
    by_place,
    followed,
    hour,
    novelty,
)
from bot.spikes.novelty import Centre, Written
from bot.store import Run
from bot.synthesis.clean import cleaned, passages
from bot.synthesis.forms import spoken
from bot.synthesis.noise import why_noise

KIND = "spike"  # of runs that were started from an alert
ITSELF = "groundswell"  # who started a run where `spikes.auto_run` is set
_READ = 20_000  # of the nine days that are compared: about ten seconds, once an hour


@dataclass(frozen=True, slots=True)
class Sight:
    """What a check saw. `since`: from when on counts are complete, None where nothing was ever read.

    `remarks`: what it could not look at, in sentences.
    """

    check: Check
    since: datetime | None
    series: tuple[Series, ...] = ()
    spikes: tuple[Spike, ...] = ()
    remarks: tuple[str, ...] = ()


class Lookout:
    """One workspace's. `act` makes what posts an alert; without it (no channel) alerts are seen, and none is kept.

    `most`: tickets whose text is read for one check; of more, only the counts by area are looked at.
    """

    def __init__(
        self,
        parts: Parts,
        rule: Rule,
        act: Callable[[Alert], Act] | None = None,
        *,
        auto_run: bool = False,
        most: int = _READ,
    ) -> None:
        self._parts, self._rule, self._act, self._auto_run, self._most = parts, rule, act, auto_run, most
        self._store, self._zone = parts.store, parts.rules.timezone

    def look(self) -> Sight:
        """Reads only. Raises Unavailable for the database alone: an embedder that fails is a remark."""
        now = self._store.now()
        places = [self._store.tickets.place(name) for name in self._parts.desks]
        known = [p.since for p in places if p is not None and p.since is not None]
        start = hour(now) - (WEEKS + 1) * WEEK
        since = max(start, *known) if known else None
        check = Check(now, since or hour(now), self._zone, self._rule)
        if since is None:
            return Sight(check, None, remarks=("No help desk was read yet.",))
        counts = self._store.spikes.counted(list(self._parts.desks), start, check.end)
        series, remarks = self._series(check, counts)
        return Sight(check, since, series, tuple(check.spikes(series)), remarks)

    def keep(self, sight: Sight) -> list[Alert]:
        """Opens, follows and closes alerts by what was seen; those that changed. Whoever does it twice does it once."""
        act = self._act
        if act is None or sight.since is None:
            return []
        now, found = self._store.now(), by_place(sight.spikes, self._rule.mute)
        latest = self._store.spikes.latest(now)
        changed = []
        for place in sorted({*found, *latest}):
            before = latest.get(place)
            after = self._after(sight, before, place, found.get(place, ()), now)
            if after is not None and after != before and self._store.spikes.keep(after, act(after)):
                changed.append(after)
                if before is None and self._auto_run:
                    run_from(self._parts, after, ITSELF)
        return changed

    def _after(
        self, sight: Sight, before: Alert | None, place: str, found: tuple[Spike, ...], now: datetime
    ) -> Alert | None:
        end = sight.check.end
        if before and before.muted_until and before.muted_until > now:
            found = ()
        elif before and before.closed_at and before.opened_at <= now - DAY:
            before = None
        after = followed(before, place, found, end)
        if after is None or (after == before and after.closed_at):
            return after
        own = next((s for s in sight.series if s.cause in (Cause.TOTAL, Cause.AREA) and s.place == place), None)
        if own is None or after.dismissed_by:
            return after
        return replace(after, timeline=tuple(Hour(*told) for told in sight.check.hourly(own, after.since)))

    # --- what is counted

    def _series(
        self, check: Check, counts: Mapping[str, Mapping[datetime, int]]
    ) -> tuple[tuple[Series, ...], tuple[str, ...]]:
        compared = [at for start, end in check.windows for at in _hours(start, end)]
        if sum(by_hour.get(at, 0) for by_hour in counts.values() for at in compared) > self._most:
            told = f"Noise, themes and new wording were not looked at: more than {self._most:,} tickets in nine days."
            return tuple(_by_area(counts)), (told,)
        tickets = self._tickets(check)
        counts = _corrected(counts, tickets, compared)
        try:
            within = self._within(check, tickets)
        except (Unavailable, Refused) as fault:
            return tuple(_by_area(counts)), (f"Themes and new wording were not looked at: {fault}",)
        return (*_by_area(counts), *within), ()

    def _tickets(self, check: Check) -> list[Ticket]:
        """Those of the compared days that a customer wrote on purpose, each incident once."""
        found: dict[str, Ticket] = {}
        for start, end in check.windows:
            found |= {t.id: t for t in self._store.tickets.between(start, end) if t.source in self._parts.desks}
        written = [t for t in found.values() if not t.requester.staff and why_noise(t) is None]
        copies = mirrored(written)
        return [t for t in written if t.id not in copies]

    def _within(self, check: Check, tickets: Sequence[Ticket]) -> list[Series]:
        known = [Centre(*row) for row in self._store.spikes.centres()]
        written = [Written(t.created_at, t.area or "") for t in tickets if t.created_at is not None]
        if not written:
            return []
        return novelty.series(written, self._vectors(tickets), known, check.end, self._rule.min_tickets)

    def _vectors(self, tickets: Sequence[Ticket]) -> Vectors:
        """One row for each ticket, of the same texts as a run embeds, so that most are in the cache already."""
        clean = cleaned([(t.subject, t.body) for t in tickets])
        vectors = self._parts.embedder.embed(tuple(p for c in clean for p in passages(c)))
        return spoken(clean, vectors)[1]


def run_from(parts: Parts, alert: Alert, actor: str) -> Run:
    """The run over what the alert is about, from its beginning until now: asked for once, whoever clicks how often.

    It is a run of its own, and no month's.
    """
    zone, now = ZoneInfo(parts.rules.timezone), parts.store.now()
    begin, end = alert.since.astimezone(zone), now.astimezone(zone)
    about = f"{alert.place}, " if alert.place else ""
    window = Window(begin, end, parts.rules.timezone, f"{about}{_moment(begin)} to {_moment(end)}")
    areas = (alert.place,) if alert.place else ()
    run = ask(parts.store, f"{KIND}:{alert.key}", KIND, Request(window, areas=areas, post=True, by=actor))
    parts.store.spikes.started(alert.key, actor, run.key)
    return run


def _moment(at: datetime) -> str:
    return f"{at.day} {at:%B %H:%M}"


def _by_area(counts: Mapping[str, Mapping[datetime, int]]) -> Iterator[Series]:
    total: Counter[datetime] = Counter()
    for by_hour in counts.values():
        total.update(by_hour)
    yield Series(Cause.TOTAL, "", "", total)
    yield from (Series(Cause.AREA, area, area, by_hour) for area, by_hour in sorted(counts.items()) if area)


def _corrected(
    counts: Mapping[str, Mapping[datetime, int]], tickets: Sequence[Ticket], compared: Sequence[datetime]
) -> dict[str, dict[datetime, int]]:
    """Where the tickets themselves were looked at, what they say; everywhere else, what the query counted."""
    told = Counter((t.area or "", hour(t.created_at)) for t in tickets if t.created_at is not None)
    return {
        area: {**by_hour, **{at: told[area, at] for at in compared if at in by_hour}}
        for area, by_hour in counts.items()
    }


def _hours(start: datetime, end: datetime) -> Iterator[datetime]:
    while start < end:
        yield start
        start += HOUR
