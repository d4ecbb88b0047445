"""What a run says of itself while it goes on, kept in its row, so that Slack and other processes can tell of it."""

from __future__ import annotations

import time

from bot.ports import Progress, Unavailable
from bot.runs.reading import Watch
from bot.store import Store

_EVERY = 3.0  # seconds between two notes of how far a step is: SURFACES 1.11 draws no oftener


class Noted:
    """A Watch that passes on what it hears, and keeps it in the row of the run that holds `fence`."""

    def __init__(self, store: Store, key: str, fence: int, watch: Watch) -> None:
        self._store, self._key, self._fence, self._watch = store, key, fence, watch
        self._noted = float("-inf")

    def step(self, name: str) -> Progress:
        onward = self._watch.step(name)
        self._note(name)

        def progress(done: int, total: int) -> None:
            onward(done, total)
            if time.monotonic() - self._noted >= _EVERY:
                self._note(f"{name}: {done:,} of {total:,}" if total > done else f"{name}: {done:,}")

        return progress

    def done(self, name: str, result: str, *, well: bool = True) -> None:
        self._watch.done(name, result, well=well)

    def _note(self, doing: str) -> None:
        self._noted = time.monotonic()
        try:
            self._store.runs.moves(self._key, self._fence, doing)
        except Unavailable:
            return  # the database is busy, and no run fails for want of a note
