"""Taking back: a correction always, an approval for some minutes and never against what became of its issue."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from bot.acts import Effect, EffectState, Stage, Verdict
from bot.corrections import fold
from bot.corrections.entered import NotPossible
from bot.corrections.honoured import TAKEN_BACK
from bot.decisions.wishes import Deciding, Outcome, Result, ref
from bot.store import Store
from bot.tracker import attaching, linkback

UNDO_WITHIN = timedelta(minutes=10)


def undo(d: Deciding) -> Outcome | None:
    """What is named; else what put the theme where it stands, which is what its row shows; else the last correction."""
    in_force = fold.in_force(d.log)
    number = d.wish.payload.get("undoes") or d.now.decision
    undone = next((x for x in reversed(in_force) if not number or x.number == number), None)
    if undone is None:
        return Outcome(Result.IMPOSSIBLE, d.now, "There is nothing to undo.")
    payload = {"undoes": undone.number}
    if undone.verdict not in (Verdict.APPROVE, Verdict.ATTACH):
        return d.written(f"Undone. {TAKEN_BACK[undone.verdict]}", payload=payload)
    if undone.number != d.now.decision:
        return Outcome(Result.IMPOSSIBLE, d.now, "Undo first what was decided after it.")
    return _unapproved(d, payload)


def _unapproved(d: Deciding, payload: Mapping[str, Any]) -> Outcome | None:
    stage, at = d.now.stage, d.store.now()
    if stage is Stage.APPROVED:
        return d.written("Undone. The theme is open again.", payload=payload)
    if stage is Stage.REFUSED:
        return d.written("Undone. The theme is open again.", cancel=d.now.effect_key, payload=payload)
    if stage is Stage.CREATING:
        undone = d.written("Undone before anything was sent.", cancel=d.now.effect_key, payload=payload)
        return undone or _still_creating(d)
    if stage in (Stage.UNKNOWN, Stage.UNSURE):
        return Outcome(
            Result.IMPOSSIBLE,
            d.now,
            "It is not known yet whether the issue exists; undo it once that is clear.",
        )
    if d.now.at is not None and at - d.now.at > UNDO_WITHIN:
        where = d.now.receipt.ref if d.now.receipt else "the issue"
        minutes = int(UNDO_WITHIN.total_seconds() // 60)
        return Outcome(
            Result.IMPOSSIBLE,
            d.now,
            f"Approvals can be undone for {minutes} minutes. Change {where} itself.",
        )
    return _detached(d, payload) if d.now.attached else _withdrawn(d, payload)


def _detached(d: Deciding, payload: Mapping[str, Any]) -> Outcome | None:
    undone = next(x for x in d.log if x.number == payload["undoes"])
    if d.subject.item is None:
        return Outcome(Result.IMPOSSIBLE, d.now, f"The theme is not shown any more. Change {d.now.attached} itself.")
    try:
        acts = attaching.taken_back(d.sink, d.known, d.draft(d.wish.by, d.store.now()), undone)
    except NotPossible as why:
        return Outcome(Result.IMPOSSIBLE, d.now, str(why))
    acts = [act for act in acts if _may_be_made(d.store, act.after)]
    told = f"Undone. The comment on {d.now.attached} says what it said before, or that it was withdrawn."
    links = _links(d)
    return d.written(f"{told}{linkback.stays(links)}", acts, payload=payload, ends=[e.act.key for e in links])


def _still_creating(d: Deciding) -> Outcome | None:
    """The cancellation or the number was lost: to a sender, which is told, or to another decision, which is read."""
    effect = d.store.effects.get(d.now.effect_key or "")
    if effect is not None and effect.unknown:
        return Outcome(
            Result.IMPOSSIBLE,
            d.now,
            "The issue is being made at this moment; undo it when it is there.",
        )
    return None


def _withdrawn(d: Deciding, payload: Mapping[str, Any]) -> Outcome | None:
    made = d.now.receipt
    if d.sink is None or made is None or d.subject.item is None:
        why = f"No issue tracker is configured, so {ref(made)} can't be marked as withdrawn. Change it there."
        return Outcome(Result.IMPOSSIBLE, d.now, why)
    takes_back = d.sink.withdrawal(d.draft(d.now.by, d.now.at or d.store.now()), made)
    acts = tuple(act for act in takes_back if _may_be_made(d.store, act.after))
    links = _links(d)
    told = f"Undone. {ref(made)} is marked as withdrawn; nothing was deleted.{linkback.stays(links)}"
    return d.written(told, acts, payload=payload, ends=[e.act.key for e in links])


def _links(d: Deciding) -> list[Effect]:
    """What tells tickets of the issue by this very decision."""
    made = linkback.made(d.store.effects.of_theme(d.wish.theme_id), d.now)
    return [e for e in made if e.act.after == d.now.effect_key]


def _may_be_made(store: Store, key: str | None) -> bool:
    """What never came to be beside the tracker needs no taking back, and would be waited for without end."""
    effect = store.effects.get(key or "")
    return effect is not None and effect.state not in (EffectState.FAILED, EffectState.CANCELLED)
