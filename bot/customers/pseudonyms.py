"""Requesters before they are stored: who is the same person can still be told, who it is can't. Pure.

What joins requesters into customers (`bot.customers`) are equal addresses, equal ids, equal names, and the host of an
address. A keyed hash keeps all of that and nothing else; the key is the workspace's own, so hashes of two workspaces
can't be compared, and an address can't be found by trying (RELIABILITY section 3).
"""

from __future__ import annotations

import hmac
import re
from dataclasses import replace
from hashlib import sha256

from bot.customers.organisations import machine, mail_address
from bot.domain import Requester, Ticket

_MADE = re.compile(r"[0-9a-f]{20}@[^@\s]+")


def pseudonymous(ticket: Ticket, key: bytes) -> Ticket:
    """The ticket without any address or personal name beside its (already redacted) text. Twice is the same as once."""
    who, account = ticket.requester, ticket.account
    hidden = Requester(
        id=_address_hidden(who.id, key),
        email=_address_hidden(who.email, key) or (who.email and requester_key(who.email, key)),
        name=_name(who.name, key),
        staff=who.staff,
    )
    return replace(ticket, requester=hidden, account=replace(account, name=_address_hidden(account.name, key)))


def requester_key(text: str, key: bytes) -> str:
    """20 hex that stand for a person's address, whatever its spelling; what `forget ADDRESS` looks for."""
    folded = mail_address(text) or " ".join(text.casefold().split())
    return hmac.new(key, folded.encode("utf-8", "surrogatepass"), sha256).hexdigest()[:20]


def _address_hidden(text: str | None, key: bytes) -> str | None:
    """An address becomes <hash>@<its host>; what is no address stays, and so does a mail program's: it is nobody's."""
    mail = mail_address(text or "")
    if mail is None or _MADE.fullmatch(mail) or machine(mail):
        return text
    return f"{requester_key(mail, key)}@{mail.rpartition('@')[2]}"


def _name(name: str | None, key: bytes) -> str | None:
    if not name or name.startswith("~"):
        return name
    return f"~{requester_key(name, key)}"
