"""Waiting at a terminal for effects to be carried out, and saying what became of each."""

from __future__ import annotations

import signal
import sys
from collections.abc import Iterable
from typing import NoReturn

import typer

from bot.acts import Effect, EffectState
from bot.commands.common import AWAY, FAILED, INTERRUPTED
from bot.wiring import Wired

_PATIENCE = 45.0  # seconds for one effect: a call, its window, and a first look


def settled(wired: Wired, effects: Iterable[Effect]) -> str:
    """Steps each effect until its outcome is known, parents first. Returns what to print; exits 1 or 5 where it failed.

    The effects are in the store: what is not known at the end is found out by `serve` or by asking again.
    """
    signal.signal(signal.SIGINT, _stopped)
    pending = sorted(effects, key=lambda e: e.act.after is not None)
    ended = [wired.ledger.settle(e.act.key, patience=_PATIENCE) or e for e in pending]
    failed = [e for e in ended if e.state is EffectState.FAILED]
    unsure = [e for e in ended if e.state is EffectState.UNSURE or (e.state is EffectState.PENDING)]
    for effect in (*failed, *unsure):
        sys.stderr.write(f"groundswell: {_why(effect)}\n")
    if failed:
        raise typer.Exit(FAILED)
    if unsure:
        raise typer.Exit(AWAY)
    return "\n".join(_made(e) for e in ended if e.act.after is None and e.receipt)


def _made(effect: Effect) -> str:
    where = effect.receipt.url if effect.receipt and effect.receipt.url else ""
    ref = effect.receipt.ref if effect.receipt else "?"
    what = {"slack.digest": "Posted  ", "jira.issue": "Issue   "}.get(effect.act.kind, "Done    ")
    return f"{what} {where or ref}" if effect.act.kind == "slack.digest" else f"{what} {ref}  {where}".rstrip()


def _why(effect: Effect) -> str:
    name = f"{effect.act.kind} {effect.act.marker}"
    if effect.state is EffectState.FAILED:
        return f"{name}: refused, nothing was made. {effect.error or ''}".rstrip()
    if effect.state is EffectState.UNSURE:
        return (
            f"{name}: it may or may not have been made ({effect.error}). Look, then say which it is: "
            f"groundswell effects --resolve {effect.act.marker} --adopt REF, or --resend"
        )
    return (
        f"{name}: no answer yet ({effect.error or 'waiting'}). It is kept, and found out by `groundswell serve` "
        "or by asking again; it is never sent twice."
    )


def _stopped(*_: object) -> NoReturn:
    import os

    os.write(2, b"groundswell: stopped; what had begun is kept in the database, see `groundswell effects`\n")
    os._exit(INTERRUPTED)
