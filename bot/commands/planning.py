"""`run last-quarter`: the sum of three months' digests, where they are stored."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import typer

from bot.commands.common import PARTIAL, tell

if TYPE_CHECKING:
    from bot.months.rollup import Rollup
    from bot.runs import Request
    from bot.wiring import Wired


def summed(wired: Wired, request: Request, *, as_json: bool, quiet: bool) -> bool:
    """Whether a quarter was asked for and its months are stored: then their sum is printed, and nothing is read.

    Where a month is missing, that is said, and the quarter is clustered from its tickets like any other window.
    """
    from bot.window import months

    parts = months(request.window) if request.window else []
    if not parts:
        return False
    keys = wired.parts.store.runs.of_windows(parts, request.told())
    lacking = [w.label for w, key in zip(parts, keys, strict=True) if key is None]
    if lacking:
        if not quiet:
            told = f"no digest of {' or '.join(lacking)} is stored, so the quarter is clustered from its own tickets"
            sys.stderr.write(f"groundswell: {told}\n")
        return False
    rollup = _rolled_up(wired, request, [key for key in keys if key])
    if rollup is None:
        return False
    _told(rollup, as_json=as_json)
    if rollup.missing:
        sys.stderr.write(f"groundswell: {rollup.missing[0]}\n")
        raise typer.Exit(PARTIAL)
    return True


def _rolled_up(wired: Wired, request: Request, keys: list[str]) -> Rollup | None:
    """None: the evidence of a month is not there any more."""
    from bot import current
    from bot.months.rollup import rolled_up

    store, found = wired.parts.store, []
    for key in keys:
        digest, frozen = current.digest(store, key), store.runs.frozen(key)
        if digest is None or frozen is None:
            return None
        found.append((digest, frozen[0]))
    assert request.window is not None  # noqa: S101 - its months were found
    return rolled_up(request.window, found, tuple(wired.parts.internal_domains))


def _told(rollup: Rollup, *, as_json: bool) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    from bot import phrases
    from bot.months.rollup import told

    if as_json:
        tell(told(rollup))
        return
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), show_edge=False, header_style="bold")
    table.add_column("Theme", ratio=1, overflow="fold")
    labels = [phrases.month_short(m.label) for m in rollup.themes[0].months] if rollup.themes else []
    for heading in ("Tickets", *labels, "Cust."):
        table.add_column(heading, justify="right", no_wrap=True)
    for s in rollup.themes:
        figures = (s.tickets, *(m.tickets for m in s.months), s.customers)
        table.add_row(Text(phrases.heading(s.name)), *(Text(phrases.number(n)) for n in figures))
    console = Console(highlight=False)
    for note in rollup.missing:
        console.print(Text(f"Note  {phrases.line(note)}"))
    console.print(Text(_made_from(rollup)), table if rollup.themes else Text("No month had a theme."), sep="\n")


def _made_from(rollup: Rollup) -> str:
    from bot.phrases import count

    read, who = count(rollup.tickets_read, "ticket"), count(rollup.customers, "customer")
    return (
        f"{rollup.window.label}: the sum of {len(rollup.run_keys)} stored monthly digests, each customer counted once. "
        f"{read} read, {who}. --again clusters the quarter's tickets instead.\n"
    )
