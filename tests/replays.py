"""Months of counts from a seed: themes with their own sizes, moved by a season, a fall or a fix."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import numpy as np

from bot.domain import Window
from bot.months.outcomes import Period
from bot.months.trends import Ending, History, Past, Was

FLOOR = 5  # tickets of the rule: a digest counts no theme below
DONE, FIXED = 3, "t-fixed"  # the issue is done in the fourth of seven months
NAMES = ("April", "May", "June", "July", "August", "September", "October")


@dataclass(frozen=True, slots=True)
class Story:
    """`left`: the share of the fixed theme's tickets that go on after; `moved`: what month n does to all themes;
    `rates`: sizes of the themes, the fixed one first; `new`: a theme that is born after."""

    left: float = 1.0
    moved: tuple[float, ...] = (1.0,) * 7
    rates: tuple[float, ...] = (30, 34, 28, 22, 40, 17, 25)
    new: float = 0.0
    scatter: float = 0.1  # of each theme's own rate from month to month, beyond chance


def month(n: int) -> Window:
    start = datetime(2026, 4 + n, 1, tzinfo=UTC)
    return Window(start, datetime(2026, 5 + n, 1, tzinfo=UTC), "UTC", f"{NAMES[n]} 2026")


def done(high: float | None = None, low: float | None = None) -> Ending:
    return Ending(FIXED, "BILL-12", datetime(2026, 7, 14, 12, tzinfo=UTC), low, high)


def counts(story: Story, seed: int) -> list[Period]:
    rng = np.random.default_rng(seed)
    return [_counted(story, n, rng) for n in range(7)]


def _counted(story: Story, n: int, rng: Any) -> Period:
    left = story.left if n > DONE else (1 + story.left) / 2 if n == DONE else 1.0
    found: dict[str, tuple[str, int]] = {}
    for i, rate in enumerate(story.rates):
        name = FIXED if i == 0 else f"t-{i}"
        own = rng.gamma(1 / story.scatter**2, story.scatter**2) if story.scatter else 1.0
        found[name] = (f"Theme {i}", int(rng.poisson(rate * story.moved[n] * own * (left if i == 0 else 1.0))))
    if story.new and n > DONE:
        found["t-new"] = ("A new one", int(rng.poisson(story.new)))
    rest = int(rng.poisson(0.6 * sum(story.rates) * story.moved[n]))
    kept = {i: t for i, t in found.items() if t[1] >= FLOOR}
    return Period(month(n), sum(t for _, t in found.values()) + rest, kept)


def history(periods: list[Period], *endings: Ending) -> History:
    """What a digest of the month after these looks back on."""
    pasts = [
        Past(f"m{n}", True, p.window, {i: Was(name, t, frozenset()) for i, (name, t) in p.themes.items()},
             looked_at=p.looked_at)
        for n, p in enumerate(periods)
    ]  # fmt: skip
    return History(tuple(pasts), endings=endings)
