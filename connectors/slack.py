"""Slack's wire: posts and replies that are sent once and found again by their mark, updates, answers to one person.

No retry handlers: the SDK's default sends chat.postMessage again when a connection breaks after the send, and so posts
twice (VENDORS 5.1, RELIABILITY 5). Who calls decides what is tried again.
"""

from __future__ import annotations

import copy
import logging
import re
import socket
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from email.utils import parsedate_to_datetime
from http.client import HTTPException
from ssl import SSLCertVerificationError
from typing import Any, NoReturn
from urllib.error import URLError
from urllib.parse import urlsplit

from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError
from slack_sdk.web import SlackResponse
from slack_sdk.webhook import WebhookClient

from bot.acts import Absent, Act, Finding, Found, Hint, Message, Receipt, Sighting, Undecided
from bot.ports import Refused, Unavailable, Unknown
from connectors import slack_doctor as doctoring

EVENT = "groundswell_digest"
_BEFORE_SENDING = 60.0  # seconds that the mark lies back: Slack's clock in an HTTP date has whole seconds, and drifts
_LOOKS = (0.0, 3.0, 7.0)  # pauses before each look; Slack states no consistency for its history (RELIABILITY 2)
_TWINS_WITHIN = 14 * 86_400.0  # seconds: a duplicate is looked for minutes after a send, or after days of downtime
_PAGE = 200
_MOST_PAGES = 500
_LONGEST_WAIT = 900.0
_GROUP_KEPT = 60.0  # seconds (RELIABILITY 6)
_CODE = re.compile(r"[a-z][a-z0-9_]{0,79}")
_PERSON = re.compile(r"[UW][A-Z0-9]+")
_ANSWERS_AT = (".slack.com", ".slack-gov.com")  # where a response_url leads
_TS = re.compile(r"\d{9,11}\.\d{6}")
# The method may have been carried out in part (docs.slack.dev/reference/methods/chat.postMessage, "Errors").
_HALF_DONE = frozenset({"internal_error", "fatal_error", "service_unavailable"})
_LATER = frozenset({"ratelimited", "rate_limited", "message_limit_exceeded", "request_timeout", "team_added_to_org"})
_MENDS = {
    "account_inactive": "the app was removed from the workspace: install it again and set the new bot token",
    "cant_update_message": "only messages of this app can be drawn anew: was the app installed anew?",
    "channel_not_found": "no such channel here: set slack.channel to its id (C…), and invite the app if it is private",
    "ekm_access_denied": "an administrator of the workspace suspended posting",
    "invalid_auth": "the bot token is not valid: set the one under OAuth & Permissions of the app (xoxb-…)",
    "invalid_blocks": "the message breaks a limit of Slack's, which is a bug here: please report it",
    "is_archived": "the channel is archived: unarchive it or set slack.channel to another",
    "message_not_found": "the message was deleted",
    "missing_scope": "the app lacks a right: add it under OAuth & Permissions and install the app again",
    "msg_blocks_too_long": "the message is too long, which is a bug here: please report it",
    "no_such_subteam": "no such user group: set its id (S…), which `@group` in Slack's directory shows",
    "not_enabled": "the app has no Home: switch the Home Tab on under App Home, as the manifest does",
    "not_authed": "no token was sent: set the bot token (xoxb-…)",
    "not_in_channel": "the app is not in the channel: type /invite @groundswell there",
    "restricted_action": "a setting of the workspace keeps apps from posting in the channel: ask an administrator",
    "token_expired": "the bot token has expired: install the app again and set the new one",
    "token_revoked": "the bot token was revoked: install the app again and set the new one",
}


