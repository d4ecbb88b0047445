"""What `doctor` says of Intercom: each right that is needed, tried with the smallest request."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime

from bot.acts import Finding
from bot.ports import Refused, Unavailable
from connectors.intercom import reading
from connectors.intercom.run import workspace
from connectors.intercom.wire import Denied, Gone, Kind, Region, Unfit, Wire

_LATER = "Try again later; if it lasts, look at Intercom's status page and at the network between."


def findings(wire: Wire, region: Region, now: datetime) -> Iterator[Finding]:
    """Never raises for a fault of the other side; what can't be tried without a workspace is not tried."""
    try:
        where = workspace(wire, region)
    except (Refused, Unavailable) as error:
        yield failed(error)
        return
    yield Finding("intercom", "ok", f"Intercom's workspace {where.name} answers (region {region}).")
    since = int(now.timestamp()) - 86_400
    probes: tuple[Callable[[], str], ...] = (
        lambda: _searched(wire, "conversations", since),
        lambda: _companies(wire),
        lambda: _searched(wire, "tickets", since),
    )
    for probe in probes:
        yield _tried(probe)
    yield _deletions(wire)


def _tried(probe: Callable[[], str]) -> Finding:
    try:
        return Finding("intercom", "ok", probe())
    except (Refused, Unavailable) as error:
        return failed(error)
    except (Gone, Unfit) as odd:
        return Finding("intercom", "warn", f"Intercom did not take a trial question ({odd or 'not found'}).", _LATER)


def _searched(wire: Wire, what: Kind, since: int) -> str:
    try:
        count = wire.search(what, since, None, per_page=1).get("total_count")
    except Gone:
        if what == "tickets":
            return "The workspace has no tickets beside its conversations."
        raise
    return f"Intercom's {what} can be read ({count if isinstance(count, int) else 'some'} changed in a day)."


def _companies(wire: Wire) -> str:
    contacts = reading.things(wire.some_contact())
    contact = reading.key(contacts[0].get("id")) if contacts else None
    if contact:
        wire.companies_of(contact)
    return "Intercom's users and companies can be read."


def _deletions(wire: Wire) -> Finding:
    try:
        wire.deleted(1)
    except (Gone, Unfit, Refused, Unavailable):
        return Finding(
            "intercom",
            "warn",
            "Intercom does not tell this token which conversations were deleted: their text stays here until it ages.",
            "Give its app the permission to read conversations in API version 2.16, or forget them by hand.",
        )
    return Finding("intercom", "ok", "Intercom tells which conversations were deleted.")


def _sentence(clause: str) -> str:
    return clause[:1].upper() + clause[1:]


def failed(error: Refused | Unavailable) -> Finding:
    """A refusal with its mend apart."""
    if isinstance(error, Denied):
        return Finding("intercom", "fail", f"{_sentence(error.what)}.", _sentence(error.mend))
    return Finding("intercom", "fail", str(error), _LATER)
