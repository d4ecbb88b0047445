"""The command as a process of its own, in a home of its own, started fast.

A Python that starts for one command reads for a second what every other one has read, and the tests start hundreds. So
one process reads it once, stays without threads, and forks: the child has its own arguments, environment, folder and
output, runs `main` as its last line, and ends as any process does. What the interpreter itself is told (PYTHONPATH, a
number of threads, a locale) can't be told to a fork: then it is a new one.
"""

from __future__ import annotations

import atexit
import gc
import importlib
import json
import os
import pkgutil
import signal
import subprocess
import sys
import tempfile
import time
import warnings
import zlib
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from bot import wiring
from bot.config import Config
from bot.ports import Progress, Vectors
from bot.runs import pipeline
from bot.runs.reading import Asked
from tests.runs import DEMO, NOW, ROOT

_CODE = "import sys; sys.argv[0] = 'groundswell'; from bot.cli import main; main()"
_INTERPRETERS_OWN = ("PYTHON", "LC_", "LANG", "OMP_", "OPENBLAS_", "MKL_")
PATIENCE = 120.0  # seconds


def groundswell(*args: str | Path, cwd: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """The installed command's entry point, in a home of its own. Raises TimeoutExpired after PATIENCE."""
    words = [str(arg) for arg in args]
    known = {k: v for k, v in os.environ.items() if not k.startswith("GROUNDSWELL_")}
    env = {**known, "HOME": str(cwd), "XDG_CACHE_HOME": str(cwd / "cache"), "PYTHONPATH": str(ROOT), **environment}
    if any(name.startswith(_INTERPRETERS_OWN) for name in environment):
        command = [sys.executable, "-c", _CODE, *words]
        return subprocess.run(command, cwd=cwd, env=env, capture_output=True, text=True, timeout=PATIENCE, check=False)
    return _nursery().run(words, cwd, env)


class Nursery:
    """The process that forks; it ends with this one, which holds its stdin."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-c", "from tests.commands import nurse; nurse()"],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        atexit.register(self.close)

    def run(self, words: list[str], cwd: Path, env: dict[str, str]) -> subprocess.CompletedProcess[str]:
        with tempfile.TemporaryDirectory(prefix="gs-said-") as name:
            out, err = Path(name) / "out", Path(name) / "err"
            job = {"words": words, "cwd": str(cwd), "env": env, "out": str(out), "err": str(err)}
            status = self._asked(job)
            if status == -signal.SIGALRM:
                raise subprocess.TimeoutExpired(words, PATIENCE)
            return subprocess.CompletedProcess(words, status, out.read_text("utf-8"), err.read_text("utf-8"))

    def _asked(self, job: dict[str, Any]) -> int:
        assert self._process.stdin and self._process.stdout
        self._process.stdin.write(json.dumps(job) + "\n")
        self._process.stdin.flush()
        return int(self._process.stdout.readline())

    def close(self) -> None:
        assert self._process.stdin and self._process.stdout
        self._process.stdin.close()
        self._process.wait(10)
        self._process.stdout.close()


@lru_cache(maxsize=1)
def _nursery() -> Nursery:
    return Nursery()


# --- in the process that forks


def nurse() -> None:
    """Reads, then forks for each line; what it forks runs the command, last of all, and ends by itself."""
    _read_all()
    if _born():
        main = importlib.import_module("bot.cli").main
        main()


def _read_all() -> None:
    """Every module of the bot and the connectors with what they import, and what a first digest reads of lexicons.

    No model: its threads would not outlive a fork.
    """
    for name in ("bot", "connectors"):
        for module in pkgutil.walk_packages(importlib.import_module(name).__path__, f"{name}."):
            if ".migrations" not in module.name and not module.name.endswith("__main__"):
                importlib.import_module(module.name)
    sources = wiring.ticket_files(sorted(DEMO.glob("*-2026-10.*")), {}, Config(), NOW)
    pipeline.run(sources, _Senseless(), Config().rules, Asked(), NOW)
    gc.collect()
    gc.freeze()  # else every child goes through all of that again at its first collection


class _Senseless:
    """A vector for each text, by its hash: a `bot.ports.Embedder`."""

    id = "senseless"

    def embed(self, texts: Sequence[str], progress: Progress | None = None) -> Vectors:
        seeds = [zlib.crc32(text.encode("utf-8", "surrogatepass")) for text in texts]
        rows = np.array([np.random.default_rng(seed).standard_normal(384) for seed in seeds]).reshape(-1, 384)
        return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)


def _born() -> bool:
    """Forks a child for each line of stdin. True in the child, once it is what its line says; False at the end."""
    while line := sys.stdin.readline():
        with warnings.catch_warnings():  # 3.12 warns of a fork beside threads: BLAS's, which it begins anew itself
            warnings.simplefilter("ignore", DeprecationWarning)
            child = os.fork()
        if child == 0:
            _become(json.loads(line))
            return True
        _, status = os.waitpid(child, 0)
        sys.stdout.write(f"{os.waitstatus_to_exitcode(status)}\n")
        sys.stdout.flush()
    return False


def _become(job: dict[str, Any]) -> None:
    signal.setitimer(signal.ITIMER_REAL, PATIENCE)
    os.chdir(job["cwd"])
    os.environ.clear()
    os.environ.update(job["env"])
    time.tzset()
    sys.argv = ["groundswell", *job["words"]]
    for fd, path in ((0, os.devnull), (1, job["out"]), (2, job["err"])):
        opened = os.open(path, os.O_RDWR | os.O_CREAT | os.O_TRUNC if fd else os.O_RDONLY, 0o600)
        os.dup2(opened, fd)
        os.close(opened)
    sys.stdin = os.fdopen(0, "r", encoding="utf-8")
    sys.stdout = os.fdopen(1, "w", encoding="utf-8")
    sys.stderr = os.fdopen(2, "w", 1, encoding="utf-8", errors="backslashreplace")  # by the line, as Python's own
