"""All tickets of a draft as a table on its issue, whatever number of them the description has room for.

Ids, links, dates and fit, and no text: whoever may see the issue need not see what customers wrote (SURFACES 2.2).
The file's name carries the act's marker, so it is found again on the issue, read by key and not from an index.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence

from bot import phrases
from bot.acts import Act, Draft, Receipt
from bot.domain import Evidence
from bot.ports import Refused, Unknown
from connectors.jira import adf, reads
from connectors.jira.draft import ISSUE, Form, key_of
from connectors.jira.wire import Wire

EVIDENCE = "jira.evidence"
_COLUMNS = ("ticket", "link", "date", "source", "fit")
_FORMULA = tuple("=+-@\t\r\n＝＋－＠")  # what a spreadsheet takes for the beginning of a formula (OWASP)


def evidence(draft: Draft, form: Form) -> Act:
    """The act that attaches the table. Pure. Not repeatable: Jira keeps any number of files of one name."""
    key = key_of(EVIDENCE, draft)
    return Act(
        key=key,
        kind=EVIDENCE,
        target=form.project,
        payload={"name": f"evidence-{key[:16]}.csv", "content": table(draft)},
        after=key_of(ISSUE, draft),
    )


def table(draft: Draft) -> str:
    """CSV (RFC 4180), a row for each member of the theme, nearest to its centre first."""
    written = io.StringIO()
    csv.writer(written).writerows([_COLUMNS, *_rows(draft)])
    return written.getvalue()


def _rows(draft: Draft) -> Iterator[Sequence[str]]:
    known = {e.ticket_id: e for e in draft.theme.evidence}
    for ticket_id in draft.theme.members:
        yield tuple(map(_cell, (ticket_id, *_told(known.get(ticket_id)))))


def _told(ticket: Evidence | None) -> Sequence[str]:
    if ticket is None:  # nothing more is known of it; that it was counted stays
        return ("", "", "", "")
    link = ticket.url if ticket.url and adf.followable(ticket.url) else ""
    at = ticket.created_at.isoformat(timespec="minutes") if ticket.created_at else ""
    return (link, at, phrases.source_name(ticket.source), f"{ticket.fit:.2f}" if ticket.fit > 0 else "")


def _cell(said: str) -> str:
    """Text to a spreadsheet, too: a ticket's id is whatever its source says."""
    said = phrases.line(said)
    return f"'{said}" if said.startswith(_FORMULA) else said


def attach(wire: Wire, act: Act, key: str) -> Receipt:
    """Sends the file. Raises Unavailable, Refused, Unknown."""
    content = str(act.payload["content"]).encode("utf-8-sig")  # the mark by which Excel knows UTF-8
    try:
        made = wire.attach(f"issue/{key}/attachments", str(act.payload["name"]), content).data
    except Refused as no:
        raise Refused(
            f"{no} The issue stands without its table of tickets; give the account CREATE_ATTACHMENTS."
        ) from no
    if not isinstance(made, list) or not made or not made[0].get("id"):
        raise Unknown("Jira answered without the id of an attachment")
    return _receipt(wire, key, str(made[0]["id"]))


def attached(wire: Wire, act: Act, key: str) -> Sequence[Receipt]:
    """What the act attached, the first made first; more than one is a duplicate. Raises Unavailable or Refused."""
    return [_receipt(wire, key, number) for number in reads.attachments(wire, key, str(act.payload["name"]))]


def _receipt(wire: Wire, key: str, number: str) -> Receipt:
    return Receipt(f"{key}#{number}", reads.receipt(wire, key).url)
