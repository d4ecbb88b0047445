"""One request to Jira Cloud's REST v3, and what its answer means. The only module that knows the `jira` package.

The package gives the session: sign-in, headers, addresses. Its own calls are not used for what is sent here, because
they retry writes (3 by default: one create became 4 requests, VENDORS 4.3), follow redirects, and put headers and
bodies into their errors. Nothing that is raised here holds a token, or a text that was sent.
"""

from __future__ import annotations

import json
import ssl
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import Any
from urllib.parse import urlsplit

import requests
from jira import JIRA
from jira.exceptions import JIRAError
from requests.adapters import HTTPAdapter
from urllib3.exceptions import ConnectTimeoutError, HTTPError, NewConnectionError

from bot import phrases
from bot.ports import Refused, Unavailable, Unknown

_CONNECT = 5.0  # seconds
_MOST_BYTES = 32 * 1024 * 1024
_LONGEST_WAIT = 900.0  # seconds: a Retry-After of a year is nobody's wish (RELIABILITY section 8, 28)
_ECHO = 24  # characters in common by which an error repeats what we sent
_AMBIGUOUS = frozenset({HTTPStatus.REQUEST_TIMEOUT})  # a 4xx that a gateway may give after it passed the request on


@dataclass(frozen=True, slots=True)
class Reply:
    """A readable answer. `at` is the time it was given by Jira's own clock, None if it didn't say."""

    data: Any
    at: datetime | None


@dataclass(frozen=True, slots=True)
class _Lost:
    """No answer. `sent`: the request, or a part of it, may have arrived."""

    sent: bool
    why: str


class Wire:
    """A signed-in session. Making it touches no network."""

    def __init__(self, site: str, account: tuple[str, str], timeout: float) -> None:
        """`account`: mail address and API token; `timeout`: seconds for an answer, once connected."""
        parts = urlsplit(site)
        if parts.scheme not in ("http", "https") or not parts.hostname or "@" in parts.netloc:
            raise ValueError("jira.site must be an address like https://acme.atlassian.net, without credentials")
        self._host = parts.netloc
        # get_server_info=False: the constructor would call /serverInfo, with retries of its own (VENDORS 4.1).
        self._jira = JIRA(
            server=site.rstrip("/"),
            basic_auth=account,
            options={"rest_api_version": "3"},
            get_server_info=False,
            max_retries=0,
            timeout=(min(_CONNECT, timeout), timeout),
            logging=False,
        )
        for scheme in ("https://", "http://"):
            self._jira._session.mount(scheme, _Punctual(timeout))

    @property
    def site(self) -> str:
        return str(self._jira.server_url)

    def read(self, method: str, path: str, *, params: Mapping[str, Any] | None = None, body: Any = None) -> Reply:
        """Raises Unavailable or Refused. `path` is below /rest/api/3/."""
        answer = self._exchange(method, path, params, body)
        if isinstance(answer, _Lost):
            raise Unavailable(f"Jira ({self._host}) {answer.why}")
        if answer.status_code >= 500:
            raise Unavailable(f"Jira answered with error {answer.status_code}", retry_after=_retry_after(answer))
        self._raise_for_4xx(answer, body)
        reply = _reply(answer)
        if reply is None or reply.data is None:
            raise Unavailable(f"Jira answered with {_page(answer)}: is {self._host} (jira.site) the right address?")
        return reply

    def write(self, method: str, path: str, body: Any) -> Reply:
        """Sends once, whatever happens. Raises Unavailable, Refused or Unknown."""
        return self._written(self._exchange(method, path, None, body), body)

    def attach(self, path: str, name: str, content: bytes) -> Reply:
        """A CSV file, sent once like any other write. Raises Unavailable, Refused or Unknown.

        `file` and the header X-Atlassian-Token, which the session has, are what Jira asks for (its description).
        """
        sent = {"file": (name, content, "text/csv")}
        return self._written(self._exchange("POST", path, None, None, sent), content.decode("utf-8", "replace"))

    def _written(self, answer: requests.Response | _Lost, body: Any) -> Reply:
        if isinstance(answer, _Lost):
            raise (Unknown if answer.sent else Unavailable)(f"Jira ({self._host}) {answer.why}")
        if answer.status_code >= 500 or answer.status_code in _AMBIGUOUS:
            raise Unknown(f"Jira answered with error {answer.status_code}")
        self._raise_for_4xx(answer, body)
        reply = _reply(answer)
        if reply is None:
            raise Unknown(f"Jira answered with {_page(answer)}, which says nothing of what was sent")
        return reply

    def _exchange(
        self, method: str, path: str, params: Mapping[str, Any] | None, body: Any, files: Any = None
    ) -> requests.Response | _Lost:
        data = None if body is None else json.dumps(body)
        url = self._jira._get_url(path)
        # The session's own type is JSON: taken away, `requests` names the parts' boundary itself.
        more = {"files": files, "headers": {"Content-Type": None}} if files else {}
        try:
            return self._jira._session.request(method, url, params=params, data=data, allow_redirects=False, **more)
        except JIRAError as error:
            failed: object = error.response
        except requests.RequestException as error:
            failed = _Lost(sent=not _never_left(error), why=_in_words(error))
        if isinstance(failed, requests.Response | _Lost):
            return failed
        return _Lost(sent=True, why="gave an empty answer")

    def _raise_for_4xx(self, answer: requests.Response, body: Any) -> None:
        code = answer.status_code
        if code == HTTPStatus.TOO_MANY_REQUESTS:
            raise Unavailable("Jira asked to wait: too many requests", retry_after=_retry_after(answer))
        if code == HTTPStatus.UNAUTHORIZED:
            raise Refused(
                "Jira refused the sign-in (401): check jira.email and jira.token "
                "(GROUNDSWELL_JIRA__TOKEN); an API token ends with the account that made it, or on its date."
            )
        if 400 <= code < 500:
            why = _reasons(answer, body) or _GENERAL.get(code, "without giving a reason")
            raise Refused(f"Jira refused it ({code}): {why}; mend that in Jira or under `jira` in the settings.")


