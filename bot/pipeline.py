"""One run, step by step: read, redact, place in the window, synthesize, compose. Effects come in as ports."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Protocol

from bot import __version__
from bot.customers import customers
from bot.digest import Reading, digest
from bot.domain import Digest, Making, Reject, Ticket, Warned, Window
from bot.ports import Embedder, Progress, Source
from bot.redact import redacted
from bot.synthesis import Embed, Synthesis, synthesize
from bot.synthesis.rules import Rules
from bot.synthesis.words import MADE_BY
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
    """Told how a run goes on: `step` when one begins, with a callback for its progress; `done` with what came of it."""

    def step(self, name: str) -> Progress: ...

    def done(self, name: str, result: str) -> None: ...


class Unwatched:
    """A Watch that nobody looks at."""

    def step(self, name: str) -> Progress:
        return lambda done, total: None

    def done(self, name: str, result: str) -> None:
        return None


@dataclass(frozen=True, slots=True)
class Run:
    """A digest with the evidence it was made from, so that it can be verified."""

    digest: Digest
    reading: Reading


def run(
    sources: Sequence[Source], embedder: Embedder, rules: Rules, asked: Asked, now: datetime, watch: Watch | None = None
) -> Run:
    """The whole way from sources to a digest. Writes nothing and sends nothing.

    Raises Refused or Unavailable when a source can't be read, ValueError when the window can't.
    """
    watch = watch or Unwatched()
    reading, redactions = read(sources, rules, asked, now, watch)
    found = _synthesis(reading, embedder, rules, watch)
    making = _making(reading, redactions, embedder, rules, asked, now)
    making = replace(making, other_language_share=round(found.other_languages, 4))
    return Run(digest(reading, found, making, rules), reading)


def read(
    sources: Sequence[Source], rules: Rules, asked: Asked, now: datetime, watch: Watch
) -> tuple[Reading, Counter[str]]:
    """All tickets of the sources, each once, redacted, with the ones outside the window and the filters set apart."""
    named = window(asked.window, now, rules.timezone) if asked.window else None  # a wrong one fails before any work
    tickets, rejects, warnings = _collected(sources, watch)
    watch.done("Read tickets", f"{len(tickets):,}" + (f", {len(rejects):,} rows could not be read" if rejects else ""))
    period = named or spanning((t.created_at for t in tickets), rules.timezone)
    who = customers(tickets, internal_domains=asked.internal_domains)
    masked, hits = _redacted(tickets, watch)
    kept, left_out = _filtered(masked, period, asked)
    if left_out and not kept:
        warnings.append(_nothing_left(left_out, period))
    return Reading(tuple(kept), tuple(left_out), tuple(rejects), tuple(warnings), period, who), hits


def _collected(sources: Sequence[Source], watch: Watch) -> tuple[list[Ticket], list[Reject], list[Warned]]:
    progress = watch.step("Read tickets")
    latest: dict[str, Ticket] = {}
    rejects: list[Reject] = []
    warnings: dict[Warned, None] = {}
    for source in sources:
        for page in source.pages():
            for ticket in page.tickets:
                _keep_latest(latest, ticket, rejects)
            rejects.extend(page.rejects)
            warnings.update(dict.fromkeys(page.warnings))
            progress(len(latest), page.estimate or len(latest))
    return sorted(latest.values(), key=lambda t: t.id), rejects, list(warnings)


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


def _redacted(tickets: Iterable[Ticket], watch: Watch) -> tuple[list[Ticket], Counter[str]]:
    tickets = list(tickets)
    progress = watch.step("Redact")
    hits: Counter[str] = Counter()
    masked = []
    for n, ticket in enumerate(tickets, 1):
        clean, found = redacted(ticket)
        masked.append(clean)
        hits.update(found)
        progress(n, len(tickets))
    watch.done("Redact", f"{sum(hits.values()):,} pieces of personal data masked")
    return masked, hits


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
        return "written by staff"
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


def _synthesis(reading: Reading, embedder: Embedder, rules: Rules, watch: Watch) -> Synthesis:
    """Drives `synthesize`: answers what it asks for."""
    asking = synthesize(reading.tickets, reading.customers, rules)
    try:
        need: Embed = next(asking)
        while True:
            progress = watch.step(need.what)
            vectors = embedder.embed(need.texts, progress)
            watch.done(need.what, f"{len(need.texts):,} texts")
            need = asking.send(vectors)
    except StopIteration as finished:
        found: Synthesis = finished.value
        return found


def _making(
    reading: Reading, redactions: Counter[str], embedder: Embedder, rules: Rules, asked: Asked, now: datetime
) -> Making:
    """The run id comes from what was read and asked, so that the same question has the same name."""
    told = [embedder.id, asked.config_hash, asked.window or "", *sorted(asked.areas), *sorted(asked.sources)]
    told += [f"{t.id}\x1f{t.subject}\x1f{t.body}" for t in reading.everything]
    by_source = Counter(t.source for t in reading.everything)
    return Making(
        run_id=f"manual:{hashlib.sha256(chr(30).join(told).encode('utf-8', 'replace')).hexdigest()[:12]}",
        made_at=now,
        version=__version__,
        embedder=embedder.id,
        drafter=MADE_BY,
        seed=rules.seed,
        config_hash=asked.config_hash,
        sources=tuple(sorted(by_source.items())),
        redactions=dict(sorted(redactions.items())),
    )
