"""Slack's door: Bolt over Socket Mode or signed HTTP. Stores what was clicked, acknowledges, and does nothing else.

An acknowledged click is in the database, so no crash loses it; what it means is worked out later (bot.slack.clicks).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from hashlib import sha256
from http.client import HTTPException
from typing import Any

from slack_bolt import Ack, App
from slack_sdk import WebClient
from slack_sdk.errors import SlackClientError

from bot.ports import Unavailable
from bot.slack import answers
from bot.slack.clicks import Receive


def app(client: WebClient, signing_secret: str | None, receive: Receive, wake: Callable[[], None]) -> App:
    """`receive` stores a click within a second or raises Unavailable; `wake` tells the worker that there is one.

    Bolt checks the signature over the raw body and a clock window of five minutes (VENDORS 5.2); over Socket Mode there
    is no body to sign, and Slack authenticates the connection.
    """
    bolt = App(
        client=WebClient(base_url=client.base_url, timeout=client.timeout),  # Bolt warns of a token beside `authorize`
        signing_secret=signing_secret or "socket mode has none",
        token_verification_enabled=False,  # no network before the doors open
        authorize=lambda: _own(client),
    )

    @bolt.action(re.compile(".*"))  # type: ignore[untyped-decorator, unused-ignore]
    def _(ack: Ack, body: dict[str, Any]) -> None:
        try:
            receive(event_id(body), "click", body)
        except Unavailable:
            ack()
            _not_saved(client, body)
            return
        ack()
        wake()

    return bolt


def _own(client: WebClient) -> Any:
    """One workspace, one token: no look-up per event."""
    from slack_bolt.authorization import AuthorizeResult

    return AuthorizeResult(enterprise_id=None, team_id=None, bot_token=client.token)


def event_id(body: Mapping[str, Any]) -> str:
    """The same for every delivery of one click, which Slack may repeat over HTTP and over two sockets."""
    action = (body.get("actions") or [{}])[0]
    told = [body.get("type"), (body.get("user") or {}).get("id"), action.get("action_id"), action.get("block_id")]
    told += [action.get("action_ts"), (body.get("container") or {}).get("message_ts")]
    return sha256("\x1f".join(map(str, told)).encode()).hexdigest()


def _not_saved(client: WebClient, body: Mapping[str, Any]) -> None:
    message = answers.answer("not_saved")
    channel, person = (body.get("channel") or {}).get("id"), (body.get("user") or {}).get("id")
    if channel and person:
        try:
            client.chat_postEphemeral(
                channel=channel, user=person, text=message.text, blocks=[dict(b) for b in message.blocks]
            )
        except (SlackClientError, OSError, HTTPException):
            return  # nothing was done, and nothing more can be said