class Slack:
    """A `bot.ports.Channel`. `channel` is the id (C…): chat.update takes no name. `timeout` in seconds, per call."""

    def __init__(
        self,
        *,
        token: str,
        channel: str,
        base_url: str | None = None,
        timeout: float = 10.0,
        sleep: Callable[[float], None] = time.sleep,
        clock: Callable[[], float] = time.time,
    ) -> None:
        def client(seconds: float) -> WebClient:
            where = base_url or WebClient.BASE_URL
            return WebClient(token, where, timeout=int(max(1, seconds)), retry_handlers=[], logger=_quiet())

        self._channel = channel
        self._client = client(timeout)
        self._brief = client(min(timeout, 3.0))  # for what comes after a send: the ledger's window is short
        self._sleep, self._clock = sleep, clock
        self._base_url = base_url
        self._groups: dict[str, tuple[float, frozenset[str]]] = {}
        self._talks: dict[str, str] = {}  # person -> the channel in which we two talk
        self._self: frozenset[str] = frozenset()

    # --- what is to be written

    def post(self, key: str, message: Message) -> Act:
        return Act(key, "slack.digest", self._channel, _body(message))

    def reply(self, key: str, after: str, message: Message, theme_id: str | None = None) -> Act:
        about = {"theme_id": theme_id} if theme_id else {}
        return Act(key, "slack.reply", self._channel, {**_body(message), **about}, after=after)

    def note(self, key: str, what: str, message: Message) -> Act:
        return Act(key, f"slack.{what}", self._channel, _body(message))

    def to(self, person: str) -> Slack:
        there = copy.copy(self)
        there._channel = person
        return there

    # --- writing, and finding what was written

    def mark(self, act: Act) -> Hint:
        """Slack's own clock where it tells it, since a message's ts is of that clock."""
        self._place(act.target)  # Refused here is refused before anything is sent
        return {"oldest": f"{self._now() - _BEFORE_SENDING:.6f}"}

    def do(self, act: Act) -> Receipt:
        thread = {"thread_ts": _parent(act)} if act.kind == "slack.reply" else {}
        answer = self._call(
            "chat_postMessage",
            writes=True,
            channel=self._place(act.target),
            text=act.payload["text"],
            blocks=act.payload["blocks"],
            metadata={"event_type": EVENT, "event_payload": {"effect": act.marker, "what": act.kind.partition(".")[2]}},
            unfurl_links=False,
            unfurl_media=False,
            **thread,
        )
        ts = answer.get("ts")
        if not isinstance(ts, str) or not _TS.fullmatch(ts):
            raise Unknown("Slack answered the post without saying which message it became")
        return self._receipt(act, ts)

    def find(self, act: Act, hint: Hint) -> Sighting:
        oldest = str(hint.get("oldest", "0"))
        for pause in _LOOKS:
            self._sleep(pause)
            try:
                made = self._carrying(act, oldest)
            except (Refused, _Gap) as why:
                return Undecided(f"the channel's history can't be read: {why}")
            if made:
                return Found(self._receipt(act, made[0]))
        return Absent()

    def twins(self, act: Act) -> Sequence[Receipt]:
        """All with the mark of the last 14 days: it is asked minutes after a send, or when a machine is back."""
        try:
            made = self._carrying(act, f"{self._now() - _TWINS_WITHIN:.6f}")
        except _Gap as gap:
            raise Unavailable(str(gap)) from None
        return tuple(self._receipt(act, ts) for ts in made)

    def _carrying(self, act: Act, oldest: str) -> list[str]:
        """The ts of our messages with the mark of `act`, the first made first. Raises _Gap unless all was read."""
        ours = self._us()
        return sorted(m["ts"] for m in self._messages(act, oldest) if _marker(m) == act.marker and _by(ours, m))

    def _messages(self, act: Act, oldest: str) -> Iterator[Mapping[str, Any]]:
        channel, method = self._place(act.target), "conversations_history"
        asked: dict[str, Any] = {"channel": channel, "oldest": oldest, "include_all_metadata": True, "limit": _PAGE}
        if act.kind == "slack.reply":
            method, asked = "conversations_replies", {**asked, "ts": _parent(act)}
        for _ in range(_MOST_PAGES):
            page = self._call(method, **asked)
            messages: Any = page.get("messages")
            cursor = (page.get("response_metadata") or {}).get("next_cursor")
            whole = isinstance(messages, list) and all(isinstance(m, dict) for m in messages)
            if not whole or (page.get("has_more") and not cursor):
                raise _Gap("Slack handed over a part of the history only")
            yield from messages
            if not cursor:
                return
            asked["cursor"] = cursor
        raise _Gap(f"more than {_MOST_PAGES * _PAGE:,} messages since")

    def digests(self, since: datetime) -> Mapping[str, Receipt]:
        here = Act("", "slack.digest", self._channel, {})
        try:
            found = sorted(self._messages(here, f"{since.timestamp():.6f}"), key=lambda m: str(m.get("ts")))
        except _Gap as gap:
            raise Unavailable(str(gap)) from None
        return {marker: self._receipt(here, m["ts"]) for m in found if (marker := _marker(m, "digest"))}

    def _receipt(self, act: Act, ts: str) -> Receipt:
        """With the permalink if Slack gives it; a message that stands must not be lost for want of its address."""
        try:
            asked = {"channel": self._place(act.target), "message_ts": ts}
            answer = _answer(self._brief, "chat_getPermalink", False, asked)
        except (Unavailable, Refused):
            return Receipt(ts)
        url = answer.get("permalink")
        return Receipt(ts, url if isinstance(url, str) else None)

    # --- what may be repeated or lost

    def update(self, target: str, ref: str, message: Message) -> None:
        """`text` without blocks would delete the blocks (SURFACES 1.1), so both always go; metadata stays as it was."""
        self._call("chat_update", channel=self._place(target), ts=ref, **_body(message))

    def tell(self, target: str, person: str, message: Message) -> None:
        self._call("chat_postEphemeral", channel=target, user=person, **_body(message))

    def publish(self, person: str, blocks: Sequence[Mapping[str, Any]]) -> None:
        self._call("views_publish", user_id=person, view={"type": "home", "blocks": [dict(b) for b in blocks]})

    def respond(self, url: str, message: Message) -> None:
        if not self._is_slacks(url):
            raise Refused("the address to answer at is not Slack's, so nothing was sent there")
        client = WebhookClient(url, int(self._client.timeout), retry_handlers=[], logger=_quiet())
        try:
            answer = client.send(text=message.text, blocks=_body(message)["blocks"], response_type="ephemeral")
        except (OSError, HTTPException) as error:
            _silence("the answer", error, writes=False)
        if answer.status_code >= 500 or answer.status_code == 429:
            raise Unavailable(f"Slack failed at the answer ({answer.status_code})")
        if answer.status_code >= 400:  # five answers in half an hour, and no more
            raise Refused(f"Slack takes no answer there any more ({answer.status_code}): type the command again")

    def _is_slacks(self, url: str) -> bool:
        """Who knows the signing secret could have us post anywhere; a server of one's own answers for itself."""
        to, own = urlsplit(url), urlsplit(self._base_url or "")
        return to.netloc == (own.netloc or None) or (to.scheme == "https" and (to.hostname or "").endswith(_ANSWERS_AT))

    def _place(self, target: str) -> str:
        """A channel's id as it is; a person's becomes that of our talk with them, which has a history of its own."""
        if not _PERSON.fullmatch(target):
            return target
        if target not in self._talks:
            opened: Any = self._call("conversations_open", users=target).get("channel")
            talk = opened.get("id") if isinstance(opened, dict) else None
            if not isinstance(talk, str):
                raise Unavailable("Slack opened no conversation with the person")
            self._talks[target] = talk
        return self._talks[target]

    def members(self, group: str) -> frozenset[str]:
        at, known = self._groups.get(group, (float("-inf"), frozenset()))
        if not 0 <= self._clock() - at < _GROUP_KEPT:
            users = self._call("usergroups_users_list", usergroup=group).get("users")
            if not isinstance(users, list):
                raise Unavailable("Slack named nobody in the user group")
            known = frozenset(user for user in users if isinstance(user, str))
            self._groups[group] = (self._clock(), known)
        return known

    def delete(self, target: str, ref: str) -> None:
        """Takes back a message of ours; one that is gone already is no fault. Raises Unavailable, Refused."""
        try:
            self._call("chat_delete", channel=target, ts=ref)
        except Refused as refused:
            if "(message_not_found)" not in str(refused):
                raise

    # --- what works

    @property
    def writes(self) -> str:
        return f"posts a message in {self._channel} and deletes it"

    def prove(self, key: str) -> Sequence[Finding]:
        return [doctoring.proof(self, self.post(key, doctoring.TRIAL), self._sleep)]

    def check(self) -> Sequence[Finding]:
        try:
            who = self._call("auth_test")
        except (Unavailable, Refused) as fault:
            return [
                doctoring.fault("slack", fault),
                *(Finding(n, "skip", "Not looked at.") for n in ("slack scopes", "slack channel")),
            ]
        name, team = who.get("user", "?"), who.get("team", "?")
        return [Finding("slack", "ok", f"Connected to {team} as @{name}."), *self._rights(who, str(name))]

    def _rights(self, who: SlackResponse, name: str) -> list[Finding]:
        try:
            asked = self._call("conversations_info", channel=self._channel).get("channel")
            found: Mapping[str, Any] = asked if isinstance(asked, dict) else {}
            channel = doctoring.channel(found, name)
        except (Unavailable, Refused) as fault:
            found, channel = {}, doctoring.fault("slack channel", fault)
        history = "groups:history" if found.get("is_private") else "channels:history"
        return [doctoring.scopes(_header(who, "x-oauth-scopes"), history), channel]

    # --- calls

    def _now(self) -> float:
        told = _header(self._call("auth_test"), "date")
        try:
            return parsedate_to_datetime(told or "").timestamp()
        except ValueError:
            return self._clock()

    def _us(self) -> frozenset[str]:
        """Our bot's ids: another app that copies our metadata must not pass for us."""
        if not self._self:
            told = self._call("auth_test")
            self._self = frozenset(i for i in (told.get("user_id"), told.get("bot_id")) if isinstance(i, str))
        if not self._self:
            raise Unavailable("Slack didn't say who we are")
        return self._self

    def _call(self, method: str, writes: bool = False, **asked: Any) -> SlackResponse:
        return _answer(self._client, method, writes, asked)


