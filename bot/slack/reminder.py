"""One reminder a month, to each who may decide, when what is urgent lies undecided for a week (SURFACES 1.14)."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from bot import current
from bot.acts import Effect, EffectState, Stage, effect_key
from bot.decisions import stands
from bot.domain import Digest, Severity, Theme
from bot.ports import Channel, Refused, Unavailable
from bot.runs import MONTHLY
from bot.slack import answers
from bot.store import Run, Store

AFTER = timedelta(days=7)
_UNTIL = timedelta(days=21)  # after a longer downtime the next month is near, and says it all again
_URGENT = (Severity.P0, Severity.P1)
_KIND = "slack.reminder"
_EVERY = timedelta(minutes=10)  # between two looks


@dataclass(slots=True)
class Reminder:
    """`approvers`: ids of people (U...) and of user groups (S...), whose members are asked for then.

    Planned in one transaction under keys that name month and person, so it is sent once to each, whatever crashes.
    """

    store: Store
    channel: Channel
    workspace: str
    approvers: Collection[str]
    _looked_at: datetime | None = field(default=None, init=False)

    def redraw(self) -> int:
        """Looks now and then; how many reminders are on their way since."""
        now = self.store.now()
        if self._looked_at is not None and timedelta(0) <= now - self._looked_at < _EVERY:
            return 0
        self._looked_at = now
        run = self.store.runs.latest(MONTHLY)
        return self._remind(run, now) if run else 0

    def _remind(self, run: Run, now: datetime) -> int:
        post = self.store.effects.get(effect_key("slack.digest", self.workspace, run.key))
        digest = current.digest(self.store, run.key) if post and self._is_time(post, now) else None
        if digest is None or post is None or self._was_sent(run):
            return 0
        themes, people = self._urgent(digest), self._people()
        if not themes or not people:
            return 0
        message = answers.reminder(digest, themes, post.receipt.url if post.receipt else None)
        keys = {person: effect_key(_KIND, self.workspace, f"{run.key}|{person}") for person in sorted(people)}
        acts = [self.channel.to(person).note(key, "reminder", message) for person, key in keys.items()]
        self.store.effects.plan(acts, run_key=run.key)
        return len(acts)

    def _is_time(self, post: Effect, now: datetime) -> bool:
        posted = post.updated_at if post.state is EffectState.DONE else None
        return posted is not None and AFTER <= now - posted <= _UNTIL

    def _was_sent(self, run: Run) -> bool:
        """To anybody: who joined a group since is not reminded of what was before their time."""
        return any(effect.act.kind == _KIND for effect in self.store.effects.of_run(run.key))

    def _urgent(self, digest: Digest) -> list[Theme]:
        now = stands(self.store, digest)
        return [t for t in digest.themes if now[t.id].stage is Stage.OPEN and digest.item_of(t).severity in _URGENT]

    def _people(self) -> set[str]:
        """Nobody while a group can't be read: a later look reminds all at once. One that is no more has no members."""
        people = {a for a in self.approvers if not a.startswith("S")}
        for group in (a for a in self.approvers if a.startswith("S")):
            try:
                people |= self.channel.members(group)
            except Refused:
                continue
            except Unavailable:
                return set()
        return people
