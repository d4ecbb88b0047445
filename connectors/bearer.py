"""One JSON request under a bearer token over httpx, and what its answer means: the wire of Productboard and Dovetail.

Sent once, no redirect followed, whole within its time. Nothing that is raised here holds the token or a text that was
sent: of an error's answer only the vendor's own code is told, where it looks like one.
"""

from __future__ import annotations

import json
import re
import ssl
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import lru_cache
from http import HTTPStatus
from typing import Any

import httpx

from bot.ports import Refused, Unavailable, Unknown
from connectors.patience import asked_for

_CONNECT = 5.0  # seconds
_MOST_BYTES = 32 * 1024 * 1024
_PAGES = 200  # of one listing; more is no listing but a fault
_AMBIGUOUS = frozenset({HTTPStatus.REQUEST_TIMEOUT})  # a 4xx that a gateway may give after it passed the request on
_NEVER_LEFT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.UnsupportedProtocol, httpx.ProxyError, httpx.PoolTimeout)


class Gone(Refused):
    """404 or 410: there is no such thing, or the token may not see it. Nothing was done."""


class Cut(Exception):
    """A listing that can't be read to its end: what was read of it is no proof. The message says why, in a clause."""


@dataclass(frozen=True, slots=True)
class Reply:
    """A readable answer. `at`: the time by the vendor's own clock, None if it didn't say."""

    data: Mapping[str, Any]
    at: datetime | None


@dataclass(frozen=True, slots=True)
class _Lost:
    sent: bool
    why: str


class Wire:
    """Making it touches no network. `name`: as people know the vendor; its stanza is the same in lower case."""

    def __init__(self, name: str, base_url: str, token: str, timeout: float) -> None:
        if not re.fullmatch(r"[\x21-\x7e]+", token):  # httpx would name an unsendable one in its error
            raise ValueError(f"{name.lower()}.token is empty or has characters that no token has")
        self.base = base_url.rstrip("/")
        self._name, self._stanza, self._timeout = name, name.lower(), timeout
        self._headers = httpx.Headers({"Authorization": f"Bearer {token}", "Accept": "application/json"})

    def __repr__(self) -> str:
        return f"Wire({self._name}, {self.base})"

    def read(self, path: str, params: Mapping[str, Any] | None = None) -> Reply:
        """Raises Unavailable, Refused or Gone."""
        answer = self._exchange("GET", path, params, None)
        if isinstance(answer, _Lost):
            raise Unavailable(f"{self._name} {answer.why}")
        if answer.status_code >= 500:
            raise Unavailable(f"{self._name} answered with error {answer.status_code}", retry_after=_wait(answer))
        self._raise_for_4xx(answer)
        data = _decoded(answer)
        if data is None:
            raise Unavailable(f"{self._name} answered with what is no JSON: is {self._stanza}.base_url right?")
        return Reply(data, _date(answer))

    def write(self, method: str, path: str, body: Mapping[str, Any]) -> Mapping[str, Any]:
        """Sends once, whatever happens. Raises Unavailable, Refused, Gone or Unknown."""
        answer = self._exchange(method, path, None, body)
        if isinstance(answer, _Lost):
            raise (Unknown if answer.sent else Unavailable)(f"{self._name} {answer.why}")
        if answer.status_code >= 500 or answer.status_code in _AMBIGUOUS:
            raise Unknown(f"{self._name} answered with error {answer.status_code}")
        self._raise_for_4xx(answer)
        data = _decoded(answer)
        if data is None:
            raise Unknown(f"{self._name} answered with what says nothing of what was sent")
        return data

    def pages(self, path: str, params: Mapping[str, Any], cursor: str) -> Iterator[Reply]:
        """Every page of a listing; `cursor`: the parameter that goes on. Raises as `read`, and Cut.

        A cursor that comes again would be followed for ever (reported of Productboard, VENDORS 8.1).
        """
        seen: set[str] = set()
        following: str | None = None
        while True:
            reply = self.read(path, {**params, **({cursor: following} if following else {})})
            yield reply
            following = _following(reply.data)
            if following is None:
                return
            if following in seen or len(seen) == _PAGES:
                raise Cut(f"{self._name}'s list does not come to an end")
            seen.add(following)

    def clock(self, path: str) -> datetime:
        """The time by the vendor's clock, by which a later look can be trusted. Raises Unavailable, Refused."""
        at = self.read(path).at
        if at is None:
            raise Unavailable(f"{self._name}'s answer has no Date header, by which a later look could be trusted")
        return at

    def _exchange(
        self, method: str, path: str, params: Mapping[str, Any] | None, body: Mapping[str, Any] | None
    ) -> httpx.Response | _Lost:
        ends = time.monotonic() + self._timeout
        limits = httpx.Timeout(self._timeout, connect=min(_CONNECT, self._timeout))
        url = f"{self.base}/{path}"
        try:
            with (
                httpx.Client(verify=trust(), timeout=limits, headers=self._headers) as client,
                client.stream(method, url, params=params, json=body) as answer,
            ):
                content = b"".join(_pieces(answer, ends))
                return httpx.Response(answer.status_code, headers=_plain(answer.headers), content=content)
        except httpx.RequestError as error:
            return _Lost(not isinstance(error, _NEVER_LEFT), _in_words(error))

    def _raise_for_4xx(self, answer: httpx.Response) -> None:
        code = answer.status_code
        if code == HTTPStatus.TOO_MANY_REQUESTS:
            raise Unavailable(f"{self._name} asked to wait: too many requests", retry_after=_wait(answer))
        if code == HTTPStatus.UNAUTHORIZED:
            variable = f"GROUNDSWELL_{self._stanza.upper()}__TOKEN"
            raise Refused(
                f"{self._name} refused the token (401): it ended or was revoked; put a new one in {variable}."
            )
        if code in (HTTPStatus.NOT_FOUND, HTTPStatus.GONE):
            raise Gone(f"{self._name} refused it ({code}): it doesn't exist, or the token may not see it.")
        if 400 <= code < 500:
            raise Refused(f"{self._name} refused it ({code}): {_why(answer)}; mend it there or under {self._stanza}.")


