"""What only reads leaves nothing behind: no database in a folder that may be the wrong one."""

from __future__ import annotations

import json
from contextlib import closing
from pathlib import Path

import pytest
from typer.testing import CliRunner

from bot.cli import app
from bot.effects import RESTORED
from bot.store import Store


@pytest.mark.parametrize(
    ("words", "status"),
    [(["history"], 0), (["list"], 2), (["show", "1"], 2), (["effects"], 0), (["verify"], 2), (["rules"], 0)],
)
def test_a_command_that_reads_makes_no_database_and_says_where_it_looked(
    words: list[str], status: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    done = CliRunner().invoke(app, words)
    assert done.exit_code == status and list(tmp_path.iterdir()) == []
    assert done.stderr.count(f"there is no database at {tmp_path}/data/groundswell.db yet") == 1
    told = CliRunner().invoke(app, [*words, "--json"])
    assert json.loads(told.stdout)["ok"] is (status == 0)


def test_migrate_makes_it_and_then_nothing_is_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert CliRunner().invoke(app, ["db", "migrate"]).exit_code == 0
    done = CliRunner().invoke(app, ["retention"])
    assert (done.stdout, done.stderr) == ("Let go: 0 texts, 0 answers, 0 clicks, 0 sent messages\n", "")


def test_a_copy_that_is_put_back_is_noted_for_the_ledger(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for words in (["migrate"], ["backup", "copy.db"], ["restore", "copy.db", "--yes"]):
        done = CliRunner().invoke(app, ["db", *words])
        assert done.exit_code == 0, done.output
    with closing(Store.open(f"sqlite:///{tmp_path}/data/groundswell.db", workspace="default")) as store:
        assert store.audit.has(RESTORED) and not store.audit.has("anything else")
