"""Clicks: stored before they are acknowledged, answered once, by whoever may, for one person alone."""

from __future__ import annotations

from typing import Any

import pytest
from slack_bolt import App, BoltRequest
from slack_sdk import WebClient

from bot.acts import EffectState, Verdict
from bot.ports import Unavailable
from bot.slack.app import app, event_id
from bot.slack.clicks import Decider, click
from bot.store import Event
from tests.databases import WORKSPACE
from tests.scenarios.served import wait
from tests.servers.slack import CHANNEL, ELSEWHERE, TOKEN, signed
from tests.spine import PASSED, Scene

CREATE = r"/rest/api/3/issue$"


def log(here: Scene) -> list[tuple[str, str]]:
    return [(d.verdict.value, d.actor) for d in here.store.decisions.of([here.theme()])[here.theme()]]


# --- what a click does


def test_a_click_decides_in_the_name_of_who_clicked(here: Scene) -> None:
    here.press("approve", "U0LEE")
    here.answer()
    here.settle()
    assert log(here) == [("approve", "slack:U0LEE")]
    assert here.stage() == "created" and here.store.inbox.waiting() == []
    assert here.slack.whispers == []  # the row says it


def test_a_click_that_is_delivered_again_is_one_click(here: Scene) -> None:
    payload = here.slack.click(here.post, "approve", "U0DANA", here.theme())
    assert here.store.inbox.receive(event_id(payload), "click", payload)
    assert not here.store.inbox.receive(event_id(payload), "click", payload)
    here.answer()
    assert not here.store.inbox.receive(event_id(payload), "click", payload)  # after it was answered, too
    here.answer()
    assert len(log(here)) == 1


def test_two_presses_of_one_button_are_two_clicks(here: Scene) -> None:
    first, second = (here.slack.click(here.post, "approve", "U0DANA", here.theme()) for _ in range(2))
    assert event_id(first) != event_id(second)
    assert event_id(first) != event_id({**first, "user": {"id": "U0LEE"}})


def test_who_comes_second_is_told_who_was_first_and_where_it_is(here: Scene) -> None:
    here.press("approve", "U0DANA")
    here.answer()
    here.settle()
    here.press("approve", "U0LEE", message=old_message(here))
    here.answer()
    (told,) = here.whispers("U0LEE")
    assert "U0DANA" in told and here.jira.issues[0].key in told
    assert log(here) == [("approve", "slack:U0DANA")] and here.whispers("U0DANA") == []


def old_message(here: Scene) -> dict[str, Any]:
    """The digest as it was before anybody decided: what somebody's screen still shows."""
    made = here.store.runs.digest("monthly:2026-10")
    assert made is not None
    from bot.slack import blocks

    return {**here.post, "blocks": list(blocks.digest(made, {}, run_key="monthly:2026-10").blocks)}


# --- who may


@pytest.mark.parametrize("person", ["U0SAM"])
def test_who_may_not_decide_is_told_and_nothing_is_done_but_a_line_in_the_audit(here: Scene, person: str) -> None:
    here.press("approve", person)
    here.answer()
    (told,) = here.whispers(person)
    assert "Nothing was done" in told and "slack.approvers" in told
    assert log(here) == [] and here.jira.requests == [] and here.store.inbox.waiting() == []
    entry = here.store.audit.recent()[0]
    assert (entry.actor, entry.action, entry.object) == (f"slack:{person}", "denied", here.theme())


def test_nobody_may_when_no_approver_is_named(here: Scene) -> None:
    closed = here.again(deciders=False)
    here.press("approve", "U0DANA")
    closed.answer()
    assert log(here) == [] and "limited" in here.whispers("U0DANA")[0]


def test_a_group_that_can_not_be_read_gives_no_right_and_one_that_is_slow_gives_it_later(here: Scene) -> None:
    asker = Decider(here.store, here.channel, here.sink, WORKSPACE, CHANNEL, ["S0PMLEADS"])
    here.slack.fail("refuse", "usergroups", status=503, times=5)
    here.press("approve", "U0LEE")
    with pytest.raises(Unavailable):
        asker.answer(here.store.inbox.waiting()[0])
    assert len(here.store.inbox.waiting()) == 1  # it stays
    here.slack.faults.clear()
    asker.answer(here.store.inbox.waiting()[0])
    assert log(here) == [("approve", "slack:U0LEE")]
    gone = Decider(here.store, here.channel, here.sink, WORKSPACE, CHANNEL, ["S0NOGROUP"])
    here.press("approve", "U0LEE", here.theme(2))
    gone.answer(here.store.inbox.waiting()[0])
    assert here.stage(here.theme(2)) == "open"


def test_a_click_from_another_channel_decides_nothing(here: Scene) -> None:
    payload = here.slack.click(here.post, "approve", "U0DANA", here.theme())
    payload["channel"]["id"] = ELSEWHERE
    here.store.inbox.receive("from-elsewhere", "click", payload)
    here.answer()
    assert log(here) == [] and here.store.inbox.waiting() == []


# --- what is told


def test_a_click_on_a_draft_that_changed_since_is_told_and_the_row_drawn_anew(here: Scene) -> None:
    payload = here.slack.click(here.post, "approve", "U0DANA", here.theme())
    shown = payload["actions"][0]["block_id"]
    payload["actions"][0]["block_id"] = shown.replace(f"|{here.theme()}|1|", f"|{here.theme()}|2|")
    here.store.inbox.receive("stale", "click", payload)
    here.answer()
    assert log(here) == [] and "changed" in here.whispers("U0DANA")[0]
    assert len(here.store.drawings.due()) >= 1


