"""What all stand-ins share: a loopback HTTP server with routes, scripted faults, and a log that checkers read.

A stand-in lives in its own thread of the test, or (`python -m tests.servers`) in a process that outlives ours: what it
has committed is what really happened, whatever our side believes.
"""

from __future__ import annotations

import json
import re
import socket
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from typing import Any
from urllib.parse import parse_qs, urlsplit


@dataclass(frozen=True, slots=True)
class Request:
    """What arrived. `params` are the groups of the route's pattern; `json` the decoded body, None if it is none."""

    method: str
    path: str
    query: Mapping[str, list[str]]
    headers: Mapping[str, str]
    body: bytes
    params: tuple[str, ...] = ()

    @property
    def json(self) -> Any:
        try:
            return json.loads(self.body)
        except ValueError:
            return None

    @property
    def form(self) -> dict[str, str]:
        """The body as a form, or as flat JSON: Slack takes both."""
        if "json" in self.headers.get("content-type", ""):
            return {k: v if isinstance(v, str) else json.dumps(v) for k, v in (self.json or {}).items()}
        return {k: v[0] for k, v in parse_qs(self.body.decode("utf-8", "replace"), keep_blank_values=True).items()}

    def arg(self, name: str, otherwise: str = "") -> str:
        return self.query.get(name, [otherwise])[0]


@dataclass(frozen=True, slots=True)
class Answer:
    status: int = 200
    body: Any = None  # JSON, or bytes as they are
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class Fault:
    """What goes wrong with the next `times` requests that match.

    `kind`: "refuse" answers `status` and does nothing; "drop" cuts the connection and does nothing; "lose" does it, and
    cuts the connection; "fail" does it, and answers `status`; "hang" does it, and answers after `seconds`; "html" does
    it, and answers a sign-in page with status 200; "truncate" does it, and answers half of the body.
    """

    kind: str
    path: str = ""  # a regular expression, searched in the path
    method: str = ""
    times: int = 1
    status: int = 503
    seconds: float = 15.0
    headers: dict[str, str] = field(default_factory=dict)
    skip: int = 0  # let this many matching requests through first


Handler = Callable[[Request], Answer]


class StandIn:
    """Subclasses fill `routes` with (method, pattern of the whole path, handler) and keep their state under `lock`."""

    name = "stand-in"

    def __init__(self, port: int = 0, log: Path | None = None) -> None:
        self.routes: list[tuple[str, str, Handler]] = []
        self.faults: list[Fault] = []
        self.requests: list[Request] = []
        self.lock = threading.RLock()
        self._log = log
        self._server = _Server(("127.0.0.1", port), _handler(self))
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    @property
    def serving(self) -> int:
        """How many connections are open: when it is 0, all that was sent has been carried out."""
        return self._server.serving

    def __enter__(self) -> StandIn:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()

    def fail(self, kind: str, path: str = "", **more: Any) -> None:
        with self.lock:
            self.faults.append(Fault(kind, path, **more))

    def note(self, what: str, **more: Any) -> None:
        """One line in the log that checkers read: something was committed."""
        if self._log:
            with self.lock, self._log.open("a", encoding="utf-8") as file:
                file.write(json.dumps({"at": time.time(), "server": self.name, "what": what, **more}) + "\n")

    def sent(self, method: str, pattern: str) -> list[Request]:
        with self.lock:
            return [r for r in self.requests if r.method == method and re.search(pattern, r.path)]

    def answer(self, request: Request) -> Answer:
        if request.path == "/_faults":  # how another process scripts them
            self.fail(**request.json)
            return Answer(200, {"ok": True})
        for method, pattern, handler in self.routes:
            match = re.fullmatch(pattern, request.path)
            if match and method == request.method:
                found = Request(
                    request.method, request.path, request.query, request.headers, request.body, match.groups()
                )
                with self.lock:
                    return handler(found)
        return Answer(404, {"error": f"{self.name} has no {request.method} {request.path}"})

    def fault_for(self, request: Request) -> Fault | None:
        with self.lock:
            if not request.path.startswith("/_"):
                self.requests.append(request)
            for fault in self.faults:
                if fault.times > 0 and fault.method in ("", request.method) and re.search(fault.path, request.path):
                    if fault.skip > 0:
                        fault.skip -= 1
                        return None
                    fault.times -= 1
                    return fault
        return None


_counting = threading.Lock()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128
    serving = 0  # connections that are open

    def process_request(self, request: Any, client_address: Any) -> None:
        with _counting:
            self.serving += 1
        super().process_request(request, client_address)

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        try:
            super().process_request_thread(request, client_address)
        finally:
            with _counting:
                self.serving -= 1

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that was killed in mid-request is what these servers are for."""


def _handler(stand_in: StandIn) -> type[BaseHTTPRequestHandler]:
    class Served(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = 65_536  # headers and body in one piece, or every answer waits 40 ms for a delayed ACK
        disable_nagle_algorithm = True

        def _serve(self) -> None:
            parts = urlsplit(self.path)
            body = self.rfile.read(int(self.headers.get("content-length") or 0))
            headers = {k.lower(): v for k, v in self.headers.items()}
            request = Request(self.command, parts.path, parse_qs(parts.query), headers, body)
            fault = stand_in.fault_for(request)
            if fault is None:
                self._send(stand_in.answer(request))
                return
            stand_in.note("fault", **{**asdict(fault), "on": f"{request.method} {request.path}"})
            if fault.kind == "refuse":
                self._send(Answer(fault.status, {"error": "scripted"}, fault.headers))
            elif fault.kind == "drop":
                self._cut()
            else:
                self._spoil(fault, stand_in.answer(request))

        def _spoil(self, fault: Fault, answer: Answer) -> None:
            if fault.kind == "lose":
                self._cut()
            elif fault.kind == "fail":
                self._send(Answer(fault.status, {"error": "scripted"}, fault.headers))
            elif fault.kind == "hang":
                time.sleep(fault.seconds)
                self._send(answer)
            elif fault.kind == "html":
                page = b"<html><body><form>Sign in</form></body></html>"
                self._send(Answer(200, page, {"Content-Type": "text/html"}))
            elif fault.kind == "truncate":
                whole = answer.body if isinstance(answer.body, bytes) else json.dumps(answer.body).encode()
                self._send(Answer(answer.status, whole[: len(whole) // 2], {"Content-Type": "application/json"}))
            else:
                raise AssertionError(f"no such fault: {fault.kind!r}")

        def _send(self, answer: Answer) -> None:
            raw = answer.body if isinstance(answer.body, bytes) else json.dumps(answer.body).encode()
            self.send_response(answer.status)
            for name, value in {"Content-Type": "application/json", **answer.headers}.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(raw)))
            self.end_headers()
            self.wfile.write(raw)

        def _cut(self) -> None:
            self.close_connection = True
            self.connection.shutdown(socket.SHUT_RDWR)

        def log_message(self, format: str, *args: Any) -> None:
            return None

        do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = _serve

    return Served
