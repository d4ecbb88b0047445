"""What people decide about themes. Slack, the command and later the web all go through `decide`.

A theme's decisions are a log, and (theme, number) is unique in the store: of two people who decide at once, one writes
the next number and the other reads what was decided. Where a theme stands is a fold of its log and of its effects
(`bot.fold`); nothing is stored twice, so nothing can disagree.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from bot import attaching, correcting, current, fold
from bot.acts import Act, Decision, Draft, Effect, EffectState, Receipt, Stage, Standing, Verdict
from bot.domain import BacklogItem, Digest, Theme
from bot.entered import NotPossible
from bot.fold import standing
from bot.honoured import TAKEN_BACK
from bot.ports import Sink
from bot.store import Store

UNDO_WITHIN = timedelta(minutes=10)
CLOSED_AFTER = timedelta(days=90)  # a digest older than this decides nothing any more (DESIGN section 10)


@dataclass(frozen=True, slots=True)
class Wish:
    """What somebody asks for. `revision` is that of the item they saw; None when they saw the newest (the command).

    `payload` as `Verdict` says, as far as a person chooses it; tickets by the ids that the digest shows.
    """

    verdict: Verdict
    theme_id: str
    run_key: str
    actor: str
    revision: int | None = None
    note: str = ""
    event: str | None = None  # the click it came by: one click decides once, however often it is delivered
    payload: Mapping[str, Any] = field(default_factory=dict)


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


def stands(store: Store, digest: Digest, also: Iterable[str] = ()) -> dict[str, Standing]:
    """Where the themes of a digest stand on it (and `also` others): one that woke is open, whatever its log says."""
    now = standings(store, [*(t.id for t in (*digest.themes, *digest.further_themes, *digest.snoozed_themes)), *also])
    return {theme_id: _on(digest, standing) for theme_id, standing in now.items()}


def _on(digest: Digest, now: Standing) -> Standing:
    if now.stage is not Stage.SNOOZED or now.at is None or now.at >= digest.making.made_at:
        return now
    awake = any(t.id == now.theme_id for t in (*digest.themes, *digest.further_themes))
    return Standing(now.theme_id, generation=now.generation, number=now.number) if awake else now


def _effects(store: Store, log: Sequence[Decision]) -> dict[str, Effect]:
    keys = {d.payload["effect"] for d in log if d.payload.get("effect")}
    return {key: effect for key in keys if (effect := store.effects.get(key)) is not None}


# --- deciding


@dataclass(frozen=True, slots=True)
class _Subject:
    """What a wish is about, as its digest has it now. `item` None: it has no draft (merged away, asleep, left out)."""

    theme: Theme
    item: BacklogItem | None
    digest: Digest


def decide(store: Store, sink: Sink | None, workspace: str, wish: Wish) -> Outcome:
    """Carries the wish out, or says why not. Raises nothing for a wish that can't be granted; sends nothing itself.

    The decision and its due effects are one transaction. Without a sink an approval is kept and makes no effect, so
    that configuring one later fires nothing old.
    """
    while True:
        log = store.decisions.of([wish.theme_id])[wish.theme_id]
        now = standing(wish.theme_id, log, _effects(store, log))
        if wish.event is not None and any(d.payload.get("event") == wish.event for d in log):
            return Outcome(Result.DONE, now, "Done before.", now.effect_key)
        found = _subject(store, wish.run_key, wish.theme_id)
        if found is None:
            return Outcome(
                Result.IMPOSSIBLE,
                now,
                "That theme is not in the digest of that run, so nothing was done.",
            )
        now = _on(found.digest, now)  # of the log that was read above, or a rival's line would be judged by its result
        why = _why_not(found, now, wish, store.now())
        outcome = why or _ACTS[wish.verdict](_Deciding(store, sink, workspace, wish, found, now, log))
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
    found = _subject(store, run_key, theme_id)
    if found is None or found.item is None or sink is None:
        return []
    wish = Wish(Verdict.APPROVE, theme_id, run_key, actor, payload={"fields": dict(fields or {})})
    log = store.decisions.of([theme_id])[theme_id]
    now = standing(theme_id, log, _effects(store, log))
    return list(sink.plan(_Deciding(store, sink, workspace, wish, found, now, log).draft(actor, store.now())))


def resend(store: Store, theme_id: str, actor: str) -> Outcome | None:
    """A person looked and found no issue: the unsure effect may be sent again. None when nothing is unsure."""
    now = standings(store, [theme_id])[theme_id]
    if now.stage is not Stage.UNSURE or now.effect_key is None:
        return None
    store.audit.write(actor, "resent", now.effect_key, {"theme": theme_id})
    store.effects.retry(now.effect_key)
    return Outcome(Result.DONE, now, "Sending it again, as you looked.", now.effect_key)


# They change ranks, or what other themes say of themselves: every message of the digest is drawn anew.
_REGROUPING = (Verdict.MERGE, Verdict.SPLIT, Verdict.MOVE, Verdict.RENAME, Verdict.EDIT)


@dataclass(frozen=True, slots=True)
class _Deciding:
    store: Store
    sink: Sink | None
    workspace: str
    wish: Wish
    subject: _Subject
    now: Standing
    log: Sequence[Decision]

    def written(
        self,
        message: str,
        acts: Sequence[Act] = (),
        cancel: str | None = None,
        effect: str | None = None,
        payload: Mapping[str, Any] | None = None,
    ) -> Outcome | None:
        """The decision in the log, or None when the number was taken."""
        wish = self.wish
        decision = Decision(
            theme_id=wish.theme_id,
            number=len(self.log) + 1,
            verdict=wish.verdict,
            actor=wish.actor,
            at=self.store.now(),
            run_key=wish.run_key,
            revision=self.subject.item.revision if self.subject.item else 0,
            note=wish.note,
            payload={
                **(payload or {}),
                **({"effect": effect, "generation": self.now.generation} if effect else {}),
                **({"event": wish.event} if wish.event else {}),
            },
        )
        undone = next(
            (d.verdict for d in self.log if d.number == decision.payload.get("undoes")),
            None,
        )
        if not self.store.decisions.write(decision, acts, cancel, whole=(undone or wish.verdict) in _REGROUPING):
            return None
        now = stands(self.store, self.subject.digest, [wish.theme_id])[wish.theme_id]
        return Outcome(Result.DONE, now, message, effect)

    @property
    def known(self) -> attaching.Known:
        return attaching.Known(self.now, self.log, _effects(self.store, self.log))

    def draft(self, approved_by: str, approved_at: datetime) -> Draft:
        theme, digest = self.subject.theme, self.subject.digest
        edits = [d for d in fold.in_force(self.log) if d.verdict is Verdict.EDIT]
        given: dict[str, str] = {}
        for d in edits:
            given |= d.payload.get("fields", {})
        return Draft(
            workspace=self.workspace,
            generation=self.now.generation,
            run_key=self.wish.run_key,
            theme=theme,
            item=self.subject.item or digest.item_of(theme),
            window=digest.window,
            tickets_read=digest.totals.tickets_read,
            approved_by=approved_by,
            approved_at=approved_at,
            drafter=theme.words.made_by,
            small_sample=any(w.code == "small_sample" for w in digest.warnings),
            edited_by=tuple(dict.fromkeys(d.actor for d in edits)),
            notes_url=next(
                (d.payload["notes_url"] for d in reversed(edits) if d.payload.get("notes_url")),
                None,
            ),
            fields={**given, **self.wish.payload.get("fields", {})},
        )


def _subject(store: Store, run_key: str, theme_id: str) -> _Subject | None:
    """The theme as it is now; one that a correction has taken out of sight as the run found it."""
    digest = current.digest(store, run_key)
    if digest is None:
        return None
    theme = next((t for t in digest.themes if t.id == theme_id), None)
    if theme is not None:
        return _Subject(theme, digest.item_of(theme), digest)
    found = store.runs.digest(run_key)
    elsewhere = (
        *digest.further_themes,
        *digest.snoozed_themes,
        *(found.themes if found else ()),
    )
    theme = next((t for t in elsewhere if t.id == theme_id), None)
    return _Subject(theme, None, digest) if theme else None


def _why_not(found: _Subject, now: Standing, wish: Wish, at: datetime) -> Outcome | None:
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


def _out_of_sight(found: _Subject, now: Standing) -> Outcome:
    if now.stage is not Stage.OPEN:
        return Outcome(Result.ALREADY, now, already(now))
    return Outcome(
        Result.IMPOSSIBLE,
        now,
        f"“{found.theme.words.name}” is not among the {len(found.digest.themes)} shown themes.",
    )


def _approve(d: _Deciding) -> Outcome | None:
    if d.now.stage is Stage.REFUSED:
        return _attach(d) if d.now.attached else _again(d)
    if d.now.stage is not Stage.OPEN:
        return Outcome(Result.ALREADY, d.now, already(d.now))
    fields = dict(d.wish.payload.get("fields", {}))
    payload = {
        "name": d.subject.theme.words.name,
        **({"fields": fields} if fields else {}),
    }
    acts = tuple(d.sink.plan(d.draft(d.wish.actor, d.store.now()))) if d.sink else ()
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


def _attach(d: _Deciding) -> Outcome | None:
    """Evidence onto an issue that exists: of a theme that is open, or that is in that issue since another month."""
    if d.now.stage is Stage.REFUSED and d.now.attached and d.now.effect_key:
        d.store.effects.retry(d.now.effect_key)
        now = standings(d.store, [d.wish.theme_id])[d.wish.theme_id]
        return Outcome(Result.DONE, now, "Trying again with the same evidence.", d.now.effect_key)
    if d.now.stage not in (Stage.OPEN, Stage.CREATED):
        return Outcome(Result.ALREADY, d.now, already(d.now))
    try:
        issue = attaching.issue_of(d.known, str(d.wish.payload.get("issue") or ""), d.wish.run_key)
        acts = attaching.acts(d.sink, d.known, d.draft(d.wish.actor, d.store.now()), issue)
    except NotPossible as why:
        return Outcome(Result.IMPOSSIBLE, d.now, str(why))
    payload = {"name": d.subject.theme.words.name, "issue": issue}
    return d.written(f"The evidence is being attached to {issue}.", acts, effect=acts[0].key, payload=payload)


def _again(d: _Deciding) -> Outcome | None:
    """The tracker refused, and somebody mended why: the same effect once more, planned anew."""
    acts = tuple(d.sink.plan(d.draft(d.now.actor or d.wish.actor, d.store.now()))) if d.sink else ()
    if not acts or not d.now.effect_key:
        return Outcome(
            Result.IMPOSSIBLE,
            d.now,
            "No issue tracker is configured, so it can't be tried again.",
        )
    d.store.effects.replan(acts, run_key=d.wish.run_key, theme_id=d.wish.theme_id)
    now = standings(d.store, [d.wish.theme_id])[d.wish.theme_id]
    return Outcome(Result.DONE, now, "Trying again with the same draft.", d.now.effect_key)


def _corrected(d: _Deciding) -> Outcome | None:
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


def _no_correction(d: _Deciding) -> Outcome | None:
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


def _undo(d: _Deciding) -> Outcome | None:
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


def _unapproved(d: _Deciding, payload: Mapping[str, Any]) -> Outcome | None:
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


def _detached(d: _Deciding, payload: Mapping[str, Any]) -> Outcome | None:
    undone = next(x for x in d.log if x.number == payload["undoes"])
    if d.subject.item is None:
        return Outcome(Result.IMPOSSIBLE, d.now, f"The theme is not shown any more. Change {d.now.attached} itself.")
    try:
        acts = attaching.taken_back(d.sink, d.known, d.draft(d.wish.actor, d.store.now()), undone)
    except NotPossible as why:
        return Outcome(Result.IMPOSSIBLE, d.now, str(why))
    told = f"Undone. The comment on {d.now.attached} says what it said before, or that it was withdrawn."
    return d.written(told, acts, payload=payload)


def _still_creating(d: _Deciding) -> Outcome | None:
    """The cancellation or the number was lost: to a sender, which is told, or to another decision, which is read."""
    effect = d.store.effects.get(d.now.effect_key or "")
    if effect is not None and effect.unknown:
        return Outcome(
            Result.IMPOSSIBLE,
            d.now,
            "The issue is being made at this moment; undo it when it is there.",
        )
    return None


def _withdrawn(d: _Deciding, payload: Mapping[str, Any]) -> Outcome | None:
    made = d.now.receipt
    if d.sink is None or made is None or d.subject.item is None:
        why = f"No issue tracker is configured, so {_ref(made)} can't be marked as withdrawn. Change it there."
        return Outcome(Result.IMPOSSIBLE, d.now, why)
    takes_back = d.sink.withdrawal(d.draft(d.now.actor or "", d.now.at or d.store.now()), made)
    acts = tuple(act for act in takes_back if _may_be_made(d.store, act.after))
    return d.written(
        f"Undone. {_ref(made)} is marked as withdrawn; nothing was deleted.",
        acts,
        payload=payload,
    )


def _may_be_made(store: Store, key: str | None) -> bool:
    """What never came to be beside the tracker needs no taking back, and would be waited for without end."""
    effect = store.effects.get(key or "")
    return effect is not None and effect.state not in (EffectState.FAILED, EffectState.CANCELLED)


_ACTS: Mapping[Verdict, Callable[[_Deciding], Outcome | None]] = {
    Verdict.APPROVE: _approve,
    Verdict.ATTACH: _attach,
    Verdict.UNDO: _undo,
    **dict.fromkeys(fold.CORRECTIONS, _corrected),
}


def already(now: Standing) -> str:
    """ "Already approved by cli:dana: BILL-1093.": what a second click is told."""
    who = now.actor or "somebody"
    if now.attached:
        return f"Its evidence was attached to {now.attached} by {who} before."
    told = {
        Stage.OPEN: "Nothing was decided yet.",
        Stage.REJECTED: f"Already marked as not a theme by {who}. Undo that first.",
        Stage.SNOOZED: f"Already snoozed by {who}. Undo that first.",
        Stage.MERGED: f"Already merged into another theme by {who}. Undo that first.",
        Stage.CREATED: f"Already approved by {who}: {_ref(now.receipt)}.",
    }
    return told.get(now.stage, f"Already approved by {who}.")


def _ref(receipt: Receipt | None) -> str:
    return receipt.ref if receipt else "the issue"


__all__ = [
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
