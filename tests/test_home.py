"""Slack's Home: who opens it sees what waits, decides there as in the channel, and sees what became of it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml
from slack_bolt import App, BoltRequest
from slack_sdk import WebClient

from bot.acts import Message, Verdict
from bot.ports import Unavailable
from bot.runs import Parts
from bot.slack import limits
from bot.slack.app import HOME_OPENED, app, event_id
from bot.slack.commands import Commands, Place
from bot.slack.deciding import DecisionWindow
from bot.slack.home import Home
from bot.slack.runboard import RunBoard
from bot.synthesis.rules import Rules
from tests.databases import WORKSPACE
from tests.digests import HOSTILE, with_text
from tests.runs import ROOT
from tests.servers.slack import CHANNEL, TOKEN, signed
from tests.spine import RUN, Scene, scene
from tests.test_service import Hashed, HelpDesk
from tests.test_slack_commands import seen

MONTH_ON = datetime(2026, 12, 1, 9, tzinfo=UTC)


@dataclass
class Hall:
    here: Scene
    home: Home

    def open(self, person: str = "U0DANA") -> str:
        """Somebody opens Home; all that they read there."""
        self.here.store.inbox.receive(
            event_id(opened := self.here.slack.opens_home(person)), "home", {"person": person}
        )
        assert opened["event"]["user"] == person
        self.answer()
        return self.shown(person)

    def shown(self, person: str = "U0DANA") -> str:
        view = self.here.slack.homes[person]
        assert [p for p in limits.problems(Message("so that it is long enough to be a whole text", view["blocks"]))
                if "bytes" not in p and "50 is the most" not in p] == []  # fmt: skip
        return seen(view)

    def press(self, action: str, person: str = "U0DANA", theme: str | None = None) -> str:
        payload = self.here.slack.click_at_home(action, person, theme or self.here.theme())
        self.here.store.inbox.receive(event_id(payload), "click", payload)
        self.answer()
        return self.shown(person)

    def answer(self) -> None:
        for event in self.here.store.inbox.waiting():
            assert self.home.answer(event) or self.here.desk.answer(event)

    def buttons(self, person: str = "U0DANA") -> list[str]:
        view = self.here.slack.homes[person]
        elements = [e for b in view["blocks"] if b["type"] == "actions" for e in b["elements"]]
        return [e["text"]["text"] if e["type"] == "button" else "⋯" for e in elements]


def at_home(here: Scene, **desks: Any) -> Hall:
    parts = Parts(store=here.store, desks=desks, files=lambda _: [], embedder=Hashed(), rules=Rules())
    board = RunBoard(here.store, here.channel, WORKSPACE, tuple(desks))
    place = Place(
        WORKSPACE, CHANNEL, "UTC", ["U0DANA"], tuple(desks), (), lambda _: b"", lambda _: None, lambda _: MONTH_ON
    )
    return Hall(here, Home(here.desk, Commands(here.store, here.channel, parts, board, place)))


@pytest.fixture
def hall(tmp_path: Path) -> Iterator[Hall]:
    with scene(tmp_path) as here:
        here.conclude(post=False)
        yield at_home(here, zendesk=HelpDesk())


@pytest.fixture
def posted(tmp_path: Path) -> Iterator[Hall]:
    """The same, with the digest in the channel."""
    with scene(tmp_path) as here:
        here.conclude()
        here.settle()
        yield at_home(here, zendesk=HelpDesk())


def test_it_shows_what_waits_with_the_buttons_of_the_rows_and_how_things_are(posted: Hall) -> None:
    said = posted.open()
    assert "7 themes of October 2026 wait for a decision. Open the digest" in said
    made = posted.here.store.runs.digest(RUN)
    assert made is not None and made.themes[0].words.name in said
    assert posted.buttons() == ["Approve to Jira", "Edit…", "⋯"] * 7
    assert "Next digest: 1 Dec" in said and "Zendesk was not read yet" in said
    assert "What happened" not in said


def test_who_may_not_decide_sees_the_same_without_buttons(hall: Hall) -> None:
    said = hall.open("U0SAM")
    assert "7 themes of October 2026 wait" in said and "limited to a few people" in said
    assert hall.buttons("U0SAM") == []


def test_a_click_there_decides_as_one_in_the_channel_does_and_home_is_drawn_anew_for_its_person_alone(
    posted: Hall,
) -> None:
    posted.open("U0LEE")
    posted.open()
    before = posted.here.slack.homes["U0LEE"]
    said = posted.press("approve")
    assert posted.here.stage() == "creating" and "6 themes of October 2026 wait" in said
    assert "Creating the Jira draft for U0DANA" in said.partition("What happened to past themes")[2]
    assert posted.here.slack.homes["U0LEE"] is before
    posted.here.settle()
    (issue,) = posted.here.jira.issues
    assert f"draft {issue.key}" in posted.open("U0LEE").partition("What happened")[2]
    assert f"draft {issue.key}" in seen(posted.here.post)


def test_who_approves_there_sees_the_issue_come_without_opening_it_again(hall: Hall) -> None:
    hall.open()
    said = hall.press("approve")
    assert "Creating the Jira draft" in said and hall.home.redraw() == 0, "it is on its way"
    hall.here.settle()
    assert hall.home.redraw() == 1
    (issue,) = hall.here.jira.issues
    assert f"draft {issue.key}" in hall.shown() and "Creating" not in hall.shown()
    assert hall.home.redraw() == 0, "once"


def test_an_old_view_decides_nothing_twice_and_says_so_in_home(hall: Hall) -> None:
    hall.open()
    hall.here.decide(Verdict.APPROVE, actor="slack:U0LEE")
    said = hall.press("approve")
    assert "U0LEE approved this" in said and "6 themes of" in said
    assert hall.here.slack.whispers == []


def test_rights_are_checked_there_all_the_same(hall: Hall) -> None:
    hall.open()
    hall.here.slack.homes["U0SAM"] = hall.here.slack.homes[
        "U0DANA"
    ]  # a view that somebody saw before they lost the right
    said = hall.press("approve", "U0SAM")
    assert "deciding is limited" in said and hall.here.stage() == "open" and hall.buttons("U0SAM") == []
    assert hall.here.store.audit.recent()[0].action == "denied"


def test_a_window_opened_there_is_answered_there(hall: Hall) -> None:
    hall.open()
    window = DecisionWindow("not_a_theme", hall.here.store, lambda _: True, CHANNEL, "UTC")
    view = window.view(hall.here.slack.click_at_home("not_a_theme", "U0DANA", hall.here.theme(2)))
    assert view is not None
    hall.here.slack.views.append(dict(view))
    for number in range(2):  # sent off twice: the second is told in Home
        body = hall.here.slack.submission({"reason": {"selected_option": {"value": "known"}}})
        body["view"]["id"] = f"V{number}"
        hall.here.store.inbox.receive(event_id(body), "view", body)
        hall.answer()
    assert hall.here.stage(hall.here.theme(2)) == "rejected"
    said = hall.shown()
    assert "You marked this as not a theme" in said and "already known" in said.partition("What happened")[2]


def test_what_was_refused_stands_there_with_its_reason_until_somebody_mends_it(hall: Hall) -> None:
    hall.here.jira.screen["components"]["required"] = True
    hall.here.decide(Verdict.APPROVE)
    hall.here.settle()
    said = hall.open()
    assert "Nothing was created" in said and hall.buttons()[:3] == ["Fix and retry…", "Try again", "Undo"]


def test_past_themes_say_what_became_of_them_newest_first_and_those_undone_are_gone(hall: Hall) -> None:
    first, second, third, fourth = (hall.here.theme(n) for n in (1, 2, 3, 4))
    hall.here.decide(Verdict.REJECT, first, payload={"reason": "internal"})
    hall.here.clock.passes(60)
    hall.here.decide(Verdict.SNOOZE, second)
    hall.here.clock.passes(60)
    hall.here.decide(Verdict.MERGE, third, payload={"into": fourth})
    hall.here.decide(Verdict.APPROVE, hall.here.theme(5))
    hall.here.decide(Verdict.UNDO, hall.here.theme(5))
    _, _, past = hall.open().partition("What happened to past themes")
    assert [past.index(said) for said in ("Merged into “", "Snoozed by", "Marked not a theme")] == sorted(
        past.index(said) for said in ("Merged into “", "Snoozed by", "Marked not a theme")
    )
    assert "Approved" not in past and "Creating" not in past


def test_nothing_can_be_decided_on_a_digest_that_is_closed(hall: Hall) -> None:
    hall.here.clock.at += timedelta(days=91)
    assert "more than 90 days old" in hall.open() and hall.buttons() == []


def test_no_ticket_text_breaks_it(tmp_path: Path) -> None:
    with scene(tmp_path) as here:
        here.conclude(digest=with_text(HOSTILE * 20, words=HOSTILE), post=False)
        hall = at_home(here)
        hall.open()
        assert "<!channel>" not in str([b for b in here.slack.homes["U0DANA"]["blocks"] if "mrkdwn" in str(b)])


# --- before the first digest


def test_before_the_first_digest_it_says_what_is_missing_and_how_to_mend_it(tmp_path: Path) -> None:
    with scene(tmp_path, tracker=False) as here:
        here.slack.rooms[CHANNEL].member = False
        said = at_home(here).open()
        assert "Not set up yet" in said
        assert "❌ Help desk: No help desk and no ticket file is named. groundswell init asks." in said
        assert "❌ Channel: The app is not in #product-support. Type /invite @groundswell there." in said
        assert "⚠️ Jira: No project is configured" in said


def test_where_all_is_set_up_it_says_so(tmp_path: Path) -> None:
    with scene(tmp_path) as here:
        hall = at_home(here, zendesk=HelpDesk())
        assert "⚠️ Zendesk: Not read yet." in hall.open()
        from bot.domain import Page

        here.store.tickets.take("zendesk", Page((), cursor="c", high_water=here.clock.at))
        assert "All is set up; the first digest is still to come." in hall.open()


# --- when Slack is away


def test_a_home_that_can_not_be_drawn_is_tried_for_a_minute_and_then_let_go(hall: Hall) -> None:
    hall.here.slack.fail("refuse", "views.publish", status=503, times=9)
    with pytest.raises(Unavailable):
        hall.open()
    assert len(hall.here.store.inbox.waiting()) == 1
    hall.here.clock.passes(61)
    hall.answer()
    assert hall.here.store.inbox.waiting() == [] and hall.here.slack.homes == {}
    assert hall.here.store.audit.recent()[0].action == "home not drawn"


def test_what_was_decided_there_stands_though_home_can_not_be_drawn(hall: Hall) -> None:
    hall.open()
    hall.here.slack.fail("refuse", "views.publish", status=503, times=1)
    hall.press("approve")
    assert hall.here.stage() == "creating" and hall.here.store.inbox.waiting() == []


# --- the door


@pytest.fixture
def door(hall: Hall) -> App:
    client = WebClient(TOKEN, base_url=hall.here.slack.base_url, timeout=2)
    return app(client, "secret", hall.here.store.inbox.receive, lambda: None)


def sent(bolt: App, payload: dict[str, Any]) -> int:
    headers, body = signed("secret", payload)
    return int(bolt.dispatch(BoltRequest(body=body.decode(), headers={k: [v] for k, v in headers.items()})).status)


def test_opening_home_is_stored_once_before_slack_is_answered_and_without_the_view(hall: Hall, door: App) -> None:
    hall.open()
    event = hall.here.slack.opens_home()
    assert "view" in event["event"]
    assert [sent(door, event), sent(door, event)] == [200, 200]
    (kept,) = hall.here.store.inbox.waiting()
    assert (kept.kind, kept.payload) == ("home", {"event_id": event["event_id"], "person": "U0DANA"})
    assert sent(door, hall.here.slack.opens_home(tab="messages")) == 200
    assert len(hall.here.store.inbox.waiting()) == 1
    hall.answer()
    assert "7 themes" in hall.shown()


def test_an_opening_that_can_not_be_stored_is_not_acknowledged_so_that_slack_tells_of_it_again(hall: Hall) -> None:
    def busy(*_: Any) -> bool:
        raise Unavailable("the database is locked")

    client = WebClient(TOKEN, base_url=hall.here.slack.base_url, timeout=2)
    assert sent(app(client, "secret", busy, lambda: None), hall.here.slack.opens_home()) == 404


def test_the_manifest_switches_home_on_and_asks_for_its_event_alone() -> None:
    manifest = yaml.safe_load((ROOT / "deploy" / "slack-manifest.yaml").read_text(encoding="utf-8"))
    assert manifest["features"]["app_home"]["home_tab_enabled"] is True
    assert manifest["settings"]["event_subscriptions"]["bot_events"] == [HOME_OPENED]
