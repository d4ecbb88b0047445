"""Nine replayed weeks of a help desk, eight to know it by and one to watch: what is found, how soon, and what wrongly.

    python bench/spikes.py [draws]

Arrivals are drawn hour by hour from a profile of weekday and hour, with more scatter than a Poisson's: good and bad
days, good and bad days of one area, good and bad hours. Texts of the part on new wording are the demo's.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cached_property
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np

from bot.embedding import MiniLM
from bot.spikes import HOUR, Cause, Check, Rule, Series, Spike, by_place
from bot.spikes.novelty import Centre, Written, series
from bot.synthesis.clean import cleaned, passages
from bot.synthesis.forms import spoken
from bot.synthesis.tree import centred, unit

ZONE = "Europe/London"
BEGIN = datetime(2026, 8, 31, tzinfo=UTC)  # a Monday; summer time ends on 25 October, within the weeks
AREAS = {"auth": 0.2, "billing": 0.35, "mobile": 0.15, "": 0.3}
WEEKDAYS = np.array([1.6, 1.2, 1.1, 1.0, 0.9, 0.25, 0.2])
HOURS = np.array([1, 1, 1, 1, 1, 2, 4, 8, 14, 18, 18, 16, 14, 15, 16, 15, 12, 9, 6, 5, 4, 3, 2, 1], dtype=float)
DAY_CV, AREA_CV, HOUR_CV = 0.2, 0.25, 0.3


@dataclass
class Desk:
    """Tickets by hour and area. `volume`: of a middling day."""

    volume: float
    weeks: int
    seed: int
    plant: Callable[[datetime, str], float] = lambda at, area: 1.0
    counts: dict[str, dict[datetime, int]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        rng = np.random.default_rng(self.seed)
        days = self.weeks * 7
        good = _scatter(rng, DAY_CV, days)
        for area, share in AREAS.items():
            here = _scatter(rng, AREA_CV, days) * good
            hours = _scatter(rng, HOUR_CV, days * 24)
            self.counts[area] = {}
            for n in range(days * 24):
                at = BEGIN + n * HOUR
                local = at.astimezone(ZoneInfo(ZONE))
                rate = self.volume * share * WEEKDAYS[local.weekday()] * HOURS[local.hour] / HOURS.sum()
                rate *= here[n // 24] * hours[n] * self.plant(at, area)
                self.counts[area][at] = int(rng.poisson(rate))

    @cached_property
    def series(self) -> list[Series]:
        """Of all weeks: a check reads nothing of the hours after its own."""
        total = {at: sum(c[at] for c in self.counts.values()) for at in self.counts[""]}
        return [Series(Cause.TOTAL, "", "", total), *(Series(Cause.AREA, a, a, c) for a, c in self.counts.items() if a)]


def _scatter(rng: np.random.Generator, cv: float, size: int) -> np.ndarray:
    return rng.gamma(1 / cv**2, cv**2, size)


def watched(desk: Desk, hours: Iterable[datetime], rule: Rule) -> list[tuple[datetime, str, Spike]]:
    """(when, place, leading spike) of each alert: one a place in 24 hours."""
    alerts: list[tuple[datetime, str, Spike]] = []
    for at in hours:
        for place, found in by_place(Check(at, BEGIN, ZONE, rule).spikes(desk.series)).items():
            if not any(p == place and at - then < timedelta(hours=24) for then, p, _ in alerts):
                alerts.append((at, place, found[0]))
    return alerts


def last(weeks: int, days: int) -> list[datetime]:
    end = BEGIN + timedelta(weeks=weeks)
    return [end - n * HOUR for n in range(days * 24 - 1, -1, -1)]


# --- what may happen


def burst(size: float, start: datetime, hours: int) -> Callable[[datetime, str], float]:
    return lambda at, area: size if area == "auth" and start <= at < start + hours * HOUR else 1.0


def rise(size: float, start: datetime, hours: int) -> Callable[[datetime, str], float]:
    """From the usual to `size` times it, evenly over `hours`, and it stays there."""

    def planted(at: datetime, area: str) -> float:
        part = min(1.0, (at - start) / (hours * HOUR))
        return 1.0 + (size - 1.0) * part if area == "auth" and at >= start else 1.0

    return planted


def everywhere(sizes: dict[int, float]) -> Callable[[datetime, str], float]:
    """Days of the ninth week (0: Monday) that are otherwise for all areas."""
    first = BEGIN + timedelta(weeks=8)
    return lambda at, area: sizes.get((at - first).days, 1.0) if at >= first else 1.0


def detection(name: str, make: Callable[[float, datetime, int], Callable], hours: int, draws: int) -> None:
    for volume in (60, 300):
        for size in (2.0, 3.0, 5.0, 10.0):
            delays = []
            for seed in range(draws):
                start = BEGIN + timedelta(weeks=8, days=1 + seed % 3, hours=8 + seed % 5)
                desk = Desk(volume, 9, 1000 + seed, make(size, start, hours))
                told = watched(desk, [start + n * HOUR for n in range(1, hours + 25)], Rule())
                delays += [(at - start) / HOUR for at, place, _ in told[:1] if place in ("auth", "")]
            shown = f"{np.median(delays):4.0f} h (90%: {np.percentile(delays, 90):.0f})" if delays else "   -"
            print(f"  {name:<22} {volume:>4}/day  {size:>4.0f}x   {len(delays):>3} of {draws}   {shown}")


def quiet(draws: int) -> None:
    for volume in (20, 60, 300, 1500):
        false = [len(watched(Desk(volume, 12, seed), last(12, 28), Rule())) for seed in range(draws)]
        print(f"  {volume:>5}/day   {np.mean(false):.2f} false alarms a month, at most {max(false)}", flush=True)


def no_spikes(draws: int) -> None:
    """Weeks in which nothing is the matter, though they look odd."""
    odd = {
        "a Monday twice as full": {0: 2.0},
        "a holiday, and the day after": {1: 0.15, 2: 1.7},
        "a week of half the tickets": dict.fromkeys(range(7), 0.5),
    }
    for name, sizes in odd.items():
        for volume in (60, 300):
            told = sum(
                len(watched(Desk(volume, 9, 2000 + s, everywhere(sizes)), last(9, 7), Rule())) for s in range(draws)
            )
            print(f"  {name:<30} {volume:>4}/day   {told} alerts in {draws} weeks")
    told = sum(len(watched(imported(2000 + s), last(9, 2), Rule())) for s in range(draws))
    print(f"  {'an import of 2,000 old tickets':<30} {300:>4}/day   {told} alerts in {draws} weeks")


def imported(seed: int) -> Desk:
    """Old tickets come in with the dates that they had: all hours of the eight weeks get fuller, and one very full."""
    desk = Desk(300, 9, seed)
    rng = np.random.default_rng(seed)
    for n in rng.integers(0, 8 * 168, 1500):
        desk.counts["billing"][BEGIN + int(n) * HOUR] += 1
    desk.counts["billing"][BEGIN + timedelta(weeks=5, hours=33)] += 500
    return desk


# --- wording that no known theme explains


def new_wording(draws: int) -> None:
    """One problem of the demo's eight is unknown and begins in the last four hours; the other seven are known."""
    texts = pool()
    for volume in (60, 300):
        for planted in (0, 15, 20, 30, 60):
            found, caught, wrong = 0, [], 0
            for seed in range(draws):
                groups, at = wordings(texts, volume, planted, seed)
                hits = [sum(s.counts.get(at - n * HOUR, 0) for n in range(1, 25)) for s in groups]
                found += bool(hits and planted)
                caught += [max(hits) / planted] if hits and planted else []
                wrong += len(hits) - bool(hits and planted)
            shown = (
                f"{found:>3} of {draws}   {np.mean(caught):.0%} of them counted" if caught else f"{found:>3} of {draws}"
            )
            print(f"  {volume:>4}/day, {planted:>2} of a new problem   {shown}   {wrong} wrong")


