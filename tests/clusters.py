"""A Dask cluster of real processes on loopback, of which each can be killed from outside."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import threading
from pathlib import Path

from bot.spread.cluster import Certificates

ROOT = Path(__file__).resolve().parents[1]


class Member:
    """A scheduler or a worker: one process, and what it says."""

    def __init__(self, kind: str, *words: str) -> None:
        self.said: list[str] = []
        self._opened, self._address = threading.Event(), ""
        known = {k: v for k, v in os.environ.items() if not k.startswith(("GROUNDSWELL_", "DASK_"))}
        self.process = subprocess.Popen(
            [sys.executable, "-m", f"distributed.cli.dask_{kind}", "--host", "127.0.0.1", "--no-dashboard", *words],
            env={**known, "PYTHONPATH": str(ROOT)},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self) -> None:
        assert self.process.stderr is not None
        with self.process.stderr as said:
            for line in said:
                self.said.append(line)
                if found := re.search(r"Scheduler at:\s+(\S+)|Registered to:\s+(\S+)", line):
                    self._address = found[1] or found[2]
                    self._opened.set()

    @property
    def address(self) -> str:
        """Of the scheduler, as soon as it is one, or is known to the worker."""
        assert self._opened.wait(30), "".join(self.said)
        return self._address

    def kill(self) -> None:
        """kill -9; waits until it is no more."""
        self.process.kill()
        self.process.wait(10)


class LocalDask:
    """A scheduler and `workers` processes, known to each other by a certificate made for them.

    Two threads each: where a cluster has one in all, joblib does the work at home.
    """

    def __init__(self, workers: int, folder: Path) -> None:
        self.certificates = Certificates(*(str(folder / name) for name in ("cert.pem", "cert.pem", "key.pem")))
        _sign(self.certificates)
        known = [f"--tls-ca-file={self.certificates.ca}", f"--tls-cert={self.certificates.cert}"]
        known.append(f"--tls-key={self.certificates.key}")
        self.scheduler = Member("scheduler", "--port", "0", "--protocol", "tls", *known)
        self.address = self.scheduler.address
        self.workers = [Member("worker", self.address, "--no-nanny", "--nthreads", "2", *known) for _ in range(workers)]

    def __enter__(self) -> LocalDask:
        return self

    def __exit__(self, *_: object) -> None:
        for member in (*self.workers, self.scheduler):
            member.kill()

    def ready(self) -> None:
        for worker in self.workers:
            assert worker.address

    def said(self) -> str:
        return "".join(line for member in (self.scheduler, *self.workers) for line in member.said)


def _sign(to: Certificates) -> None:
    """One that signs itself stands for all: Debian's PostgreSQL, which other tests want, brings openssl along."""
    kind = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2", "-subj", "/CN=dask"]
    files = ["-keyout", to.key, "-out", to.cert]
    subprocess.run(["openssl", "req", "-x509", *kind, *files], check=True, capture_output=True, timeout=30)