class _Gap(Exception):
    """Not everything was read, so that nothing can be said to be absent."""


def _body(message: Message) -> dict[str, Any]:
    return {"text": message.text, "blocks": [dict(block) for block in message.blocks]}


def _parent(act: Act) -> str:
    if act.parent is None:
        raise ValueError(f"reply {act.marker} was attended before its post")  # the ledger orders them: a bug of ours
    return act.parent


def _marker(message: Mapping[str, Any], what: str | None = None) -> str | None:
    told = message.get("metadata") or {}
    payload = told.get("event_payload") or {}
    wanted = what is None or payload.get("what", what) == what
    return payload.get("effect") if told.get("event_type") == EVENT and wanted else None


def _by(ours: frozenset[str], message: Mapping[str, Any]) -> bool:
    return message.get("user") in ours or message.get("bot_id") in ours


# --- one call, and how it can fail


def _answer(client: WebClient, method: str, writes: bool, asked: Mapping[str, Any]) -> SlackResponse:
    """The answer to one request. Raises Unavailable, Refused, and Unknown where it `writes` and may have been done."""
    name = method.replace("_", ".", 1)
    try:
        return getattr(client, method)(**asked)  # type: ignore[no-any-return]
    except SlackApiError as error:
        _refusal(name, error.response, writes)
    except (OSError, HTTPException) as error:
        _silence(name, error, writes)
    except (ValueError, LookupError, AttributeError):
        # A body that isn't a JSON object, in whatever encoding: slack_sdk asks it for its "ok" (web/slack_response.py).
        raise _unsettled(f"Slack's answer to {name} was not readable", writes) from None


