"""What people decide about themes. Slack, the command and later the web all go through `decide`.

A theme's decisions are a log, and (theme, number) is unique in the store: of two people who decide at once, one writes
the next number and the other reads what was decided. Where a theme stands is a fold of its log and of its effects;
nothing is stored twice, so nothing can disagree.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from bot.acts import (
    Act,
    Decision,
    Draft,
    Effect,
    EffectState,
    Receipt,
    Stage,
    Standing,
    Verdict,
)
from bot.domain import BacklogItem, Digest, Theme
from bot.ports import Sink
from bot.store import Store

UNDO_WITHIN = timedelta(minutes=10)
CLOSED_AFTER = timedelta(days=90)  # a digest older than this decides nothing any more (DESIGN section 10)


@dataclass(frozen=True, slots=True)
class Wish:
    """What somebody asks for. `revision` is that of the item they saw; None when they saw the newest (the command)."""

    verdict: Verdict
    theme_id: str
    run_key: str
    actor: str
    revision: int | None = None
    note: str = ""
    event: str | None = None  # the click it came by: one click decides once, however often it is delivered


class Result(StrEnum):
    DONE = "done"
    ALREADY = "already"  # somebody else decided, or the same person twice
    STALE = "stale"  # what the person saw is not what would be done
    IMPOSSIBLE = "impossible"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a wish: where the theme stands now, and one sentence for the person who asked."""

    result: Result
    standing: Standing
    message: str
    effect_key: str | None = None


# --- where a theme stands


def standings(store: Store, theme_ids: Iterable[str]) -> dict[str, Standing]:
    """Where each theme stands, read from the store at one moment."""
    logs = store.decisions.of(tuple(theme_ids))
    return {theme_id: standing(theme_id, log, _effects(store, log)) for theme_id, log in logs.items()}


def _effects(store: Store, log: Sequence[Decision]) -> dict[str, Effect]:
    keys = {d.payload["effect"] for d in log if d.payload.get("effect")}
    return {key: effect for key in keys if (effect := store.effects.get(key)) is not None}


# --- deciding


@dataclass(frozen=True, slots=True)
class _Subject:
    """What a wish is about, as its digest has it."""

    theme: Theme
    item: BacklogItem
    digest: Digest


def decide(store: Store, sink: Sink | None, workspace: str, wish: Wish) -> Outcome:
    """Carries the wish out, or says why not. Raises nothing for a wish that can't be granted; sends nothing itself.

    The decision and its due effects are one transaction. Without a sink an approval is kept and makes no effect, so
    that configuring one later fires nothing old.
    """
    found = _subject(store.runs.digest(wish.run_key), wish.theme_id)
    while True:
        log = store.decisions.of([wish.theme_id])[wish.theme_id]
        now = standing(wish.theme_id, log, _effects(store, log))
        if wish.event is not None and any(d.payload.get("event") == wish.event for d in log):
            return Outcome(Result.DONE, now, "Done before.", now.effect_key)
        why = _why_not(found, now, wish, store.now())
        if why is not None or found is None:
            return why or Outcome(Result.IMPOSSIBLE, now, "That theme is in no digest of that run.")
        outcome = _ACTS[wish.verdict](_Deciding(store, sink, workspace, wish, found, now))
        if outcome is not None:
            return outcome
        # somebody wrote that number first: read what they decided, and think again


def drafted(store: Store, sink: Sink | None, workspace: str, run_key: str, theme_id: str, actor: str) -> list[Act]:
    """What an approval would write, in order; nothing is done. Empty without a sink or without such a theme."""
    found = _subject(store.runs.digest(run_key), theme_id)
    if found is None or sink is None:
        return []
    wish = Wish(Verdict.APPROVE, theme_id, run_key, actor)
    now = standings(store, [theme_id])[theme_id]
    return list(sink.plan(_Deciding(store, sink, workspace, wish, found, now).draft(actor, store.now())))


def resend(store: Store, theme_id: str, actor: str) -> Outcome | None:
    """A person looked and found no issue: the unsure effect may be sent again. None when nothing is unsure."""
    now = standings(store, [theme_id])[theme_id]
    if now.stage is not Stage.UNSURE or now.effect_key is None:
        return None
    store.audit.write(actor, "resent", now.effect_key, {"theme": theme_id})
    store.effects.retry(now.effect_key)
    return Outcome(Result.DONE, now, "Sending it again, as you looked.", now.effect_key)


@dataclass(frozen=True, slots=True)
class _Deciding:
    store: Store
    sink: Sink | None
    workspace: str
    wish: Wish
    subject: _Subject
    now: Standing

    def written(
        self, message: str, acts: Sequence[Act] = (), cancel: str | None = None, effect: str | None = None
    ) -> Outcome | None:
        """The decision in the log, or None when the number was taken."""
        wish = self.wish
        decision = Decision(
            theme_id=wish.theme_id,
            number=self.now.number + 1,
            verdict=wish.verdict,
            actor=wish.actor,
            at=self.store.now(),
            run_key=wish.run_key,
            revision=self.subject.item.revision,
            note=wish.note,
            payload={
                **({"effect": effect, "generation": self.now.generation} if effect else {}),
                **({"event": wish.event} if wish.event else {}),
            },
        )
        if not self.store.decisions.write(decision, acts, cancel):
            return None
        return Outcome(Result.DONE, standings(self.store, [wish.theme_id])[wish.theme_id], message, effect)

    def draft(self, approved_by: str, approved_at: datetime) -> Draft:
        theme, item, digest = self.subject.theme, self.subject.item, self.subject.digest
        return Draft(
            workspace=self.workspace,
            generation=self.now.generation,
            run_key=self.wish.run_key,
            theme=theme,
            item=item,
            window=digest.window,
            tickets_read=digest.totals.tickets_read,
            approved_by=approved_by,
            approved_at=approved_at,
            drafter=theme.words.made_by,
        )


