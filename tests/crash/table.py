"""Many runs as a table: what was done to them, and what became of them."""

from __future__ import annotations

import argparse
import json
import multiprocessing
import random
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from multiprocessing.util import Finalize
from pathlib import Path
from typing import Any

import structlog

from tests.crash.lane import Lane, Told
from tests.crash.life import Desk3, tickets, warmed
from tests.crash.trap import BOUNDARIES, Boundary
from tests.crash.world import WRITES, World
from tests.databases import _started

_CHUNK = 10  # runs of one task
_AFTER_DIGEST = ("effects", "outlet", "channel", "drawings", "inbox", "decisions")


@dataclass
class Row:
    boundary: str
    database: str
    runs: int = 0
    kills: int = 0
    duplicates: int = 0
    lost: int = 0
    unsure: int = 0
    stories: list[str] = field(default_factory=list)

    def add(self, told: Told, number: int) -> None:
        self.runs += 1
        self.kills += told.kills
        self.duplicates += len(told.verdicts.duplicates)
        self.lost += len(told.verdicts.lost)
        self.unsure += told.verdicts.unsure
        self.stories += [f"run {number}: {s}" for s in (*told.verdicts.duplicates, *told.verdicts.lost)][:5]

    def join(self, other: Row) -> None:
        for name in ("runs", "kills", "duplicates", "lost", "unsure", "stories"):
            setattr(self, name, getattr(self, name) + getattr(other, name))


# --- what is done to a run


Do = Callable[[Lane, int, random.Random], Told]


def _boundary(boundary: Boundary, *, blind: bool = False) -> Do:
    """Each run is killed at another passing of the boundary; every third one is killed there twice."""
    digested = boundary.where.partition(".")[0] in _AFTER_DIGEST

    def do(lane: Lane, number: int, dice: random.Random) -> Told:
        passings = _passings(lane, boundary, digested, number)
        nth = boundary.only or 1 + number // 2 % passings
        traps: list[tuple[str, int] | None] = [(boundary.mark, nth)]
        if number % 3 == 2:
            traps.append((boundary.mark, dice.randint(1, max(1, passings - nth))))
        return lane.killed_at(number, traps, digested=digested, blind=blind)

    return do


_known: dict[tuple[int, bool, int], dict[str, int]] = {}


def _passings(lane: Lane, boundary: Boundary, digested: bool, number: int) -> int:
    """How often a whole life passes it. What Lee thinks of the second theme makes a difference (`number`'s parity)."""
    key = (id(lane), digested, number % 2)
    if key not in _known:
        _known[key] = lane.killed_at(number % 2, [], digested=digested).passed
    count = _known[key].get(boundary.mark, 0)
    assert count, f"nothing passes {boundary.mark}"
    return count


def _held(*, commits: bool, late: bool = False) -> Do:
    def do(lane: Lane, number: int, dice: random.Random) -> Told:
        vendor = "jira" if number % 3 else "slack"
        skip = dice.randrange(1 + number % 2) if vendor == "jira" else dice.randrange(5)
        return lane.killed_while(number, vendor, commits=commits, skip=skip, late=late)

    return do


def _sometime(lane: Lane, number: int, dice: random.Random) -> Told:
    return lane.killed_sometime(number, dice, dice.randint(1, 5))


def _replicas(lane: Lane, number: int, dice: random.Random) -> Told:
    return lane.replicas(number, dice, dice.randint(3, 8))


def _fault(kind: str, *, killed: bool, **more: Any) -> Do:
    def do(lane: Lane, number: int, dice: random.Random) -> Told:
        vendor = "jira" if number % 3 else "slack"
        skip = dice.randrange(1 + number % 2) if vendor == "jira" else dice.randrange(5)

        def disturb(world: World) -> None:
            if kind == "late":
                world.keep(vendor, commits=False, skip=skip, late=True)
            else:
                server = world.slack if vendor == "slack" else world.jira
                server.fail(kind, WRITES[vendor], method="POST", skip=skip, **more)

        return lane.disturbed(number, disturb, ("before effects.look_again", 1) if killed else None)

    return do


