"""python-intercom for what is written: each request is sent once, and what its answer means is said before the SDK.

The other room of this package (`wire`) reads alone, waits and asks again, and stops anything else before it leaves.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, NoReturn

import httpx
from intercom import Intercom as Sdk
from intercom.types.admin_reply_conversation_request import AdminReplyConversationRequest
from intercom.types.admin_reply_ticket_request import AdminReplyTicketRequest
from intercom.types.create_or_update_tag_request import CreateOrUpdateTagRequest

from bot.ports import Refused, Unavailable, Unknown
from connectors.bearer import trust
from connectors.intercom.wire import HOSTS, TOKEN, VERSION, Region, code_of
from connectors.patience import asked_for

_CONNECT = 5.0  # seconds
_MOST_BYTES = 32 * 1024 * 1024
_NEVER_LEFT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.UnsupportedProtocol, httpx.ProxyError, httpx.PoolTimeout)


class Gone(Refused):
    """404 or 410: there is no such conversation (any more), or the token may not see it."""


@dataclass(frozen=True, slots=True)
class Reply:
    """A readable answer. `at`: the time by Intercom's own clock, None if it didn't say."""

    data: Mapping[str, Any]
    at: datetime | None


class _Told(Exception):
    """The way of an answer past the SDK, whose models would drop what they don't know."""

    def __init__(self, reply: Reply) -> None:
        super().__init__()
        self.reply = reply


class Pen:
    """Making one touches no network. `timeout`: seconds for a whole answer. Shows no secret.

    Every call raises Unavailable and Refused (or Gone), those that write Unknown, too: it may have been done. `key`:
    the id of a conversation, or "ticket-" and that of a ticket.
    """

    def __init__(self, token: str, region: Region, base_url: str | None, timeout: float) -> None:
        if not re.fullmatch(r"[\x21-\x7e]+", token):  # httpx would name an unsendable one in its error
            raise ValueError(f"the access token for Intercom is empty or no token: {TOKEN}")
        self._timeout = timeout
        self._token, self._address = token, base_url or HOSTS[region].value

    def __repr__(self) -> str:
        return f"Pen({self._address})"

    def me(self) -> Reply:
        return self._asked(lambda sdk: sdk.admins.identify())

    def tags(self) -> Reply:
        return self._asked(lambda sdk: sdk.tags.list())

    def request(self, key: str) -> Reply:
        """The conversation or the ticket, with its newest 500 parts."""
        ticket = _ticket(key)
        if ticket is not None:
            return self._asked(lambda sdk: sdk.tickets.get(ticket))
        return self._asked(lambda sdk: sdk.conversations.find(key, display_as="plaintext"))

    def note(self, key: str, admin: str, body: str) -> Reply:
        """Writes an internal note (HTML), which customers never see."""
        ticket = _ticket(key)
        if ticket is not None:
            noted = AdminReplyTicketRequest(message_type="note", admin_id=admin, body=body)
            return self._written(lambda sdk: sdk.tickets.reply(ticket, request=noted))
        told = AdminReplyConversationRequest(message_type="note", admin_id=admin, body=body)
        return self._written(lambda sdk: sdk.conversations.reply(key, request=told))

    def named_tag(self, name: str) -> Reply:
        """The tag of that name, made where there is none; case makes no difference (2.14, "Create or update a tag")."""
        return self._written(lambda sdk: sdk.tags.create(request=CreateOrUpdateTagRequest(name=name)))

    def tag(self, key: str, admin: str, tag: str) -> Reply:
        """Adds the tag of that id, and leaves the others."""
        ticket = _ticket(key)
        if ticket is not None:
            return self._written(lambda sdk: sdk.tags.tag_ticket(ticket, tag_id=tag, admin_id=admin))
        return self._written(lambda sdk: sdk.tags.tag_conversation(key, tag_id=tag, admin_id=admin))

    # --- details

    def _asked(self, call: Callable[[Sdk], object]) -> Reply:
        return self._exchange(call, Unavailable)

    def _written(self, call: Callable[[Sdk], object]) -> Reply:
        return self._exchange(call, Unknown)

    def _exchange(self, call: Callable[[Sdk], object], lost: type[Exception]) -> Reply:
        """`lost`: what it is when no answer says what became of it."""
        left: list[float] = []  # when the request did: the SDK loads its parts when they are first asked for
        hear: dict[str, list[Callable[..., Any]]] = {
            "request": [lambda _: left.append(time.monotonic())],
            "response": [lambda answer: _hear(answer, left[-1] + self._timeout, lost)],
        }
        limits = httpx.Timeout(self._timeout, connect=min(_CONNECT, self._timeout))
        with httpx.Client(verify=trust(), timeout=limits, follow_redirects=False, event_hooks=hear) as client:
            sdk = Sdk(token=self._token, base_url=self._address, headers=dict(VERSION), httpx_client=client)
            try:
                call(sdk)
            except _Told as told:
                return told.reply
            except httpx.RequestError as error:
                kind = Unavailable if isinstance(error, _NEVER_LEFT) else lost
                raise kind(f"Intercom {_in_words(error)}") from None
        raise RuntimeError("python-intercom answered without asking Intercom")


