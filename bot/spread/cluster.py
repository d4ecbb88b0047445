"""The workers of a Dask scheduler that runs already. The only room of dask, which is imported with the first piece.

What a worker is sent is a pickle, and pieces hold masked text: whoever can reach an open scheduler can run code on its
workers and read what they read. So `config.computing` lets it stand without TLS only where nobody else can.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from multiprocessing import TimeoutError as TimedOut  # joblib's, and no OSError
from pathlib import Path
from typing import Any, Generic, TypeVar

from bot import __version__, extras
from bot.acts import Finding
from bot.ports import Refused, Spread
from bot.spread import drawn

_P = TypeVar("_P")
_R = TypeVar("_R")

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Patience:
    """Seconds: for the scheduler to answer and a first worker to be there; for a piece to wait and be done. The largest
    takes five: a cluster that is busier than that is no help."""

    connect: float = 5.0
    piece: float = 60.0


@dataclass(frozen=True, slots=True)
class Certificates:
    """PEM files: who may sign for the cluster, and by what we are known there. Dask checks both sides."""

    ca: str
    cert: str
    key: str


_PATIENCE = Patience()


class Cluster:
    """A `Spread` over a Dask cluster. A worker that is killed costs its pieces' time: they are done again elsewhere.

    Where there is no scheduler or no worker, or they are lost on the way, the pieces that are left are done `here`: the
    result is the same, bit by bit. `tell` hears of it.
    """

    def __init__(
        self,
        scheduler: str,
        here: Spread,
        certificates: Certificates | None = None,
        *,
        tell: Callable[[str], None] = _log.warning,
        patience: Patience = _PATIENCE,
    ) -> None:
        self._scheduler, self._here, self._certificates = scheduler, here, certificates
        self._tell, self._patience = tell, patience

    def __call__(self, work: Callable[[_P], _R], pieces: Sequence[_P]) -> Iterator[_R]:
        """Raises Refused when dask is not installed, or a worker's Groundswell is another one."""
        if len(pieces) < 2:
            yield from self._here(work, pieces)
            return
        done = 0
        try:
            for result in self._there(work, pieces):
                yield result
                done += 1
            return
        except _Lost as lost:
            self._tell(f"{lost}: {len(pieces) - done} of {len(pieces)} pieces are done on this machine.")
        yield from self._here(work, pieces[done:])

    def check(self) -> Sequence[Finding]:
        """How many workers there are, and that each could do our work."""
        mend = "Start the scheduler and its workers, or set compute.backend: threading. Runs are done here meanwhile."
        try:
            with self._connected() as client:
                told: Mapping[str, str] = client.run(_version)
                threads = sum(client.nthreads().values())
        except _Lost as lost:
            return [Finding("compute", "warn", f"{lost}.", mend)]
        others = sorted(f"{worker} has {version}" for worker, version in told.items() if version != _version())
        if others:
            return [Finding("compute", "fail", f"Groundswell is {_version()} here, but {others[0]}.", _SAME)]
        if not told:
            return [Finding("compute", "warn", f"The scheduler {self._scheduler} has no worker.", mend)]
        return [Finding("compute", "ok", f"{len(told)} Dask workers with {threads} threads have our version")]

    def _there(self, work: Callable[[_P], _R], pieces: Sequence[_P]) -> Iterator[_R]:
        from joblib import Parallel, delayed, parallel_config

        with self._connected() as client:
            with parallel_config(backend="dask", client=client, wait_for_workers_timeout=self._patience.connect):
                hands = Parallel(-1, batch_size=1, return_as="generator", timeout=self._patience.piece)
            # The piece is in the function, not among its arguments: joblib puts large arguments on one worker, and when
            # that is killed nobody has them; a function is with the scheduler, which can hand it out again.
            yield from drawn(hands(delayed(_Task(work, piece, _version()))() for piece in pieces))

    @contextmanager
    def _connected(self) -> Iterator[Any]:
        distributed = _distributed()
        given = self._certificates
        security = given and distributed.Security(
            tls_ca_file=given.ca, tls_client_cert=given.cert, tls_client_key=given.key, require_encryption=True
        )
        try:
            with distributed.Client(
                self._scheduler, timeout=self._patience.connect, security=security, set_as_default=False
            ) as client:
                yield client
        except (OSError, TimedOut, distributed.KilledWorker, distributed.CancelledError) as fault:
            raise _Lost(f"The Dask cluster at {self._scheduler} was lost ({type(fault).__name__})") from fault


class _Lost(Exception):
    """The cluster, not the work: the sentence says where and how, without a full stop."""


_SAME = "Install the same version of groundswell[dask] on every worker as here."


@dataclass(frozen=True, slots=True, repr=False, eq=False)
class _Task(Generic[_P, _R]):
    """A piece on its way. Nothing of it is shown: Dask logs what a failing task was given, and that may be text. joblib
    wants its hash, so it is equal to itself alone."""

    work: Callable[[_P], _R]
    piece: _P
    version: str

    def __call__(self) -> _R:
        if self.version != _version():
            raise Refused(f"A Dask worker has Groundswell {_version()}, and this is {self.version}. {_SAME}")
        return self.work(self.piece)


@lru_cache(maxsize=1)
def _version() -> str:
    """By its code, too: a worker's checkout may be of another day under the same number, and group in another way."""
    package = Path(__file__).parents[1]
    told = hashlib.sha256()
    for file in sorted([package / "embedding.py", *(package / "synthesis").rglob("*.py")]):
        told.update(file.read_bytes())
    return f"{__version__} ({told.hexdigest()[:8]})"


def _distributed() -> Any:
    """The SDK, whose warnings would be lines among ours."""
    try:
        import dask

        quiet = ("distributed", "distributed.client", "tornado.application")
        dask.config.set({"logging": dict.fromkeys(quiet, "critical")})
        import distributed
    except ModuleNotFoundError as missing:
        raise Refused(
            f"compute.backend dask needs {missing.name}, which is not installed: {extras.command('dask')}"
        ) from None
    return distributed