def test_words_for_one_person_may_be_lost_what_was_decided_may_not(here: Scene) -> None:
    here.press("approve", "U0DANA")
    here.press("approve", "U0LEE")
    here.slack.fail("refuse", "postEphemeral", status=500, times=9)
    here.answer()
    assert log(here) == [("approve", "slack:U0DANA")] and here.store.inbox.waiting() == []
    assert "not told" in [e.action for e in here.store.audit.recent()]


def test_an_undo_within_ten_minutes_relabels_the_issue(here: Scene) -> None:
    here.press("approve")
    here.answer()
    here.settle()
    here.press("undo", "U0LEE")
    here.answer()
    here.settle()
    assert "groundswell-withdrawn" in here.jira.issues[0].labels
    assert log(here)[-1] == ("undo", "slack:U0LEE") and here.stage() == "open"


def test_a_refused_draft_is_tried_again_by_its_button(here: Scene) -> None:
    here.jira.screen["components"]["required"] = True
    here.press("approve")
    here.answer()
    here.settle()
    here.jira.screen["components"]["required"] = False
    here.press("retry", "U0LEE")
    here.answer()
    here.settle()
    assert here.stage() == "created" and len(here.jira.issues) == 1


def test_i_checked_create_it_sends_what_nobody_could_find(here: Scene) -> None:
    here.press("approve")
    here.answer()
    here.jira.fail("drop", CREATE, method="POST")
    here.ledger.attend(here.issue().act.key)
    here.store.effects.unsure(here.issue().act.key, "nobody knows")
    here.settle()
    here.press("retry", "U0SAM")
    here.answer()
    assert here.stage() == "unsure"  # Sam may not
    here.press("retry", "U0LEE")
    here.answer()
    here.clock.at += PASSED
    here.settle()
    assert here.stage() == "created" and len(here.jira.issues) == 1
    assert here.store.effects.in_state(EffectState.UNSURE) == []


# --- what is not ours


@pytest.mark.parametrize(
    "payload",
    [
        {},
        {"actions": []},
        {"actions": [{"action_id": "approve"}], "user": {"id": "U"}, "channel": {"id": CHANNEL}},
        {"actions": [{"action_id": "approve", "value": "[]"}], "user": {"id": "U"}, "channel": {"id": CHANNEL}},
        {"actions": [{"action_id": "approve", "value": '{"v": 1, "run": 1, "theme": "t", "rev": 1}'}],
         "user": {"id": "U"}, "channel": {"id": CHANNEL}},
        {"actions": [{"action_id": "approve", "value": "x"}], "user": None, "channel": {"id": CHANNEL}},
    ],
)  # fmt: skip
def test_a_payload_that_none_of_our_buttons_sends_is_put_away(here: Scene, payload: dict[str, Any]) -> None:
    assert click(payload) is None
    here.store.inbox.receive("odd", "click", payload)
    here.answer()
    assert here.store.inbox.waiting() == [] and here.slack.whispers == []


def test_a_button_that_opens_a_link_decides_nothing(here: Scene) -> None:
    here.press("approve")
    here.answer()
    here.settle()
    here.press("open")
    here.answer()
    assert len(log(here)) == 1 and here.store.inbox.waiting() == []


def test_what_the_inbox_keeps_of_an_answered_click_is_no_message(here: Scene) -> None:
    """Slack sends the whole digest along with every click."""
    from tests.databases import texts_of

    here.press("approve")
    assert texts_of(here.store, '"block_actions"') == ["inbox.payload"]
    here.answer()
    assert texts_of(here.store, '"block_actions"') == []


# --- Bolt's door


def door(here: Scene, receive: Any, woken: list[str]) -> App:
    client = WebClient(TOKEN, base_url=here.slack.base_url, timeout=10, retry_handlers=[])
    return app(client, "secret", receive, lambda: woken.append("up"))


def dispatched(bolt: App, payload: dict[str, Any], secret: str = "secret", at: float | None = None) -> int:
    headers, body = signed(secret, payload, at)
    return int(bolt.dispatch(BoltRequest(body=body.decode(), headers=headers)).status)


def test_a_click_is_in_the_inbox_before_slack_is_answered(here: Scene) -> None:
    woken: list[str] = []
    stored: list[Event] = []

    def receive(event: str, kind: str, payload: Any) -> bool:
        new = here.store.inbox.receive(event, kind, payload)
        stored.extend(here.store.inbox.waiting())
        return new

    payload = here.slack.click(here.post, "approve", "U0DANA", here.theme())
    assert dispatched(door(here, receive, woken), payload) == 200
    assert [e.event_id for e in stored] == [event_id(payload)]
    assert wait("the worker to be told", lambda: woken) == ["up"]


def test_a_click_that_can_not_be_stored_is_said_to_be_not_saved(here: Scene) -> None:
    def busy(*_: Any) -> bool:
        raise Unavailable("the database is locked")

    woken: list[str] = []
    payload = here.slack.click(here.post, "approve", "U0DANA", here.theme())
    assert dispatched(door(here, busy, woken), payload) == 200
    wait("the word", lambda: here.whispers("U0DANA"))  # Bolt answers Slack first, and goes on
    assert "Not saved" in here.whispers("U0DANA")[0] and woken == []
    for fault in ("refuse", "drop", "html"):  # and when even that can't be said
        here.slack.fail(fault, "postEphemeral", status=500)
        assert dispatched(door(here, busy, woken), payload) == 200


def test_a_forged_or_old_click_is_not_even_stored(here: Scene) -> None:
    import time

    bolt = door(here, here.store.inbox.receive, [])
    payload = here.slack.click(here.post, "approve", "U0DANA", here.theme())
    assert dispatched(bolt, payload, secret="another") == 401
    assert dispatched(bolt, payload, at=time.time() - 360) == 401
    assert here.store.inbox.waiting() == []
    assert here.decide(Verdict.REJECT).result.value == "done"
