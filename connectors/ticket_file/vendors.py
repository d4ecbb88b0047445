"""The JSON shapes of Zendesk and Intercom exports -> flat rows; any other nested object is flattened as it stands.

Shapes from the vendors' API descriptions: Zendesk Support "Tickets" (side-loaded users and organizations), Intercom
2.14 "Conversation" (source, conversation_parts, contacts).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from connectors.ticket_file.values import from_html

Json = dict[str, Any]
_LISTS = ("tickets", "conversations", "results", "data", "items", "issues", "rows", "records")
_STAFF = {"admin", "bot", "teammate", "operator", "agent", "team", "workflow"}


def wrapped(value: Json) -> list[Any] | None:
    """The list inside an export's object, with side-loads joined in; None when the object is a ticket itself."""
    for key in _LISTS:
        items = value.get(key)
        if isinstance(items, list):
            return list(_joined(items, value))
    return None


def _joined(items: list[Any], value: Json) -> Iterator[Any]:
    users = _by_id(value.get("users"))
    organizations = _by_id(value.get("organizations"))
    for item in items:
        if not isinstance(item, dict):
            yield item
            continue
        requester = users.get(str(item.get("requester_id")), {})
        account = organizations.get(str(item.get("organization_id") or requester.get("organization_id")), {})
        side_loaded = {"requester": requester, "organization": account}
        yield {name: found for name, found in side_loaded.items() if found} | item


def _by_id(rows: Any) -> dict[str, Json]:
    return {str(r["id"]): r for r in rows if isinstance(r, dict) and "id" in r} if isinstance(rows, list) else {}


def flat(item: Json) -> dict[str, Any]:
    """One ticket as header -> value."""
    if _is_conversation(item):
        return _conversation(item)
    values = dict(_flattened(item, ""))
    if not values.get("description") and not values.get("body"):
        first = _first_comment(item)
        if first:
            values["description"] = first
    return values


def _flattened(item: Json, above: str) -> Iterator[tuple[str, Any]]:
    for key, value in item.items():
        name = f"{above}{key}"
        if isinstance(value, dict) and above.count(".") < 2:
            yield from _flattened(value, f"{name}.")
        else:
            yield name, value


def _first_comment(item: Json) -> str:
    comments = item.get("comments")
    if not isinstance(comments, list):
        return ""
    bodies = (
        c.get("body") or c.get("plain_body") or "" for c in comments if isinstance(c, dict) and c.get("public", True)
    )
    return next((str(b) for b in bodies if b), "")


def _is_conversation(item: Json) -> bool:
    return (
        item.get("type") == "conversation"
        or isinstance(item.get("conversation_parts"), dict)
        or (isinstance(item.get("source"), dict) and "body" in item["source"])
    )


def _conversation(item: Json) -> dict[str, Any]:
    """An Intercom conversation: the customer's own parts are the text; admins' and bots' words are not."""
    said = item.get("source")
    source: Json = said if isinstance(said, dict) else {}
    author = _object(source.get("author"))
    contact = _first(item.get("contacts"), "contacts") or {}
    company = (
        item.get("company")
        or _first(item.get("companies"), "companies")
        or _first(contact.get("companies"), "companies")
        or {}
    )
    texts = [source.get("body")] if author.get("type") not in _STAFF else []
    texts += [
        p.get("body")
        for p in _list(item.get("conversation_parts"), "conversation_parts")
        if _object(p.get("author")).get("type") not in _STAFF
    ]
    customer = author if author.get("type") not in _STAFF else contact
    return {
        "id": item.get("id"),
        "subject": item.get("title") or source.get("subject") or "",
        "body": "\n\n".join(t for t in (from_html(str(text)) for text in texts if text) if t),
        "requester email": customer.get("email") or contact.get("email"),
        "requester name": customer.get("name") or contact.get("name"),
        "requester id": contact.get("external_id") or contact.get("id") or customer.get("id"),
        "requester role": None if texts else author.get("type"),
        "company": company.get("name") if isinstance(company, dict) else company,
        "company id": (company.get("company_id") or company.get("id")) if isinstance(company, dict) else None,
        "created at": item.get("created_at"),
        "updated at": item.get("updated_at"),
        "status": item.get("state"),
        "priority": item.get("priority"),
        "tags": [t.get("name") for t in _list(item.get("tags"), "tags")],
        "product area": (item.get("custom_attributes") or {}).get("Product area")
        if isinstance(item.get("custom_attributes"), dict)
        else None,
        "url": item.get("url") or item.get("link"),
    }


def _object(value: Any) -> Json:
    return value if isinstance(value, dict) else {}


def _list(value: Any, key: str) -> list[Json]:
    """`{"tags": {"tags": [...]}}` and `{"tags": [...]}` alike."""
    if isinstance(value, dict):
        value = value.get(key) or value.get("data")
    return [v for v in value if isinstance(v, dict)] if isinstance(value, list) else []


def _first(value: Any, key: str) -> Json | None:
    found = _list(value, key)
    return found[0] if found else None