def pool() -> dict[str, np.ndarray]:
    """Problem -> vectors of its tickets, "" those of one-offs: openings with each of their details."""
    sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tools"))
    import demo_texts  # type: ignore[import-not-found]

    said = {
        name: [(subject, f"{body} {more}") for subject, body in openings for more in demo_texts.DETAILS[name]]
        for name, openings in demo_texts.OPENINGS.items()
    }
    said[""] = list(demo_texts.ONE_OFFS)
    model = MiniLM()
    made = {}
    for name, some in said.items():
        clean = [cleaned([one])[0] for one in some[::3]]  # one by one: what the pool repeats is no template's
        made[name] = spoken(clean, model.embed(tuple(p for c in clean for p in passages(c))))[1]
    return made


def wordings(texts: dict[str, np.ndarray], volume: int, planted: int, seed: int) -> tuple[list[Series], datetime]:
    """The series of new wording that a check takes for a spike."""
    rng = np.random.default_rng(seed)
    names = sorted(n for n in texts if n)
    fresh = ("double_charge", "export_timeout", "report_late", "sso_loop")[seed % 4]
    usual = [n for n in names if n != fresh]
    end = BEGIN + timedelta(weeks=8, days=2, hours=15)
    written, rows, of = [], [], []
    for week in range(9):
        for _ in range(rng.poisson(volume)):
            name = str(rng.choice(usual)) if rng.random() < 0.5 else ""
            of.append(name)
            rows.append(texts[name][rng.integers(len(texts[name]))])
            written.append(Written(end - week * timedelta(weeks=1) - timedelta(minutes=int(rng.integers(1, 1440))), ""))
    for _ in range(planted):
        of.append(fresh)
        rows.append(texts[fresh][rng.integers(len(texts[fresh]))])
        written.append(Written(end - timedelta(minutes=int(rng.integers(1, 240))), ""))
    space = centred(np.array(rows, np.float32))
    centres = {n: unit(space[[i for i, o in enumerate(of) if o == n]].sum(axis=0, keepdims=True))[0] for n in usual}
    known = [Centre(n, n, tuple(float(x) for x in c)) for n, c in centres.items()]
    made = series(written, np.array(rows, np.float32), known, end, Rule().min_tickets)
    total = Desk(volume, 9, seed).series[0]
    told = Check(end, BEGIN, ZONE, Rule()).spikes([total, *made])
    return [s for s in made if s.cause is Cause.WORDING][: sum(t.cause is Cause.WORDING for t in told)], end


def main(draws: int) -> None:
    print(f"Planted in one area of a fifth of the tickets, {draws} draws each: found, and how long after its start")
    detection("burst of 8 hours", burst, 8, draws)
    detection("slow rise over 36 hours", rise, 36, draws)
    print(f"\nNothing planted: {draws // 2} months of hourly checks")
    quiet(draws // 2)
    print("\nNew wording, the shipped model on the demo's texts")
    new_wording(draws)
    print("\nOdd weeks that are no spike")
    no_spikes(draws // 2)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 20)