@lru_cache(maxsize=1)
def trust() -> ssl.SSLContext:
    """Reading the certificates takes 30 ms: once, and not for each request."""
    return httpx.create_ssl_context()


def _plain(headers: httpx.Headers) -> dict[str, str]:
    """Without what tells how the body travelled: it is here decoded."""
    return {k: v for k, v in headers.items() if k.lower() not in ("content-encoding", "transfer-encoding")}


def _pieces(answer: httpx.Response, ends: float) -> Iterator[bytes]:
    size = 0
    for piece in answer.iter_bytes():
        size += len(piece)
        if time.monotonic() > ends or size > _MOST_BYTES:
            raise httpx.ReadTimeout("the answer did not end in time")
        yield piece


def _in_words(error: httpx.RequestError) -> str:
    if isinstance(error, _NEVER_LEFT):
        return "can't be reached"
    return "did not answer in time" if isinstance(error, httpx.TimeoutException) else "broke off the connection"


def _decoded(answer: httpx.Response) -> Mapping[str, Any] | None:
    """None for a redirect, a page, or anything else that is no JSON object."""
    if not 200 <= answer.status_code < 300:
        return None
    try:
        told = json.loads(answer.content or b"{}")
    except ValueError:
        return None
    return told if isinstance(told, dict) else None


def _following(data: Mapping[str, Any]) -> str | None:
    """The next cursor: in `links.next`, an address (Productboard), or `page.next_cursor` (Dovetail)."""
    links, page = data.get("links"), data.get("page")
    if isinstance(links, dict) and links.get("next"):
        found = httpx.URL(str(links["next"])).params.get("pageCursor")
        return str(found) if found else None
    if isinstance(page, dict) and page.get("next_cursor") and page.get("has_more", True):
        return str(page["next_cursor"])
    return None


def _date(answer: httpx.Response) -> datetime | None:
    try:
        at = parsedate_to_datetime(answer.headers.get("Date", ""))
    except ValueError:
        return None
    return at if at.tzinfo else at.replace(tzinfo=UTC)


def _wait(answer: httpx.Response) -> float | None:
    return asked_for(answer.headers.get("Retry-After"), _date(answer) or datetime.now(UTC))


def _why(answer: httpx.Response) -> str:
    """The vendor's word for it ("validation.failed"), and the field it is about; never a sentence, which may repeat
    what was sent."""
    try:
        first = json.loads(answer.content)["errors"][0]
        told = [
            str(first.get("code") or ""),
            str(first.get("path") or (first.get("source") or {}).get("pointer") or ""),
        ]
    except (ValueError, LookupError, TypeError, AttributeError):
        return "without a reason that can be told"
    return " ".join(word for word in told if re.fullmatch(r"[\w./-]{1,60}", word)) or "without a reason"
