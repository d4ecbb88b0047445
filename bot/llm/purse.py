"""A hard cap on what a run may cost, however many requests go on side by side."""

from __future__ import annotations

import threading

from bot.llm.endpoint import Prices
from bot.ports import Usage


class Purse:
    """Money is reserved for the worst before a request is sent, and settled after it: the cap can't be passed.

    `cap` in USD; None: no cap.
    """

    def __init__(self, cap: float | None, prices: Prices) -> None:
        self._cap, self._prices = cap, prices
        self._reserved = 0.0
        self._lock = threading.Lock()
        self.spent = Usage()

    def reserve(self, tokens_in: int, tokens_out: int) -> float | None:
        """The amount that is set aside, None where the cap does not allow it."""
        worst = self._prices.of(tokens_in, tokens_out)
        with self._lock:
            if self._cap is not None and self.spent.cost + self._reserved + worst > self._cap:
                return None
            self._reserved += worst
            return worst

    def settle(self, reserved: float, tokens_in: int, tokens_out: int) -> Usage:
        """What a request really took. A request that was answered with nothing but an error took nothing."""
        took = Usage(1, tokens_in, tokens_out, self._prices.of(tokens_in, tokens_out))
        with self._lock:
            self._reserved = max(0.0, self._reserved - reserved)
            self.spent += took
        return took
