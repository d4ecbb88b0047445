"""Config -> parts: files are told apart, and the model keeps to itself."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from bot.config import Config
from tests.runs import ROOT, data, jsonl, run
from tests.test_bad_input import tickets


def test_files_of_one_name_do_not_collide(tmp_path: Path) -> None:
    files = []
    for place in ("eu", "us"):
        (tmp_path / place).mkdir()
        rows = [{**row, "requester": f"{place}{n}@company.example"} for n, row in enumerate(tickets(6))]
        files.append(jsonl(tmp_path / place / "tickets.jsonl", rows))
    told = data(run(files))
    assert told["totals"]["tickets_read"] == 12
    assert told["rejects"] == []


def test_a_cache_may_be_named_from_home(tmp_path: Path) -> None:
    from bot import wiring

    assert Config.model_validate({"output": {"cache": "~/x.db"}}).output.cache == Path("~/x.db")
    assert "~" not in str(vars(vars(wiring.embedder(Path("~/x.db")))["_file"])["_path"])


def test_the_model_leaves_nothing_but_its_cache_behind(tmp_path: Path) -> None:
    """onnxruntime 1.32 writes a device id and a queue of events unless it is told not to."""
    code = "from bot.embedding import MiniLM; MiniLM().embed(['a text'])"
    home = {"HOME": str(tmp_path), "XDG_CACHE_HOME": str(tmp_path / "cache"), "PYTHONPATH": str(ROOT)}
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("ORT_", "XDG_"))}
    subprocess.run([sys.executable, "-c", code], env={**kept, **home}, cwd=tmp_path, check=True, timeout=60)
    assert [p for p in tmp_path.rglob("*") if p.is_file()] == []
