"""The connector against the rig's emulator of Slack, which other people wrote (VENDORS 5.3).

It takes any token and every block, and answers neither limits nor user groups, and has one person alone, whom nobody
can write to: those are our stand-in's part.
"""

from __future__ import annotations

import secrets
from datetime import UTC, datetime, timedelta

import pytest
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError

from bot.acts import Absent, Act, Found, Message
from bot.ports import Refused
from bot.slack import blocks
from bot.slack.limits import problems
from bot.slack.run_window import RunWindow
from connectors.slack import Slack
from tests.digests import sample_digest

SAID = Message("Support themes, October 2026: seven themes were found.", [{"type": "divider"}])


@pytest.fixture
def client(rig: dict[str, str]) -> WebClient:
    return WebClient("xoxb-rig", base_url=rig["slack"])


@pytest.fixture
def channel(client: WebClient) -> str:
    """A new channel, so that tests don't read each other's messages."""
    made = client.conversations_create(name=f"themes-{secrets.token_hex(4)}")["channel"]
    return str(made["id"])


@pytest.fixture
def slack(rig: dict[str, str], channel: str) -> Slack:
    return Slack(token="xoxb-rig", channel=channel, base_url=rig["slack"], sleep=lambda seconds: None)


def test_a_digest_is_posted_with_its_blocks_and_found_again_by_its_mark(
    slack: Slack, client: WebClient, channel: str
) -> None:
    message = blocks.digest(sample_digest(), {}, run_key="run-2026-10")
    act = slack.post(secrets.token_hex(32), message)
    hint = slack.mark(act)
    assert isinstance(slack.find(act, hint), Absent)
    receipt = slack.do(act)
    assert receipt.url
    seen = slack.find(act, hint)
    assert isinstance(seen, Found)
    assert seen.receipt.ref == receipt.ref
    assert [r.ref for r in slack.twins(act)] == [receipt.ref]
    (kept,) = [m for m in client.conversations_history(channel=channel)["messages"] if m["ts"] == receipt.ref]
    assert [b["type"] for b in kept["blocks"]] == [b["type"] for b in message.blocks]
    assert problems(message) == []


def test_a_reply_is_posted_into_its_thread_and_found_there(slack: Slack) -> None:
    post = slack.post(secrets.token_hex(32), SAID)
    ts = slack.do(post).ref
    planned = slack.reply(secrets.token_hex(32), post.key, SAID, "t1")
    reply = Act(planned.key, planned.kind, planned.target, planned.payload, planned.after, parent=ts)
    hint = slack.mark(reply)
    assert isinstance(slack.find(reply, hint), Absent)
    made = slack.do(reply)
    seen = slack.find(reply, hint)
    assert isinstance(seen, Found)
    assert seen.receipt.ref == made.ref


def test_a_message_is_found_behind_more_than_one_page_of_others(slack: Slack, client: WebClient, channel: str) -> None:
    act = slack.post(secrets.token_hex(32), SAID)
    hint = slack.mark(act)
    made = slack.do(act)
    for n in range(205):
        client.chat_postMessage(channel=channel, text=f"chat {n}")
    seen = slack.find(act, hint)
    assert isinstance(seen, Found)
    assert seen.receipt.ref == made.ref


def test_an_update_draws_the_message_anew(slack: Slack, client: WebClient, channel: str) -> None:
    ts = slack.do(slack.post(secrets.token_hex(32), SAID)).ref
    new = Message("Support themes, October 2026: one theme of seven is decided.", [])
    slack.update(channel, ts, new)
    assert client.conversations_history(channel=channel)["messages"][0]["text"] == new.text


def test_a_channel_that_does_not_exist_is_refused_with_the_mend(rig: dict[str, str]) -> None:
    nowhere = Slack(token="xoxb-rig", channel="C0NOWHERE", base_url=rig["slack"])
    with pytest.raises(Refused, match="channel_not_found"):
        nowhere.do(nowhere.post(secrets.token_hex(32), SAID))
    assert {f.name: f.state for f in nowhere.check()}["slack channel"] == "fail"


def test_check_finds_the_channel_and_the_token(slack: Slack, client: WebClient, channel: str) -> None:
    found = {f.name: f.state for f in slack.check()}
    assert found["slack"] == "ok"
    assert found["slack channel"] == "ok"


def test_the_run_window_is_opened_with_a_trigger(client: WebClient) -> None:
    window = RunWindow(lambda _: True, ("zendesk", "intercom"), "UTC", lambda: datetime.now(UTC))
    view = window.view({"command": "/themes", "text": "", "user_id": "U000000001", "response_url": ""})
    assert view is not None
    trigger = client.api_call("views.generateTriggerId").get("trigger_id")
    opened = client.views_open(trigger_id=str(trigger), view=dict(view))["view"]
    assert (opened["callback_id"], len(opened["blocks"])) == ("run", len(view["blocks"]))
    with pytest.raises(SlackApiError, match="trigger"):
        client.views_open(trigger_id=str(trigger), view=dict(view))  # it opens one window, once


def test_digests_are_told_from_notes_by_their_metadata(slack: Slack) -> None:
    digest = slack.post(secrets.token_hex(32), SAID)
    note = slack.note(secrets.token_hex(32), "progress", SAID)
    since = datetime.now(UTC) - timedelta(minutes=1)
    made = slack.do(digest)
    slack.do(note)
    assert {m: r.ref for m, r in slack.digests(since).items()} == {digest.marker: made.ref}
