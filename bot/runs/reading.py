"""What a run looks at: tickets of all sources, each once, redacted, in the window, and whom each counts for."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, tzinfo
from typing import Protocol

from bot.customers import customers
from bot.digest import Reading
from bot.domain import MADE, Reject, Ticket, Warned, Window
from bot.mirrors import REACH, why_copied
from bot.phrases import count
from bot.ports import Progress, Source
from bot.redact import placeholders, redacted
from bot.synthesis.noise import why_noise, why_staff
from bot.synthesis.rules import Rules
from bot.window import spanning, window


@dataclass(frozen=True, slots=True)
class Asked:
    """What a run was asked for. `window` None: all rows (a file's default). Empty filters let everything through."""

    window: str | None = None
    areas: Collection[str] = ()
    sources: Collection[str] = ()
    internal_domains: Collection[str] = ()
    config_hash: str = ""


class Watch(Protocol):
    """Told how a run goes on: `step` when one begins, with a callback for its progress; `done` with what came of it.
    Not `well`: not what was wanted."""

    def step(self, name: str) -> Progress: ...

    def done(self, name: str, result: str, *, well: bool = True) -> None: ...


class Unwatched:
    """A Watch that nobody looks at."""

    def step(self, name: str) -> Progress:
        return lambda done, total: None

    def done(self, name: str, result: str, *, well: bool = True) -> None:
        return None


Hide = Callable[[Ticket], Ticket]  # what is done to a ticket before anything else sees it


def masked(ticket: Ticket) -> Ticket:
    """Personal data out of the text: the least that is done to every ticket."""
    return redacted(ticket)[0]


def read(
    sources: Sequence[Source], rules: Rules, asked: Asked, now: datetime, watch: Watch, hide: Hide = masked
) -> Reading:
    """All tickets of the sources, as `arranged` has them. Raises Refused, Unavailable, ValueError (the window)."""
    named = window(asked.window, now, rules.timezone) if asked.window else None  # a wrong one fails before any work
    collected = collect(sources, watch)
    told = f", {count(len(collected.rejects), 'row')} could not be read" if collected.rejects else ""
    watch.done("Read tickets", f"{len(collected.tickets):,}{told}")
    for said in collected.understood:
        watch.done("Columns", said)
    return arranged(redact(collected, hide, watch), asked, rules, named)


@dataclass(frozen=True, slots=True)
class Collected:
    """What sources handed over, each ticket once. `earlier`: from before the window, by which copies in it are told."""

    tickets: tuple[Ticket, ...]
    rejects: tuple[Reject, ...] = ()
    warnings: tuple[Warned, ...] = ()
    earlier: tuple[Ticket, ...] = ()
    understood: tuple[str, ...] = ()


def collect(sources: Sequence[Source], watch: Watch) -> Collected:
    """Every page of every source; of two versions of one ticket the later one."""
    progress = watch.step("Read tickets")
    latest: dict[str, Ticket] = {}
    rejects: list[Reject] = []
    warnings: dict[Warned, None] = {}
    understood: list[str] = []
    for source in sources:
        for page in source.pages():
            for ticket in page.tickets:
                _keep_latest(latest, ticket, rejects)
            rejects.extend(page.rejects)
            warnings.update(dict.fromkeys(page.warnings))
            understood += page.understood
            progress(len(latest), page.estimate or len(latest))
    once, again = _told_once(latest.values())
    warnings.update(dict.fromkeys(again))
    return Collected(
        tuple(sorted(once, key=lambda t: t.id)), tuple(rejects), tuple(warnings), understood=tuple(understood)
    )


def _told_once(tickets: Iterable[Ticket]) -> tuple[list[Ticket], list[Warned]]:
    """What stands in two files word for word, under one id, is one ticket: an id that is only made from the text is no
    proof, unless there is nothing else in the second file."""
    told: dict[str, dict[Ticket, Ticket]] = {}
    for ticket in tickets:
        told.setdefault(ticket.source, {})[replace(ticket, source="")] = ticket
    seen: set[Ticket] = set()
    once: list[Ticket] = []
    for found in told.values():
        whole = found.keys() <= seen
        once += [t for bare, t in found.items() if bare not in seen or not (whole or not bare.key.startswith(MADE))]
        seen |= found.keys() if len(told) > 1 else set()
    again = sum(map(len, told.values())) - len(once)
    what = "One ticket stands" if again == 1 else f"{again:,} tickets stand"
    is_are = "is" if again == 1 else "are"
    said = Warned("told_twice", f"{what} in two of the files, word for word, and {is_are} counted once.")
    return once, [said] if again else []


def redact(collected: Collected, hide: Hide, watch: Watch) -> Collected:
    progress = watch.step("Redact")
    hidden = []
    for n, ticket in enumerate(collected.tickets, 1):
        hidden.append(hide(ticket))
        progress(n, len(collected.tickets))
    watch.done("Redact", f"{count(sum(placeholders(hidden).values()), 'piece')} of personal data masked")
    return replace(collected, tickets=tuple(hidden))


def arranged(collected: Collected, asked: Asked, rules: Rules, period: Window | None) -> Reading:
    """The tickets that are looked at, and those that the window, a filter, their writer or a copy takes out. Pure."""
    tickets = collected.tickets
    period = period or spanning((t.created_at for t in tickets), rules.timezone)
    kept, left_out = _filtered(tickets, period, asked)
    read = {t.id for t in tickets}
    before = [t for t in collected.earlier if t.id not in read and _is_just_before(t, period, asked)]
    kept, copies, bearing = _once(kept, before, period.start.tzinfo if period.start else None)
    left_out += copies
    warnings = collected.warnings
    if left_out and not kept:
        warnings = (*warnings, _nothing_left(left_out, period))
    who = customers(tickets, internal_domains=asked.internal_domains)
    return Reading(tuple(kept), tuple(left_out), collected.rejects, warnings, period, who, bearing)


def _keep_latest(latest: dict[str, Ticket], ticket: Ticket, rejects: list[Reject]) -> None:
    """The same ticket from two files: the later one wins, and the other is reported."""
    known = latest.get(ticket.id)
    if known is None:
        latest[ticket.id] = ticket
        return
    first, second = sorted((known, ticket), key=_age)
    latest[ticket.id] = second
    why = (
        "the same ticket was read twice"
        if replace(first, updated_at=second.updated_at) == second
        else "another version of the same ticket was kept"
    )
    rejects.append(Reject(f"ticket {ticket.id}", why))


def _age(ticket: Ticket) -> tuple[float, str, str]:
    return (ticket.updated_at.timestamp() if ticket.updated_at else float("-inf"), ticket.subject, ticket.body)


def _filtered(tickets: Iterable[Ticket], period: Window, asked: Asked) -> tuple[list[Ticket], list[tuple[Ticket, str]]]:
    kept: list[Ticket] = []
    left_out: list[tuple[Ticket, str]] = []
    for ticket in tickets:
        why = _why_out(ticket, period, asked)
        if why is None:
            kept.append(ticket)
        else:
            left_out.append((ticket, why))
    return kept, left_out


def _once(
    kept: Sequence[Ticket], earlier: Sequence[Ticket], zone: tzinfo | None
) -> tuple[list[Ticket], list[tuple[Ticket, str]], tuple[Ticket, ...]]:
    """Copies in another tool are left out; what nobody wrote on purpose is no original of anything.

    An incident belongs to the window of its original, and so does its copy. Also: the earlier tickets that show it.
    """
    reasons, bearing = why_copied([t for t in kept if why_noise(t) is None], earlier, zone)
    copied = [(t, reasons[t.id]) for t in kept if t.id in reasons]
    return [t for t in kept if t.id not in reasons], copied, bearing


def _is_just_before(ticket: Ticket, period: Window, asked: Asked) -> bool:
    """Whether a copy in the window may have it as its original."""
    at, start = ticket.created_at, period.start
    if at is None or start is None or not start - REACH <= at < start:
        return False
    return _why_out(ticket, replace(period, start=start - REACH), asked) is None and why_noise(ticket) is None


def _why_out(ticket: Ticket, period: Window, asked: Asked) -> str | None:
    if asked.window and ticket.created_at is None:
        return "no date, so in no window"
    if asked.window and ticket.created_at is not None and not period.holds(ticket.created_at):
        return "outside the window"
    if asked.sources and ticket.source.casefold() not in {s.casefold() for s in asked.sources}:
        return "another source"
    if asked.areas and (ticket.area or "").casefold() not in {a.casefold() for a in asked.areas}:
        return "another product area"
    if ticket.requester.staff:
        return why_staff(ticket)
    return None


def _nothing_left(left_out: Sequence[tuple[Ticket, str]], period: Window) -> Warned:
    reasons = Counter(why for _, why in left_out)
    told = ", ".join(f"{n:,} {why}" for why, n in sorted(reasons.items()))
    newest = max((t.created_at for t, _ in left_out if t.created_at), default=None)
    dated = f" The newest ticket is of {newest:%Y-%m-%d}." if newest else ""
    return Warned(
        "nothing_in_window",
        f"No ticket is left for {period.label} ({told}).{dated} For a file, leave the window out or name the dates.",
    )
