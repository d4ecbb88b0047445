"""One life of the bot: from whatever the store holds until nothing is left to do, unless it is killed."""

from __future__ import annotations

import gc
import http.client
import json
import os
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from bot.acts import Absent, Act, EffectState, Finding, Hint
from bot.config import Config
from bot.domain import Page, Ticket, Window
from bot.effects import Ledger, Patience
from bot.embedding import Cached, MiniLM
from bot.ports import Embedder
from bot.runs import Parts, Request, ask, carry_on
from bot.serve import Service, Times
from bot.slack.board import Board
from bot.slack.clicks import Decider
from bot.store import Store
from bot.wiring import ticket_files
from tests.crash.trap import Trap, Wrapped
from tests.crash.world import jira, slack
from tests.servers.slack import CHANNEL

WORKSPACE, RUN = "acme", "monthly:2026-10"
WINDOW = Window(datetime(2026, 10, 1, tzinfo=UTC), datetime(2026, 11, 1, tzinfo=UTC), "UTC", "October 2026")
REQUEST = Request(WINDOW, post=True)
_PARTS = ("tickets", "runs", "effects", "decisions", "drawings", "inbox")
_LEAP = 5.0  # seconds
_SETTLED, _NEVER = 3, 2_000  # idle rounds: nothing more will come; something never will
SHORT = Patience(
    call=timedelta(seconds=1),
    window=timedelta(seconds=3),
    margin=timedelta(seconds=0.5),
    reconcile=timedelta(seconds=20),
    looks=(0.2, 0.4, 0.8, 1.5, 3.0),
)


@dataclass(frozen=True, slots=True)
class Job:
    """`trap`: a mark and the passing at which it kills. `real`: in real time and by the database's clock, with SHORT.

    `blind`: nobody looks before sending again, which is how one sees that a duplicate would be seen.
    """

    database: str
    slack: str
    jira: str
    vectors: Path
    trap: tuple[str, int] | None = None
    real: bool = False
    blind: bool = False


class Blind:
    """An outlet that finds nothing, and is sure of it."""

    def __init__(self, outlet: Any) -> None:
        self.mark, self.do = outlet.mark, outlet.do

    def find(self, act: Act, hint: Hint) -> Absent:
        return Absent()


