"""A decision to put a theme's evidence on an issue that exists -> what is to be written for it. Pure.

A theme has one comment on an issue. The first decision makes it, each later one changes it, and an undo makes it say
again what it said before; so whoever asks twice, in whatever month, finds one comment. Where somebody deleted it, the
tracker is asked, and the next decision makes a new one.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from bot.acts import Act, Decision, Draft, Effect, EffectState, Stage, Standing, Verdict
from bot.corrections import fold
from bot.corrections.entered import NotPossible
from bot.domain import Theme
from bot.ports import Backlog, Refused, Sink, Unavailable
from bot.tracker.sinks import Sinks

KEY = re.compile(r"[A-Z][A-Z0-9_]+-[1-9][0-9]{0,17}")


@dataclass(frozen=True, slots=True)
class Known:
    """A theme as it stands, with its log and the effects that the log names."""

    now: Standing
    log: Sequence[Decision]
    effects: Mapping[str, Effect]


def evidence(theme: Theme) -> list[str]:
    """The tickets behind a theme, by ids that are the same in every digest: an id that people see has its source before
    it only where two sources have the same one."""
    source = {e.ticket_id: e.source for e in theme.evidence}
    return [i if i.startswith(f"{source.get(i, '')}:") else f"{source.get(i, '')}:{i}" for i in theme.members]


def news(now: Standing, theme: Theme, run_key: str) -> int:
    """How many of a theme's tickets its issue does not know; those that a merge or a later month brought."""
    if now.sent is None:  # decided before that was kept: by whether it was decided on this digest
        return 0 if now.run_key == run_key else theme.counts.tickets
    return len(set(evidence(theme)) - now.sent)


def issue_of(known: Known, wanted: str, theme: Theme, run_key: str) -> str:
    """The issue that the evidence goes to. Raises NotPossible where it can't go there, or is there already."""
    own = known.now.receipt.ref if known.now.stage is Stage.CREATED and known.now.receipt else None
    issue = wanted or own or ""
    if not KEY.fullmatch(issue):
        raise NotPossible("Say which issue the evidence goes to, by its key, as BILL-123.")
    if own is not None and issue != own:
        raise NotPossible(f"The theme is in {own}, so its evidence goes there. Or undo that first.")
    if own is not None and not news(known.now, theme, run_key):
        raise NotPossible(f"{own} has the evidence of this digest already.")
    return issue


def acts(sink: Sink | None, known: Known, draft: Draft, issue: str) -> Sequence[Act]:
    """What is written, in order. Raises NotPossible without a tracker that takes evidence."""
    if sink is None or not isinstance(sink, Backlog):
        raise NotPossible("No issue tracker is configured that takes evidence, so nothing was done.")
    made, number = comment(known, issue), len(known.log) + 1
    there = made is not None and not _is_gone(sink, made)
    return sink.renew(draft, made.act, number) if made and there else sink.attach(draft, issue, number)


def is_gone(sink: Sink | None, known: Known) -> bool:
    """Whether somebody deleted the comment that the tracker refused to change: then trying again would for ever be
    refused, and attaching again makes a new one."""
    made, refused = comment(known, known.now.attached), known.effects.get(known.now.effect_key or "")
    changes = refused is not None and refused.act.after is not None
    if sink is None or made is None or not isinstance(sink, Backlog):
        return False
    return changes and _is_gone(sink, made)


def _is_gone(sink: Backlog, made: Effect) -> bool:
    """Only where that is certain, so that there are never two."""
    try:
        return made.receipt is not None and not sink.stands(made.receipt)
    except (Unavailable, Refused):
        return False


def taken_back(sink: Sink | None, known: Known, draft: Draft, undone: Decision) -> Sequence[Act]:
    """What makes the comment say what it said before `undone`; with the theme's last evidence goes what stands beside
    the tracker, too."""
    issue = str(undone.payload["issue"])
    made = comment(known, issue)
    if sink is None or not isinstance(sink, Backlog) or made is None:
        raise NotPossible(
            f"No issue tracker is configured, so the comment on {issue} can't be changed. Change it there."
        )
    last = not any(d.verdict in fold.HOLDS and d.number != undone.number for d in fold.in_force(known.log))
    beside = sink.beside_withdrawn(draft) if last and isinstance(sink, Sinks) else ()
    return [sink.detach(draft, made.act, len(known.log) + 1, _former(known, undone)), *beside]


def comment(known: Known, issue: str) -> Effect | None:
    """What made the theme's comment on the issue, whatever was undone since; the last one, where a former was deleted.
    None: there is none."""
    made = [e for _, e in _attached(known, known.log, issue) if e.act.after is None]
    return made[-1] if made else None


def _former(known: Known, undone: Decision) -> Act | None:
    before = [d for d in fold.in_force(known.log) if d.number < undone.number]
    return next((e.act for _, e in reversed(_attached(known, before, str(undone.payload["issue"])))), None)


def _attached(known: Known, log: Sequence[Decision], issue: str) -> list[tuple[Decision, Effect]]:
    """The decisions that put evidence there, each with the effect that did it."""
    ours = [d for d in log if d.verdict is Verdict.ATTACH and d.payload.get("issue") == issue]
    pairs = [(d, known.effects.get(str(d.payload.get("effect")))) for d in ours]
    return [(d, e) for d, e in pairs if e is not None and e.state is EffectState.DONE]
