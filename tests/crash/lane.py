"""One run: life after life over one store, killed where it is told, until nothing is left to do."""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import pickle
import random
import signal
import tempfile
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass, replace
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from bot.store import Store
from tests.crash.check import Verdicts, checked
from tests.crash.life import WORKSPACE, Desk3, Job, Life
from tests.crash.place import Database, File, Place
from tests.crash.trap import Trap
from tests.crash.world import Hold, World

OVER, NEVER, BROKEN = 0, 3, 4
_LONGEST = 60.0  # seconds of real time for one life


class Nursery:
    """A process without threads, made before there are any: forks one life at a time, and says how it ended."""

    def __init__(self, offset: Any, desk: Desk3) -> None:
        self._end: tuple[int, dict[str, int]] | None = None
        self._here, there = multiprocessing.Pipe()
        self._process = os.fork()
        if self._process == 0:
            self._here.close()
            _nurse(there, offset, desk)
        there.close()

    def born(self, job: Job) -> int:
        self._end = None
        self._here.send_bytes(pickle.dumps(job))
        return int(self._here.recv())

    def ended(self, within: float = _LONGEST) -> tuple[int, dict[str, int]] | None:
        """Its exit code (negative: the signal that killed it) and, where it came to its end, what passed its trap.

        Asked twice, it is told twice.
        """
        if self._end is None and self._here.poll(within):
            code, passed = self._here.recv()
            self._end = (code, passed)
        return self._end

    def close(self) -> None:
        """Killed, not asked: those born later hold its pipe open."""
        os.kill(self._process, signal.SIGKILL)
        os.waitpid(self._process, 0)
        self._here.close()


def _nurse(pipe: Connection, offset: Any, desk: Desk3) -> None:
    while True:
        try:
            job = pickle.loads(pipe.recv_bytes())
        except EOFError:
            os._exit(0)
        out, into = os.pipe()
        child = os.fork()
        if child == 0:
            os.close(out)
            _live(job, offset, desk, into)
        os.close(into)
        pipe.send(child)
        with os.fdopen(out, "rb") as told:
            passed = told.read()
        _, status = os.waitpid(child, 0)
        pipe.send((os.waitstatus_to_exitcode(status), pickle.loads(passed) if passed else {}))


def _live(job: Job, offset: Any, desk: Desk3, into: int) -> None:
    try:
        trap = Trap(*job.trap) if job.trap else Trap()
        trap.listen()
        over = Life(job, offset, desk, trap).until_settled()
        with os.fdopen(into, "wb") as told:
            told.write(pickle.dumps(dict(trap.passed)))
        os._exit(OVER if over else NEVER)
    except BaseException:  # noqa: BLE001 - a forked child must not go on in its parent's place
        traceback.print_exc()
        os._exit(BROKEN)


@dataclass
class Told:
    """How one run went. `passed`: what a whole life passes, where the run was never killed."""

    kills: int
    verdicts: Verdicts
    passed: dict[str, int]


