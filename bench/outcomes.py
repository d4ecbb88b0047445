"""Whether a fix worked, on replayed months: how often each verdict is said, and what forecasts err.

    .venv/bin/python -m bench.outcomes [DRAWS]

Counts alone are drawn (tests/replays.py): seven themes, seven months, an issue that is done in the fourth. Verdicts are
of `bot.months.outcomes.of`; nothing of a model or a vendor is in it, so it takes seconds.
"""

from __future__ import annotations

import sys
from dataclasses import replace

from bot.domain import Measured, Worked
from bot.months.outcomes import calibrated, of, record
from bot.synthesis.impact import deflection
from tests.replays import FIXED, FLOOR, Story, counts, done, history

SEASON = (1.0, 1.1, 1.0, 0.9, 0.7, 0.6, 0.55)
STORIES = {
    "70 % of its tickets gone": Story(left=0.3),
    "half gone": Story(left=0.5),
    "half gone in a falling season": Story(left=0.5, moved=SEASON),
    "nothing fixed": Story(),
    "nothing fixed, a season falls": Story(moved=SEASON),
    "nothing fixed, all tickets halve": Story(moved=(1.0,) * 4 + (0.5,) * 3),
    "nothing fixed, themes scatter twice as much": Story(scatter=0.25),
    "a small theme, all gone": Story(left=0.0, rates=(7, 34, 28, 22, 40, 17, 25)),
}


def measured(story: Story, seed: int, months: int) -> Measured:
    periods = counts(story, seed)[: 4 + months]
    return of(periods[-1], (), history(periods[:-1], done(30, 20)), FLOOR)[0]


def row(story: Story, draws: int, months: int) -> str:
    told = [measured(story, seed, months) for seed in range(draws)]
    truth = (1 - story.left) * story.rates[0] * sum(story.moved[4 : 4 + months]) / months * 30 / 30.5
    judged = [m for m in told if m.low is not None and m.high is not None]
    inside = sum((m.low or 0) <= truth <= (m.high or 0) for m in judged)
    shares = " | ".join(f"{sum(m.worked is w for m in told) / draws:.0%}" for w in Worked)
    return (
        f"{months * 30} days | {shares} | {inside / len(judged):.0%}"
        if judged
        else f"{months * 30} days | {shares} | –"
    )


def errors(draws: int) -> tuple[float, float, float]:
    """Mean error in tickets of a month: the same as last month, the forecast as it is, and corrected by a record."""
    fixes = [measured(Story(left=0.5), 10_000 + n, 3) for n in range(8)]
    kept = record(replace(m, issue=f"A-{n}") for n, m in enumerate(fixes))
    sums = [0.0, 0.0, 0.0]
    for seed in range(draws):
        periods = counts(Story(left=0.5), seed)
        last, came = periods[2].themes[FIXED][1], periods[5].count(FIXED, 2)
        plain = deflection(last, last, periods[2].window)
        told = (last, last - plain.high, last - calibrated(plain, kept).high)
        sums = [so_far + abs(n - came) / draws for so_far, n in zip(sums, told, strict=True)]
    return sums[0], sums[1], sums[2]


def main() -> None:
    draws = int(sys.argv[1]) if len(sys.argv) > 1 else 1000
    print("what happened | after | likely effect | no measurable effect | too few | truth in interval")
    for name, story in STORIES.items():
        for months in (1, 2, 3):
            print(f"{name} | {row(story, draws, months)}")
    print("error of a month's tickets: as last month {:.1f}, forecast {:.1f}, corrected {:.1f}".format(*errors(draws)))


if __name__ == "__main__":
    main()
