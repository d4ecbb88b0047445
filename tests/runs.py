"""The whole way in one line, for tests: files in, a run out, with the real model and a cache for the session."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import Any

from bot import wiring
from bot.config import Config
from bot.embedding import Cached, MiniLM
from bot.report.document import document
from bot.runs import pipeline
from bot.runs.pipeline import Run
from bot.runs.reading import Asked
from bot.verify import problems

NOW = datetime(2026, 11, 2, 9, tzinfo=UTC)
ROOT = Path(__file__).resolve().parent.parent
DEMO = ROOT / "bot" / "demo"
VECTORS = "TESTS_VECTORS"  # the variable with the session's folder; set in conftest, for every process of it


@lru_cache(maxsize=1)
def embedder() -> Cached:
    folder = os.environ.get(VECTORS) or tempfile.mkdtemp(prefix="groundswell-tests-")
    return Cached(MiniLM(), Path(folder) / "vectors.db")


def run(paths: Sequence[Path] | Path, asked: Asked | None = None, **config: Any) -> Run:
    settings = Config.model_validate(config)
    files = [paths] if isinstance(paths, Path) else list(paths)
    sources = wiring.ticket_files(files, {}, settings, NOW)
    return pipeline.run(sources, embedder(), settings.rules, asked or Asked(), NOW)


def data(made: Run) -> dict[str, Any]:
    found: dict[str, Any] = document(made.digest)["data"]
    return found


def faults(made: Run, told: dict[str, Any] | None = None, **config: Any) -> list[str]:
    reading = made.reading
    rules = Config.model_validate(config).rules
    return problems(told or data(made), reading.everything, reading.customers, made.digest.window, rules)


def jsonl(path: Path, rows: Sequence[dict[str, Any]]) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


@lru_cache(maxsize=4)
def demo(month: str = "2026-10") -> Run:
    return run(sorted(DEMO.glob(f"*-{month}.*")), Asked(internal_domains=("lumenboard.example",)))
