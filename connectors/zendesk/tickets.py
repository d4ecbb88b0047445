"""Zendesk's ticket -> ours. The words are the customer's; what an agent or a rule wrote is marked as staff's."""

from __future__ import annotations

import re
from itertools import islice

from bot.domain import AccountHint, Reject, Requester, Ticket
from connectors.zendesk.account import Account
from connectors.zendesk.declined import Declined
from connectors.zendesk.people import People
from connectors.zendesk.rows import Row, key_of, list_of, row, text_of, time_of
from connectors.zendesk.settings import Choice
from connectors.zendesk.wire import Line, promised

SOURCE = "zendesk"
LONGEST = 100_000  # characters of one text; Zendesk itself takes 64 KB, an import may bring more
_STAFF = frozenset({"agent", "admin"})
_NOBODY = frozenset({"rule", "system"})  # via.channel of what a trigger, an automation or Zendesk itself made
_BY_HAND = "web"  # via.channel of the agents' own form (customers' forms and forwarded mail keep their own author)
_AN_ID = re.compile(r"[\w-]{6,64}", re.ASCII)  # an integration's; an address or a sentence is none
_STRUCK = "\N{LOWER SEVEN EIGHTHS BLOCK}"
_COMMENTS = 1_000  # read of one ticket in search of the customer's first words


class Tickets:
    """Reads rows as tickets, with the people behind them. One for each read."""

    def __init__(self, line: Line, account: Account, choice: Choice) -> None:
        self._line = line
        self._account = account
        self._choice = choice
        self.people = People(line)

    def read(self, found: Row) -> Ticket | Reject:
        """Raises Declined, Unavailable when the customer's words must be asked for and can't be had."""
        key = key_of(found, "id")
        if key is None:
            return Reject("Zendesk, a ticket without an id", "nothing can be counted without one")
        requester = self.people.user(key_of(found, "requester_id"))
        body, own = self._words(found, requester)
        try:
            created, updated = time_of(found, "created_at"), time_of(found, "updated_at")
        except ValueError:
            return Reject(f"Zendesk ticket {key}", "its dates are not dates")
        if created is None:
            return Reject(f"Zendesk ticket {key}", "it has no date, so it would be in no window")
        return Ticket(
            source=SOURCE,
            key=str(key),
            subject=text_of(found, "subject", "raw_subject")[:LONGEST],
            body=body[:LONGEST],
            requester=_requester(found, requester, staff=not own),
            account=self._hint(found),
            created_at=created,
            updated_at=updated,
            url=self._account.page_of(str(key)),
            status=text_of(found, "status") or None,
            priority=text_of(found, "priority") or None,
            tags=_tags(found),
            area=self._choice.area_of(found),
        )

    def _words(self, found: Row, requester: Row) -> tuple[str, bool]:
        """The customer's first words, and whether they are a customer's.

        The description is whatever the submitter wrote: for a ticket that an agent opened it is the agent's text, and
        the customer's is the first public answer, if there was one.
        """
        description = text_of(found, "description")
        channel = text_of(row(found.get("via")), "channel")
        if _is_staff(requester) or channel in _NOBODY:
            return description, False
        submitter = key_of(found, "submitter_id")
        if channel != _BY_HAND or submitter == requester.get("id") or not _is_staff(self.people.user(submitter)):
            return description, True
        answer = self._first_answer(found["id"], requester.get("id"))
        return (answer, True) if answer else (description, False)

    def _first_answer(self, ticket: int, author: int | None) -> str:
        try:
            with promised():
                for comment in map(row, islice(self._line.zenpy.tickets.comments(ticket=ticket), _COMMENTS)):
                    if comment.get("author_id") == author and comment.get("public"):
                        return text_of(comment, "plain_body", "body")
        except Declined as declined:
            if declined.status != 404:  # gone since the page was made: the next one says so
                raise
        return ""

    def _hint(self, found: Row) -> AccountHint:
        organization = self.people.organization(found)
        key = key_of(organization, "id") or key_of(found, "organization_id")
        domain = next((d for d in list_of(organization, "domain_names") if isinstance(d, str) and d), None)
        return AccountHint(id=str(key) if key else None, name=text_of(organization, "name") or None, domain=domain)


def _requester(found: Row, user: Row, *, staff: bool) -> Requester:
    key = key_of(found, "requester_id")
    return Requester(
        id=str(key) if key else None,
        email=text_of(user, "email") or None,
        name=text_of(user, "name") or None,
        staff=staff,
    )


def _is_staff(user: Row) -> bool:
    return user.get("role") in _STAFF


def _tags(found: Row) -> tuple[str, ...]:
    """The ticket's own; how its requester rated it ("satisfaction:good", "satisfaction:bad"); and how it came about,
    where that tells who wrote it ("via:system", "via:follow_up") or what it copies ("external:<its id there>")."""
    score = text_of(row(found.get("satisfaction_rating")), "score").partition("_")[0]  # bad_with_comment
    rated = (f"satisfaction:{score}",) if score in ("good", "bad") else ()
    via = row(found.get("via"))
    system = ("via:system",) if text_of(via, "channel") in _NOBODY else ()
    # "follow_up": made from a closed ticket (the vendor's page "Via types")
    follow_up = ("via:follow_up",) if text_of(row(via.get("source")), "rel") == "follow_up" else ()
    there = text_of(found, "external_id")
    external = (f"external:{there}",) if _AN_ID.fullmatch(there) else ()
    return (*(t for t in list_of(found, "tags") if isinstance(t, str)), *rated, *system, *follow_up, *external)


def is_gone(found: Row) -> bool:
    """Deleted, for good ("SCRUBBED") or not yet: its text goes here, too."""
    return found.get("status") == "deleted"


def is_struck(ticket: Ticket) -> bool:
    """Somebody took something out of its text: the API leaves a symbol for each character (comment_redactions)."""
    return _STRUCK in f"{ticket.subject}{ticket.body}"
