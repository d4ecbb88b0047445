"""Boundaries, and a process that kills itself at one of them: SIGKILL, so that nothing of it gets to say goodbye.

What is handed to the bot (its store's parts, its outlets, its embedder) is handed over wrapped; the wrap only counts
who passes, and at the chosen passing the process is gone.
"""

from __future__ import annotations

import os
import signal
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import event
from sqlalchemy.engine import Engine

ENTERED, INSIDE, LEFT = "before", "inside", "after"


@dataclass(frozen=True, slots=True)
class Boundary:
    """`where` is "part.method"; INSIDE is before each SQL statement and each commit of that call.

    `only`: the passing that counts, where it must be a certain one.
    """

    name: str
    where: str
    when: str
    only: int | None = None

    @property
    def mark(self) -> str:
        return f"{self.when} {self.where}"


BOUNDARIES = [
    Boundary("run: asked for", "runs.ask", LEFT),
    Boundary("run: taken", "runs.lease", LEFT),
    Boundary("sync: in the middle of storing a page", "tickets.take", INSIDE),
    Boundary("sync: a page is stored", "tickets.take", LEFT),
    Boundary("synced: before its mark", "runs.advance", ENTERED),
    Boundary("synced: after its mark", "runs.advance", LEFT),
    Boundary("frozen: before", "runs.freeze", ENTERED),
    Boundary("frozen: in the middle", "runs.freeze", INSIDE),
    Boundary("frozen: after", "runs.freeze", LEFT),
    Boundary("digested: embedded, not grouped", "embedder.embed", LEFT),
    Boundary("digested: before it, and the intent to post", "runs.conclude", ENTERED),
    Boundary("digested: in the middle", "runs.conclude", INSIDE),
    Boundary("digested: after it, and the intent to post", "runs.conclude", LEFT),
    Boundary("run: before its end is stored", "runs.finish", ENTERED),
    Boundary("run: after its end is stored", "runs.finish", LEFT),
    Boundary("click: stored, not acknowledged", "inbox.receive", LEFT),
    Boundary("decision: before it, and the intent", "decisions.write", ENTERED),
    Boundary("decision: in the middle", "decisions.write", INSIDE),
    Boundary("decision: after it, and the intent", "decisions.write", LEFT),
    Boundary("click: decided, not marked as answered", "inbox.answered", ENTERED),
    Boundary("effect: before the mark", "outlet.mark", ENTERED),
    Boundary("effect: after the mark", "outlet.mark", LEFT),
    Boundary("effect: in the middle of begin", "effects.begin", INSIDE),
    Boundary("effect: after begin", "effects.begin", LEFT),
    Boundary("effect: before the send", "outlet.do", ENTERED),
    Boundary("effect: answered, before done", "outlet.do", LEFT),
    Boundary("effect: in the middle of done", "effects.done", INSIDE),
    Boundary("effect: after done", "effects.done", LEFT),
    Boundary("between the digest and its thread", "effects.done", LEFT, only=1),
    Boundary("redraw: before", "channel.update", ENTERED),
    Boundary("redraw: drawn, lines not planned", "channel.update", LEFT),
    Boundary("redraw: lines planned, not marked", "drawings.drawn", ENTERED),
    Boundary("redraw: after", "drawings.drawn", LEFT),
]


class Trap:
    """Counts what passes. Armed, it kills this process at the `nth` passing of `mark`."""

    def __init__(self, mark: str | None = None, nth: int = 0) -> None:
        self.passed: Counter[str] = Counter()
        self._mark, self._nth = mark, nth
        self._calls: list[str] = []

    def passes(self, mark: str) -> None:
        self.passed[mark] += 1
        if mark == self._mark and self.passed[mark] == self._nth:
            os.kill(os.getpid(), signal.SIGKILL)

    def called(self, where: str, call: Callable[[], Any]) -> Any:
        self.passes(f"{ENTERED} {where}")
        self._calls.append(where)
        try:
            result = call()
        finally:
            self._calls.pop()
        self.passes(f"{LEFT} {where}")
        return result

    def listen(self) -> None:
        """From here on statements and commits are counted, each for the call that it is of."""
        event.listen(Engine, "before_cursor_execute", self._statement)
        event.listen(Engine, "commit", self._statement)

    def _statement(self, *_: object) -> None:
        if self._calls:
            self.passes(f"{INSIDE} {self._calls[-1]}")


class Wrapped:
    """An object whose calls pass a trap; `parts` are attributes whose own calls do."""

    def __init__(self, inner: object, name: str, trap: Trap, parts: tuple[str, ...] = ()) -> None:
        self._inner, self._name, self._trap, self._parts = inner, name, trap, parts

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._inner, name)
        if name in self._parts:
            return Wrapped(found, name, self._trap)
        if not callable(found):
            return found
        return lambda *args, **more: self._trap.called(f"{self._name}.{name}", lambda: found(*args, **more))
