"""What somebody asks for, what it is about, and the line that it becomes in the theme's log."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from bot import current
from bot.acts import Act, Decision, Draft, Receipt, Stage, Standing, Verdict, named
from bot.corrections import fold
from bot.decisions.standings import effects, stands
from bot.domain import BacklogItem, Digest, Theme
from bot.ports import Sink
from bot.store import Store
from bot.tracker import attaching


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
    name: str = ""  # of the actor, as people know them
    note: str = ""
    event: str | None = None  # the click it came by: one click decides once, however often it is delivered
    payload: Mapping[str, Any] = field(default_factory=dict)

    @property
    def by(self) -> str:
        return named(self.actor, self.name)


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


@dataclass(frozen=True, slots=True)
class Subject:
    """What a wish is about, as its digest has it now. `item` None: it has no draft (merged away, asleep, left out)."""

    theme: Theme
    item: BacklogItem | None
    digest: Digest


def subject(store: Store, run_key: str, theme_id: str) -> Subject | None:
    """The theme as it is now; one that a correction has taken out of sight as the run found it."""
    digest = current.digest(store, run_key)
    if digest is None:
        return None
    theme = next((t for t in digest.themes if t.id == theme_id), None)
    if theme is not None:
        return Subject(theme, digest.item_of(theme), digest)
    found = store.runs.digest(run_key)
    elsewhere = (
        *digest.further_themes,
        *digest.snoozed_themes,
        *(found.themes if found else ()),
    )
    theme = next((t for t in elsewhere if t.id == theme_id), None)
    return Subject(theme, None, digest) if theme else None


# They change ranks, or what other themes say of themselves: every message of the digest is drawn anew.
_REGROUPING = (Verdict.MERGE, Verdict.SPLIT, Verdict.MOVE, Verdict.RENAME, Verdict.EDIT)


@dataclass(frozen=True, slots=True)
class Deciding:
    store: Store
    sink: Sink | None
    workspace: str
    wish: Wish
    subject: Subject
    now: Standing
    log: Sequence[Decision]

    def written(
        self,
        message: str,
        acts: Sequence[Act] = (),
        cancel: str | None = None,
        effect: str | None = None,
        payload: Mapping[str, Any] | None = None,
        ends: Sequence[str] = (),
    ) -> Outcome | None:
        """The decision in the log, or None when the number was taken. `ends`: effects that end, if not sent yet."""
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
                **({"by": wish.name} if wish.name else {}),
            },
        )
        undone = next(
            (d.verdict for d in self.log if d.number == decision.payload.get("undoes")),
            None,
        )
        if not self.store.decisions.write(
            decision, acts, cancel, ends=ends, whole=(undone or wish.verdict) in _REGROUPING
        ):
            return None
        now = stands(self.store, self.subject.digest, [wish.theme_id])[wish.theme_id]
        return Outcome(Result.DONE, now, message, effect)

    @property
    def known(self) -> attaching.Known:
        return attaching.Known(self.now, self.log, effects(self.store, self.log))

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
            edited_by=tuple(dict.fromkeys(d.by for d in edits)),
            notes_url=next(
                (d.payload["notes_url"] for d in reversed(edits) if d.payload.get("notes_url")),
                None,
            ),
            fields={**given, **self.wish.payload.get("fields", {})},
        )


def already(now: Standing) -> str:
    """ "Already approved by cli:dana: BILL-1093.": what a second click is told."""
    who = now.by or "somebody"
    if now.attached:
        return f"Its evidence was attached to {now.attached} by {who} before."
    told = {
        Stage.OPEN: "Nothing was decided yet.",
        Stage.REJECTED: f"Already marked as not a theme by {who}. Undo that first.",
        Stage.SNOOZED: f"Already snoozed by {who}. Undo that first.",
        Stage.MERGED: f"Already merged into another theme by {who}. Undo that first.",
        Stage.CREATED: f"Already approved by {who}: {ref(now.receipt)}.",
    }
    return told.get(now.stage, f"Already approved by {who}.")


def ref(receipt: Receipt | None) -> str:
    return receipt.ref if receipt else "the issue"
