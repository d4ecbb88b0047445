"""One question to a product analytics tool over HTTP: bounded in time and size, its faults as the port says them.

A time-out of httpx is for each piece of an answer; one that comes in drops would last for ever, so the whole is timed.
"""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import httpx

from bot.ports import Refused, Unavailable
from connectors.patience import asked_for

_MOST = 8_000_000  # bytes; what is asked for is counts and some hundred names


@dataclass(frozen=True, slots=True)
class Analytics:
    """Where a vendor is asked, and as whom. `timeout`: seconds for an answer; `right`: what the token needs."""

    vendor: str
    url: str
    right: str
    timeout: float
    auth: httpx.Auth | None = field(default=None, repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)

    def ask(self, method: str, path: str, *, params: Mapping[str, str] | None = None, body: Any = None) -> Any:
        """The decoded answer. Raises Unavailable, Refused."""
        given = {"params": params, "json": body, "headers": dict(self.headers), "auth": self.auth}
        try:
            with httpx.stream(method, f"{self.url}{path}", timeout=self.timeout, **given) as answer:
                self._raise_for(answer)
                return json.loads(self._whole(answer))
        except httpx.TimeoutException:
            raise Unavailable(f"{self.vendor} did not answer in time.") from None
        except httpx.RequestError:
            raise Unavailable(f"{self.vendor} can’t be reached.") from None
        except (ValueError, RecursionError):
            raise self.unreadable() from None

    def unreadable(self) -> Unavailable:
        """For an answer that is not what was asked for, such as a sign-in page with status 200."""
        return Unavailable(f"{self.vendor} answered with what is no result: is signals.base_url right?")

    def _whole(self, answer: httpx.Response) -> bytes:
        began, told = time.monotonic(), bytearray()
        for piece in answer.iter_bytes():
            told += piece
            if time.monotonic() - began > self.timeout:
                raise Unavailable(f"{self.vendor} did not answer in time.")
            if len(told) > _MOST:
                raise Unavailable(f"{self.vendor} answered with more than counts.")
        return bytes(told)

    def _raise_for(self, answer: httpx.Response) -> None:
        code = answer.status_code
        if code == httpx.codes.TOO_MANY_REQUESTS or code >= 500:
            wait = asked_for(answer.headers.get("Retry-After"), datetime.now(UTC))
            raise Unavailable(f"{self.vendor} answered {code}.", retry_after=wait)
        if code in (401, 403):
            raise Refused(f"{self.vendor} refused the token ({code}): it needs {self.right}.")
        if code != httpx.codes.OK:
            raise Refused(f"{self.vendor} refused the query ({code}): is signals.project right?")
