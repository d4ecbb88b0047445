"""Intercom over python-intercom: what may be asked, and what each kind of answer means to us.

Reads alone: anything else than a GET or a search is stopped before it leaves.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime
from types import TracebackType
from typing import Any, Literal, NoReturn

import httpx
from intercom import Intercom as Sdk
from intercom import MultipleFilterSearchRequest, SingleFilterSearchRequest, StartingAfterPaging
from intercom.core.request_options import RequestOptions
from intercom.environment import IntercomEnvironment

from bot.ports import Refused, Unavailable
from connectors.intercom.walk import MarkLost
from connectors.patience import Patience

Json = dict[str, Any]
Region = Literal["us", "eu", "au"]
Kind = Literal["conversations", "tickets"]
REGIONS = frozenset({"us", "eu", "au"})
PER_PAGE = 150  # the most that a search gives (VENDORS 3.2)
TOKEN = "sources.intercom.token (GROUNDSWELL_SOURCES__INTERCOM__TOKEN)"  # noqa: S105 - where it stands, not what it is
VERSION = {"Intercom-Version": "2.14"}  # the SDK sends none, and then the app's own default answers (VENDORS 3.1)
_DELETED_VERSION = {"Intercom-Version": "2.16"}  # GET /conversations/deleted: 400 intercom_version_invalid before
_DELETED_PER_PAGE = 60
_TIMEOUT = 30.0
HOSTS = {
    "us": IntercomEnvironment.US_PRODUCTION,
    "eu": IntercomEnvironment.EU_PRODUCTION,
    "au": IntercomEnvironment.AU_PRODUCTION,
}


class Denied(Refused):
    """Refused, with its mend apart."""

    def __init__(self, what: str, mend: str) -> None:
        super().__init__(f"{what}: {mend}")
        self.what = what
        self.mend = mend


class Gone(Exception):
    """404 or 410: there is no such thing (any more)."""


class Unfit(Exception):
    """Intercom would not take the question (400, 422); the message is the status and its code."""


class _Told(Exception):
    """What Intercom answered: the way from httpx past the SDK."""

    def __init__(self, json: Json) -> None:
        super().__init__()
        self.json = json


class _Failed(Exception):
    def __init__(self, status: int, code: str, retry_after: str | None) -> None:
        super().__init__(f"{status} {code}".strip())
        self.status = status
        self.retry_after = retry_after


class Wire:
    """One connection for one run. Answers are decoded JSON, as it came. Raises Denied, Unavailable, Gone, Unfit."""

    def __init__(
        self, token: str, region: Region, base_url: str | None, patience: Patience, now: Callable[[], datetime]
    ) -> None:
        if not re.fullmatch(r"[\x21-\x7e]+", token):  # httpx would name an unsendable one in its error
            raise Denied("the access token for Intercom is empty or has characters that no token has", _put(region))
        self._region = region
        self._patience = patience
        self._now = now
        self._sorts = True
        self._http = httpx.Client(
            timeout=_TIMEOUT,
            follow_redirects=False,  # a token goes to the configured host alone
            event_hooks={"request": [_only_reads], "response": [self._hear]},
        )
        address = base_url or HOSTS[region].value
        self._sdk = Sdk(token=token, base_url=address, headers=dict(VERSION), httpx_client=self._http)

    def __enter__(self) -> Wire:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._http.close()

    # --- what is asked

    def me(self) -> Json:
        return self._ask(self._sdk.admins.identify, "see whose it is")

    def conversation(self, key: str) -> Json:
        return self._ask(lambda: self._sdk.conversations.find(key, display_as="plaintext"), "read conversations")

    def ticket(self, key: str) -> Json:
        return self._ask(lambda: self._sdk.tickets.get(key), "read tickets")

    def contact(self, key: str) -> Json:
        return self._ask(lambda: self._sdk.contacts.find(key), "read users and companies")

    def companies_of(self, contact: str) -> Json:
        """The first 50 companies of a contact: nobody is told apart by more."""
        return self._ask(
            lambda: self._sdk.contacts.list_attached_companies(contact, per_page=50), "read users and companies"
        )

    def company(self, key: str) -> Json:
        return self._ask(lambda: self._sdk.companies.find(key), "read users and companies")

    def some_contact(self) -> Json:
        query = SingleFilterSearchRequest(field="role", operator="=", value="user")
        paging = StartingAfterPaging(per_page=1)
        return self._ask(lambda: self._sdk.contacts.search(query=query, pagination=paging), "read users and companies")

    def deleted(self, page: int) -> Json:
        """Page `page` of what was deleted, the latest first. The SDK has no name for it; its path is one of find's."""
        options: RequestOptions = {
            "additional_headers": dict(_DELETED_VERSION),
            "additional_query_parameters": {"page": page, "per_page": _DELETED_PER_PAGE, "order": "desc"},
        }
        return self._ask(
            lambda: self._sdk.conversations.find("deleted", request_options=options), "list deleted conversations"
        )

    def search(self, what: Kind, since: int, mark: str | None, per_page: int = PER_PAGE) -> Json:
        """One page of what changed at `since` (Unix seconds) or later, the earliest first where Intercom does sort.

        By hand: the SDK's pager asks for page 1 for ever (VENDORS 0, item 1). Raises MarkLost too.
        """
        unfit = Unfit()
        paging = StartingAfterPaging(per_page=per_page, **({"starting_after": mark} if mark is not None else {}))
        for order in ("ascending", None) if self._sorts else (None,):
            try:
                told = self._searched(what, since, paging, order)
            except Unfit as error:
                unfit = error
            else:
                self._sorts = order is not None
                return told
        if mark is not None:
            raise MarkLost
        raise Denied(
            f"Intercom does not take our search for {what} ({unfit})",
            "this Groundswell and Intercom's API don't fit together any more; look for a newer version.",
        )

    def latest(self, what: Kind, since: int) -> Json:
        """One result: the latest change since `since`, if Intercom sorts. Raises Unfit if it does not."""
        if not self._sorts:
            raise Unfit("it does not sort")
        return self._searched(what, since, StartingAfterPaging(per_page=1), "descending")

    def _searched(self, what: Kind, since: int, paging: StartingAfterPaging, order: str | None) -> Json:
        # `>` may mean "or equal" (VENDORS 3.2) or not: a second earlier is asked for, and the caller looks again.
        newer = SingleFilterSearchRequest(field="updated_at", operator=">", value=max(0, since - 1))
        query = MultipleFilterSearchRequest(operator="AND", value=[newer])
        sort = {"sort": {"field": "updated_at", "order": order}} if order else {}
        options: RequestOptions = {"additional_body_parameters": sort}
        resource = self._sdk.tickets if what == "tickets" else self._sdk.conversations
        return self._ask(
            lambda: resource.search(query=query, pagination=paging, request_options=options), f"read {what}"
        )

    # --- what is made of an answer

    def _ask(self, call: Callable[[], object], need: str) -> Json:
        """Asks until there is an answer, as long as patience lasts; `need` is the right it takes, in words."""
        while True:
            try:
                call()
            except _Told as told:
                self._patience.answered()
                return told.json
            except _Failed as failed:
                why = self._waits(failed, need)
                self._patience.wait(why, failed.retry_after)
            except httpx.RequestError as error:
                self._patience.wait(f"Intercom could not be reached ({type(error).__name__})")
            else:
                raise RuntimeError("python-intercom answered without asking Intercom")

    def _hear(self, response: httpx.Response) -> NoReturn:
        """Every answer ends here, before the SDK makes an error of it that prints headers and bodies, or its models.

        Those are unchecked (a mistyped field is a raw value, a dict or a TypeError), and a run takes four times as long
        with them as with the JSON alone.
        """
        response.read()
        if response.status_code >= 300:
            raise _Failed(response.status_code, code_of(response), self._retry_after(response))
        try:
            told = response.json()
        except (ValueError, RecursionError):
            told = None
        if not isinstance(told, dict):
            if response.text.lstrip()[:1] == "<":
                raise Unavailable(
                    "Intercom answers with a web page: something between (a proxy, a sign-in) answers in its place,"
                    " or sources.intercom.region names the wrong one."
                )
            raise _Failed(response.status_code, "", None)
        raise _Told(told)

    def _waits(self, failed: _Failed, need: str) -> str:
        """Why a request is sent again; raises where it is not."""
        status = failed.status
        if status in (404, 410):
            raise Gone from None
        if status == 401:
            raise Denied("Intercom does not know this access token (401)", _put(self._region)) from None
        if status == 403:
            raise Denied(
                f"Intercom does not let this access token {need} ({failed})",
                f"give its app the permission to {need} in Intercom's Developer Hub, and check {TOKEN}.",
            ) from None
        if 300 <= status < 400:
            raise Denied(f"Intercom sends us to another address ({failed})", _put(self._region)) from None
        if status in (408, 409, 429):
            return f"Intercom asks us to slow down ({status})" if status == 429 else f"Intercom answered {status}"
        if 400 <= status < 500:
            raise Unfit(str(failed)) from None
        return "Intercom's answer broke off" if status < 300 else f"Intercom answered {status}"

    def _retry_after(self, response: httpx.Response) -> str | None:
        """Retry-After, or what X-RateLimit-Reset (a Unix second) comes to on a 429."""
        said: str | None = response.headers.get("Retry-After")
        reset: str = response.headers.get("X-RateLimit-Reset", "")
        if said or response.status_code != 429 or not re.fullmatch(r"\d{1,12}", reset, re.ASCII):
            return said
        return f"{int(reset) - self._now().timestamp():.0f}"


def _put(region: str) -> str:
    return f"put a valid one into {TOKEN}, and the workspace's region into sources.intercom.region (now {region})."


def code_of(response: httpx.Response) -> str:
    """Intercom's word for an error ("unauthorized"), never more of the body."""
    try:
        code = response.json()["errors"][0]["code"]
    except (ValueError, RecursionError, LookupError, TypeError):
        return ""
    return code if isinstance(code, str) and re.fullmatch(r"[a-z_]{1,40}", code) else ""


def _only_reads(request: httpx.Request) -> None:
    if request.method != "GET" and not (request.method == "POST" and request.url.path.endswith("/search")):
        raise RuntimeError(f"the Intercom source reads only, and was to send {request.method} {request.url.path}")