def _subject(digest: Digest | None, theme_id: str) -> _Subject | None:
    theme = next((t for t in digest.themes if t.id == theme_id), None) if digest else None
    return _Subject(theme, digest.item_of(theme), digest) if digest and theme else None


def _why_not(found: _Subject | None, now: Standing, wish: Wish, at: datetime) -> Outcome | None:
    if found is None:
        return Outcome(Result.IMPOSSIBLE, now, "That theme is not in the digest of that run, so nothing was done.")
    if at - found.digest.making.made_at > CLOSED_AFTER:
        return Outcome(
            Result.STALE, now, f"This digest is older than {CLOSED_AFTER.days} days and closed. Use a newer one."
        )
    if wish.revision is not None and wish.revision != found.item.revision:
        return Outcome(Result.STALE, now, "The draft changed since this was shown. Look at it again, then decide.")
    return None


def _approve(d: _Deciding) -> Outcome | None:
    if d.now.stage is Stage.REFUSED:
        return _again(d)
    if d.now.stage is not Stage.OPEN:
        return Outcome(Result.ALREADY, d.now, already(d.now))
    acts = tuple(d.sink.plan(d.draft(d.wish.actor, d.store.now()))) if d.sink else ()
    if not acts:
        return d.written("Approved. No issue tracker is configured, so nothing was sent anywhere.")
    return d.written("Approved. The draft issue is being made.", acts, effect=acts[0].key)


def _again(d: _Deciding) -> Outcome | None:
    """The tracker refused, and somebody mended why: the same effect once more, planned anew."""
    acts = tuple(d.sink.plan(d.draft(d.now.actor or d.wish.actor, d.store.now()))) if d.sink else ()
    if not acts or not d.now.effect_key:
        return Outcome(Result.IMPOSSIBLE, d.now, "No issue tracker is configured, so it can't be tried again.")
    d.store.effects.replan(acts, run_key=d.wish.run_key, theme_id=d.wish.theme_id)
    now = standings(d.store, [d.wish.theme_id])[d.wish.theme_id]
    return Outcome(Result.DONE, now, "Trying again with the same draft.", d.now.effect_key)


def _reject(d: _Deciding) -> Outcome | None:
    if d.now.stage is not Stage.OPEN:
        return Outcome(Result.ALREADY, d.now, already(d.now))
    return d.written("Marked as not a theme.")


def _undo(d: _Deciding) -> Outcome | None:
    stage, at = d.now.stage, d.store.now()
    if stage is Stage.OPEN:
        return Outcome(Result.IMPOSSIBLE, d.now, "There is nothing to undo.")
    if stage in (Stage.REJECTED, Stage.APPROVED):
        return d.written("Undone. The theme is open again.")
    if stage is Stage.REFUSED:
        return d.written("Undone. The theme is open again.", cancel=d.now.effect_key)
    if stage is Stage.CREATING:
        undone = d.written("Undone before anything was sent.", cancel=d.now.effect_key)
        return undone or _still_creating(d)
    if stage in (Stage.UNKNOWN, Stage.UNSURE):
        return Outcome(
            Result.IMPOSSIBLE, d.now, "It is not known yet whether the issue exists; undo it once that is clear."
        )
    if d.now.at is not None and at - d.now.at > UNDO_WITHIN:
        where = d.now.receipt.ref if d.now.receipt else "the issue"
        minutes = int(UNDO_WITHIN.total_seconds() // 60)
        return Outcome(
            Result.IMPOSSIBLE, d.now, f"Approvals can be undone for {minutes} minutes. Change {where} itself."
        )
    return _withdrawn(d)


def _still_creating(d: _Deciding) -> Outcome | None:
    """The cancellation or the number was lost: to a sender, which is told, or to another decision, which is read."""
    effect = d.store.effects.get(d.now.effect_key or "")
    if effect is not None and effect.unknown:
        return Outcome(Result.IMPOSSIBLE, d.now, "The issue is being made at this moment; undo it when it is there.")
    return None


def _withdrawn(d: _Deciding) -> Outcome | None:
    made = d.now.receipt
    if d.sink is None or made is None:
        why = f"No issue tracker is configured, so {_ref(made)} can't be marked as withdrawn. Change it there."
        return Outcome(Result.IMPOSSIBLE, d.now, why)
    acts = tuple(d.sink.withdrawal(d.draft(d.now.actor or "", d.now.at or d.store.now()), made))
    return d.written(f"Undone. {_ref(made)} is marked as withdrawn; nothing was deleted.", acts)


_ACTS = {Verdict.APPROVE: _approve, Verdict.REJECT: _reject, Verdict.UNDO: _undo}


def already(now: Standing) -> str:
    """ "already approved by cli:dana (BILL-1093)": what a second click is told."""
    who = now.actor or "somebody"
    if now.stage is Stage.REJECTED:
        return f"Already marked as not a theme by {who}. Undo that first."
    if now.stage is Stage.CREATED:
        return f"Already approved by {who}: {_ref(now.receipt)}."
    if now.stage is Stage.OPEN:
        return "Nothing was decided yet."
    return f"Already approved by {who}."


def _ref(receipt: Receipt | None) -> str:
    return receipt.ref if receipt else "the issue"


__all__ = ["Outcome", "Result", "Wish", "already", "decide", "drafted", "resend", "standing", "standings"]
