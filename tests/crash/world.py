"""What outlives every process of ours: Slack and Jira, the people who click, and time."""

from __future__ import annotations

import http.client
import re
import threading
import time
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any
from urllib.parse import urlsplit

from connectors.jira import Jira
from connectors.slack import Slack
from tests.servers.base import Answer, Request, StandIn
from tests.servers.jira import EMAIL, TOKEN, JiraServer
from tests.servers.slack import CHANNEL, SlackServer
from tests.servers.slack import TOKEN as SLACK_TOKEN

WRITES = {"jira": r"^/rest/api/3/issue$", "slack": r"/chat\.postMessage$"}
LATE = 20.0  # seconds after its arrival at which a held request is carried out: within the ledger's window of 30


@dataclass(slots=True)
class Hold:
    """One request is kept: `commits` says whether it is carried out before that or after.

    `until`: the time at which it goes on by itself, whoever still waits for its answer.
    """

    path: str
    commits: bool
    skip: int = 0
    until: float | None = None
    reached: threading.Event = field(default_factory=threading.Event)
    go: threading.Event = field(default_factory=threading.Event)
    over: threading.Event = field(default_factory=threading.Event)

    def release(self) -> None:
        self.go.set()
        if self.reached.is_set():
            assert self.over.wait(20), "a held request was never carried out"


class _Holding(StandIn):
    """A stand-in that keeps a request when it is told to."""

    def __init__(self, port: int = 0, log: Path | None = None) -> None:
        super().__init__(port, log)
        self.hold: Hold | None = None
        self.held = 0

    def answer(self, request: Request) -> Answer:
        hold = self._due(request)
        if hold is None:
            return super().answer(request)
        self.held += 1
        if hold.commits:
            answer = super().answer(request)
        hold.reached.set()
        assert hold.go.wait(30), "nobody let a held request go"
        if not hold.commits:
            answer = super().answer(request)
        self.held -= 1
        hold.over.set()
        return answer

    def _due(self, request: Request) -> Hold | None:
        with self.lock:
            hold = self.hold
            if hold is None or hold.reached.is_set() or not re.search(hold.path, request.path):
                return None
            hold.skip -= 1
            return hold if hold.skip < 0 else None


class _Slack(_Holding, SlackServer):
    """Dana, Lee and Sam read the channel: whoever sees the digest clicks, and clicks again until it was taken."""

    def __init__(self, world: World, log: Path) -> None:
        super().__init__(log=log)
        self.world = world
        self.clicks: dict[str, dict[str, Any]] = {}
        self.acked: set[str] = set()
        self.routes += [
            ("GET", "/_clicks", self._unanswered),
            ("POST", "/_acked", self._acknowledged),
        ]

    def answer(self, request: Request) -> Answer:
        if request.path == "/_leap":  # not under the lock, which whatever is put off until then needs
            self.world.leap(float(request.json))
            return Answer(200, {})
        return super().answer(request)

    def _unanswered(self, request: Request) -> Answer:
        posted = self.posted()
        if posted and not self.clicks:
            themes = _themes(posted[0])
            told = [("approve", "U0DANA", themes[0]), ("approve", "U0LEE", themes[0]), ("approve", "U0SAM", themes[0])]
            told += [(self.world.second, "U0LEE", themes[1])]
            self.clicks = {f"click-{n}": self.click(posted[0], *one) for n, one in enumerate(told)}
        return Answer(200, {name: click for name, click in self.clicks.items() if name not in self.acked})

    def _acknowledged(self, request: Request) -> Answer:
        self.acked.add(str(request.json))
        return Answer(200, {})


class _Jira(_Holding, JiraServer):
    pass


def _themes(message: dict[str, Any]) -> list[str]:
    """The themes of a digest's rows, from their buttons."""
    return [b["block_id"].split("|")[2] for b in message["blocks"] if b["type"] == "actions"]


class World:
    """`offset` is shared with every process: seconds by which their clock is ahead of the machine's.

    `second`: what Lee thinks of the second theme, "approve" or "reject".
    """

    def __init__(self, folder: Path, offset: Any) -> None:
        self.log = folder / "vendors.jsonl"
        self.offset = offset
        self.second = "approve"
        self.slack, self.jira = _Slack(self, self.log), _Jira(log=self.log)
        self._open = ExitStack()

    def __enter__(self) -> World:
        self._open.enter_context(self.slack)
        self._open.enter_context(self.jira)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._open.close()

    def anew(self, *, precedent: bool, second: str) -> None:
        """An empty channel and project. `precedent`: our account has made an issue here before."""
        self.quiet()
        self.second = second
        for server in (self.slack, self.jira):
            with server.lock:
                server.faults.clear()
                server.requests.clear()
                server.hold = None
        with self.slack.lock:
            self.slack.rooms[CHANNEL].messages.clear()
            self.slack.clicks, self.slack.acked = {}, set()
        with self.jira.lock:
            self.jira.issues.clear()
        if precedent:
            self.jira._add(EMAIL, {"summary": "Made last month", "labels": []}, {})
        self.log.write_text("")

    def leap(self, seconds: float) -> None:
        """Time passes, and what the vendors had put off until then happens."""
        self.offset.value += seconds
        for server in (self.slack, self.jira):
            hold = server.hold
            if hold and hold.until is not None and hold.reached.is_set() and self.offset.value >= hold.until:
                hold.release()

    def keep(self, vendor: str, *, commits: bool, skip: int, late: bool = False) -> Hold:
        until = self.offset.value + LATE if late else None
        hold = Hold(WRITES[vendor], commits, skip, until)
        (self.slack if vendor == "slack" else self.jira).hold = hold
        return hold

    def quiet(self) -> None:
        """Returns when all that was sent by processes that are gone has been carried out, but for what is held."""
        for server in (self.slack, self.jira):
            _asked(server)  # whoever connected before this was accepted before this
            until = time.monotonic() + 20
            while server.serving > server.held:
                assert time.monotonic() < until, f"{server.name} does not come to rest"
                time.sleep(0.0005)


def _asked(server: StandIn) -> None:
    address = urlsplit(server.url)
    connection = http.client.HTTPConnection(str(address.hostname), address.port, timeout=10)
    connection.request("GET", "/_nothing", headers={"Connection": "close"})
    connection.getresponse().read()
    connection.close()


def slack(base_url: str, sleep: Any = time.sleep) -> Slack:
    return Slack(token=SLACK_TOKEN, channel=CHANNEL, base_url=base_url, timeout=1.0, sleep=sleep)


def jira(url: str) -> Jira:
    """`settle` 0: what a dead process sent is carried out before the next life begins, or held to a known time."""
    return Jira(site=url, email=EMAIL, token=TOKEN, project="BILL", timeout=1.0, settle=0.0)