_GENERAL: dict[int, str] = {
    HTTPStatus.FORBIDDEN: "the account has no right to do this",
    HTTPStatus.NOT_FOUND: "it doesn't exist, or the account may not see it",
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: "it is too large",
}


class _Punctual(HTTPAdapter):
    """Reads an answer within a total time and size: the timeout of requests is only that between two pieces."""

    def __init__(self, seconds: float) -> None:
        super().__init__(max_retries=0)
        self._seconds = seconds

    def send(
        self,
        request: requests.PreparedRequest,
        stream: bool = False,
        timeout: Any = None,
        verify: bool | str = True,
        cert: Any = None,
        proxies: Mapping[str, str] | None = None,
    ) -> requests.Response:
        ends = time.monotonic() + self._seconds
        response = super().send(request, True, timeout, verify, cert, proxies)
        try:
            response._content = b"".join(_pieces(response.raw, ends))
        except HTTPError:
            raise requests.ConnectionError("the answer broke off") from None
        finally:
            response.raw.release_conn()
        response._content_consumed = True  # type: ignore[attr-defined]
        return response


def _pieces(raw: Any, ends: float) -> Iterator[bytes]:
    size = 0
    while piece := raw.read1(65_536, decode_content=True):
        size += len(piece)
        if time.monotonic() > ends or size > _MOST_BYTES:
            raw.close()
            raise requests.ReadTimeout("the answer did not end in time")
        yield piece


def _never_left(error: requests.RequestException) -> bool:
    """Whether it failed before a byte of the request was sent: no connection, or no trust in who is there."""
    if isinstance(error, requests.ConnectTimeout):
        return True
    reason = error.args[0] if error.args else None
    for name in ("reason", "original_error"):  # MaxRetryError -> (ProxyError ->) what happened
        reason = getattr(reason, name, reason)
    if isinstance(reason, NewConnectionError | ConnectTimeoutError):
        return True
    return any(isinstance(why, ssl.SSLCertVerificationError) for why in getattr(reason, "args", ()))


def _in_words(error: requests.RequestException) -> str:
    if isinstance(error, requests.Timeout):
        return "did not answer in time"
    if isinstance(error, requests.exceptions.SSLError):
        return "could not be trusted: its certificate does not hold"
    return "can't be reached" if _never_left(error) else "broke off the connection"


def _reply(answer: requests.Response) -> Reply | None:
    """The decoded answer; None for a redirect, a page, or anything else that is not JSON."""
    if not 200 <= answer.status_code < 300:
        return None
    if not answer.content:
        return Reply(None, _date(answer))
    try:
        return Reply(json.loads(answer.content), _date(answer))
    except ValueError:
        return None


def _page(answer: requests.Response) -> str:
    if 300 <= answer.status_code < 400:
        return f"a redirect ({answer.status_code})"
    return "a page that is not JSON, as a sign-in page is"


def _date(answer: requests.Response) -> datetime | None:
    return _http_date(answer.headers.get("Date", ""))


def _http_date(said: str) -> datetime | None:
    try:
        at = parsedate_to_datetime(said)
    except ValueError:
        return None
    return at if at.tzinfo else at.replace(tzinfo=UTC)


def _retry_after(answer: requests.Response) -> float | None:
    """Seconds, 1 to 900, from a number or a date (RFC 9110, 10.2.3); None where it can't be read."""
    said = answer.headers.get("Retry-After", "").strip()
    at, now = _http_date(said), _date(answer)
    if at and now:
        seconds = (at - now).total_seconds()
    else:
        try:
            seconds = float(said)
        except ValueError:
            return None
    return min(max(seconds, 1.0), _LONGEST_WAIT) if seconds == seconds else None


def _reasons(answer: requests.Response, body: Any) -> str:
    """Jira's own words, by field, short, and without anything that was sent."""
    try:
        told = json.loads(answer.content)
    except ValueError:
        return ""  # a page of somebody in between: not for a message
    if not isinstance(told, dict):
        return ""
    general, fields = told.get("errorMessages"), told.get("errors")
    said = [str(message) for message in general] if isinstance(general, list) else []
    if isinstance(fields, dict):
        said += [f"{name}: {message}" for name, message in fields.items()]
    sent = "\n".join(_texts(body))
    return "; ".join(_without_echo(phrases.clip(phrases.line(one), 200), sent).rstrip(" .") for one in said[:5])


def _without_echo(message: str, sent: str) -> str:
    repeats = any(message[n : n + _ECHO] in sent for n in range(len(message) - _ECHO + 1))
    return "a message that repeats the draft's text, withheld" if repeats else message


def _texts(body: Any) -> Iterator[str]:
    if isinstance(body, str):
        yield phrases.line(body)
    elif isinstance(body, dict):
        for name, value in body.items():
            if name not in ("labels", "properties"):  # ours, and what a person must read to mend a label
                yield from _texts(value)
    elif isinstance(body, list):
        for value in body:
            yield from _texts(value)
