"""The dead-man switch: GET <url>/start, <url>, <url>/fail (Healthchecks.io and its like), so that silence is noticed.

Never in anybody's way: a thread of its own sends, one after the other, and what can't be sent is dropped. The address
may be a secret, so no message and no log holds it.
"""

from __future__ import annotations

import queue
import threading
from http.client import HTTPException
from typing import Protocol
from urllib.request import Request, urlopen

import structlog

_TIMEOUT = 5.0  # seconds
_WAITING = 20  # pings that may wait for a slow one; more are dropped

_log = structlog.get_logger("groundswell")


class Pulse(Protocol):
    """Whoever is told how it goes. None of these waits or raises."""

    def start(self) -> None: ...

    def success(self) -> None: ...

    def fail(self) -> None: ...


class Silent:
    """Nobody listens."""

    def start(self) -> None:
        return None

    success = fail = start


class Pings:
    """A Pulse to the http(s) address `url`."""

    def __init__(self, url: str, timeout: float = _TIMEOUT) -> None:
        self._url, self._timeout = url.rstrip("/"), timeout
        self._waiting: queue.Queue[str] = queue.Queue(_WAITING)
        threading.Thread(target=self._send_all, name="pulse", daemon=True).start()

    def start(self) -> None:
        self._put("/start")

    def success(self) -> None:
        self._put("")

    def fail(self) -> None:
        self._put("/fail")

    def _put(self, what: str) -> None:
        try:
            self._waiting.put_nowait(what)
        except queue.Full:
            _log.warning("ping dropped", what=what or "/")

    def _send_all(self) -> None:
        while True:
            what = self._waiting.get()
            try:
                with urlopen(Request(f"{self._url}{what}"), timeout=self._timeout) as answer:  # noqa: S310 - config: http(s)
                    answer.read(1)
            except (OSError, HTTPException, ValueError) as lost:
                _log.warning("ping lost", what=what or "/", why=type(lost).__name__)
