"""What the core needs from the outside, and how the outside may fail. Each docstring is the contract.

Unavailable   try again later; carries `retry_after` seconds where the other side said so
Refused       not until a person acts; the message says what to do
Anything else that leaves a connector is a bug and surfaces.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from bot.domain import Page

Vectors = NDArray[np.float32]
Progress = Callable[[int, int], None]  # (done, of how many); called often, must be cheap


class Unavailable(Exception):
    """The other side did not answer as it should; the same call may work later."""

    def __init__(self, message: str, *, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class Refused(Exception):
    """It will not work until a person changes something; the message is one sentence with the mend."""


class Source(Protocol):
    """Where tickets come from. Reads only."""

    def pages(self, cursor: str | None = None, *, since: datetime | None = None) -> Iterator[Page]:
        """Every ticket changed since `since`, each id once over all pages, in no promised order.

        Raises Refused (unreadable, no right) before the first page, Unavailable at any time.
        """
        ...


class Embedder(Protocol):
    """Turns texts into vectors. `id` changes whenever the same text would give another vector."""

    @property
    def id(self) -> str: ...

    def embed(self, texts: Sequence[str], progress: Progress | None = None) -> Vectors:
        """-> (len(texts), dim) float32, rows of unit length, order kept.

        A text's row depends on that text alone: not on its neighbours, the batch or the number of threads.
        """
        ...
