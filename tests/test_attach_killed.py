"""A click attaches evidence, and the process ends at each boundary on the way: the decision, the comment, its links.

In one process, for speed: the end is an exception that nothing of ours catches, after which all that was in memory is
dropped. `tests/crash` ends real ones, on the ways of an approval, through the same ledger.
"""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

import pytest

from bot.acts import EffectState, Stage, Verdict
from bot.decisions import Wish, decide, standings
from bot.domain import Digest
from bot.effects import Ledger
from bot.store import Store
from bot.synthesis.rules import Rules
from connectors.jira import Jira
from tests.crash.trap import Trap, Wrapped
from tests.databases import WORKSPACE, Clock
from tests.digests import reading_of, sample_digest
from tests.servers.jira import EMAIL, TOKEN, JiraServer
from tests.spine import PASSED, RUN

PARTS = ("decisions", "effects")
WHERE = ("decisions.write", "outlet.mark", "effects.begin", "outlet.do", "effects.done")
LINKS = 2


class Killed(BaseException):
    """kill -9, as far as it can be had within a process."""


class Pitfall(Trap):
    def __init__(self, mark: str = "", nth: int = 0) -> None:
        super().__init__()
        self._at = (mark, nth)

    def passes(self, mark: str) -> None:
        self.passed[mark] += 1
        if (mark, self.passed[mark]) == self._at:
            raise Killed(mark)


def digest() -> Digest:
    """One theme, of which two tickets can be linked to."""
    whole = sample_digest(one_offs=3)
    first = whole.themes[0]
    rows = [replace(row, url=f"https://desk.example/{n}") for n, row in enumerate(first.evidence[:LINKS])]
    theme = replace(first, evidence=tuple(rows))
    return replace(whole, themes=(theme,), further_themes=(), items=(whole.item_of(first),))


DIGEST = digest()
THEME = DIGEST.themes[0].id


@pytest.fixture(scope="module")
def concluded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store with the digest in it, to be copied."""
    path = tmp_path_factory.mktemp("kept") / "store.db"
    clock = Clock(datetime.now(UTC))
    with closing(Store.open(f"sqlite:///{path}", workspace=WORKSPACE, clock=clock)) as store:
        made = replace(DIGEST, making=replace(DIGEST.making, made_at=clock.at))
        store.runs.ask(RUN, "monthly", {})
        fence = store.runs.lease(RUN, "me", 60)
        assert fence is not None
        store.runs.freeze(RUN, fence, reading_of(made), Rules(), {"known": []})
        store.runs.conclude(RUN, fence, made, {}, ())
        store.runs.finish(RUN, fence)
    return path


@pytest.fixture(scope="module")
def server() -> Iterator[JiraServer]:
    with JiraServer() as running:
        yield cast("JiraServer", running)


class Life:
    """A process: from what the store holds to the end, or to where it is killed; the click waits in the inbox."""

    def __init__(self, path: Path, server: JiraServer, clock: Clock, issue: str) -> None:
        self._path, self._server, self._clock, self._issue = path, server, clock, issue

    def lived(self, trap: Trap) -> bool:
        """Whether it came to its end."""
        with closing(Store.open(f"sqlite:///{self._path}", workspace=WORKSPACE, clock=self._clock)) as real:
            store: Any = Wrapped(real, "store", trap, PARTS)
            sink: Any = Wrapped(self._jira(), "outlet", trap)
            try:
                wish = Wish(Verdict.ATTACH, THEME, RUN, "slack:U0DANA", event="click", payload={"issue": self._issue})
                decide(store, self._jira(), WORKSPACE, wish)
                ledger = Ledger(store, {"jira": sink})
                for _ in range(12):
                    ledger.attend_due()
                    self._clock.passes(PASSED.total_seconds())
            except Killed:
                return False
            assert standings(real, [THEME])[THEME].stage is Stage.CREATED
            assert not real.effects.in_state(EffectState.PENDING) and not real.effects.in_state(EffectState.UNSURE)
            return True

    def _jira(self) -> Jira:
        site = self._server.url
        return Jira(site=site, email=EMAIL, token=TOKEN, project=self._server.project, timeout=2.5, settle=0.0)


def begun(concluded: Path, server: JiraServer, folder: Path) -> tuple[Life, str]:
    """A new month's store, and another issue that people wrote."""
    path = folder / "store.db"
    shutil.copy(concluded, path)
    issue = server.existing("Exports stop for big tenants").key
    return Life(path, server, Clock(datetime.now(UTC)), issue), issue


def counted(server: JiraServer, issue: str) -> tuple[int, int]:
    found = server._known(issue)
    return len(found.comments), len(found.links)


def passings(concluded: Path, server: JiraServer, folder: Path) -> Counter[str]:
    life, issue = begun(concluded, server, folder)
    trap = Pitfall()
    assert life.lived(trap) and counted(server, issue) == (1, LINKS)
    return trap.passed


@pytest.mark.parametrize("when", ["before", "after"])
def test_after_an_end_at_any_boundary_there_is_one_comment_and_each_link_once(
    concluded: Path, server: JiraServer, tmp_path: Path, when: str
) -> None:
    whole = passings(concluded, server, tmp_path)
    marks = [(f"{when} {where}", n + 1) for where in WHERE for n in range(whole[f"{when} {where}"])]
    assert len(marks) >= 1 + 1 + 3 * (1 + LINKS), "the decision, the comment's mark, and each effect's three"
    for number, (mark, nth) in enumerate(marks):
        folder = tmp_path / str(number)
        folder.mkdir()
        life, issue = begun(concluded, server, folder)
        assert not life.lived(Pitfall(mark, nth)), f"nothing was killed {mark} {nth}"
        assert life.lived(Pitfall())
        assert counted(server, issue) == (1, LINKS), f"{mark} {nth}"
        assert len(server.sent("POST", rf"/{issue}/comment$")) == 1, f"{mark} {nth}: sent twice"
