"""Waiting at a terminal for effects to be carried out, and saying what became of each."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterable
from dataclasses import dataclass
from typing import NoReturn

from bot.acts import Effect, EffectState
from bot.commands.common import AWAY, FAILED, INTERRUPTED
from bot.wiring import Wired

_PATIENCE = 45.0  # seconds for one effect: a call, its window, and a first look
_MADE = {"slack.digest": "Posted  ", "jira.issue": "Issue   ", "jira.withdraw": "Withdrawn", "jira.close": "Status  "}
_MADE |= {"jira.comment": "Comment ", "jira.comment-update": "Comment "}


@dataclass(frozen=True, slots=True)
class Ended:
    """What became of effects that a command waited for, parents first."""

    effects: tuple[Effect, ...]

    @property
    def made(self) -> list[str]:
        """A line for each thing that now exists; what hangs on another thing goes without saying."""
        return [_made(e) for e in self._own if e.receipt]

    @property
    def faults(self) -> list[str]:
        """A sentence for each that did not come to be; what hangs on one of those is not told."""
        wrong = {e.act.key for e in self._wrong}
        return [_why(e) for e in self.effects if e.state in _WRONG and e.act.after not in wrong]

    @property
    def status(self) -> int:
        """The exit code: that of what was asked for, whatever became of the links that hang on it."""
        states = {e.state for e in self._wrong}
        return FAILED if EffectState.FAILED in states else AWAY if states else 0

    @property
    def _own(self) -> list[Effect]:
        keys = {e.act.key for e in self.effects}
        return [e for e in self.effects if e.act.after not in keys]

    @property
    def _wrong(self) -> list[Effect]:
        return [e for e in self._own if e.state in _WRONG]


_WRONG = (EffectState.FAILED, EffectState.UNSURE, EffectState.PENDING)


def settled(wired: Wired, effects: Iterable[Effect]) -> Ended:
    """Steps each effect until its outcome is known, parents first.

    The effects are in the store: what is not known at the end is found out by `serve` or by asking again.
    """
    signal.signal(signal.SIGINT, _stopped)
    pending = sorted(effects, key=lambda e: e.act.after is not None)
    return Ended(tuple(wired.ledger.settle(e.act.key, patience=_PATIENCE) or e for e in pending))


def posted(wired: Wired, run_key: str) -> Ended:
    """Sends the posts of a run, and nothing else of what was decided on it: what was posted stays, what was refused is
    sent again. Raises Refused where there is nothing to post, or nowhere."""
    wired.announce(run_key)
    return settled(wired, [e for e in wired.parts.store.effects.of_run(run_key) if e.act.kind.startswith("slack.")])


def _made(effect: Effect) -> str:
    where = effect.receipt.url if effect.receipt and effect.receipt.url else ""
    ref = effect.receipt.ref if effect.receipt else "?"
    what = _MADE.get(effect.act.kind, "Done    ")
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
    os.write(2, b"groundswell: stopped; what had begun is kept in the database, see `groundswell effects`\n")
    os._exit(INTERRUPTED)
