"""A store with a concluded run, the real Slack and Jira connectors on stand-ins, and a clock that we move."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, cast

import pytest

from bot.acts import Effect, EffectState, Verdict
from bot.decisions import Outcome, Wish, decide, standings
from bot.domain import Digest
from bot.effects import Ledger
from bot.slack.board import Board
from bot.slack.clicks import Decider
from bot.slack.deciding import DecisionWindow
from bot.store import Store
from bot.synthesis.rules import Rules
from connectors.jira import Jira
from connectors.slack import Slack
from tests.databases import WORKSPACE, Clock, migrated_file
from tests.digests import reading_of, sample_digest
from tests.servers.jira import EMAIL, TOKEN, JiraServer
from tests.servers.slack import CHANNEL, SlackServer
from tests.servers.slack import TOKEN as SLACK_TOKEN

RUN = "monthly:2026-10"
PASSED = timedelta(seconds=36)  # the window, its margin, and a bit: what was sent can't be under way any more


@dataclass
class Scene:
    """One process's parts; `again` makes another one's on the same store and the same stand-ins."""

    store: Store
    clock: Clock
    jira: JiraServer
    slack: SlackServer
    tracker: bool = True
    deciders: bool = True

    def __post_init__(self) -> None:
        self.channel = Slack(
            token=SLACK_TOKEN, channel=CHANNEL, base_url=self.slack.base_url, timeout=2.5, sleep=lambda _: None
        )
        self.sink = self.to(self.jira.project) if self.tracker else None
        self.board = Board(self.store, self.channel, WORKSPACE, deciders=self.deciders, tracker=self.tracker)
        self.ledger = Ledger(self.store, {"slack": self.channel, **({"jira": self.sink} if self.sink else {})})
        approvers = ("U0DANA", "S0PMLEADS") if self.deciders else ()
        self.desk = Decider(self.store, self.channel, self.sink, WORKSPACE, CHANNEL, approvers)

    def to(self, project: str) -> Jira:
        return Jira(site=self.jira.url, email=EMAIL, token=TOKEN, project=project, timeout=2.5, settle=0.0)

    def again(self, **more: Any) -> Scene:
        return replace(self, **more)

    # --- the run

    def conclude(self, key: str = RUN, digest: Digest | None = None, *, post: bool = True) -> Digest:
        made = digest or (sample_digest(one_offs=3) if key == RUN else _later(sample_digest(one_offs=3)))
        made = replace(made, making=replace(made.making, made_at=self.clock.at))
        self.store.runs.ask(key, "monthly", {})
        fence = self.store.runs.lease(key, "me", 60)
        assert fence is not None
        self.store.runs.freeze(key, fence, reading_of(made), Rules(), {"known": []})
        self.store.runs.conclude(key, fence, made, {}, self.board.announce(made, key) if post else ())
        self.store.runs.finish(key, fence)
        return made

    def theme(self, rank: int = 1, run: str = RUN) -> str:
        made = self.store.runs.digest(run)
        assert made is not None
        return made.themes[rank - 1].id

    def settle(self) -> None:
        """All that is due, and drawn, until nothing is."""
        for _ in range(20):
            if not self.ledger.attend_due() + self.board.redraw():
                return
        raise AssertionError("it never came to rest")

    # --- deciding

    def decide(self, verdict: Verdict, theme: str | None = None, actor: str = "cli:dana", **more: Any) -> Outcome:
        wish = Wish(verdict, theme or self.theme(), more.pop("run", RUN), actor, **more)
        return decide(self.store, self.sink, WORKSPACE, wish)

    def stage(self, theme: str | None = None) -> str:
        theme = theme or self.theme()
        return standings(self.store, [theme])[theme].stage.value

    def issue(self, theme: str | None = None) -> Effect:
        """The newest effect that makes the theme's issue."""
        return [e for e in self.store.effects.of_theme(theme or self.theme()) if e.act.kind == "jira.issue"][-1]

    def kinds(self, state: EffectState) -> list[str]:
        return [e.act.kind for e in self.store.effects.in_state(state)]

    # --- the channel

    @property
    def post(self) -> dict[str, Any]:
        (message,) = self.slack.posted()
        return message

    def press(self, action: str, person: str = "U0DANA", theme: str | None = None, message: Any = None) -> str:
        """A click as Slack sends it, in the inbox; its id."""
        from bot.slack.app import event_id

        payload = self.slack.click(message or self.post, action, person, theme or self.theme())
        self.store.inbox.receive(event_id(payload), "click", payload)
        return event_id(payload)

    def fill(self, action: str, values: dict[str, Any], person: str = "U0DANA", theme: str | None = None) -> str:
        """Opens a window from the row of the digest, fills it in and sends it off: what is in the inbox then."""
        from bot.slack.app import event_id

        window = DecisionWindow(action, self.store, lambda _: True, CHANNEL, "UTC")
        view = window.view(self.slack.click(self.post, action, person, theme or self.theme()))
        assert view is not None, "the window did not open"
        self.slack.views.append({"id": f"V{len(self.slack.views):03d}", **view})  # each that is opened is another
        body = self.slack.submission(values, person)
        assert window.errors(body["view"]) == {}
        self.store.inbox.receive(event_id(body), "view", body)
        return event_id(body)

    def answer(self) -> None:
        for event in self.store.inbox.waiting():
            if not self.desk.answer(event):
                self.store.inbox.answered(event.event_id, "not ours")

    def whispers(self, person: str) -> list[str]:
        return [str(w["text"]) for w in self.slack.whispers if w["user"] == person]

    def lines(self) -> list[str]:
        """What stands in the thread of the digest, beside its evidence."""
        return [str(m["text"]) for m in self.slack.thread(self.post["ts"])]


def _later(digest: Digest) -> Digest:
    """Another month: the same themes, each with a ticket that the month before had not."""
    themes = [replace(t, members=(*t.members[:-1], f"NEW-{t.members[-1]}")) for t in digest.themes]
    return replace(digest, themes=tuple(themes))


@contextmanager
def scene(folder: Path, **more: Any) -> Iterator[Scene]:
    clock = Clock(datetime.now(UTC))  # the stand-ins' own time goes on
    store = Store.open(migrated_file(folder), workspace=WORKSPACE, clock=clock)
    with JiraServer() as jira, SlackServer() as slack:
        try:
            yield Scene(store, clock, cast("JiraServer", jira), cast("SlackServer", slack), **more)
        finally:
            store.close()


@pytest.fixture
def here(tmp_path: Path) -> Iterator[Scene]:
    """A digest of October that stands in the channel."""
    with scene(tmp_path) as there:
        there.conclude()
        there.settle()
        yield there


def buttons(message: dict[str, Any], theme: str = "") -> list[str]:
    return [
        str(element["text"]["text"])
        for block in message["blocks"]
        if block["type"] == "actions" and theme in block["block_id"]
        for element in block["elements"]
        if element["type"] == "button"
    ]
