"""Which column holds what: usual names are recognised, unusual ones can be mapped."""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from bot.domain import Warned
from bot.ports import Refused

# Field -> usual names, best first, as `_plain` writes them.
_NAMES: Mapping[str, str] = {
    "id": (
        "id, ticket id, ticket, ticket number, ticket no, ticket nr, ticket key, issue key, conversation"
        " id, case number, case id, case, reference, ref, key, number, ticketnummer, num ticket, numero,"
        " nr"
    ),
    "subject": (
        "subject, title, summary, ticket subject, conversation title, headline, topic, betreff, thema,"
        " titel, sujet, asunto, titre"
    ),
    "body": (
        "description, body, message, text, content, comment, first message, conversation body, source"
        " body, details, ticket description, question, first comment, initial message, customer message,"
        " feedback, issue, problem, summary, note, notes, beschreibung, nachricht, descripcion, mensaje, contenu"
    ),
    "email": (
        "requester email, requester e mail, email, e mail, from, contact email, user email, customer"
        " email, sender, from email, author email, source author email, requester, reporter, user, mail,"
        " email address, absender"
    ),
    "person": (
        "requester name, contact name, user name, customer contact, author name, source author name,"
        " sender name, requester, reporter, from name, full name, contact, user, author, person, name"
    ),
    "person id": "requester id, user id, contact id, author id, source author id",
    "role": "requester role, author type, source author type, user role, requester type",
    "account": (
        "organization, organization name, organisation, organisation name, company, company name,"
        " companies, account, account name, customer, customer name, client, firma, kunde, unternehmen,"
        " entreprise, empresa, cliente, org"
    ),
    "account id": (
        "account id, organization id, organisation id, company id, customer id, org id, client id,"
        " external id, organization external id, tenant, workspace id"
    ),
    "domain": "domain, organization domain, company domain, website, company website",
    "created": (
        "created at, created, date created, created date, date, opened, opened at, submitted, submitted"
        " at, submitted on, received, time, timestamp, started at, creation date, created on, open date,"
        " requested at, conversation started at, erstellt, erstellt am, datum, fecha, fecha de creacion,"
        " date de creation"
    ),
    "updated": (
        "updated at, updated, last updated, date updated, modified, last modified, updated date,"
        " modified at, last update"
    ),
    "status": "status, state, ticket status, conversation state",
    "priority": "priority, urgency, prioritat, ticket priority",
    "tags": "tags, labels, tag, label, current tags, conversation tags",
    "area": (
        "product area, area, component, category, module, feature, product, feature area, team, bereich,"
        " kategorie, ticket type category"
    ),
    "language": "language, locale, lang, sprache",
    "url": "url, link, ticket url, permalink, web url, ticket link, conversation url, href",
    "source": "source, origin, system, tool, helpdesk, help desk",
    "summary": "ai summary, short summary",
}
_TEXT = ("subject", "body")
_WHO = ("email", "person", "person id", "account", "account id", "domain")


@dataclass(frozen=True, slots=True)
class Columns:
    """Field -> header of this file."""

    of: Mapping[str, str]
    warnings: tuple[Warned, ...] = ()

    def get(self, field: str) -> str | None:
        return self.of.get(field)


def recognised(headers: Sequence[str], mapped: Mapping[str, str], path: Path) -> Columns:
    """Raises Refused when no column holds text, or a mapped header is not in the file."""
    of: dict[str, str] = {}
    for field, header in mapped.items():
        of[_field(field)] = _existing(header, headers, path)
    taken = set(of.values())
    plain = {header: _plain(header) for header in headers}
    for field, names in _NAMES.items():
        if field in of:
            continue
        found = _first(names.split(", "), plain, taken, shared=field in {"email", "person"})
        if found is not None:
            of[field] = found
            taken.add(found)
    if not any(field in of for field in _TEXT):
        listed = ", ".join(repr(h) for h in headers[:12])
        raise Refused(
            f"{path} has no column with text that is known by name. Its columns are {listed}: "
            "say which one with --column body=NAME."
        )
    return Columns(of, tuple(_remarks(of) if len(headers) > 1 else ()))


def _first(names: Sequence[str], plain: Mapping[str, str], taken: set[str], *, shared: bool) -> str | None:
    """ "Requester" may hold a mail address or a name: both fields may read it, and the value decides."""
    for name in names:
        for header, known in plain.items():
            if known == name and (header not in taken or shared):
                return header
    return None


def _remarks(of: Mapping[str, str]) -> list[Warned]:
    if any(field in of for field in _WHO):
        return []
    return [
        Warned(
            "no_customer_column",
            "The file has no column that tells customers apart: customers can't be counted. Map one with"
            " --column account=NAME or --column email=NAME.",
        )
    ]


def _field(name: str) -> str:
    plain = _plain(name)
    aliases = {
        "customer": "account",
        "company": "account",
        "organization": "account",
        "requester": "email",
        "description": "body",
        "title": "subject",
        "text": "body",
        "customer id": "account id",
        "date": "created",
        "created at": "created",
        "product area": "area",
        "link": "url",
        "requester email": "email",
        "requester name": "person",
    }
    field = aliases.get(plain, plain)
    if field not in _NAMES:
        near = difflib.get_close_matches(field, _NAMES, n=1, cutoff=0.5)
        hint = f" Did you mean {near[0].replace(' ', '_')!r}?" if near else ""
        known = ", ".join(f.replace(" ", "_") for f in _NAMES if f != "summary")
        raise Refused(f"--column: {name!r} is no field of a ticket.{hint} Fields are {known}.")
    return field


def _existing(header: str, headers: Sequence[str], path: Path) -> str:
    for known in headers:
        if known == header or _plain(known) == _plain(header):
            return known
    near = difflib.get_close_matches(header, headers, n=1, cutoff=0.5)
    hint = f" Did you mean {near[0]!r}?" if near else ""
    raise Refused(f"{path} has no column {header!r}.{hint} Its columns are {', '.join(repr(h) for h in headers[:12])}.")


def _plain(header: str) -> str:
    """Lower case, camelCase split, everything but letters and digits a single blank."""
    split = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", header)
    bare = re.sub(r"[\W_]+", " ", split.casefold().replace("#", " number ")).strip()
    return bare.replace("é", "e").replace("ó", "o").replace("ú", "u").replace("ä", "a")
