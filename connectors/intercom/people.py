"""Who wrote, and for which company: each contact and company is asked for once a run."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

from bot.domain import AccountHint, Requester
from connectors.intercom.reading import STAFF, by_staff, contacts, customers_parts, key, thing, things, word
from connectors.intercom.wire import Gone, Json, Unfit, Wire

_KEPT = 20_000  # answers, about 10 MB; a workspace may have a million contacts


class People:
    def __init__(self, wire: Wire) -> None:
        self._wire = wire
        self._contacts: dict[str, Json] = {}
        self._companies: dict[str, Json] = {}
        self._attached: dict[str, Json] = {}

    def behind(self, told: Json, *, internal: bool = False) -> tuple[Requester, AccountHint]:
        """The requester of a conversation or ticket, and the account that they write for.

        Where no customer spoke, or it is `internal`, it is ours: then nobody is asked who the contact is.
        """
        author = next((thing(part.get("author")) for part in customers_parts(told)), {})
        mentioned = contacts(told)
        reference = next((c for c in mentioned if c.get("id") == author.get("id")), mentioned[0] if mentioned else {})
        contact = key(reference.get("id")) or key(author.get("id"))
        told_id = word(reference.get("external_id"))
        if internal or reference.get("type") in STAFF or (not author and by_staff(thing(told.get("source")))):
            return Requester(id=told_id or contact, staff=True), AccountHint()
        return self._requester(author, told_id, contact), self._account(told, contact)

    def _requester(self, author: Json, told_id: str | None, contact: str | None) -> Requester:
        """What the message itself says of its author saves a request; a contact that is gone leaves just that."""
        known = author if word(author.get("email")) else {**author, **_told(self._contact(contact))}
        return Requester(
            id=told_id or word(known.get("external_id")) or contact,
            email=word(known.get("email")),
            name=word(known.get("name")) or word(author.get("name")),
        )

    def _account(self, told: Json, contact: str | None) -> AccountHint:
        named = key(told.get("company_id"))
        company = _kept(self._companies, named, self._wire.company)
        if not company:
            attached = _kept(self._attached, contact, self._wire.companies_of)
            found = things(attached) or things(attached, "companies")
            company = found[0] if found else {}
        return AccountHint(
            id=word(company.get("company_id")) or word(company.get("id")),
            name=word(company.get("name")),
            domain=_domain(word(company.get("website"))),
        )

    def _contact(self, contact: str | None) -> Json:
        return _kept(self._contacts, contact, self._wire.contact)


def _told(values: Json) -> Json:
    return {name: value for name, value in values.items() if value is not None}


def _kept(cache: dict[str, Json], id_: str | None, ask: Callable[[str], Json]) -> dict[str, Any]:
    """The answer for `id_`, asked for once; {} for none and for what is deleted over there."""
    if id_ is None:
        return {}
    if id_ not in cache:
        if len(cache) >= _KEPT:
            del cache[next(iter(cache))]
        try:
            cache[id_] = ask(id_)
        except (Gone, Unfit):
            cache[id_] = {}
    return cache[id_]


def _domain(website: str | None) -> str | None:
    """ "https://www.acme.com/about" and "acme.com" -> "acme.com"."""
    if website is None:
        return None
    try:
        host = urlsplit(website if "//" in website else f"//{website}").hostname or ""
    except ValueError:
        return None
    host = host.removeprefix("www.")
    return host if "." in host else None