class Desk3:
    """A help desk of three pages: a `bot.ports.Source`."""

    def __init__(self, tickets: Sequence[Ticket]) -> None:
        self._tickets = tickets

    def check(self) -> Sequence[Finding]:
        return [Finding("desk", "ok", "There.")]

    def pages(self, cursor: str | None = None, *, since: datetime | None = None) -> Iterator[Page]:
        size = -(-len(self._tickets) // 3)
        for start in range(int(cursor or 0), len(self._tickets), size):
            part = tuple(self._tickets[start : start + size])
            yield Page(part, cursor=str(start + size), high_water=datetime.now(UTC))


def tickets() -> Sequence[Ticket]:
    """Twelve of the demo's October, of two themes."""
    folder = Path(__file__).resolve().parents[2] / "bot" / "demo"
    labels = json.loads((folder / "gold.json").read_text(encoding="utf-8"))["2026-10"]["labels"]
    left = {"double_charge": 6, "export_timeout": 6}
    (source,) = ticket_files([folder / "zendesk-2026-10.csv"], {}, Config(), datetime.now(UTC))
    found = []
    for ticket in (t for page in source.pages() for t in page.tickets):
        label = labels.get(ticket.key)
        if left.get(label, 0) > 0:
            left[label] -= 1
            found.append(ticket)
    return found


class Life:
    """`offset`: how far the clock is ahead, shared with the world; `desk`: read before the fork, for speed."""

    def __init__(self, job: Job, offset: Any, desk: Desk3, trap: Trap) -> None:
        self._job, self._offset, self._trap = job, offset, trap
        self._real = Store.open(job.database, workspace=WORKSPACE, clock=None if job.real else self._now)
        if not job.real:
            self._real.lock_for_serve()
        self._store: Any = Wrapped(self._real, "store", trap, _PARTS)
        self._service = self._wired(desk)

    def _wired(self, desk: Desk3) -> Service:
        channel: Any = Wrapped(slack(self._job.slack, self._sleep), "channel", self._trap)
        into = jira(self._job.jira)
        board = Board(self._store, channel, WORKSPACE, deciders=True)
        both: dict[str, Any] = {"slack": channel, "jira": into}
        if self._job.blind:
            both = {name: Blind(outlet) for name, outlet in both.items()}
        outlets: Any = {name: Wrapped(outlet, "outlet", self._trap) for name, outlet in both.items()}
        clicks = Decider(self._store, channel, into, WORKSPACE, CHANNEL, ("U0DANA", "U0LEE"))
        embedder: Embedder = Wrapped(Cached(MiniLM(), self._job.vectors), "embedder", self._trap)  # type: ignore[assignment]
        parts = Parts(self._store, {"zendesk": desk}, lambda _: [], embedder, Config().rules, announce=board.announce)
        ledger = Ledger(self._store, outlets, SHORT if self._job.real else None)
        times = Times("off", "UTC", 60, lease=2.0 if self._job.real else 60.0)
        return Service(parts, ledger, times, "this life", [board], [clicks])

    def until_settled(self) -> bool:
        """False: it goes on for ever."""
        ask(self._store, RUN, "monthly", REQUEST)
        idle = 0
        for _ in range(_NEVER):
            self._let_in()
            s = self._service
            busy = s.answer_clicks() + s.send_due() + s.redraw() + s.carry_on_one()
            idle = 0 if busy else idle + 1
            if idle > _SETTLED and self._settled():
                return True
            if not busy:
                self._pass()
        return False

    def _settled(self) -> bool:
        run = self._real.runs.get(RUN)
        if run is None or run.state != "DONE" or self._clicks():
            return False
        pending = self._real.effects.in_state(EffectState.PENDING)
        return not any(self._live(e.act) for e in pending) and not self._real.drawings.due()

    def _live(self, act: Act) -> bool:
        parent = self._real.effects.get(act.after) if act.after else None
        return act.after is None or (parent is not None and parent.state in (EffectState.DONE, EffectState.PENDING))

    # --- clicks come in, and time passes

    def _let_in(self) -> None:
        """The door: stores each click, then says so."""
        for event_id, click in self._clicks().items():
            self._store.inbox.receive(event_id, "click", click)
            self._world("POST", "/_acked", event_id)

    def _clicks(self) -> Mapping[str, Any]:
        found: Mapping[str, Any] = self._world("GET", "/_clicks")
        return found

    def _pass(self) -> None:
        if self._job.real:
            time.sleep(0.05)
        else:
            self._world("POST", "/_leap", _LEAP)

    def _now(self) -> datetime:
        return datetime.now(UTC) + timedelta(seconds=self._offset.value)

    def _sleep(self, seconds: float) -> None:
        """How Slack's connector waits between two looks."""
        if self._job.real:
            time.sleep(seconds / 10)
        else:
            self._world("POST", "/_leap", seconds)

    def _world(self, method: str, path: str, told: Any = None) -> Any:
        where = urlsplit(self._job.slack)
        connection = http.client.HTTPConnection(str(where.hostname), where.port, timeout=30)
        connection.request(method, path, json.dumps(told))
        answer = json.loads(connection.getresponse().read())
        connection.close()
        return answer


def warmed(vectors: Path, desk: Desk3) -> None:
    """Everything that a life loads once (models, lexicons, compiled statements), so that a forked one need not.

    The model's own threads would not outlive a fork, so vectors are made in a process of their own.
    """
    child = os.fork()
    if child == 0:
        _run_once(vectors, desk)
        os._exit(0)
    assert os.waitpid(child, 0)[1] == 0, "the vectors could not be made"
    _run_once(vectors, desk)
    gc.collect()
    gc.freeze()  # else each life goes through all of that again


def _run_once(vectors: Path, desk: Desk3) -> None:
    with tempfile.TemporaryDirectory() as folder:
        store = Store.open(f"sqlite:///{folder}/warm.db", workspace=WORKSPACE)
        parts = Parts(store, {"zendesk": desk}, lambda _: [], Cached(MiniLM(), vectors), Config().rules)
        ask(store, RUN, "monthly", replace(REQUEST, post=False))
        made = carry_on(parts, RUN, "warm")
        assert made is not None and len(made.themes) == 2, "the demo's tickets make no two themes any more"
        store.close()
