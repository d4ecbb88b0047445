"""One row -> one Ticket, by the columns that were recognised."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from bot.domain import AccountHint, Requester, Ticket
from connectors.ticket_file.headers import Columns
from connectors.ticket_file.table import Row
from connectors.ticket_file.values import Dates, from_html, tags, tidy

_MAIL = re.compile(r"[^\s<>,;\"']+@[^\s<>,;\"']+\.[^\s<>,;\"']+")
_API_URL = re.compile(r"^(https?://[^/]+)/api/v2/tickets/(\d+)(?:\.json)?$")
_STAFF = {"admin", "agent", "bot", "teammate", "operator", "staff", "light agent", "system", "team"}
# A channel ("email", "chat") is how a ticket came in, not where it is kept.
_SYSTEMS = {
    "zendesk",
    "intercom",
    "freshdesk",
    "helpscout",
    "front",
    "hubspot",
    "salesforce",
    "jira",
    "gorgias",
    "servicenow",
    "csv",
    "slack",
}


def ticket(row: Row, columns: Columns, dates: Dates, source: str) -> Ticket:
    """`key` stays "" when the row has no id."""

    def cell(name: str) -> Any:
        header = columns.get(name)
        return row.values.get(header) if header else None

    def text(name: str) -> str:
        return tidy(_plain(cell(name))).strip()

    person, account = _sorted_out(text("person"), text("account"), text("email"))
    subject, body = from_html(text("subject")), from_html(text("body")) or from_html(text("summary"))
    return Ticket(
        source=_source(text("source"), source),
        key=_key(cell("id")),
        subject=" ".join(subject.split()),
        body=body,
        requester=_requester(text("email"), person, text("person id"), text("role")),
        account=_account(text("account id"), account, text("domain")),
        created_at=dates.read(cell("created")),
        updated_at=dates.read(cell("updated")),
        url=_url(text("url")),
        status=text("status") or None,
        priority=text("priority") or None,
        tags=tags(cell("tags")),
        area=text("area") or None,
        language=_language(text("language")),
    )


def _plain(value: Any) -> Any:
    """A list or an object in a cell: its name, or its parts in one line."""
    if isinstance(value, dict):
        return value.get("name") or value.get("email") or value.get("value") or ""
    if isinstance(value, list):
        return ", ".join(str(_plain(v)) for v in value if v)
    return value


def _key(value: Any) -> str:
    """Numbers lose the ".0" that spreadsheets give them."""
    if isinstance(value, bool) or value is None or isinstance(value, dict | list):
        return ""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return tidy(value).strip()


def _sorted_out(person: str, account: str, email: str) -> tuple[str, str]:
    """(person, account). "Customer name" may hold a person: then it says again what the mail address says."""
    words = [w.casefold() for w in re.findall(r"[^\W\d_]+", account)]
    local = email.casefold().partition("<")[2] or email.casefold()
    local = local.partition("@")[0]
    named = 2 <= len(words) <= 4 and words[-1] in local and (words[0] in local or local.startswith(words[0][0]))
    return (account, "") if named and not person else (person, account)


def _requester(email: str, person: str, given_id: str, role: str) -> Requester:
    """ "Anna <anna@acme.com>", a bare address or a bare name: the value tells which it is."""
    found = _MAIL.search(email) or _MAIL.search(person)
    name = _MAIL.sub("", person or email).strip(" <>()\"',;") if person or email else ""
    return Requester(
        given_id or None,
        found.group(0).strip(".<>").lower() if found else None,
        name or None,
        role.casefold() in _STAFF,
    )


def _account(given_id: str, name: str, domain: str) -> AccountHint:
    empty = {"", "-", "n/a", "na", "none", "null", "unknown", "no organization", "(none)", "nan"}
    return AccountHint(*(None if v.casefold() in empty else v for v in (given_id, name, domain)))


def _url(url: str) -> str | None:
    """A link to the ticket without what may hold a password, a token or a person: login, query, fragment."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return None
    if parts.scheme not in {"http", "https"} or not parts.hostname or "@" in parts.path:
        return None
    bare = urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", ""))
    api = _API_URL.match(bare)
    return f"{api[1]}/agent/tickets/{api[2]}" if api else bare


def _language(value: str) -> str | None:
    code = re.match(r"[a-zA-Z]{2}(?=$|[-_])", value)
    return code.group(0).lower() if code else None


def _source(told: str, source: str) -> str:
    name = re.sub(r"[^a-z0-9]+", "-", told.casefold()).strip("-")
    return name if name in _SYSTEMS else source
