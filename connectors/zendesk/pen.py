"""zenpy for what is written: each request is sent once, and what its answer means is said before zenpy sees it.

zenpy sends a write again after 429 without end, calls any 422 a limit of search, and puts whole answers into its errors
(VENDORS.md 2.4). The other room of this package (`wire`) reads alone, and stops anything else before it leaves.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

from requests import PreparedRequest, RequestException, Response, Session
from zenpy import Zenpy
from zenpy.lib.api_objects import Comment, Ticket
from zenpy.lib.exception import ZenpyException

from bot.ports import Refused, Unavailable, Unknown
from connectors.patience import asked_for
from connectors.punctual import Punctual, in_words, never_left
from connectors.zendesk.account import ACCESS_MEND, Account
from connectors.zendesk.declined import Declined
from connectors.zendesk.rows import list_of, row, text_of
from connectors.zendesk.wire import directed

_CONNECT = 5.0  # seconds
CLOSED = "the ticket is closed, and Zendesk changes no closed ticket"
_CONFLICT = "Zendesk is changing the ticket at this moment (409)"  # "try again", its page "Response codes"


class Gone(Refused):
    """404: there is no such ticket (any more), or the token may not see it."""


@dataclass(frozen=True, slots=True)
class Reply:
    """A readable answer. `at`: the time by Zendesk's own clock, None if it didn't say."""

    data: Mapping[str, Any]
    at: datetime | None


class Pen:
    """Making one touches no network. `timeout`: seconds for a whole answer. Shows no secret."""

    def __init__(self, account: Account, timeout: float) -> None:
        try:
            account.examine()
        except Declined as wrong:
            raise ValueError(str(wrong)) from None
        self._home = account.home
        self._session = Session()
        self._session.auth = account  # not a header: requests would let a .netrc replace that
        for scheme in ("https://", "http://"):
            self._session.mount(scheme, _Once(account, timeout))
        logging.getLogger("zenpy").setLevel(logging.INFO)  # it writes whole answers to its debug log
        self._zenpy = Zenpy(subdomain=account.subdomain, session=self._session, anonymous=True, disable_cache=True)

    def read(self, path: str, params: Mapping[str, str] | None = None) -> Reply:
        """Raises Unavailable, Refused, Gone. `path` is below /api/v2/."""
        answer = self._session.get(f"{self._home}/api/v2/{path}", params=params)
        return Reply(answer.json(), _date(answer))

    def note(self, ticket: int, body: str) -> int | None:
        """Adds a comment that customers never see; its id, where the answer tells it. Raises as `tag`."""
        sent = Ticket(id=ticket, comment=Comment(body=body, public=False))
        try:
            audit = row(row(self._zenpy.tickets.update(sent)).get("audit"))
        except _UNREADABLE as odd:
            raise _not_promised(odd) from None
        made = [row(event) for event in list_of(audit, "events")]
        found = (event["id"] for event in made if text_of(event, "type") == "Comment" and isinstance(event["id"], int))
        return next(found, None)

    def tag(self, ticket: int, tag: str) -> None:
        """Adds a tag and leaves the others (PUT; VENDORS.md 2.3: a POST would overwrite them).

        Raises Unavailable, Refused, Gone; Unknown: it may have been done.
        """
        try:
            self._zenpy.tickets.add_tags(ticket, [tag])
        except _UNREADABLE as odd:
            raise _not_promised(odd) from None


_UNREADABLE = (ZenpyException, AttributeError, KeyError, TypeError, ValueError)


def _not_promised(odd: Exception) -> Unknown:
    """Of zenpy's reading of an answer: its message may hold the whole of it."""
    return Unknown(f"Zendesk's answer is not what its API promises ({type(odd).__name__})")


class _Once(Punctual):
    """Lets one request out, to the account's host; what comes back is a JSON object, or an exception of the port."""

    def __init__(self, account: Account, timeout: float) -> None:
        super().__init__(timeout)
        self._account = account
        self._limits = (min(_CONNECT, timeout), timeout)

    def send(self, request: PreparedRequest, *args: Any, **options: Any) -> Response:
        wrote = request.method != "GET"
        lost: type[Exception] = Unknown if wrote else Unavailable
        try:
            answer = super().send(directed(request, self._account), timeout=self._limits)
        except RequestException as error:
            kind = Unavailable if never_left(error) else lost
            raise kind(f"Zendesk {in_words(error)}") from None
        _raise_for_no(answer, lost)
        try:
            whole = isinstance(json.loads(answer.content), dict)
        except (ValueError, RecursionError):
            whole = False
        if not whole:
            raise lost("Zendesk answered with what is no data: is the subdomain right, and does nothing stand between?")
        answer.request = request  # zenpy tells what an answer is from the URL that it asked for
        return answer


def _raise_for_no(answer: Response, lost: type[Exception]) -> None:
    status = answer.status_code
    wait = asked_for(answer.headers.get("Retry-After"), _date(answer) or datetime.now(UTC))
    if status in (409, 429):
        raise Unavailable("Zendesk asked us to wait (429)" if status == 429 else _CONFLICT, retry_after=wait)
    if status >= 500 or status == 408 or 300 <= status < 400:
        raise lost(f"Zendesk answered {status}")
    if status == 401:
        raise Refused(f"Zendesk refused the token (401); {ACCESS_MEND}.")
    if status == 403:
        mend = "give it to an agent who may change the ticket, or give an OAuth token the scopes read and write"
        raise Refused(f"Zendesk does not let the token do this (403); {mend} (sources.zendesk.token).")
    if status == 404:
        raise Gone("Zendesk has no such ticket (404): it was deleted, or the token may not see it.")
    if status >= 400:
        raise Refused(f"Zendesk did not take it ({status}): {_why(answer)}.")


def _why(answer: Response) -> str:
    """Zendesk's own word ("RecordInvalid"), and the fields it is about; never a sentence, which may repeat the text."""
    try:
        told = json.loads(answer.content)
        words = [str(told["error"]), *map(str, told.get("details") or ())]
    except (ValueError, KeyError, TypeError):
        return "without a reason that can be told"
    if "status" in words:  # "Status: closed prevents ticket update"
        return CLOSED
    return " ".join(w for w in words if w.replace("_", "").isalnum() and len(w) < 40) or "without a reason"


def _date(answer: Response) -> datetime | None:
    try:
        at = parsedate_to_datetime(answer.headers.get("Date", ""))
    except ValueError:
        return None
    return at if at.tzinfo else at.replace(tzinfo=UTC)


__all__ = ["CLOSED", "Gone", "Pen", "Reply"]
