"""One request to Jira Cloud's REST v3, and what its answer means. The only module that knows the `jira` package.

The package gives the session: sign-in, headers, addresses. Its own calls are not used for what is sent here, because
they retry writes (3 by default: one create became 4 requests, VENDORS 4.3), follow redirects, and put headers and
bodies into their errors. Nothing that is raised here holds a token, or a text that was sent.
"""

from __future__ import annotations

import json
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

from bot import phrases
from bot.ports import Refused, Unavailable, Unknown
from connectors.punctual import Punctual, in_words, never_left

_CONNECT = 5.0  # seconds
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
            self._jira._session.mount(scheme, Punctual(timeout))

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
            failed = _Lost(sent=not never_left(error), why=in_words(error))
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
