"""Every command of the README is run: here what needs no other side, and where it says here, the rest."""

from __future__ import annotations

import logging
import shutil
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog
from typer.testing import CliRunner

from bot.cli import app
from tests.parsing import spoken
from tests.runs import DEMO, ROOT
from tests.test_docs import blocks

# What needs a vendor, a person's answer or a running serve, with the test that runs it.
ELSEWHERE = {
    "init": "tests/test_beginning.py",
    "sync": "tests/test_commands_sync.py",
    "post": "tests/test_commands.py",
    "serve": "tests/test_deploy.py",
    "approve": "tests/test_commands.py",
    "undo": "tests/test_commands.py",
    "jira": "tests/test_commands.py",
    "health": "tests/test_keeping.py",
    **dict.fromkeys(
        ("edit", "rename", "merge", "snooze", "reject", "move", "split", "rules"), "tests/test_second_month.py"
    ),
    "llm": "tests/test_llm_cli.py",
    "spike": "tests/test_spiking.py",
    "signals": "tests/test_signals_map.py",
    "--llm": "tests/test_llm_cli.py",
}


def commands() -> list[list[str]]:
    return [words for block in blocks(ROOT / "README.md", "console") for words in spoken(block)]


def elsewhere(words: list[str]) -> str | None:
    if words[0] == "run" and "--tickets" not in words:
        return "tests/test_commands_sync.py"
    return next((ELSEWHERE[w] for w in words if w in ELSEWHERE), None)


@pytest.fixture
def house(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """What somebody has who follows the README: three exports. Commands take SIGINT and the log over."""
    before, handlers = signal.getsignal(signal.SIGINT), logging.getLogger().handlers[:]
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    shutil.copy(DEMO / "zendesk-2026-10.csv", tmp_path / "export.csv")
    shutil.copy(DEMO / "intercom-2026-10.json", tmp_path / "intercom.json")
    (tmp_path / "zendesk.json").write_text((DEMO / "intercom-2026-09.json").read_text())
    yield tmp_path
    signal.signal(signal.SIGINT, before)
    logging.getLogger().handlers[:] = handlers
    structlog.reset_defaults()


def test_what_the_readme_says_to_type_works_in_its_order(house: Path) -> None:
    done = set()
    plain = ["run", "--tickets", "export.csv"]  # the newest digest is what the others look at
    for words in sorted(commands(), key=lambda words: (words[0] != "run", words == plain)):
        if elsewhere(words):
            continue
        said = CliRunner().invoke(app, words)
        assert said.exit_code == 0, f"groundswell {' '.join(words)}\n{said.output}"
        done.add(words[0])
    assert done >= {"run", "doctor", "list", "show", "history", "verify", "effects", "config", "db"}
    assert (house / "out" / "report.html").is_file() and (house / "october" / "report.html").is_file()


def test_what_is_run_elsewhere_is_run_there() -> None:
    for words in commands():
        path = elsewhere(words)
        if path is not None:
            name = next((w for w in words if w in ELSEWHERE), words[0])
            text = (ROOT / path).read_text(encoding="utf-8") + (ROOT / "tests/scenarios/served.py").read_text()
            assert f'"{name}"' in text, f"{path} does not run {name}"
