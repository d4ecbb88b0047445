"""Several places for one approval: the tracker, and what keeps the evidence beside it. Pure but for what is passed on.

What stands beside the tracker hangs on the tracker's first act: it is done once the issue is there, so that whoever
undoes an approval before anything was sent ends all of it at once, and a failure beside never holds up the tracker.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Protocol

from bot.acts import Act, Draft, Field, Finding, Hint, Issue, Receipt, Sighting
from bot.domain import Kind, Ticket
from bot.ports import Backlog, Formed, Pictured, Sink, Unavailable, Unknown

_REST = 30.0  # seconds
Transcripts = Callable[[str, str], Ticket | None]  # (run key, the id that its digest shows) -> the masked ticket


def textless(run_key: str, shown: str) -> None:
    """Where nothing is sent, no ticket's text is needed."""


class Tracker(Sink, Formed, Pictured, Backlog, Protocol):
    """All that a tracker can do, as Jira does."""


class Sinks:
    """A `Tracker` that plans for others, too. `others` by name, the first part of the kind of their acts."""

    def __init__(self, tracker: Tracker, others: Mapping[str, Sink], now: Callable[[], float] = time.monotonic) -> None:
        """`now`: seconds on a clock that only goes on."""
        self._tracker, self._others, self._now = tracker, dict(others), now
        self._rests: dict[str, float] = {}  # name -> until when it is left alone

    # --- for all of them

    def plan(self, draft: Draft) -> Sequence[Act]:
        return self._with_beside(self._tracker.plan(draft), draft)

    def withdrawal(self, draft: Draft, made: Receipt) -> Sequence[Act]:
        """`made` is the tracker's."""
        return [*self._tracker.withdrawal(draft, made), *self.beside_withdrawn(draft)]

    def beside_withdrawn(self, draft: Draft) -> Sequence[Act]:
        """What takes back all that stands beside the tracker; it finds what was made by what it hangs on."""
        beside = (act for sink in self._others.values() for act in sink.withdrawal(draft, Receipt("")))
        return [replace(act, parent=None) for act in beside]

    def check(self) -> Sequence[Finding]:
        return [finding for sink in (self._tracker, *self._others.values()) for finding in sink.check()]

    def mark(self, act: Act) -> Hint:
        with self._patiently(act) as sink:
            return sink.mark(act)

    def do(self, act: Act) -> Receipt:
        with self._patiently(act) as sink:
            return sink.do(act)

    def find(self, act: Act, hint: Hint) -> Sighting:
        with self._patiently(act) as sink:
            return sink.find(act, hint)

    def twins(self, act: Act) -> Sequence[Receipt]:
        with self._patiently(act) as sink:
            return sink.twins(act)

    # --- for the tracker, with what goes along

    def attach(self, draft: Draft, issue: str, number: int) -> Sequence[Act]:
        return self._with_beside(self._tracker.attach(draft, issue, number), draft)

    def renew(self, draft: Draft, made: Act, number: int) -> Sequence[Act]:
        """Of the others only what is new: what they have of the theme is there by its key."""
        return self._with_beside(self._tracker.renew(draft, made, number), draft)

    # --- for the tracker alone

    def form(self, kind: Kind | None = None, *, wait: bool = True) -> Sequence[Field]:
        return self._tracker.form(kind, wait=wait)

    def text(self, acts: Sequence[Act]) -> Sequence[str]:
        return [*self._tracker.text(self._tracked(acts)), *self._told(acts)]

    def page(self, acts: Sequence[Act]) -> str:
        return self._tracker.page(self._tracked(acts))

    def similar(self, words: Sequence[str]) -> Sequence[Issue]:
        return self._tracker.similar(words)

    def issues(self, keys: Sequence[str]) -> Sequence[Issue]:
        return self._tracker.issues(keys)

    def stands(self, made: Receipt) -> bool:
        return self._tracker.stands(made)

    def detach(self, draft: Draft, made: Act, number: int, former: Act | None) -> Act:
        return self._tracker.detach(draft, made, number, former)

    # --- details

    @contextmanager
    def _patiently(self, act: Act) -> Iterator[Sink]:
        """Whose act it is. One beside the tracker that gave no answer is left alone for a while: its fifty notes would
        each wait for their time-out, and the next issue behind them."""
        name = _name(act)
        if name not in self._others:
            yield self._tracker
            return
        if (left := self._rests.get(name, 0.0) - self._now()) > 0:
            raise Unavailable(f"{name} gave no answer a moment ago", retry_after=left)
        try:
            yield self._others[name]
        except (Unavailable, Unknown):
            self._rests[name] = self._now() + _REST
            raise

    def _with_beside(self, acts: Sequence[Act], draft: Draft) -> Sequence[Act]:
        """The tracker's acts, and those of the others that hang on the first of them."""
        beside = (act for sink in self._others.values() for act in sink.plan(draft))
        return [*acts, *(act if act.after else replace(act, after=acts[0].key) for act in beside)]

    def _tracked(self, acts: Sequence[Act]) -> Sequence[Act]:
        return [act for act in acts if _name(act) not in self._others]

    def _told(self, acts: Sequence[Act]) -> Iterator[str]:
        """What would be written beside the tracker: a line for each place."""
        for name in self._others:
            kinds = [act.kind for act in acts if _name(act) == name]
            counted = ", ".join(f"{kinds.count(kind)} x {kind}" for kind in dict.fromkeys(kinds))
            yield from ([f"Then, beside it: {counted}"] if counted else [])


def _name(act: Act) -> str:
    return act.kind.partition(".")[0]