_WAIT = {"Retry-After": "7"}
_FAULTS: list[tuple[str, str, dict[str, Any]]] = [
    ("done, connection cut", "lose", {}),
    ("done, 503", "fail", {"status": 503}),
    ("done, 500", "fail", {"status": 500}),
    ("done, a sign-in page", "html", {}),
    ("done, half an answer", "truncate", {}),
    ("done, answered after the deadline", "hang", {"seconds": 1.3}),
    ("done 20 s later, after the deadline", "late", {}),
    ("not done, connection cut", "drop", {}),
    ("not done, 503", "refuse", {"status": 503}),
    ("not done, 429", "refuse", {"status": 429, "headers": _WAIT}),
]


@dataclass(frozen=True, slots=True)
class Trial:
    """One row of the table. `share` of the usual number of runs; `control`: a duplicate is what it must show.

    `kills`: it is kills that are counted up to that number, and not runs.
    """

    name: str
    do: Do
    share: float = 1.0
    lane: str = "one"
    control: bool = False
    kills: bool = False


def trials() -> list[Trial]:
    found = [Trial(b.name, _boundary(b), kills=True) for b in BOUNDARIES]
    found += [
        Trial("vendor has it, not done yet", _held(commits=False)),
        Trial("vendor did it, answer under way", _held(commits=True)),
        Trial("vendor does it 20 s after our death", _held(commits=False, late=True)),
        Trial("random moments", _sometime, kills=True),
    ]
    for name, kind, more in _FAULTS:
        found.append(Trial(f"fault: {name}", _fault(kind, killed=False, **more), 0.1))
        if kind != "refuse" or more["status"] != 429:  # a 429 is known: nothing is looked for
            found.append(Trial(f"fault: {name}; killed", _fault(kind, killed=True, **more), 0.1))
    blind = next(b for b in BOUNDARIES if b.mark == "after outlet.do")
    found.append(Trial("control: nobody looks before sending again", _boundary(blind, blind=True), 0.1, control=True))
    found.append(Trial("three replicas, random kills", _replicas, 1.0, "three"))
    return found


# --- lanes in processes


_lanes: dict[tuple[str, str], Lane] = {}


def _begin(desk: Desk3, vectors: Path, server: str | None) -> None:
    """In each worker: all lanes' nurseries first, then their vendors, which are threads. stdout is for the table."""
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))
    _lanes["one", "sqlite"] = Lane(desk, vectors)
    if server:
        _lanes["one", "postgresql"] = Lane(desk, vectors, server)
        _lanes["three", "postgresql"] = Lane(desk, vectors, server, replicas=3)
    for lane in _lanes.values():
        lane.open()
        Finalize(lane, lane.close, exitpriority=1)


def _some(index: int, database: str, numbers: Sequence[int], seed: int) -> tuple[int, Row]:
    trial = trials()[index]
    row = Row(trial.name, database)
    for number in numbers:
        if trial.kills and row.kills >= len(numbers):
            break
        dice = random.Random(f"{seed}:{trial.name}:{number}")
        row.add(trial.do(_lanes[trial.lane, database], number, dice), number)
    return index, row


@dataclass(frozen=True, slots=True)
class Size:
    """How many runs of each trial; `replicas` of the last."""

    sqlite: int
    postgresql: int
    replicas: int


