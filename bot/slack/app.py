"""Slack's door: Bolt over Socket Mode or signed HTTP. Stores what was clicked, typed or sent off, and acknowledges it.

What is acknowledged is in the database, so no crash loses it; what it means is worked out later, by the desks. One
thing is done here and at once: opening a window, whose trigger is over after three seconds.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from hashlib import sha256
from http.client import HTTPException
from typing import Any

from slack_bolt import Ack, App
from slack_sdk import WebClient
from slack_sdk.errors import SlackClientError

from bot.acts import Message
from bot.ports import Unavailable
from bot.slack import answers
from bot.slack.clicks import Receive
from bot.slack.elements import HOME, place
from bot.slack.windows import View, Window, first_input

COMMAND = "/themes"
HOME_OPENED = "app_home_opened"
_TRIGGER = 2  # seconds for views.open: the trigger is over after three (VENDORS 5.1)
_NOT_SAVED = "Not saved, nothing was done. Please try again in a moment."


def app(
    client: WebClient,
    signing_secret: str | None,
    receive: Receive,
    wake: Callable[[], None],
    windows: Sequence[Window] = (),
) -> App:
    """`receive` stores what came within a second or raises Unavailable; `wake` tells the worker of it.

    Bolt checks the signature over the raw body and a clock window of five minutes (VENDORS 5.2); over Socket Mode there
    is no body to sign, and Slack authenticates the connection.
    """
    bolt = App(
        client=WebClient(base_url=client.base_url, timeout=client.timeout),  # Bolt warns of a token beside `authorize`
        signing_secret=signing_secret or "socket mode has none",
        token_verification_enabled=False,  # no network before the doors open
        authorize=lambda: _own(client),
    )
    door = _Door(client, receive, wake, windows)
    bolt.action(re.compile(".*"))(door.clicked)
    bolt.command(COMMAND)(door.typed)
    bolt.view(re.compile(".*"))(door.sent_off)
    bolt.event(HOME_OPENED, middleware=[door.came_home])(lambda: None)
    return bolt


class _Door:
    """The four ways in. Each says what Slack must hear, and leaves the rest to the inbox."""

    def __init__(
        self, client: WebClient, receive: Receive, wake: Callable[[], None], windows: Sequence[Window]
    ) -> None:
        self._client, self._receive, self._wake, self._windows = client, receive, wake, windows
        self._brief = WebClient(client.token, client.base_url, timeout=_TRIGGER, retry_handlers=[])

    def clicked(self, ack: Ack, body: dict[str, Any]) -> None:
        if self._opened(ack, body):
            return
        saved = self._saved("click", body)
        if saved:
            ack()
            self._wake()
        elif place(body) != HOME:  # there Slack itself puts a warning beside a button that nobody acknowledged
            ack()
            self._not_saved(body)

    def typed(self, ack: Ack, body: dict[str, Any]) -> None:
        """A command that opens a window, and can't, is a command like any other: its desk has words for it."""
        if self._opened(ack, body):
            return
        if self._saved("command", body):
            ack()
            self._wake()
        else:
            ack(_NOT_SAVED)

    def sent_off(self, ack: Ack, body: dict[str, Any]) -> None:
        """What can't be taken, or saved, is said beside the fields, which keep what was filled in."""
        view: dict[str, Any] = body["view"]
        window = next((w for w in self._windows if w.callback_id == view.get("callback_id")), None)
        if window is None:
            ack()
        elif errors := window.errors(view):
            ack(response_action="errors", errors=dict(errors))
        elif self._saved("view", body):
            ack(response_action="clear")
            self._wake()
        else:
            ack(response_action="errors", errors={first_input(view) or "": _NOT_SAVED})

    def came_home(self, body: dict[str, Any], next_: Callable[[], None]) -> None:
        """Somebody looks at the app's Home. Of the event, which holds the whole view, only who it was is kept.

        Bolt acknowledges an event before its listener hears of it, so this is a middleware of the listener's; without
        `next_` Bolt answers 404, and Slack delivers it again.
        """
        event: dict[str, Any] = body["event"]
        if event.get("tab") != "home":
            next_()
        elif self._saved("home", {"event_id": body["event_id"], "person": event["user"]}):
            next_()
            self._wake()

    def _opened(self, ack: Ack, body: dict[str, Any]) -> bool:
        """Nothing is stored of it: a window that is lost was only looked at."""
        view = self._view_for(body)
        if view is None:
            return False
        try:
            self._brief.views_open(trigger_id=body["trigger_id"], view=dict(view))
        except (SlackClientError, OSError, HTTPException):
            return False
        ack()
        return True

    def _view_for(self, body: Mapping[str, Any]) -> View | None:
        try:
            return next((view for w in self._windows if (view := w.view(body)) is not None), None)
        except Unavailable:
            return None

    def _saved(self, kind: str, body: Mapping[str, Any]) -> bool:
        """Without the verification token, which Slack still sends along and nobody needs."""
        try:
            self._receive(event_id(body), kind, {k: v for k, v in body.items() if k != "token"})
        except Unavailable:
            return False
        return True

    def _not_saved(self, body: Mapping[str, Any]) -> None:
        channel, person = (body.get("channel") or {}).get("id"), (body.get("user") or {}).get("id")
        if channel and person:
            self._whisper(channel, person, answers.answer("not_saved"))

    def _whisper(self, channel: str, person: str, said: Message) -> None:
        blocks = [dict(block) for block in said.blocks]
        try:
            self._client.chat_postEphemeral(channel=channel, user=person, text=said.text, blocks=blocks)
        except (SlackClientError, OSError, HTTPException):
            return  # nothing was done, and nothing more can be said


def _own(client: WebClient) -> Any:
    """One workspace, one token: no look-up per event."""
    from slack_bolt.authorization import AuthorizeResult

    return AuthorizeResult(enterprise_id=None, team_id=None, bot_token=client.token)


def event_id(body: Mapping[str, Any]) -> str:
    """The same for each delivery of a click, command, submission or event: Slack repeats some, and over two sockets."""
    action, person = (body.get("actions") or [{}])[0], (body.get("user") or {}).get("id")
    if "command" in body:
        told = ["command", body.get("user_id"), body.get("trigger_id")]
    elif "event_id" in body:
        told = ["event", body["event_id"]]
    elif body.get("type") == "view_submission":
        told = ["view", person, (body.get("view") or {}).get("id")]
    else:
        told = [body.get("type"), person, action.get("action_id"), action.get("block_id")]
        told += [action.get("action_ts"), (body.get("container") or {}).get("message_ts")]
    return sha256("\x1f".join(map(str, told)).encode()).hexdigest()
