"""The proof that drafts can be made: one issue is made, looked for where its answer was lost, and deleted.

Who makes drafts rarely may delete, and needs no such right. Then a label says that nobody waits for the issue.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from bot.acts import Absent, Act, Finding, Found, Receipt
from bot.domain import Kind
from bot.ports import Outlet, Refused, Unavailable, Unknown
from connectors.jira import adf, reads
from connectors.jira.draft import ISSUE, PROPERTY, WITHDRAWN, Form, op_label
from connectors.jira.wire import Wire

DOCTOR = "groundswell-doctor"
_NAME = "jira live"
_SAID = "A trial of `groundswell doctor --live`, which deletes it at once. If it is still here: it can be deleted."


def writes(form: Form) -> str:
    return f"makes an issue labelled {DOCTOR} in {form.project} and deletes it (or labels it {WITHDRAWN})"


def findings(jira: Outlet, wire: Wire, form: Form, key: str) -> Iterator[Finding]:
    act = trial(form, key)
    try:
        made = _made(jira, act)
    except (Unavailable, Refused) as fault:
        yield Finding(_NAME, "fail", f"No trial issue could be made. {fault}", "Mend that, then try again.")
    except Unknown as lost:
        told = f"Whether a trial issue was made in {act.target} is not known: {lost}."
        mend = f'Search in some minutes for labels = "{op_label(act.marker)}", and delete what is found.'
        yield Finding(_NAME, "fail", told, mend)
    else:
        yield _taken_back(wire, made)


def trial(form: Form, key: str) -> Act:
    """An issue as `Jira.plan` makes them, with what the project requires, and no ticket's words."""
    fields: dict[str, Any] = {
        "project": {"key": form.project},
        "issuetype": _named(form.type_for(Kind.BUG)),
        "summary": "A trial of Groundswell's connection",
        "description": adf.document([adf.paragraph(adf.text(_SAID))]),
        "labels": [DOCTOR, op_label(key[:16])],
    }
    wanted = {"type": form.type_for(Kind.BUG), "fields": dict(form.fields)}
    made = {"fields": fields, "properties": [{"key": PROPERTY, "value": {"key": key}}], "wanted": wanted}
    return Act(key, ISSUE, form.project, made)


def _named(issue_type: str) -> dict[str, str]:
    return {"id": issue_type} if issue_type.isdecimal() else {"name": issue_type}


def _made(jira: Outlet, act: Act) -> Receipt:
    """The issue, found again where the answer was lost. Raises Unavailable, Refused, Unknown."""
    hint = jira.mark(act)
    try:
        return jira.do(act)
    except Unknown as lost:
        try:
            seen = jira.find(act, hint)
        except Unavailable:
            raise lost from None
        if isinstance(seen, Found):
            return seen.receipt
        if isinstance(seen, Absent):
            raise Unavailable(f"{lost}.") from None
        raise


def _taken_back(wire: Wire, made: Receipt) -> Finding:
    try:
        wire.write("DELETE", f"issue/{made.ref}", None)
    except (Unavailable, Refused, Unknown) as fault:
        if not _is_gone(wire, made.ref):
            return _withdrawn(wire, made, str(fault))
    return Finding(_NAME, "ok", f"{made.ref} was made and deleted again.")


def _is_gone(wire: Wire, key: str) -> bool:
    try:
        return reads.is_gone(wire, key)
    except (Unavailable, Refused):
        return False


def _withdrawn(wire: Wire, made: Receipt, why: str) -> Finding:
    still = f"{made.ref} was made and could not be deleted; it stands at {made.url}"
    mend = f"Delete it by hand. ({why})"
    try:
        wire.write("PUT", f"issue/{made.ref}", {"update": {"labels": [{"add": WITHDRAWN}]}})
    except (Unavailable, Refused, Unknown):
        return Finding(_NAME, "fail", f"{still}.", mend)
    return Finding(_NAME, "warn", f"{still}, labelled {WITHDRAWN}.", mend)
