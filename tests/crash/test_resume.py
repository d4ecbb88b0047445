"""A run that was killed in the middle of embedding goes on where it was: what was embedded is not embedded again."""

from __future__ import annotations

import hashlib
import os
import signal
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from bot.config import Config
from bot.domain import Window
from bot.embedding import Cached, MiniLM
from bot.ports import Progress, Vectors
from bot.runs import Parts, Request, ask, carry_on
from bot.store import Store
from bot.wiring import ticket_files
from tests.crash.life import RUN, WORKSPACE, Desk3
from tests.databases import Fresh, _forking

OCTOBER = Window(datetime(2026, 10, 1, tzinfo=UTC), datetime(2026, 11, 1, tzinfo=UTC), "UTC", "October 2026")
REQUEST = Request(OCTOBER)  # with more texts than are embedded at a time
DEMO = Path(__file__).resolve().parents[2] / "bot" / "demo"


class Counted:
    """The shipped model, which writes down every text it embeds. Its process is killed at its `fatal`-th call."""

    def __init__(self, log: Path, fatal: int = 0) -> None:
        self._model, self._log, self._left = MiniLM(), log, fatal

    @property
    def id(self) -> str:
        return self._model.id

    def embed(self, texts: Sequence[str], progress: Progress | None = None) -> Vectors:
        self._left -= 1
        if texts and self._left == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        with self._log.open("a", encoding="utf-8") as log:
            log.writelines(hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest() + "\n" for text in texts)
        return self._model.embed(texts, progress)


def test_a_resumed_run_embeds_what_is_missing_and_nothing_twice(database: Fresh, tmp_path: Path) -> None:
    log, vectors = tmp_path / "embedded", tmp_path / "vectors.db"
    paths = sorted(DEMO.glob("*-2026-10.*"))
    read = [t for s in ticket_files(paths, {}, Config(), datetime.now(UTC)) for p in s.pages() for t in p.tickets]
    tickets = [replace(t, source="zendesk") for t in read]

    def run(fatal: int, where: Path) -> None:
        store = Store.open(database.url, workspace=WORKSPACE)
        embedder = Cached(Counted(log, fatal), where)
        parts = Parts(store, {"zendesk": Desk3(tickets)}, lambda _: [], embedder, Config().rules)
        ask(store, RUN, "monthly", REQUEST)
        assert carry_on(parts, RUN, f"life {fatal}", lease=0.0) is not None
        store.close()

    with _forking():
        child = os.fork()
    if child == 0:
        run(2, vectors)
        os._exit(0)
    assert os.WTERMSIG(os.waitpid(child, 0)[1]) == signal.SIGKILL
    before = Counter(log.read_text().split())
    assert database.open().runs.get(RUN).step == "frozen" and len(before) >= 256  # type: ignore[union-attr]

    run(0, vectors)
    embedded = Counter(log.read_text().split())
    assert len(embedded) > len(before), "the second life had something left to embed"
    assert set(embedded.values()) == {1}, "and embedded nothing that the first one had"
    kept = database.open().runs.digest(RUN)

    log.unlink()
    other = Store.open(f"sqlite:///{tmp_path / 'undisturbed.db'}", workspace=WORKSPACE)
    parts = Parts(other, {"zendesk": Desk3(tickets)}, lambda _: [], Cached(Counted(log), vectors), Config().rules)
    ask(other, RUN, "monthly", REQUEST)
    whole = carry_on(parts, RUN, "undisturbed")
    other.close()
    assert not log.exists(), "every vector was kept"
    assert whole is not None and kept is not None
    assert [t.members for t in whole.themes] == [t.members for t in kept.themes]
