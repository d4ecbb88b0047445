"""`customers list`, `customers explain`: who is counted, and on what grounds requesters are taken for one."""

from __future__ import annotations

import difflib
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bot.commands.common import AsJson, ConfigFile, RunKey, fail, opened, say, settings, tell
from bot.commands.themes import newest

if TYPE_CHECKING:
    from bot.customers import Join
    from bot.domain import Customer, Ticket
    from bot.store import Store

_MOST = 12  # tickets and requesters that are listed on a terminal; --json has them all
_room = typer.Typer(help="Who is counted, and why.", no_args_is_help=True)


def add_to(app: typer.Typer) -> None:
    _room.command(name="list")(list_)
    _room.command()(explain)
    app.add_typer(_room, name="customers")


def list_(run: RunKey = None, as_json: AsJson = False, config: ConfigFile = None) -> None:
    """The customers of a run, the one with the most tickets first."""
    told = settings(config)
    with opened(told, as_json=as_json) as store:
        counted = _counted(store, run, told.customers.internal_domains, as_json=as_json)
    rows = sorted(counted.tickets.items(), key=lambda row: (-len(row[1]), row[0].name, row[0].id))
    if as_json:
        tell({"of": counted.of, "customers": [_row(customer, tickets) for customer, tickets in rows]})
        return
    say(f"{len(rows):,} customers of {counted.of}")
    for customer, tickets in rows:
        grounds = ", ".join(customer.joined_by) or "not identified"
        say(f"  {len(tickets):>6,}  {customer.name:<32.32}  {grounds}  ({customer.id})")


def explain(
    name: Annotated[str, typer.Argument(help="The customer's name or id, as `groundswell customers list` shows it.")],
    run: RunKey = None,
    as_json: AsJson = False,
    config: ConfigFile = None,
) -> None:
    """Who this customer is: which requesters were put together, on what grounds, and which tickets count for it."""
    told = settings(config)
    with opened(told, as_json=as_json) as store:
        counted = _counted(store, run, told.customers.internal_domains, as_json=as_json)
    customer = _named(name, counted, as_json=as_json)
    tickets, joins = counted.tickets[customer], counted.reasons.get(customer.id, ())
    people = _requesters(tickets, joins)
    if as_json:
        grounds = [{"ground": j.ground.value, "on": j.on, "tickets": j.tickets} for j in joins]
        who = {**_row(customer, tickets), "joins": grounds, "requesters": people}
        tell({"of": counted.of, **who, "ticket_ids": [t.id for t in tickets]})
        return
    _told(customer, counted.of, tickets, joins, people)


# --- who is counted


@dataclass(frozen=True, slots=True)
class _Counted:
    """`of` says of what: a run, or all that is stored. Each customer's tickets are by id."""

    of: str
    tickets: Mapping[Customer, Sequence[Ticket]]
    reasons: Mapping[str, Sequence[Join]]


def _counted(store: Store, run: str | None, internal: Sequence[str], *, as_json: bool) -> _Counted:
    """Of the run `run`; without one, of the newest; before there is any, of all stored tickets."""
    from bot.customers import joins

    key = run or newest(store)
    frozen = store.runs.frozen(key) if key else None
    if run and frozen is None:
        missing = f"there is no run {run!r}, or what it had read is gone."
        fail("no_run", missing, "See: groundswell history", as_json=as_json)
    reading = frozen[0] if frozen else None
    tickets = reading.everything if reading else store.tickets.between(None, None)
    if not tickets:
        fail("no_tickets", "there are no tickets yet.", "Begin with: groundswell sync", as_json=as_json)
    found = joins(tickets, internal_domains=internal)
    who = reading.customers if reading else found.customers  # a run counted by the settings of its day
    by_customer: dict[Customer, list[Ticket]] = defaultdict(list)
    for ticket in sorted(tickets, key=lambda t: t.id):
        by_customer[who[ticket.id]].append(ticket)
    return _Counted(f"run {key}" if reading else "all stored tickets", by_customer, found.reasons)


