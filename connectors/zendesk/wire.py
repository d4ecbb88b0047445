"""The one way out to Zendesk: reads of one host, asked for again with patience, and zenpy on top of it.

How zenpy deals with a bad day is never reached (VENDORS.md 2.4): its 429 loop has no end, breaks on a date and gives up
without a header; it never retries 500 and 502; it follows any link.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from requests import PreparedRequest, Response, Session
from requests.adapters import HTTPAdapter
from requests.exceptions import RequestException
from zenpy import Zenpy
from zenpy.lib.exception import ZenpyException

from bot.ports import Unavailable
from connectors.patience import Patience
from connectors.zendesk.account import ACCESS_MEND, SUBDOMAIN_MEND, Account
from connectors.zendesk.declined import Declined

_TIMEOUT = (10.0, 60.0)  # seconds to connect, and without a byte
_TRY_LATER = "try again later"


@dataclass(frozen=True, slots=True)
class _Again:
    """It may work in a while. `retry_after` is the header as it came."""

    why: str
    retry_after: str | None = None


class _Door(HTTPAdapter):
    """Lets out GETs to the account's host and nothing else; what comes back is a JSON object or an exception.

    Raises Declined for what asking again won't change, Unavailable when patience ends.
    """

    def __init__(self, account: Account, patience: Patience) -> None:
        super().__init__(max_retries=0)
        self._account = account
        self._patience = patience

    def send(self, request: PreparedRequest, *args: Any, **options: Any) -> Response:
        sent = self._allowed(request)
        while True:
            outcome = self._try(sent, *args, **options)
            if isinstance(outcome, Response):
                self._patience.answered()
                outcome.request = request  # zenpy tells what an answer is from the URL that it asked for
                return outcome
            self._patience.wait(outcome.why, outcome.retry_after)

    def _allowed(self, request: PreparedRequest) -> PreparedRequest:
        if request.method != "GET":
            raise RuntimeError(f"this connector only reads, and was about to send {request.method}")
        return directed(request, self._account)

    def _try(self, request: PreparedRequest, *args: Any, **options: Any) -> Response | _Again:
        try:
            answer = super().send(request, *args, **options)
            _ = answer.content  # read whole here, where a connection cut in mid-answer can be mended
        except RequestException as error:
            return _Again(f"Zendesk could not be reached ({type(error).__name__})")
        if answer.status_code == 429:
            return _Again("Zendesk asked us to wait", answer.headers.get("Retry-After"))
        if answer.status_code >= 500:
            return _Again(f"Zendesk answered {answer.status_code}", answer.headers.get("Retry-After"))
        if answer.status_code >= 300:
            raise _declined(answer.status_code)
        return _readable(answer)


def directed(request: PreparedRequest, account: Account) -> PreparedRequest:
    """The request as it is sent: to `base`. A link to anywhere else would take the token along (RELIABILITY 6)."""
    url = request.url or ""
    known = next((o for o in (account.home, account.base) if url.startswith(f"{o}/")), None)
    if known is None:
        raise Unavailable(f"Zendesk's answer points to another host ({urlsplit(url).hostname}); it was not followed.")
    sent = request.copy()
    sent.url = account.base + url[len(known) :]
    return sent


def _readable(answer: Response) -> Response | _Again:
    if "html" in answer.headers.get("Content-Type", "") or answer.content.lstrip()[:1] == b"<":
        why = "Zendesk answered with a web page instead of data: a sign-in page, or a proxy's"
        raise Declined(why, f"{SUBDOMAIN_MEND}, and see that nothing stands between", answer.status_code)
    try:
        whole = isinstance(answer.json(), dict)
    except (ValueError, RecursionError):
        whole = False
    return answer if whole else _Again("Zendesk's answer broke off")


def _declined(status: int) -> Declined:
    if status == 401:
        return Declined("Zendesk refused the token (401)", ACCESS_MEND, status)
    if status == 403:
        mend = "give the token's owner the right to see all tickets, or an OAuth token the scope read"
        return Declined("Zendesk does not let the token read this (403)", f"{mend} (sources.zendesk.token)", status)
    if status == 404:
        return Declined("Zendesk knows nothing at this address (404)", SUBDOMAIN_MEND, status)
    if status < 400:
        return Declined(f"Zendesk sends us on to another address ({status})", SUBDOMAIN_MEND, status)
    return Declined(f"Zendesk did not take the request ({status})", _TRY_LATER, status)


class Line:
    """zenpy, and what zenpy can't ask. One for each read: zenpy's cache of users never expires (VENDORS.md 2.3).

    Both raise Declined and Unavailable, and nothing else for whatever the other side answers.
    """

    def __init__(self, account: Account, patience: Patience) -> None:
        account.examine()
        self._account = account
        self._session = Session()
        self._session.auth = account  # not a header: requests would let a .netrc replace that
        door = _Door(account, patience)
        self._session.mount("https://", door)
        self._session.mount("http://", door)
        # zenpy writes whole answers to its debug log, tickets and all.
        logging.getLogger("zenpy").setLevel(logging.INFO)
        self.zenpy = Zenpy(
            subdomain=account.subdomain, session=self._session, anonymous=True, timeout=_TIMEOUT, ratelimit_budget=1
        )
        self.zenpy.delete_cache("ticket")  # 10,000 of them; nobody asks twice

    def get(self, path: str, params: Mapping[str, str]) -> dict[str, Any]:
        answer = self._session.get(f"{self._account.home}/api/v2/{path}", params=params, timeout=_TIMEOUT)
        found: dict[str, Any] = answer.json()
        return found


@contextmanager
def promised() -> Iterator[None]:
    """Around zenpy's reading of an answer alone: one that lacks what the API promises is Zendesk's fault, not a bug."""
    try:
        yield
    except (ZenpyException, AttributeError, KeyError, TypeError, ValueError) as error:
        what = type(error).__name__  # its message may hold the whole answer
        raise Unavailable(f"Zendesk's answer is not what its API promises ({what}); {_TRY_LATER}.") from None
