"""Approving: a draft issue of its own, the evidence onto an issue that exists, or once more what was refused."""

from __future__ import annotations

from bot.acts import Stage
from bot.corrections.entered import NotPossible
from bot.decisions.standings import standings
from bot.decisions.wishes import Deciding, Outcome, Result, already
from bot.tracker import attaching


def approve(d: Deciding) -> Outcome | None:
    if d.now.stage is Stage.REFUSED:
        return attach(d) if d.now.attached else _again(d)
    if d.now.stage is not Stage.OPEN:
        return Outcome(Result.ALREADY, d.now, already(d.now))
    fields = dict(d.wish.payload.get("fields", {}))
    payload = {
        "name": d.subject.theme.words.name,
        "evidence": attaching.evidence(d.subject.theme),
        **({"fields": fields} if fields else {}),
    }
    acts = tuple(d.sink.plan(d.draft(d.wish.by, d.store.now()))) if d.sink else ()
    if not acts:
        return d.written(
            "Approved. No issue tracker is configured, so nothing was sent anywhere.",
            payload=payload,
        )
    return d.written(
        "Approved. The draft issue is being made.",
        acts,
        effect=acts[0].key,
        payload=payload,
    )


def attach(d: Deciding) -> Outcome | None:
    """Evidence onto an issue that exists: of a theme that is open, or that is in that issue since another month."""
    refused = d.now.stage is Stage.REFUSED and bool(d.now.attached)
    if refused and d.now.effect_key and not attaching.is_gone(d.sink, d.known):
        d.store.effects.retry(d.now.effect_key)
        now = standings(d.store, [d.wish.theme_id])[d.wish.theme_id]
        return Outcome(Result.DONE, now, "Trying again with the same evidence.", d.now.effect_key)
    if d.now.stage not in (Stage.OPEN, Stage.CREATED) and not refused:
        return Outcome(Result.ALREADY, d.now, already(d.now))
    wanted = str(d.wish.payload.get("issue") or (d.now.attached if refused else ""))
    try:
        issue = attaching.issue_of(d.known, wanted, d.subject.theme, d.wish.run_key)
        acts = attaching.acts(d.sink, d.known, d.draft(d.wish.by, d.store.now()), issue)
    except NotPossible as why:
        return Outcome(Result.IMPOSSIBLE, d.now, str(why))
    theme = d.subject.theme
    payload = {"name": theme.words.name, "issue": issue, "evidence": attaching.evidence(theme)}
    return d.written(f"The evidence is being attached to {issue}.", acts, effect=acts[0].key, payload=payload)


def _again(d: Deciding) -> Outcome | None:
    """The tracker refused, and somebody mended why: the same effect once more, planned anew."""
    acts = tuple(d.sink.plan(d.draft(d.now.by or d.wish.by, d.store.now()))) if d.sink else ()
    if not acts or not d.now.effect_key:
        return Outcome(
            Result.IMPOSSIBLE,
            d.now,
            "No issue tracker is configured, so it can't be tried again.",
        )
    d.store.effects.replan(acts, run_key=d.wish.run_key, theme_id=d.wish.theme_id)
    now = standings(d.store, [d.wish.theme_id])[d.wish.theme_id]
    return Outcome(Result.DONE, now, "Trying again with the same draft.", d.now.effect_key)
