"""One row -> one Ticket, by the columns that were recognised."""

from __future__ import annotations

import re
from typing import Any

from bot.domain import AccountHint, Requester, Ticket
from connectors.ticket_file.headers import Columns
from connectors.ticket_file.reading import Row
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

    subject, body = from_html(text("subject")), from_html(text("body")) or from_html(text("summary"))
    return Ticket(
        source=_source(text("source"), source),
        key=_key(cell("id")),
        subject=" ".join(subject.split()),
        body=body,
        requester=_requester(text("email"), text("person"), text("person id"), text("role")),
        account=_account(text("account id"), text("account"), text("domain")),
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
    if not re.match(r"https?://", url):
        return None
    api = _API_URL.match(url)
    return f"{api[1]}/agent/tickets/{api[2]}" if api else url


def _language(value: str) -> str | None:
    code = re.match(r"[a-zA-Z]{2}(?=$|[-_])", value)
    return code.group(0).lower() if code else None


def _source(told: str, source: str) -> str:
    name = re.sub(r"[^a-z0-9]+", "-", told.casefold()).strip("-")
    return name if name in _SYSTEMS else source
