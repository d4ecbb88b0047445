"""Where the same pure work is done over many pieces: on this machine's threads, or (`cluster`) on other machines'.

joblib hands the pieces out, whichever it is; it is imported here alone, and not before the first piece.
"""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable, Generator, Iterator, Sequence
from typing import TypeVar

_P = TypeVar("_P")
_R = TypeVar("_R")


class Threads:
    """A `Spread` over threads of this process: work that lets go of the interpreter's lock runs side by side.

    As many as there are processors; `at_once` says otherwise. One piece alone costs no thread.
    """

    def __init__(self, at_once: int | None = None) -> None:
        self._at_once = at_once or os.cpu_count() or 1

    def __call__(self, work: Callable[[_P], _R], pieces: Sequence[_P]) -> Iterator[_R]:
        if min(self._at_once, len(pieces)) < 2:
            yield from map(work, pieces)
            return
        from joblib import Parallel, delayed  # 30 ms, which `--help` need not wait for

        # One piece at a time: joblib's own guess at batches takes a second of work to get going.
        hands = Parallel(self._at_once, backend="threading", batch_size=1, return_as="generator")
        yield from drawn(hands(delayed(work)(piece) for piece in pieces))


def drawn(results: Generator[_R]) -> Iterator[_R]:
    """joblib's results as they come. Who stops in between does so on purpose: joblib's warning of that is no news."""
    try:
        for result in results:  # noqa: UP028 - `yield from` would close it before we can hush it
            yield result
    finally:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            results.close()
