"""The HTTP door of `serve`: is it alive, is it ready, how it goes, and Slack's clicks without Socket Mode."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from waitress.server import create_server
from waitress.wasyncore import close_all

from bot.ports import Refused, Unavailable
from bot.serve.metrics import TYPE

WSGI = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]
Ready = Callable[[], Mapping[str, bool]]
Metrics = Callable[[], str]

_BODY = 1_000_000  # bytes; Slack's payloads are some 20 kB
_FAREWELL = 2.0  # seconds that an answer in the middle has


class Door:
    """Listens from `open` to `close`. `slack` answers POST /slack/events, `metrics` GET /metrics; without, that is 404.

    Raises Refused when it can't listen there.
    """

    def __init__(
        self, host: str, port: int, ready: Ready, slack: WSGI | None = None, metrics: Metrics | None = None
    ) -> None:
        self._ready, self._slack, self._metrics = ready, slack, metrics
        self._server = create_server(
            self._answer, sockets=[_listening(host, port)], threads=8, max_request_body_size=_BODY, ident=None
        )
        self._thread = threading.Thread(target=self._server.run, name="door", daemon=True)

    @property
    def port(self) -> int:
        return int(self._server.effective_port)

    def open(self) -> None:
        self._thread.start()

    def close(self) -> None:
        """Nobody is answered any more. In the server's own thread, whose loop ends when nothing is left to watch:
        a socket that is closed beside a `select` on it ends that thread in an error."""
        if self._thread.is_alive():
            self._server.trigger.pull_trigger(lambda: close_all(self._server._map, ignore_all=True))
            self._thread.join(_FAREWELL)
        self._server.task_dispatcher.shutdown(timeout=_FAREWELL)

    def _answer(self, environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        path, method = environ.get("PATH_INFO", ""), environ.get("REQUEST_METHOD")
        if path == "/slack/events" and method == "POST" and self._slack is not None:
            return self._slack(environ, start)
        if method == "GET" and path in ("/healthz", "/readyz"):
            told = self._ready() if path == "/readyz" else {"alive": True}
            return _said(start, "200 OK" if all(told.values()) else "503 Service Unavailable", told)
        if method == "GET" and path == "/metrics" and self._metrics is not None:
            return _measured(start, self._metrics)
        return _said(start, "404 Not Found", {"found": False})


def _listening(host: str, port: int) -> socket.socket:
    """Bound by us: waitress leaves its own socket open when the place is taken."""
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0][0]
        return socket.create_server((host, port), family=family)
    except OSError as error:
        raise Refused(f"can't listen on {host}:{port}: {error.strerror}. Set server.host or server.port.") from None


def _measured(start: Callable[..., Any], metrics: Metrics) -> Iterable[bytes]:
    try:
        body, status = metrics().encode(), "200 OK"
    except (Unavailable, Refused) as away:
        body, status = f"# {away}\n".encode(), "503 Service Unavailable"
    start(status, [("Content-Type", TYPE), ("Content-Length", str(len(body)))])
    return [body]


def _said(start: Callable[..., Any], status: str, told: Mapping[str, bool]) -> Iterable[bytes]:
    body = json.dumps(dict(told)).encode()
    start(status, [("Content-Type", "application/json"), ("Content-Length", str(len(body)))])
    return [body]