def _refusal(name: str, response: SlackResponse, writes: bool) -> NoReturn:
    status = response.status_code
    told: Any = response.data
    code = told.get("error") if isinstance(told, dict) else None
    known = isinstance(code, str) and _CODE.fullmatch(code) is not None
    if status == 429 or code in _LATER:
        raise Unavailable(f"Slack asks us to wait before {name}", retry_after=_wait(response)) from None
    if status >= 500 or status == 408 or code in _HALF_DONE:
        raise _unsettled(f"Slack failed at {name} ({code if known else status})", writes) from None
    if status >= 400 and not known:
        raise Refused(f"{name} was refused with HTTP {status}: is there a proxy before Slack?") from None
    if not known:  # a sign-in page, or half an answer: slack_sdk puts its beginning into `error`
        raise _unsettled(f"Slack's answer to {name} was not readable", writes) from None
    mend = _MENDS.get(str(code), "see the method's errors in Slack's reference")
    need = told.get("needed")
    wanted = f" ({need})" if code == "missing_scope" and isinstance(need, str) and len(need) < 100 else ""
    raise Refused(f"Slack refused {name} ({code}): {mend}{wanted}") from None


def _silence(name: str, error: OSError | HTTPException, writes: bool) -> NoReturn:
    """No answer. urllib wraps what went wrong before the request was out in URLError, and much that came later, too."""
    reason = error.reason if isinstance(error, URLError) else None
    unsent = isinstance(reason, ConnectionRefusedError | socket.gaierror | SSLCertVerificationError)
    if unsent:
        raise Unavailable(f"Slack can't be reached for {name} ({type(reason).__name__})") from None
    raise _unsettled(f"Slack did not answer {name} ({type(reason or error).__name__})", writes) from None


def _unsettled(said: str, writes: bool) -> Exception:
    return Unknown(said) if writes else Unavailable(said)


def _wait(response: SlackResponse) -> float | None:
    """Seconds, from Retry-After: a whole number, by Slack's reference. Anything else is as if it were not there."""
    told = _header(response, "retry-after") or ""
    return min(max(float(told), 1.0), _LONGEST_WAIT) if told.isascii() and told.isdigit() else None


def _header(response: SlackResponse, name: str) -> str | None:
    told: Mapping[str, Any] = response.headers
    found = next((value for key, value in told.items() if key.lower() == name), None)
    return found if isinstance(found, str) else None


def _quiet() -> logging.Logger:
    """slack_sdk logs whole messages at DEBUG and answers at ERROR; our exceptions say what matters, without text."""
    logger = logging.getLogger("connectors.slack.sdk")
    logger.setLevel(logging.CRITICAL)
    return logger
