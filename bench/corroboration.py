"""How often usage is said to bear a theme out, where it does and where it doesn't: drawn users, judged as in a digest.

    .venv/bin/python -m bench.corroboration [DRAWS]

A draw is a flow's users in the time before and in the window, of whom a share is stuck. Nothing of a vendor is in it.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass

import numpy as np

from bot.domain import Corroboration, Users
from bot.signals import USUAL, judged


@dataclass(frozen=True)
class Story:
    users: int
    before: float
    now: float
    usual: float | None = USUAL


FRICTIONLESS = {
    "5% of 150 meet an error": Story(150, 0.05, 0.05),
    "5% of 3,000 meet an error": Story(3000, 0.05, 0.05),
    "1% of 3,000 meet an error": Story(3000, 0.01, 0.01),
    "4% of 50,000 meet an error": Story(50_000, 0.04, 0.04),
    "35% of 3,000 drop out": Story(3000, 0.35, 0.35, None),
    "35% of 3,000 drop out, 40% are said to be usual": Story(3000, 0.35, 0.35, 0.4),
    "fewer are stuck than before": Story(3000, 0.05, 0.03),
}
GREW = {
    "3% of 1,000 became 9%": Story(1000, 0.03, 0.09),
    "1.2% of 6,903 became 3.1%": Story(6903, 0.012, 0.031),
    "35% of 1,000 who drop out became 50%": Story(1000, 0.35, 0.5, None),
}
LASTS = {
    "20% of 150, both times": Story(150, 0.2, 0.2),
    "10% of 600, both times": Story(600, 0.1, 0.1),
    "8% of 3,000, both times": Story(3000, 0.08, 0.08),
    "3.1% of 6,903, both times, 1% is said to be usual": Story(6903, 0.031, 0.031, 0.01),
    "60% of 600 drop out, both times, 40% are said to be usual": Story(600, 0.6, 0.6, 0.4),
}
UNTOLD = {
    "10% of 150, both times: too few to tell from 5%": Story(150, 0.1, 0.1),
    "3.1% of 6,903, both times, nobody said what is usual": Story(6903, 0.031, 0.031),
    "60% of 600 drop out, both times, nobody said what is usual": Story(600, 0.6, 0.6, None),
}


def corroborated(story: Story, draws: int, seed: int = 1) -> int:
    """Of so many draws."""
    rng = np.random.default_rng(seed)
    stuck = rng.binomial(story.users, (story.before, story.now), (draws, 2)).tolist()
    told = (judged("f", 6, (Users(story.users, b), Users(story.users, n)), story.usual) for b, n in stuck)
    return sum(signal.verdict is Corroboration.CORROBORATED for signal in told)


def main(draws: int) -> None:
    for title, stories in (
        ("no friction", FRICTIONLESS), ("it grew", GREW), ("it lasts", LASTS), ("can't be told", UNTOLD)
    ):  # fmt: skip
        print(f"\n{title}")
        for name, story in stories.items():
            print(f"  {corroborated(story, draws):>6,} of {draws:,} corroborated   {name}")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 3000)