class Lane:
    """Runs one after another in one place: a folder in that of `vectors`, or a database on `server`, which is the URL
    of a PostgreSQL's database `postgres`."""

    def __init__(self, desk: Desk3, vectors: Path, server: str | None = None, replicas: int = 1) -> None:
        offset = multiprocessing.get_context("fork").RawValue("d", 0.0)
        self._nurseries = [Nursery(offset, desk) for _ in range(replicas)]  # before the vendors' threads
        folder = Path(tempfile.mkdtemp(prefix="lane-", dir=vectors.parent))
        self._place: Place = Database(server) if server else File(folder)
        self._kept: set[str] = set()
        self.world = World(folder, offset)
        self._job = Job(self._place.url, self.world.slack.base_url, self.world.jira.url, vectors)

    def open(self) -> None:
        self.world.__enter__()

    def close(self) -> None:
        for nursery in self._nurseries:
            nursery.close()
        self.world.__exit__(None, None, None)

    def begin(self, number: int, *, digested: bool = False) -> Job:
        """An empty world, and an empty store, or one whose run is over and its digest not posted yet.

        Every fourth project has no issue of ours yet: nothing can be proven absent there.
        """
        name = "digested" if digested else "empty"
        if name not in self._kept:
            (self._make_digested if digested else self._make_empty)()
            self._place.keep(name)
            self._kept.add(name)
        self.world.anew(precedent=number % 4 != 3, second="approve" if number % 2 else "reject")
        self._place.put(name)
        return self._job

    def _make_empty(self) -> None:
        self._place.put("")
        Store.open(self._place.url, workspace=WORKSPACE).close()

    def _make_digested(self) -> None:
        code, _ = self._lived(replace(self.begin(0), trap=("after runs.finish", 1)))
        assert code == -signal.SIGKILL, f"it ended with {code}"

    # --- one life at a time

    def killed_at(
        self, number: int, traps: list[tuple[str, int] | None], *, digested: bool = False, blind: bool = False
    ) -> Told:
        """A life for each trap, then one that nobody kills."""
        job, kills = replace(self.begin(number, digested=digested), blind=blind), 0
        for trap in [*traps, None]:
            code, passed = self._lived(replace(job, trap=trap))
            if code == -signal.SIGKILL:
                kills += 1
                self.world.quiet()
                continue
            break
        return Told(kills, self._checked(job, code), passed if kills == 0 else {})

    def killed_while(self, number: int, vendor: str, *, commits: bool, skip: int, late: bool) -> Told:
        """Killed while a vendor has its request, before or after that is carried out; `late`: long after the death."""
        job = self.begin(number, digested=True)
        hold = self.world.keep(vendor, commits=commits, skip=skip, late=late)
        nursery = self._nurseries[0]
        pid = nursery.born(job)
        kills = int(_reached(hold, nursery))
        if kills:
            _kill(pid)
            _ended(nursery)
            if not late:
                hold.release()
            self.world.quiet()
            code, _ = self._lived(job)
        else:
            code, _ = _ended(nursery)
        return Told(kills, self._checked(job, code), {})

    def killed_sometime(self, number: int, dice: random.Random, kills: int) -> Told:
        """Killed at random moments, and begun again each time."""
        job, done, code = self.begin(number), 0, OVER
        for life in range(kills + 1):
            nursery = self._nurseries[0]
            pid = nursery.born(job)
            # The first is early, so that on a fast machine, too, there is one.
            ended = nursery.ended(dice.uniform(0.0, 0.6 if life else 0.05)) if life < kills else nursery.ended()
            if ended is None:
                _kill(pid)
                ended = _ended(nursery)
            code = ended[0]
            if code != -signal.SIGKILL:
                break
            done += 1
            self.world.quiet()
        return Told(done, self._checked(job, code), {})

    def disturbed(self, number: int, disturb: Callable[[World], None], trap: tuple[str, int] | None) -> Told:
        """A vendor fails as `disturb` says, and the life that met it may be killed, too."""
        job = self.begin(number, digested=True)
        disturb(self.world)
        code, _ = self._lived(replace(job, trap=trap))
        kills = int(code == -signal.SIGKILL)
        if kills:
            self.world.quiet()
            code, _ = self._lived(job)
        return Told(kills, self._checked(job, code), {})

    def _lived(self, job: Job) -> tuple[int, dict[str, int]]:
        self._nurseries[0].born(job)
        return _ended(self._nurseries[0])

    # --- several at once

    def replicas(self, number: int, dice: random.Random, kills: int) -> Told:
        """Several at once in real time, on the database's clock, killed at random and begun again at once."""
        job = replace(self.begin(number), real=True)
        pids = [n.born(job) for n in self._nurseries]
        done = 0
        until = time.monotonic() + _LONGEST
        while done < kills and time.monotonic() < until:
            time.sleep(dice.uniform(0.02, 0.35))
            one = dice.randrange(len(pids))
            if (ended := self._nurseries[one].ended(0)) is None:
                _kill(pids[one])
                ended = _ended(self._nurseries[one])
                done += ended[0] == -signal.SIGKILL
            elif done and all(n.ended(0) for n in self._nurseries if n is not self._nurseries[one]):
                break
            pids[one] = self._nurseries[one].born(job)
        codes = [_ended(n)[0] for n in self._nurseries]
        return Told(done, self._checked(job, max(codes)), {})

    def _checked(self, job: Job, code: int) -> Verdicts:
        store = Store.open(job.database, workspace=WORKSPACE)
        try:
            told = checked(self.world, store)
        finally:
            store.close()
        if code != OVER:
            told.lost.append({NEVER: "it goes on for ever", BROKEN: "it broke"}.get(code, f"it ended with {code}"))
        return told


def _reached(hold: Hold, nursery: Nursery) -> bool:
    """Whether the vendor got the request that it is to keep."""
    until = time.monotonic() + _LONGEST
    while not hold.reached.wait(0.002):
        if nursery._here.poll(0) or time.monotonic() > until:
            return False
    return True


def _kill(pid: int) -> None:
    """It may have come to its own end in this very moment."""
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)


def _ended(nursery: Nursery) -> tuple[int, dict[str, int]]:
    ended = nursery.ended()
    assert ended is not None, "a life of more than a minute"
    return ended
