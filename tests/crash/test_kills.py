"""The crash tests in short; `make test-crash` is the long form. In a process of its own, which forks as it likes."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from tests.crash.table import Row, faults, printed, trials
from tests.databases import Server

ROOT = Path(__file__).resolve().parents[2]


def rows_of(*arguments: str) -> list[Row]:
    command = [sys.executable, "-m", "tests.crash", "--json", "--workers", "2", "--seed", "1", *arguments]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=600, check=False)
    assert done.returncode in (0, 1) and done.stdout, done.stderr[-4000:]
    return [Row(**row) for row in json.loads(done.stdout)]


def holds(rows: list[Row], expected: int) -> None:
    """Everything was tried, every process that was to be killed was, and nothing came of it twice or not at all."""
    assert faults(rows) == [], "\n".join(printed(rows))
    assert len(rows) == expected
    alive = [row.boundary for row in rows if not row.kills and not row.boundary.startswith("fault")]
    assert alive == [], "nobody was killed there"


def test_kill_9_at_every_boundary_loses_nothing_and_makes_nothing_twice_on_sqlite() -> None:
    holds(rows_of("--sqlite", "1", "--postgresql", "0", "--replicas", "0"), len(trials()) - 1)


def test_kill_9_at_every_boundary_and_of_three_replicas_on_postgresql(postgres: Server) -> None:
    server = postgres.url("postgres")
    rows = rows_of("--sqlite", "0", "--postgresql", "1", "--replicas", "2", "--server", server)
    holds(rows, len(trials()))
