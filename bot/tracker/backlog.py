"""Whether a theme is in the tracker already: issues and a theme in, how like they are out. Pure, but for the embedder.

An issue is written by people who know the product, a theme in the words of those who use it; so each quote is held
against the whole issue, and the whole theme against each sentence of the issue, and the mean of the two is the score.
On 60 labelled pairs (bench/backlog.py) SAME_FROM finds 14 of 20 and is right 14 times of 15; RELATED_FROM is a hint and
no more: between another request for the same area and an issue that shares words, vectors hardly tell.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

import numpy as np

from bot.acts import Issue, Likeness, Match
from bot.domain import Theme
from bot.ports import Embedder, Vectors
from bot.synthesis.english import BLAND, CLOSED

SAME_FROM, RELATED_FROM = 0.37, 0.30
MOST = 5  # matches of a theme that are kept
_WORDS = 12  # a tracker is asked for so many, and each of them more brings issues about something else
_QUOTES, _SENTENCES = 5, 20
_WORD = re.compile(r"[^\W\d_]{3,30}")
_END = re.compile(r"(?<=[.!?])\s+|\n+")


def words(theme: Theme) -> tuple[str, ...]:
    """What to look for: the theme's own content words, then those that its customers repeat; letters alone."""
    named = _content(f"{theme.words.name} {theme.words.title}")
    told = Counter(_content(" ".join((theme.words.problem, *(q.text for q in theme.quotes)))))
    return tuple(dict.fromkeys([*named, *(word for word, _ in told.most_common())]))[:_WORDS]


def _content(said: str) -> list[str]:
    return [w for w in _WORD.findall(said.casefold()) if w not in CLOSED and w not in BLAND]


def matches(theme: Theme, issues: Sequence[Issue], embedder: Embedder) -> list[Match]:
    """Those that are about the same, or near it, the likest first. Raises what the embedder does."""
    if not issues:
        return []
    scores = score(theme, issues, embedder)
    found = [Match(issue, likeness(s), s) for issue, s in zip(issues, scores, strict=True)]
    near = [match for match in found if match.likeness is not Likeness.OTHER]
    return sorted(near, key=lambda match: (-match.score, match.issue.key))[:MOST]


def likeness(of: float) -> Likeness:
    return Likeness.SAME if of >= SAME_FROM else Likeness.RELATED if of >= RELATED_FROM else Likeness.OTHER


def score(theme: Theme, issues: Sequence[Issue], embedder: Embedder) -> list[float]:
    """How like each issue is to the theme, in their order."""
    quotes, whole = _theme(theme)
    about = embedder.embed([*quotes, whole])
    pieces = [_issue(issue) for issue in issues]
    vectors = embedder.embed([text for piece in pieces for text in piece])
    scores, at = [], 0
    for piece in pieces:
        scores.append(_score(about, vectors[at : at + len(piece)]))
        at += len(piece)
    return scores


def _theme(theme: Theme) -> tuple[list[str], str]:
    quotes = [q.text for q in theme.quotes[:_QUOTES]] or [theme.words.problem]
    return quotes, f"{theme.words.title}. {theme.words.problem} {' '.join(quotes)}"


def _issue(issue: Issue) -> list[str]:
    """The whole, then its sentences; the summary stands for an empty description."""
    sentences = [s for s in map(str.strip, _END.split(issue.text)) if s][:_SENTENCES]
    return [f"{issue.summary}. {issue.text}", *(sentences or [issue.summary])]


def _score(about: Vectors, pieces: Vectors) -> float:
    """`about`: the theme's quotes, then the whole; `pieces`: the whole issue, then its sentences."""
    told = float(np.mean(about[:-1] @ pieces[0]))
    return round((told + float(np.max(pieces[1:] @ about[-1]))) / 2, 4)
