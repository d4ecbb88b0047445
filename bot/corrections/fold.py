"""A log of decisions -> what stands: where one theme is, and which corrections bind. Pure.

Nothing is stored twice: what people see is always this fold of what was decided, so that an undo gives back exactly
what was there before.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from itertools import pairwise

from bot.acts import Decision, Effect, EffectState, Receipt, Stage, Standing, Verdict

_STAGE = {
    EffectState.DONE: Stage.CREATED,
    EffectState.FAILED: Stage.REFUSED,
    EffectState.UNSURE: Stage.UNSURE,
    EffectState.CANCELLED: Stage.CREATING,  # only for the moment between a cancellation and its undo, one transaction
}
_PLACES = {
    Verdict.APPROVE: Stage.APPROVED,
    Verdict.ATTACH: Stage.APPROVED,
    Verdict.REJECT: Stage.REJECTED,
    Verdict.SNOOZE: Stage.SNOOZED,
    Verdict.MERGE: Stage.MERGED,
}
HOLDS = (Verdict.APPROVE, Verdict.ATTACH)  # they put evidence into an issue
CORRECTIONS = (
    Verdict.MERGE,
    Verdict.SPLIT,
    Verdict.MOVE,
    Verdict.RENAME,
    Verdict.EDIT,
    Verdict.REJECT,
    Verdict.SNOOZE,
)


def in_force(log: Sequence[Decision]) -> list[Decision]:
    """The decisions of one theme that were not taken back, oldest first.

    An undo takes back the line that it names, or the last that stands; with nothing to take back it says nothing.
    """
    stands: list[Decision] = []
    for decision in log:
        if decision.verdict is not Verdict.UNDO:
            stands.append(decision)
        elif (undone := _undone(stands, decision.payload.get("undoes"))) is not None:
            stands.remove(undone)
    return stands


def _undone(stands: Sequence[Decision], number: int | None) -> Decision | None:
    return next((d for d in reversed(stands) if number is None or d.number == number), None)


def standing(theme_id: str, log: Sequence[Decision], effects: Mapping[str, Effect]) -> Standing:
    """Where a theme is. `effects` by key; those that the log names and that are missing count as not sent yet."""
    stands = in_force(log)
    now = Standing(theme_id, generation=1 + _given_up(log), number=log[-1].number if log else 0)
    placed = next((d for d in reversed(stands) if d.verdict in _PLACES), None)
    if placed is None:
        return now
    kept = [d.payload["evidence"] for d in stands if d.verdict in HOLDS and "evidence" in d.payload]
    sent = frozenset(i for ids in kept for i in ids) if kept else None
    return _with_effect(replace(_at(now, placed), sent=sent), effects)


def _given_up(log: Sequence[Decision]) -> int:
    """How often an approval was taken back, or the last of what was attached: what is made after that is made anew."""
    held = [[d.verdict for d in in_force(log[:n]) if d.verdict in HOLDS] for n in range(len(log) + 1)]
    given = (
        before.count(Verdict.APPROVE) > after.count(Verdict.APPROVE) or (before and not after)
        for before, after in pairwise(held)
    )
    return sum(map(bool, given))


def _at(now: Standing, d: Decision) -> Standing:
    key = d.payload.get("effect") if d.verdict in (Verdict.APPROVE, Verdict.ATTACH) else None
    until = d.payload.get("until")
    return replace(
        now,
        stage=Stage.CREATING if key else _PLACES[d.verdict],
        actor=d.actor,
        by=d.by,
        at=d.at,
        note=d.note,
        run_key=d.run_key,
        effect_key=key,
        decision=d.number,
        reason=d.payload.get("reason", ""),
        into=d.payload.get("into"),
        into_name=str(d.payload.get("into_name") or ""),
        until=datetime.fromisoformat(until) if until else None,
        growth=d.payload.get("growth"),
        attached=str(d.payload.get("issue", "")) if d.verdict is Verdict.ATTACH else "",
    )


def _with_effect(now: Standing, effects: Mapping[str, Effect]) -> Standing:
    effect = effects.get(now.effect_key or "")
    if effect is None:
        return now
    stage = _STAGE.get(effect.state, Stage.UNKNOWN if effect.unknown else Stage.CREATING)
    receipt = effect.receipt
    if receipt is not None and now.attached:  # what people look for is the issue, and not our comment's number
        receipt = Receipt(now.attached, receipt.url)
    return replace(now, stage=stage, receipt=receipt, error=effect.error)


def corrections(logs: Iterable[Sequence[Decision]]) -> tuple[Decision, ...]:
    """What people corrected and did not take back, over all themes, in the order in which it was said."""
    stands = [d for log in logs for d in in_force(log) if d.verdict in CORRECTIONS]
    return tuple(sorted(stands, key=lambda d: (d.at, d.theme_id, d.number)))


def target(theme_id: str, merged: Mapping[str, str]) -> str:
    """Where a theme's tickets are now, through any number of merges. Two that swallowed each other at once stay."""
    seen = [theme_id]
    while (into := merged.get(seen[-1])) is not None:
        if into in seen:
            return min(seen[seen.index(into) :])
        seen.append(into)
    return seen[-1]