def table(size: Size, server: str | None, *, workers: int, seed: int, only: str = "") -> list[Row]:
    """`server`: the URL of a PostgreSQL database from which others can be made."""
    desk = Desk3(tickets())
    room = "/dev/shm" if Path("/dev/shm").is_dir() else None
    folder = Path(tempfile.mkdtemp(prefix="gs-crash-", dir=room))
    try:
        warmed(folder / "vectors.db", desk)
        fork = multiprocessing.get_context("fork")
        rows: dict[tuple[int, str], Row] = {}
        with ProcessPoolExecutor(workers, fork, _begin, (desk, folder / "vectors.db", server)) as pool:
            tasks = [pool.submit(_some, *task, seed) for task in _tasks(size, server is not None, only)]
            for done in as_completed(tasks):
                index, row = done.result()
                rows.setdefault((index, row.database), Row(row.boundary, row.database)).join(row)
        return [rows[key] for key in sorted(rows)]
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _tasks(size: Size, with_postgresql: bool, only: str) -> Iterator[tuple[int, str, Sequence[int]]]:
    """Those that take longest first."""
    for index, trial in reversed(list(enumerate(trials()))):
        counts = {"sqlite": size.sqlite, "postgresql": size.postgresql if with_postgresql else 0}
        if trial.lane == "three":
            counts = {"sqlite": 0, "postgresql": size.replicas if with_postgresql else 0}
        for database, count in counts.items():
            runs = range(max(1, round(count * trial.share)) if count and only in trial.name else 0)
            for start in range(0, len(runs), _CHUNK):
                yield index, database, runs[start : start + _CHUNK]


# --- the command


def printed(rows: Sequence[Row]) -> Iterator[str]:
    yield f"{'boundary':<52} {'database':<10} {'runs':>5} {'kills':>5} {'duplicates':>10} {'lost':>5} {'unsure':>6}"
    for r in rows:
        counts = f"{r.runs:>5} {r.kills:>5} {r.duplicates:>10} {r.lost:>5} {r.unsure:>6}"
        yield f"{r.boundary:<52} {r.database:<10} {counts}"
    real = [r for r in rows if not r.boundary.startswith("control")]
    totals = [sum(getattr(r, name) for r in real) for name in ("runs", "kills", "duplicates", "lost", "unsure")]
    runs, kills, duplicates, lost, unsure = totals
    yield f"{'all but the control':<63} {runs:>5} {kills:>5} {duplicates:>10} {lost:>5} {unsure:>6}"
    for r in real:
        yield from (f"!! {r.boundary} ({r.database}) {story}" for story in r.stories)


def faults(rows: Sequence[Row]) -> list[str]:
    """What must not be: a duplicate, something lost, a control that shows none."""
    found = []
    for row in rows:
        if row.boundary.startswith("control"):
            found += [] if row.duplicates else [f"{row.boundary} ({row.database}): a duplicate would not be seen"]
        else:
            found += [f"{row.boundary} ({row.database}): {story}" for story in row.stories]
    return found


@contextmanager
def _server(given: str | None, databases: str) -> Iterator[str | None]:
    programs = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda p: int(p.parts[-3]))
    if given or "postgresql" not in databases or not programs:
        if not given and "postgresql" in databases:
            sys.stderr.write("PostgreSQL is not installed (apt-get install postgresql): SQLite alone\n")
        yield given
        return
    folder = Path(tempfile.mkdtemp(prefix="gs-pg-", dir="/tmp"))
    started = _started(programs[-1].parent, folder)
    try:
        yield started.url("postgres")
    finally:
        started.process.terminate()
        started.process.wait()
        shutil.rmtree(folder, ignore_errors=True)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.crash", description=__doc__)
    parser.add_argument("--sqlite", type=int, default=100, help="runs of each boundary")
    parser.add_argument("--postgresql", type=int, default=30)
    parser.add_argument("--replicas", type=int, default=50)
    parser.add_argument("--server", help="URL of the database `postgres` of a running PostgreSQL")
    parser.add_argument("--workers", type=int, default=3)
    parser.add_argument("--seed", type=int, default=int(time.time()))
    parser.add_argument("--only", default="", help="boundaries whose name holds this")
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    began = time.monotonic()
    size = Size(asked.sqlite, asked.postgresql, asked.replicas)
    with _server(asked.server, "postgresql" if asked.postgresql or asked.replicas else "") as server:
        rows = table(size, server, workers=asked.workers, seed=asked.seed, only=asked.only)
    if asked.json:
        print(json.dumps([asdict(row) for row in rows]))
    else:
        print("\n".join(printed(rows)))
        print(f"seed {asked.seed}, {time.monotonic() - began:.0f} s")
    return 1 if faults(rows) else 0
