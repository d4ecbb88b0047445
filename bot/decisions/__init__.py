"""What people decide about themes. Slack, the command and later the web all go through `decide`.

A theme's decisions are a log, and (theme, number) is unique in the store: of two people who decide at once, one writes
the next number and the other reads what was decided. Where a theme stands is a fold of its log and of its effects
(`bot.corrections.fold`); nothing is stored twice, so nothing can disagree.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta

from bot.acts import Act, Stage, Standing, Verdict
from bot.corrections import correcting, fold
from bot.corrections.entered import NotPossible
from bot.corrections.fold import standing
from bot.decisions.approving import approve, attach
from bot.decisions.standings import effects, on, standings, stands
from bot.decisions.undoing import UNDO_WITHIN, undo
from bot.decisions.wishes import Deciding, Outcome, Result, Subject, Wish, already, subject
from bot.ports import Sink
from bot.store import Store

CLOSED_AFTER = timedelta(days=90)  # a digest older than this decides nothing any more (DESIGN section 10)


def decide(store: Store, sink: Sink | None, workspace: str, wish: Wish) -> Outcome:
    """Carries the wish out, or says why not. Raises nothing for a wish that can't be granted; sends nothing itself.

    The decision and its due effects are one transaction. Without a sink an approval is kept and makes no effect, so
    that configuring one later fires nothing old.
    """
    while True:
        log = store.decisions.of([wish.theme_id])[wish.theme_id]
        now = standing(wish.theme_id, log, effects(store, log))
        if wish.event is not None and any(d.payload.get("event") == wish.event for d in log):
            return Outcome(Result.DONE, now, "Done before.", now.effect_key)
        found = subject(store, wish.run_key, wish.theme_id)
        if found is None:
            return Outcome(
                Result.IMPOSSIBLE,
                now,
                "That theme is not in the digest of that run, so nothing was done.",
            )
        now = on(found.digest, now)  # of the log that was read above, or a rival's line would be judged by its result
        why = _why_not(found, now, wish, store.now())
        outcome = why or _ACTS[wish.verdict](Deciding(store, sink, workspace, wish, found, now, log))
        if outcome is not None:
            return outcome
        # somebody wrote that number first: read what they decided, and think again


def drafted(  # noqa: PLR0913 - as much as an approval knows
    store: Store,
    sink: Sink | None,
    workspace: str,
    run_key: str,
    theme_id: str,
    actor: str,
    fields: Mapping[str, str] | None = None,
) -> list[Act]:
    """What an approval would write, in order; nothing is done. Empty without a sink or without such a theme.

    `fields`: what the tracker requires, by the name that people see.
    """
    found = subject(store, run_key, theme_id)
    if found is None or found.item is None or sink is None:
        return []
    wish = Wish(Verdict.APPROVE, theme_id, run_key, actor, payload={"fields": dict(fields or {})})
    log = store.decisions.of([theme_id])[theme_id]
    now = standing(theme_id, log, effects(store, log))
    return list(sink.plan(Deciding(store, sink, workspace, wish, found, now, log).draft(actor, store.now())))


def resend(store: Store, theme_id: str, actor: str) -> Outcome | None:
    """A person looked and found no issue: the unsure effect may be sent again. None when nothing is unsure."""
    now = standings(store, [theme_id])[theme_id]
    if now.stage is not Stage.UNSURE or now.effect_key is None:
        return None
    store.audit.write(actor, "resent", now.effect_key, {"theme": theme_id})
    store.effects.retry(now.effect_key)
    return Outcome(Result.DONE, now, "Sending it again, as you looked.", now.effect_key)


def _why_not(found: Subject, now: Standing, wish: Wish, at: datetime) -> Outcome | None:
    # what still binds can be taken back, however old the digest is that it was said of
    if at - found.digest.making.made_at > CLOSED_AFTER and wish.verdict is not Verdict.UNDO:
        return Outcome(
            Result.STALE,
            now,
            f"This digest is older than {CLOSED_AFTER.days} days and closed. Use a newer one.",
        )
    if found.item is None and wish.verdict is not Verdict.UNDO:
        return _out_of_sight(found, now)
    if wish.revision is not None and found.item is not None and wish.revision != found.item.revision:
        return Outcome(
            Result.STALE,
            now,
            "The draft changed since this was shown. Look at it again, then decide.",
        )
    return None


def _out_of_sight(found: Subject, now: Standing) -> Outcome:
    if now.stage is not Stage.OPEN:
        return Outcome(Result.ALREADY, now, already(now))
    return Outcome(
        Result.IMPOSSIBLE,
        now,
        f"“{found.theme.words.name}” is not among the {len(found.digest.themes)} shown themes.",
    )


def _corrected(d: Deciding) -> Outcome | None:
    """Reject, snooze, merge, split, move, rename and edit: what is said of the theme, checked against its digest."""
    if (no := _no_correction(d)) is not None:
        return no
    frozen = d.store.runs.frozen(d.wish.run_key) if d.wish.verdict in (Verdict.SPLIT, Verdict.MOVE) else None
    asked = correcting.Asked(
        verdict=d.wish.verdict,
        theme=d.subject.theme,
        digest=d.subject.digest,
        reading=frozen[0] if frozen else None,
        stands=stands(d.store, d.subject.digest),
        now=d.store.now(),
        given=d.wish.payload,
    )
    try:
        payload = correcting.payload(asked)
    except NotPossible as why:
        return Outcome(Result.IMPOSSIBLE, d.now, str(why))
    return d.written(correcting.said(asked, payload), payload=payload)


def _no_correction(d: Deciding) -> Outcome | None:
    """A theme is placed once; and what an issue was made from, or may have been, is not changed under it."""
    placing = d.wish.verdict in (Verdict.REJECT, Verdict.SNOOZE, Verdict.MERGE)
    if (placing or d.wish.verdict is Verdict.EDIT) and d.now.stage not in (
        Stage.OPEN,
        Stage.REFUSED,
    ):
        return Outcome(Result.ALREADY, d.now, already(d.now))
    if placing and d.now.stage is Stage.REFUSED:
        return Outcome(
            Result.IMPOSSIBLE,
            d.now,
            "It was approved, and the tracker refused it. Undo that first.",
        )
    return None


_ACTS: Mapping[Verdict, Callable[[Deciding], Outcome | None]] = {
    Verdict.APPROVE: approve,
    Verdict.ATTACH: attach,
    Verdict.UNDO: undo,
    **dict.fromkeys(fold.CORRECTIONS, _corrected),
}


__all__ = [
    "CLOSED_AFTER",
    "UNDO_WITHIN",
    "Outcome",
    "Result",
    "Wish",
    "already",
    "decide",
    "drafted",
    "resend",
    "standing",
    "standings",
    "stands",
]
