"""How well `bot.tracker.backlog` tells an issue that is about a theme from its neighbours: python bench/backlog.py

60 labelled pairs (backlog.json): twenty themes of many domains, and for each an issue about the same problem in a
developer's words, one of the same area that asks for something else, and one that shares words and nothing more. No
issue was worded after its theme. The last table chooses the threshold on nineteen themes and judges the twentieth, so
that no pair is judged by a threshold that saw it.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from bot.acts import Issue, Likeness
from bot.domain import Counts, Kind, Quality, Quote, Theme, Words
from bot.embedding import MiniLM
from bot.tracker import backlog

PAIRS = Path(__file__).with_name("backlog.json")
WANTED = 0.9
Judged = tuple[int, str, float]  # number of the theme, label, score


def theme(told: dict[str, Any]) -> Theme:
    words = Words(told["name"], told["name"], Kind.BUG, told["problem"], told["title"], "", (), "extractive")
    quotes = tuple(Quote(str(n), text) for n, text in enumerate(told["quotes"]))
    return Theme("t", 1, (), (), Counts(0, 0, 0, {}, {}), words, quotes, (), Quality(1.0, None, 0))


def judged() -> Iterator[Judged]:
    model = MiniLM()
    for number, pair in enumerate(json.loads(PAIRS.read_text(encoding="utf-8"))):
        about = theme(pair["theme"])
        for label in Likeness:
            issue = Issue(label, "", pair[label]["summary"], pair[label]["text"])
            yield number, label, backlog.score(about, [issue], model)[0]


def told(pairs: Sequence[Judged], taken: Sequence[bool]) -> tuple[float, float]:
    """(precision, recall) of "the same"."""
    right = sum(ours and label == Likeness.SAME for (_, label, _), ours in zip(pairs, taken, strict=True))
    return right / max(sum(taken), 1), right / sum(label == Likeness.SAME for _, label, _ in pairs)


def lowest(pairs: Sequence[Judged]) -> float:
    """The lowest threshold whose precision is WANTED."""
    scores = [score for *_, score in pairs]
    return min(s for s in scores if told(pairs, [score >= s for score in scores])[0] >= WANTED)


def main() -> None:
    pairs = list(judged())
    print(f"{'label':<9} same  related  other   (of {len(pairs) // 3})")
    for label in Likeness:
        came = Counter(backlog.likeness(score) for _, given, score in pairs if given == label)
        print(f"{label:<9} {came[Likeness.SAME]:>4}  {came[Likeness.RELATED]:>7}  {came[Likeness.OTHER]:>5}")
    precision, recall = told(pairs, [score >= backlog.SAME_FROM for *_, score in pairs])
    print(f"\nsame from {backlog.SAME_FROM}: precision {precision:.3f}, recall {recall:.2f}")
    held = [score >= lowest([p for p in pairs if p[0] != number]) for number, _, score in pairs]
    precision, recall = told(pairs, held)
    print(f"threshold from the other themes: precision {precision:.3f}, recall {recall:.2f}")


if __name__ == "__main__":
    main()