def _ticket(key: str) -> str | None:
    """The id of a ticket; None for a conversation's."""
    return key.removeprefix("ticket-") if key.startswith("ticket-") else None


def _in_words(error: httpx.RequestError) -> str:
    if isinstance(error, _NEVER_LEFT):
        return "can't be reached"
    return "did not answer in time" if isinstance(error, httpx.TimeoutException) else "broke off the connection"


def _hear(answer: httpx.Response, ends: float, lost: type[Exception]) -> NoReturn:
    """Every answer ends here, whole and in time, or with what it means."""
    content = bytearray()
    for piece in answer.iter_bytes():
        content += piece
        if time.monotonic() > ends or len(content) > _MOST_BYTES:
            raise httpx.ReadTimeout("the answer did not end in time")
    whole = httpx.Response(answer.status_code, headers=_plain(answer.headers), content=bytes(content))
    _raise_for_no(whole, lost)
    try:
        told = whole.json()
    except (ValueError, RecursionError):
        told = None
    if not isinstance(told, dict):
        raise lost("Intercom answered with what is no data: is sources.intercom.region right?")
    raise _Told(Reply(told, _date(whole)))


def _plain(headers: httpx.Headers) -> dict[str, str]:
    """Without what tells how the body travelled: it is here decoded."""
    return {k: v for k, v in headers.items() if k.lower() not in ("content-encoding", "transfer-encoding")}


def _raise_for_no(answer: httpx.Response, lost: type[Exception]) -> None:
    status = answer.status_code
    if status in (409, 429):
        wait = asked_for(answer.headers.get("Retry-After"), _date(answer) or datetime.now(UTC))
        raise Unavailable(f"Intercom asked us to wait ({status})", retry_after=wait)
    if status >= 500 or status == 408 or 300 <= status < 400:
        raise lost(f"Intercom answered {status}")
    if status == 401:
        raise Refused(f"Intercom does not know this access token (401): put a valid one into {TOKEN}.")
    if status == 403:
        raise Refused(
            "Intercom does not let the access token do this (403): give its app the permissions to write "
            f"conversations, tickets and tags in Intercom's Developer Hub, and check {TOKEN}."
        )
    if status in (404, 410):
        raise Gone(f"Intercom has no such conversation ({status}): it was deleted, or the token may not see it.")
    if status >= 400:
        raise Refused(f"Intercom did not take it ({f'{status} {code_of(answer)}'.strip()}).")


def _date(answer: httpx.Response) -> datetime | None:
    try:
        at = parsedate_to_datetime(answer.headers.get("Date", ""))
    except ValueError:
        return None
    return at if at.tzinfo else at.replace(tzinfo=UTC)
