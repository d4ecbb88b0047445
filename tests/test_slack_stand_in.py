"""The stand-in judges messages by slack_sdk's models, Bolt judges its clicks: two opinions that are not ours."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

import pytest
from slack_bolt import App, BoltRequest
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError

from bot.acts import Message, Standing
from bot.domain import Digest
from bot.slack import blocks, preview, thread
from bot.slack.elements import Press, pressed
from bot.slack.preview import Post
from connectors.slack import Slack
from tests import browser
from tests.browser import installed
from tests.digests import HOSTILE, empty_digest, large_digest, sample_digest, small_digest, with_text
from tests.servers.slack import CHANNEL, PEOPLE, TOKEN, SlackServer, signed
from tests.test_blocks import everything

SECRET = "the stand-in's signing secret"
RUN = "run_2026-10"


@pytest.fixture
def server() -> Iterator[SlackServer]:
    with SlackServer() as running:
        assert isinstance(running, SlackServer)
        yield running


def post(server: SlackServer, message: Message) -> dict[str, Any]:
    slack = Slack(token=TOKEN, channel=CHANNEL, base_url=server.base_url, timeout=5)
    slack.do(slack.post("a" * 64, message))
    return server.posted()[-1]


@pytest.mark.parametrize("d", [sample_digest(), small_digest(), empty_digest(), large_digest(), with_text(HOSTILE)])
def test_slacks_own_models_take_every_message(server: SlackServer, d: Digest) -> None:
    sent = [message for message in everything(d) if post(server, message)]
    assert [m["blocks"] for m in server.posted()] == [list(message.blocks) for message in sent]


def test_the_stand_in_refuses_what_slack_refuses(server: SlackServer) -> None:
    client = WebClient(TOKEN, base_url=server.base_url)
    section = {"type": "section", "text": {"type": "mrkdwn", "text": "x" * 2900}}
    for wrong, error in (
        ([{"type": "divider"}] * 51, "invalid_blocks"),
        ([{"type": "divider", "block_id": "a"}] * 2, "invalid_blocks"),
        ([{"type": "section", "text": {"type": "mrkdwn", "text": "x" * 3001}}], "invalid_blocks"),
        ([{"type": "section", "text": {"type": "mrkdwn", "text": ""}}], "invalid_blocks"),
        ([{"type": "marquee"}], "invalid_blocks"),
        ([section] * 5, "msg_blocks_too_long"),
    ):
        with pytest.raises(SlackApiError) as caught:
            client.chat_postMessage(channel=CHANNEL, text="x", blocks=wrong)
        assert caught.value.response["error"] == error
    with pytest.raises(SlackApiError, match="no_text"):
        client.api_call("chat.postMessage", json={"channel": CHANNEL, "text": ""})
    assert server.posted() == []


def test_a_signed_click_reaches_bolt_as_slack_sends_it(server: SlackServer) -> None:
    d = sample_digest()
    message = post(server, blocks.digest(d, {}, run_key=RUN))
    heard: list[dict[str, Any]] = []
    app = App(client=WebClient(TOKEN, base_url=server.base_url), signing_secret=SECRET)

    @app.action("approve")
    def approve(ack: Any, body: dict[str, Any]) -> None:
        ack()
        heard.append(body)

    payload = server.click(message, "approve", "U0LEE", theme=d.themes[2].id)
    headers, body = signed(SECRET, payload)
    heard_headers = {k.lower(): [v] for k, v in headers.items()}
    assert app.dispatch(BoltRequest(body=body.decode(), headers=heard_headers)).status == 200
    (click,) = heard
    assert pressed(click) == ("approve", Press(RUN, d.themes[2].id, 1))
    assert (click["user"]["id"], click["team"]["id"], click["channel"]["id"]) == ("U0LEE", "T0ACME", CHANNEL)
    assert click["container"]["message_ts"] == message["ts"]

    stale, body = signed(SECRET, payload, at=0)
    assert (
        app.dispatch(BoltRequest(body=body.decode(), headers={k.lower(): [v] for k, v in stale.items()})).status == 401
    )
    forged, body = signed("another secret", payload)
    forged_headers = {k.lower(): [v] for k, v in forged.items()}
    assert app.dispatch(BoltRequest(body=body.decode(), headers=forged_headers)).status == 401
    assert len(heard) == 1


def test_an_answer_to_the_response_url_is_kept(server: SlackServer) -> None:
    message = post(server, blocks.digest(sample_digest(), {}, run_key=RUN))
    url = server.click(message, "reject")["response_url"]
    with urlopen(Request(url, data=json.dumps({"text": "Done."}).encode(), method="POST")) as answer:
        assert answer.status == 200
    assert server.answers == [{"text": "Done."}]


def test_the_channel_can_be_looked_at_as_a_page(server: SlackServer) -> None:
    d = sample_digest()
    slack = Slack(token=TOKEN, channel=CHANNEL, base_url=server.base_url, timeout=5)
    post(server, blocks.digest(d, {}, run_key=RUN))
    slack.tell(CHANNEL, "U0SAM", Message("Only for Sam: nothing was done, please click again."))
    with urlopen(f"{server.url}/_view?channel={CHANNEL}") as answer:
        shown = answer.read().decode()
    assert "Support themes: October 2026, 7 found" in shown
    assert "Only visible to Sam" in shown
    assert "Approve to Jira" in shown
    assert "<script" not in shown


def test_a_preview_of_hostile_words_runs_and_fetches_nothing(tmp_path: Path) -> None:
    if installed() is None:
        if os.environ.get("GROUNDSWELL_REQUIRE_BROWSER") == "1":
            pytest.fail("Chromium is required but not installed", pytrace=False)
        pytest.skip("Chromium is not installed")
    d = with_text(HOSTILE)
    posts = [Post(blocks.digest(d, {}, run_key=RUN), [thread.reply(d, d.themes[0], Standing("x"), run_key=RUN)])]
    file = tmp_path / "preview.html"
    file.write_text(preview.page("product-support", posts, PEOPLE), encoding="utf-8")
    with browser.page(tmp_path / "profile") as tab:
        tab.open(file)
        assert [r for r in tab.requests if not r.startswith("file:")] == []
        assert tab.complaints == []
        assert tab.value("document.querySelectorAll('script, img').length") == 0
        assert tab.value("document.querySelectorAll('button').length") == 26  # three in each of seven rows, five below
        for width in (360, 1120):
            tab.open(file, width=width)
            assert tab.value("document.documentElement.scrollWidth <= innerWidth")
