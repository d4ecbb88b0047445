"""`undo`: what a theme's row shows, or the newest decision of all where no theme is named."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated

import typer

from bot.commands.common import AsJson, ConfigFile, RunKey, Yes, agreed, fail, opened, settings
from bot.commands.themes import Note, Subject, about, decided, theme_of, wired_to

if TYPE_CHECKING:
    from bot.acts import Decision
    from bot.store import Store
    from bot.wiring import Wired

_LOOKED_AT = 1_000  # themes that somebody decided on
Which = Annotated[
    str | None,
    typer.Argument(
        help="The theme: its number in the digest, or its id (t-...); without one, the newest decision is taken back.",
        show_default=False,
    ),
]


def add_to(app: typer.Typer) -> None:
    app.command()(undo)


def undo(
    theme: Which = None,
    run: RunKey = None,
    note: Note = "",
    yes: Yes = False,
    as_json: AsJson = False,
    config: ConfigFile = None,
) -> None:
    """Take back what put a theme where it stands, else the last correction; an issue is never deleted."""
    from bot.acts import Verdict

    if theme is None:
        told = settings(config)
        with opened(told, as_json=as_json) as store:
            chosen = newest(store)
            if chosen is None:
                fail("impossible", "There is nothing to undo.", as_json=as_json)
            agreed(f"Take back the newest decision: {says(store, chosen)}?", yes, as_json=as_json)
            subject = _of(store, chosen, wired=lambda: wired_to(told, store), as_json=as_json)
            decided(subject, Verdict.UNDO, as_json=as_json, note=note, given={"undoes": chosen.number})
        return
    with about(theme, run, config, as_json=as_json) as subject:
        _named(subject, note, yes, as_json=as_json)


def newest(store: Store) -> Decision | None:
    """The last decision of anybody on any theme that was not taken back."""
    from bot.corrections import fold

    logs = store.decisions.of([d.theme_id for d in store.decisions.latest(_LOOKED_AT)])
    stands = [d for log in logs.values() for d in fold.in_force(log)]
    return max(stands, key=lambda d: (d.at, d.theme_id, d.number), default=None)


def says(store: Store, d: Decision) -> str:
    """ "“Late invoices” stays a part of “Invoices”, merged by dana on 3 November"."""
    from bot.acts import Verdict
    from bot.corrections.honoured import VERBS, actor, rule

    if d.verdict in VERBS:
        return rule(d)
    did = "approved" if d.verdict is Verdict.APPROVE else "attached to an issue"
    digest = store.runs.digest(d.run_key)
    name = next((t.words.name for t in digest.themes if t.id == d.theme_id), "") if digest else ""
    return f"{f'“{name}”' if name else d.theme_id} was {did} by {actor(d.by)} on {d.at.day} {d.at:%B}"


def _of(store: Store, chosen: Decision, wired: Callable[[], Wired], *, as_json: bool) -> Subject:
    """The theme as the digest found it on which it was decided."""
    digest = store.runs.digest(chosen.run_key)
    if digest is None:
        fail("no_run", f"the digest it was decided on, {chosen.run_key}, is gone.", as_json=as_json)
    theme = theme_of(store, chosen.run_key, digest, chosen.theme_id, as_json=as_json)
    return Subject(wired(), chosen.run_key, digest, theme)


def _named(subject: Subject, note: str, yes: bool, *, as_json: bool) -> None:
    from bot.acts import Stage, Verdict
    from bot.corrections import fold

    now, theme = subject.now, subject.theme
    if not fold.in_force(subject.store.decisions.of([theme.id])[theme.id]):
        nothing = f"There is nothing to undo of “{theme.words.name}”."
        fail("impossible", nothing, _instead(subject.store, theme.id), as_json=as_json)
    if now.stage is Stage.CREATED and now.receipt:
        agreed(f"Mark {now.receipt.ref} as withdrawn?", yes, as_json=as_json)
    decided(replace(subject, key=now.run_key or subject.key), Verdict.UNDO, as_json=as_json, note=note)


def _instead(store: Store, theme_id: str) -> str:
    """What may be meant: a correction of another theme that shaped this one, else the newest decision."""
    from bot import current

    shaping = [d for d in current.corrections(store) if theme_id in (d.payload.get("into"), d.payload.get("part"))]
    if shaping:
        return f"{says(store, shaping[-1])}: groundswell undo {shaping[-1].theme_id}"
    last = newest(store)
    return f"The newest decision is another: {says(store, last)}. Take it back with: groundswell undo" if last else ""
