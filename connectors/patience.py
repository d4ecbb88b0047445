"""When and how long to wait before a read is asked for again: as the other side says, within bounds, and never unsaid.

For reads alone. What writes is sent once (`Outlet.do`).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from bot.ports import Unavailable

SHORTEST, LONGEST = 1.0, 900.0  # seconds; RELIABILITY section 8, row 28
_OWN_LONGEST = 60.0


class Patience:
    """How long a request may be waited for in all, `seconds`, until it is answered; the next one has as much again.

    So a long read that is slowed down goes on as long as it gets ahead, and one that gets nowhere ends.
    """

    def __init__(
        self,
        seconds: float,
        *,
        now: Callable[[], datetime],
        sleep: Callable[[float], None],
        tell: Callable[[str], None],
    ) -> None:
        self._seconds = seconds
        self._now = now
        self._sleep = sleep
        self._tell = tell
        self._left = seconds
        self._tries = 0

    def wait(self, why: str, retry_after: str | None = None) -> None:
        """Waits before the same request is sent again: as long as the header says, else 1, 2, 4 .. 60 s.

        `why` is a clause without a full stop ("Zendesk answered 503"). Raises Unavailable, without waiting, when that
        is longer than what is left.
        """
        asked = asked_for(retry_after, self._now())
        seconds = min(2.0**self._tries, _OWN_LONGEST) if asked is None else asked
        self._tries += 1
        if seconds > self._left:
            raise Unavailable(f"{why}, and did not recover in time; try again later.", retry_after=seconds)
        self._left -= seconds
        self._tell(f"{why}; waiting {seconds:.0f} s")
        self._sleep(seconds)

    def answered(self) -> None:
        self._left = self._seconds
        self._tries = 0


def asked_for(retry_after: str | None, now: datetime) -> float | None:
    """Seconds that a Retry-After header asks for, clamped to 1 s .. 15 min; None when it says nothing readable."""
    said = (retry_after or "").strip()
    if re.fullmatch(r"[+-]?\d{1,300}(\.\d+)?", said, re.ASCII):
        seconds = float(said)
    else:
        try:
            at = parsedate_to_datetime(said)
        except (ValueError, OverflowError):
            return None
        seconds = ((at if at.tzinfo else at.replace(tzinfo=UTC)) - now).total_seconds()
    return min(max(seconds, SHORTEST), LONGEST)
