"""Copies of the database, and whether `serve` is well, as an operator asks."""

from __future__ import annotations

import sqlite3
import stat
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import make_url
from typer.testing import CliRunner

from bot.cli import app
from bot.ports import Refused
from bot.serve.door import Door
from bot.store import Store
from bot.store.copying import backup, restore
from bot.store.opening import parsed
from bot.store.serving import ServeLock


@pytest.fixture
def place(tmp_path: Path) -> Path:
    path = tmp_path / "groundswell.db"
    store = Store.open(f"sqlite:///{path}", workspace="acme")
    store.audit.write("dana", "noted", "first", {})
    store.close()
    return path


def noted(path: Path) -> list[str]:
    with closing(sqlite3.connect(path)) as connection:
        return [row[0] for row in connection.execute("SELECT object FROM audit ORDER BY number")]


def test_a_copy_is_whole_while_somebody_writes_and_comes_back_with_what_was_there_kept(place: Path) -> None:
    copy, url = place.with_name("copy.db"), parsed(f"sqlite:///{place}")
    store = Store.open(str(url).replace("+psycopg", ""), workspace="acme")
    store.audit.write("dana", "noted", "in the log only", {})  # not in the file yet: it is in the write-ahead log
    backup(url, copy)
    assert noted(copy) == ["first", "in the log only"] and stat.S_IMODE(copy.stat().st_mode) == 0o600
    store.audit.write("dana", "noted", "later", {})
    store.close()
    kept = restore(url, copy)
    assert noted(place) == ["first", "in the log only"] and noted(kept)[-1] == "later"
    reopened = Store.open(f"sqlite:///{place}", workspace="acme")
    reopened.probe()
    reopened.close()


def test_what_is_no_copy_is_refused_and_nothing_changes(place: Path) -> None:
    url = parsed(f"sqlite:///{place}")
    (place.parent / "letter.txt").write_text("Dear Dana, " * 2000)
    with closing(sqlite3.connect(place.parent / "other.db")) as other:
        other.execute("CREATE TABLE letters (id)")
    for name in ("letter.txt", "other.db", "absent.db"):
        with pytest.raises(Refused, match=name):
            restore(url, place.parent / name)
    with pytest.raises(Refused, match="pg_dump"):
        backup(make_url("postgresql+psycopg://h/x"), place.parent / "x")
    with pytest.raises(Refused, match="is there already"):
        backup(url, place.parent / "other.db")
    assert noted(place) == ["first"] and not list(place.parent.glob("*.part"))


def test_nothing_is_put_back_under_a_running_serve(place: Path) -> None:
    url = parsed(f"sqlite:///{place}")
    backup(url, place.with_name("copy.db"))
    lock = ServeLock(Path(f"{place}.serve.lock"))
    try:
        with pytest.raises(Refused, match="serve"):
            restore(url, place.with_name("copy.db"))
    finally:
        lock.release()


@pytest.mark.parametrize(("ready", "status"), [({"database": True}, 0), ({"database": True, "scheduler": False}, 1)])
def test_health_says_by_its_exit_code_whether_serve_works(ready: dict[str, bool], status: int, tmp_path: Path) -> None:
    door = Door("127.0.0.1", 0, lambda: ready)
    door.open()
    config = tmp_path / "config.yaml"
    config.write_text(f"server: {{host: 0.0.0.0, port: {door.port}}}\n")
    words = ["health", "--config", str(config)]
    said = CliRunner().invoke(app, words)
    door.close()
    assert said.exit_code == status and ("not ready: scheduler" in said.output) == bool(status)
    assert CliRunner().invoke(app, words).exit_code == 1  # nobody is there any more
