"""Which flow of the product a theme may be about: proposals from what analytics has recorded, for a person to confirm.
Pure, but for the embedder.

A step and what shows trouble there are found by their names alone: "export_started" with "export_failed" (trouble) or
"export_completed" (what should follow), "login_attempted" again and again, or a page with rage clicks. Each is held
against the theme twice, as meaning (vectors, as `tracker.backlog` does) and as words; the mean of the two is the score.
It is a hint: what a name means, only the people of the product know.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from bot import phrases
from bot.domain import Theme
from bot.ports import Embedder, Flow, Recorded
from bot.synthesis.english import content, stem

FROM, MOST = 0.3, 5  # the score from which a flow is proposed, and how many are
TRIES = 3  # a guess: how many tries are too many, only the people of the product know
_VIEW, _RAGE, _NAME = "$pageview", "$rageclick", 80
_TROUBLE = frozenset(
    map(
        stem,
        "abort aborted broken crash crashed denied error errors exception expired fail failed fails failing failure"
        " invalid rage reject rejected stalled stuck timeout timed unable declined bounced".split(),
    )
)
_GOAL = frozenset(
    map(
        stem,
        "accepted activated complete completed confirmed connected created delivered done downloaded finish finished"
        " loaded opened paid ready received saved sent shown success succeeded successful synced uploaded".split(),
    )
)
_STEP = frozenset(
    map(
        stem,
        "attempt attempted begin began button click clicked event initiated page press pressed queued request requested"
        " retried retry start started submit submitted tap tapped try tried user view viewed visit visited".split(),
    )
)
_TRIES = frozenset(map(stem, "attempt attempted retry retried submit submitted tried try".split()))
_CASES = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|[^A-Za-z0-9]+")


@dataclass(frozen=True, slots=True)
class Proposal:
    """`score`: how like the theme, about 0 to 1; `users` of the step, where the tool says it."""

    flow: Flow
    score: float
    users: int | None


def proposals(theme: Theme, recorded: Sequence[Recorded], counts: frozenset[str], embedder: Embedder) -> list[Proposal]:
    """The likest first, at most five, none that is not like the theme at all. `counts`: as `Signals.counts`.

    Raises what the embedder does.
    """
    found = list(_flows(theme.id, recorded, counts))
    if not found:
        return []
    scores = _scores(theme, [flow for flow, _ in found], embedder)
    made = [Proposal(flow, score, users) for (flow, users), score in zip(found, scores, strict=True) if score >= FROM]
    return sorted(made, key=lambda p: (-p.score, -(p.users or 0), p.flow.name))[:MOST]


# --- from names to flows


@dataclass(frozen=True, slots=True)
class _Event:
    """An event by its name: what it is about, and what of a step it tells."""

    recorded: Recorded
    about: frozenset[str]
    trouble: bool
    goal: bool
    tried: bool

    @property
    def name(self) -> str:
        return self.recorded.event


def _flows(theme_id: str, recorded: Sequence[Recorded], counts: frozenset[str]) -> Iterator[tuple[Flow, int | None]]:
    events = [_event(r) for r in recorded if r.page is None and not r.event.startswith("$")]
    steps, paired = [e for e in events if not e.trouble], set[str]()
    for event in (e for e in events if e.about and (e.trouble or e.goal)):
        step = _step_of(event, steps)
        if step is not None:
            name = _named(f"{said(step.name)} → {said(event.name)}")
            trouble, goal = (event.name, None) if event.trouble else (None, event.name)
            yield Flow(name, theme_id, step.name, trouble=trouble, goal=goal), step.recorded.users
            paired.add(step.name)
    tried = (e for e in steps if e.tried and e.about and not e.goal and e.name not in paired)
    for event in tried if "repeats" in counts else ():
        name = _named(f"{said(event.name)} → {TRIES} times or more")
        yield Flow(name, theme_id, event.name, repeats=TRIES), event.recorded.users
    if "page" in counts and any(r.event == _RAGE for r in recorded):
        for r in (r for r in recorded if r.page is not None and words(r.page)):
            name = _named(f"{phrases.line(r.page or '')} → rage clicks")
            yield Flow(name, theme_id, _VIEW, page=r.page, trouble=_RAGE), r.users


def _event(recorded: Recorded) -> _Event:
    stems = frozenset(words(recorded.event))
    about = stems - _TROUBLE - _GOAL - _STEP
    trouble = bool(stems & _TROUBLE)
    return _Event(recorded, about, trouble, bool(stems & _GOAL) and not trouble, bool(stems & _TRIES))


def _step_of(event: _Event, steps: Iterable[_Event]) -> _Event | None:
    """What comes before it: the step that is most about the same, of several the one with the most users."""

    def likeness(step: _Event) -> float:
        return len(step.about & event.about) / len(step.about | event.about)

    others = [s for s in steps if s.name != event.name and s.about and not (s.goal and event.goal)]
    near = [s for s in others if likeness(s) >= 0.5]
    return max(near, key=lambda s: (likeness(s), not s.goal, s.recorded.users or 0, s.name), default=None)


def words(name: str) -> list[str]:
    """The stems of a name in any case: "exportCSV_failed", "/w/*/export"."""
    return content(said(name))


def said(name: str) -> str:
    """A name as words, for people: "export started"."""
    return phrases.clip(" ".join(p for p in _CASES.split(phrases.line(name)) if p), 60)


def _named(name: str) -> str:
    return phrases.clip(name, _NAME - 4)


# --- how like a theme they are


def _scores(theme: Theme, flows: Sequence[Flow], embedder: Embedder) -> list[float]:
    texts = [f"{theme.words.title}. {theme.words.problem}", f"{theme.words.name}"]
    told = [" ".join(_about(flow)) for flow in flows]
    vectors = embedder.embed([*texts, *told])
    alike = (vectors[2:] @ vectors[:2].T).max(axis=1)
    own = set(content(" ".join((theme.words.name, theme.words.title, theme.words.problem))))
    theirs = set(content(" ".join(q.text for q in theme.quotes)))
    return [round((float(a) + _shared(_stems(f), own, theirs)) / 2, 4) for a, f in zip(alike, flows, strict=True)]


def _about(flow: Flow) -> Iterator[str]:
    yield said(flow.page or flow.reach)
    yield said(flow.trouble or flow.goal or "")


def _stems(flow: Flow) -> frozenset[str]:
    return frozenset(words(" ".join(_about(flow)))) - _TROUBLE - _GOAL - _STEP


def _shared(stems: frozenset[str], own: set[str], theirs: set[str]) -> float:
    """The share of a flow's words that the theme has: of its name and title in full, of its customers' by half."""
    return sum(1.0 if s in own else 0.5 if s in theirs else 0.0 for s in stems) / len(stems) if stems else 0.0
