"""Clicks over Socket Mode: the real SDK and Bolt on a WebSocket of ours."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from slack_sdk import WebClient

from bot.acts import Message
from bot.ports import Unavailable
from bot.slack.app import app
from bot.slack.socket import Line
from connectors.slack import Slack
from tests.scenarios.served import wait
from tests.servers.slack import APP_TOKEN, CHANNEL, TOKEN, SlackServer
from tests.servers.socket_mode import SocketMode

_BUTTON = {
    "type": "actions",
    "block_id": "act.t-1",
    "elements": [
        {
            "type": "button",
            "action_id": "approve",
            "text": {"type": "plain_text", "text": "Approve"},
            "value": '{"v":1,"run":"r","theme":"t-1","rev":1}',
            "accessibility_label": "Approve: theme",
        }
    ],
}


class Kept:
    """An inbox, and a worker that is told."""

    def __init__(self) -> None:
        self.events: dict[str, Mapping[str, Any]] = {}
        self.woken = threading.Event()
        self.locked = False

    def receive(self, event_id: str, kind: str, payload: Mapping[str, Any]) -> bool:
        if self.locked:
            raise Unavailable("the database is locked")
        new = event_id not in self.events
        self.events.setdefault(event_id, payload)
        return new


@pytest.fixture
def slack() -> Iterator[SlackServer]:
    with SlackServer() as server, SocketMode() as socket:
        server.socket = socket
        yield server


def _opened(slack: SlackServer, kept: Kept) -> Line:
    client = WebClient(TOKEN, base_url=slack.base_url, retry_handlers=[])
    line = Line(app(client, None, kept.receive, kept.woken.set), APP_TOKEN, again=0.2, ping=0.2)
    line.open()
    return line


def _posted(slack: SlackServer) -> dict[str, Any]:
    channel = Slack(token=TOKEN, channel=CHANNEL, base_url=slack.base_url)
    channel.do(channel.post("a" * 64, Message("A digest with a button for everybody to see.", [_BUTTON])))
    return slack.posted()[0]


def test_a_click_is_kept_before_it_is_acknowledged_and_a_second_delivery_is_the_same_click(slack: SlackServer) -> None:
    kept = Kept()
    line = _opened(slack, kept)
    assert slack.socket is not None
    wait("the connection", lambda: slack.socket and slack.socket.connections)
    click = slack.click(_posted(slack), "approve")
    first = slack.socket.deliver(click)
    wait("the acknowledgement", lambda: slack.socket and first in slack.socket.acks)
    assert len(kept.events) == 1 and kept.woken.is_set()
    again = slack.socket.deliver(click)
    wait("the second acknowledgement", lambda: slack.socket and again in slack.socket.acks)
    assert len(kept.events) == 1
    line.close()


def test_a_click_that_cannot_be_kept_is_told_to_the_person_and_to_nobody_else(slack: SlackServer) -> None:
    kept = Kept()
    kept.locked = True
    line = _opened(slack, kept)
    assert slack.socket is not None
    wait("the connection", lambda: slack.socket and slack.socket.connections)
    slack.socket.deliver(slack.click(_posted(slack), "approve"))
    told = wait("the word", lambda: slack.whispers)
    assert "Not saved" in str(told[0]) and told[0]["user"] == "U0DANA"
    assert not kept.events and not kept.woken.is_set()
    line.close()


def test_a_command_is_kept_before_it_is_acknowledged_and_one_that_cannot_be_says_so_in_the_acknowledgement(
    slack: SlackServer,
) -> None:
    kept = Kept()
    line = _opened(slack, kept)
    assert slack.socket is not None
    wait("the connection", lambda: slack.socket and slack.socket.connections)
    first = slack.socket.deliver(slack.command("run 7d \u2014private"))
    wait("the acknowledgement", lambda: slack.socket and first in slack.socket.acks)
    assert [e["text"] for e in kept.events.values()] == ["run 7d \u2014private"] and kept.woken.is_set()
    kept.locked = True
    second = slack.socket.deliver(slack.command("run 9d"))
    wait("the second acknowledgement", lambda: slack.socket and second in slack.socket.acks)
    assert "Not saved, nothing was done" in str(slack.socket.acks[second]) and len(kept.events) == 1
    line.close()


def test_slack_may_be_away_at_the_start_and_is_joined_when_it_is_there(slack: SlackServer) -> None:
    kept, socket = Kept(), slack.socket
    slack.socket = None  # apps.connections.open is refused
    line = _opened(slack, kept)
    wait("a refused try", lambda: slack.sent("POST", "apps.connections.open"))
    assert not line.connected
    slack.socket = socket
    wait("the connection", lambda: line.connected)
    line.close()


def test_a_broken_connection_is_made_anew(slack: SlackServer) -> None:
    kept = Kept()
    line = _opened(slack, kept)
    assert slack.socket is not None
    wait("the connection", lambda: slack.socket and slack.socket.connections)
    slack.socket.drop()
    wait("the next connection", lambda: slack.socket and slack.socket.connections, patience=60)
    first = slack.socket.deliver(slack.click(_posted(slack), "approve"))
    wait("the acknowledgement", lambda: slack.socket and first in slack.socket.acks)
    assert len(kept.events) == 1
    line.close()