def _named(name: str, counted: _Counted, *, as_json: bool) -> Customer:
    """By id, by name, by a spelling of it, by a part of it: the first way that finds somebody."""
    from bot.customers.organisations import folded_name

    wanted, folded = name.strip().casefold(), folded_name(name)
    ways = (
        lambda c: c.id.casefold() == wanted,
        lambda c: c.name.casefold() == wanted,
        lambda c: folded is not None and folded_name(c.name) == folded,
        lambda c: wanted in c.name.casefold(),
    )
    everybody = counted.tickets
    found = next((some for way in ways if (some := [c for c in everybody if way(c)])), [])
    if not found:
        near = difflib.get_close_matches(name, sorted({c.name for c in everybody}), n=3)
        meant = f"Did you mean {' or '.join(near)}?" if near else "See: groundswell customers list"
        fail("unknown_customer", f"{counted.of} has no customer {name!r}.", meant, as_json=as_json)
    if len(found) > 1:
        ids = ", ".join(sorted(c.id for c in found)[:_MOST])
        fail("ambiguous", f"{len(found)} customers are called so: {ids}.", "Name one by its id.", as_json=as_json)
    return found[0]


# --- in words


def _row(customer: Customer, tickets: Sequence[Ticket]) -> dict[str, Any]:
    return {
        "id": customer.id,
        "name": customer.name,
        "identified": customer.identified,
        "tickets": len(tickets),
        "by_source": dict(sorted(Counter(t.source for t in tickets).items())),
        "joined_by": list(customer.joined_by),
    }


def _requesters(tickets: Sequence[Ticket], joins: Sequence[Join]) -> list[dict[str, Any]]:
    """Each requester once for each tool, with the grounds that put them here; never an address or a hash of one."""
    from bot.customers import evidence

    used = {(j.ground, j.on) for j in joins}
    theirs: dict[tuple[str, str], list[Ticket]] = defaultdict(list)
    for t in tickets:
        who = t.requester
        theirs[t.source, who.email or who.id or who.name or t.id].append(t)
    rows = []
    for (source, _), some in sorted(theirs.items(), key=lambda row: (-len(row[1]), row[0])):
        held = sorted({(g, on) for t in some for g, on in evidence(t).items()} & used)
        grounds = [f"{g.value} {on}" for g, on in held]
        rows.append({"source": source, "who": _who(some[0]), "tickets": len(some), "joined_on": grounds})
    return rows


def _who(ticket: Ticket) -> str:
    from bot.customers.organisations import mail_host, person_at

    who = ticket.requester
    if host := mail_host(who.email or who.id or ""):
        return person_at(host)
    return f"requester {who.id}" if who.id else "somebody without an address"


def _told(
    customer: Customer,
    of: str,
    tickets: Sequence[Ticket],
    joins: Sequence[Join],
    people: Sequence[Mapping[str, Any]],
) -> None:
    by_source = ", ".join(f"{source} {n:,}" for source, n in _row(customer, tickets)["by_source"].items())
    say(f"{customer.name}   {customer.id}{'' if customer.identified else '   (not identified: helps no theme pass)'}")
    say(f"{len(tickets):,} tickets ({by_source}) of {of}")
    say("\nTaken for one customer because of")
    for join in joins:
        say(f"  {join.ground.value:<12} {join.on:<40} {join.tickets:>6,} tickets")
    if not joins:
        say("  nothing: no two requesters were put together")
    say("\nRequesters")
    for one in people[:_MOST]:
        on = "; ".join(one["joined_on"]) or "nothing else is known"
        say(f"  {one['source']:<10} {one['who']:<36} {one['tickets']:>6,} tickets   {on}")
    _more(len(people))
    say("\nTickets")
    for t in tickets[:_MOST]:
        day = f"{t.created_at:%Y-%m-%d}" if t.created_at else "no date"
        say(f"  {t.id:<28} {day:<12} {t.url or ''}".rstrip())
    _more(len(tickets))


def _more(n: int) -> None:
    if n > _MOST:
        say(f"  and {n - _MOST:,} more (--json lists all)")
