"""The workers of a Dask scheduler that runs already. The only room of dask, which is imported with the first piece.

What a worker is sent is a pickle, and pieces hold masked text: whoever can reach an open scheduler can run code on its
workers and read what they read. So `config.computing` lets it stand without TLS only where nobody else can.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing import TimeoutError as TimedOut  # joblib's, and no OSError
from typing import Any, Generic, TypeVar

from bot import __version__, extras
from bot.acts import Finding
from bot.ports import Refused, Spread
from bot.spread import drawn

_P = TypeVar("_P")
_R = TypeVar("_R")

_CONNECT = 5.0  # seconds for the scheduler to answer, and for a first worker to be there
_PIECE = 60.0  # seconds that a piece may wait and take, the largest takes five: a queue that long is no help
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Certificates:
    """PEM files: who may sign for the cluster, and by what we are known there. Dask checks both sides."""

    ca: str
    cert: str
    key: str


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
        patience: float = _PIECE,
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
        others = sorted(f"{worker} has {version}" for worker, version in told.items() if version != __version__)
        if others:
            return [Finding("compute", "fail", f"Groundswell is {__version__} here, but {others[0]}.", _SAME)]
        if not told:
            return [Finding("compute", "warn", f"The scheduler {self._scheduler} has no worker.", mend)]
        return [Finding("compute", "ok", f"{len(told)} Dask workers with {threads} threads have our version")]

    def _there(self, work: Callable[[_P], _R], pieces: Sequence[_P]) -> Iterator[_R]:
        from joblib import Parallel, delayed, parallel_config

        with self._connected() as client:
            with parallel_config(backend="dask", client=client, wait_for_workers_timeout=_CONNECT):
                hands = Parallel(-1, batch_size=1, return_as="generator", timeout=self._patience)
            # The piece is in the function, not among its arguments: joblib puts large arguments on one worker, and when
            # that is killed nobody has them; a function is with the scheduler, which can hand it out again.
            yield from drawn(hands(delayed(_Task(work, piece))() for piece in pieces))

    @contextmanager
    def _connected(self) -> Iterator[Any]:
        distributed = _distributed()
        given = self._certificates
        security = given and distributed.Security(
            tls_ca_file=given.ca, tls_client_cert=given.cert, tls_client_key=given.key, require_encryption=True
        )
        try:
            with distributed.Client(
                self._scheduler, timeout=_CONNECT, security=security, set_as_default=False
            ) as client:
                yield client
        except (OSError, TimedOut, distributed.KilledWorker, distributed.CancelledError) as fault:
            raise _Lost(f"The Dask cluster at {self._scheduler} was lost ({type(fault).__name__})") from fault


class _Lost(Exception):
    """The cluster, not the work: the sentence says where and how, without a full stop."""


_SAME = "Install the same version of groundswell[dask] on every worker as here."


@dataclass(frozen=True, slots=True, repr=False)
class _Task(Generic[_P, _R]):
    """A piece on its way. Nothing of it is shown: Dask logs what a failing task was given, and that may be text."""

    work: Callable[[_P], _R]
    piece: _P
    version: str = __version__

    def __call__(self) -> _R:
        if self.version != __version__:
            raise Refused(f"A Dask worker has Groundswell {__version__}, and this is {self.version}. {_SAME}")
        return self.work(self.piece)


def _version() -> str:
    return __version__


def _distributed() -> Any:
    """The SDK, whose warnings would be lines among ours."""
    try:
        import dask

        dask.config.set({"logging": {"distributed": "critical", "distributed.client": "critical"}})
        import distributed
    except ModuleNotFoundError as missing:
        raise Refused(
            f"compute.backend dask needs {missing.name}, which is not installed: {extras.command('dask')}"
        ) from None
    return distributed
