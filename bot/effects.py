"""The effect ledger: the only way anything is written to the outside, so that nothing is written twice or lost.

No vendor here takes an idempotency key, so a write is guarded on our side (RELIABILITY section 2): the intent is in the
database before anything is sent; the vendor's high-water mark is noted; a compare-and-set with a deadline lets one
sender through; it sends once, with a hard timeout and no retry of any SDK; and while the outcome is unknown the ledger
looks, and never sends. What can be neither found nor ruled out is UNSURE, and a person says what to do.

The promise: no duplicate after any crash, retry or race. A process that is frozen in the middle of a request for longer
than WINDOW can cause one; `verify` finds and reports it.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog

from bot.acts import Absent, Effect, EffectState, Found, Receipt, Undecided
from bot.ports import Outlet, Refused, Unavailable, Unknown
from bot.store import Store

CALL = timedelta(seconds=10)  # an outlet's own hard timeout
WINDOW = timedelta(seconds=30)  # from the compare-and-set to the last moment at which a request may still be on its way
MARGIN = timedelta(seconds=5)  # on top, before anybody looks: the other side may still be committing
RECONCILE = timedelta(minutes=5)  # how long an unknown outcome is looked for before a person is asked
RESTORED = "restored"  # in the audit: a copy of the database was put back
VERIFY_AFTER = timedelta(minutes=10)
_LOOKS = (5, 15, 45, 120, 300)  # seconds between looks; search indexes lag by seconds to minutes (VENDORS 4.2)
_log = structlog.get_logger("groundswell")
_LONGEST = 900.0  # seconds between two tries while the other side is away


@dataclass(frozen=True, slots=True)
class Patience:
    """The ledger's times. Tests and demos shorten them; their order must hold: call < window, and nothing else."""

    call: timedelta = CALL
    window: timedelta = WINDOW
    margin: timedelta = MARGIN
    reconcile: timedelta = RECONCILE
    looks: tuple[float, ...] = _LOOKS


@dataclass(frozen=True, slots=True)
class Duplicate:
    """Two or more things carry the marker of one act. Reported, never deleted by us."""

    effect: Effect
    made: tuple[Receipt, ...]


def _told(effect: Effect | None) -> None:
    """Whoever runs `serve` learns of what was refused, or needs a person, where the log is read."""
    if effect is not None and effect.state in (EffectState.FAILED, EffectState.UNSURE):
        _log.error("effect needs a person", kind=effect.act.kind, effect=effect.act.marker, why=effect.error)


class Ledger:
    """Drives effects forward, one step a call. Any number of ledgers in any number of processes may share a store."""

    def __init__(self, store: Store, outlets: Mapping[str, Outlet], patience: Patience | None = None) -> None:
        """`outlets` by the first part of an act's kind: {"jira": ..., "slack": ...}."""
        self._store = store
        self._outlets = outlets
        self._patience = patience or Patience()

    def attend(self, key: str) -> Effect | None:
        """One step: sends what was never sent, looks for what may have arrived. Returns the effect as it is then."""
        effect = self._store.effects.get(key)
        if effect is None or effect.state is not EffectState.PENDING:
            return effect
        if effect.act.after is not None and effect.act.parent is None:
            return effect  # what it hangs on is not there (yet)
        outlet = self._outlets.get(effect.act.kind.partition(".")[0])
        if outlet is None:
            self._nobody(effect)
        elif not effect.sent:
            self._send(effect, outlet)
        elif self._may_still_arrive(effect):
            return effect
        elif effect.act.repeatable:
            self._store.effects.not_sent(key, effect.attempts, None, "sent before; sending it again is harmless")
        else:
            self._look(effect, outlet)
        return self._store.effects.get(key)

    def attend_due(self, limit: int = 50) -> int:
        """A step for every effect that is due; how many there were.

        A step that ends in a bug of ours keeps no other effect waiting: it is raised when all had theirs.
        """
        due = self._store.effects.due(self._store.now(), limit)
        broken: list[Exception] = []
        for effect in due:
            try:
                _told(self.attend(effect.act.key))
            except Exception as bug:  # noqa: BLE001 - raised below, with all others
                broken.append(bug)
        if broken:
            raise broken[0]
        return len(due)

    def settle(
        self, key: str, *, patience: float, sleep: Callable[[float], None] = time.sleep, pause: float = 0.2
    ) -> Effect | None:
        """Steps until the outcome is known or `patience` seconds are over, for a command that waits for one effect.

        Keeps to the time that the other side asked us to wait. What hangs on an effect that isn't done doesn't wait.
        """
        until = time.monotonic() + patience
        while (effect := self._store.effects.get(key)) is not None and effect.state is EffectState.PENDING:
            if effect.act.after is not None and effect.act.parent is None:
                return effect
            if effect.next_at is None or effect.next_at <= self._store.now():
                effect = self.attend(key)
            if effect is None or effect.state is not EffectState.PENDING or self._waits_beyond(effect, until):
                return effect
            sleep(pause)
        return effect

    def _waits_beyond(self, effect: Effect, until: float) -> bool:
        """Nothing more happens to it before `until`, by the monotonic clock."""
        pause = (effect.next_at - self._store.now()).total_seconds() if effect.next_at else 0.0
        return time.monotonic() + max(pause, 0.0) >= until

    def verify(self) -> Iterator[Duplicate]:
        """Looks once more, some time after each success, for a second thing with the same marker."""
        now = self._store.now()
        away: set[str] = set()  # an outlet that does not answer is not asked about each of its effects, 10 s a time
        for effect in self._store.effects.unverified(now - VERIFY_AFTER):
            name = effect.act.kind.partition(".")[0]
            outlet = self._outlets.get(name)
            if name in away:
                continue
            if outlet is None or effect.act.repeatable:
                self._store.effects.verified(effect.act.key, now)
                continue
            try:
                made = tuple(outlet.twins(effect.act))
            except (Unavailable, Refused):
                away.add(name)  # not verified: asked again next time
                continue
            self._store.effects.verified(effect.act.key, now)
            if len(made) > 1:
                yield Duplicate(effect, made)

    # --- one step

    def _may_still_arrive(self, effect: Effect) -> bool:
        """A rival (or our own former life) may be in the middle of sending."""
        return effect.send_deadline is not None and self._store.now() < effect.send_deadline + self._patience.margin

    def _send(self, effect: Effect, outlet: Outlet) -> None:
        act, effects = effect.act, self._store.effects
        # Before the mark: what is found later is judged by the mark's age, so no freeze may lie between the two.
        deadline = self._store.now() + self._patience.window
        try:
            if (made := self._of_the_lost_time(effect, outlet)) is not None:
                effects.done(act.key, made)
                return
            hint = {} if act.repeatable else outlet.mark(act)
        except Unavailable as away:
            effects.not_sent(act.key, effect.attempts, self._later(effect, away), str(away))
            return
        except Refused as refused:
            effects.failed(act.key, effect.attempts, str(refused))
            return
        quiet = deadline + self._patience.margin  # from then on nothing that was sent can be under way
        if not effects.begin(act.key, effect.attempts, hint, deadline, quiet):
            return  # somebody else is sending it
        if self._store.now() > deadline - self._patience.call:  # we were frozen since; a rival may be looking by now
            effects.not_sent(act.key, effect.attempts + 1, None, "paused too long before sending")
            return
        self._do(effect, outlet, quiet)

    def _of_the_lost_time(self, effect: Effect, outlet: Outlet) -> Receipt | None:
        """Once a copy was put back, before a first send: what was made since it was taken, of which we have no row."""
        if effect.act.repeatable or effect.attempts or not self._store.audit.has(RESTORED):
            return None
        return next(iter(outlet.twins(effect.act)), None)

    def _do(self, effect: Effect, outlet: Outlet, quiet: datetime) -> None:
        act, effects, attempt = effect.act, self._store.effects, effect.attempts + 1
        try:
            receipt = outlet.do(act)
        except Unavailable as away:
            effects.not_sent(act.key, attempt, self._later(effect, away), str(away))
        except Refused as refused:
            effects.failed(act.key, attempt, str(refused))
        except Unknown as unknown:
            # Due any earlier, it would be attended in every round of half a minute, and left as it is each time.
            effects.look_again(act.key, max(quiet, self._next_look(0)), str(unknown))
        else:
            effects.done(act.key, receipt)

    def _look(self, effect: Effect, outlet: Outlet) -> None:
        act, effects = effect.act, self._store.effects
        try:
            seen = outlet.find(act, effect.hint or {})
        except Unavailable as away:
            effects.look_again(act.key, self._later(effect, away), str(away))
            return
        except Refused as refused:
            seen = Undecided(str(refused))
        if isinstance(seen, Found):
            effects.done(act.key, seen.receipt)
        elif isinstance(seen, Absent):
            effects.not_sent(act.key, effect.attempts, None, "looked for, and proven not to exist")
        elif self._looked_long_enough(effect):
            effects.unsure(act.key, seen.why)
        else:
            effects.look_again(act.key, self._next_look(effect.looks), seen.why)

    def _looked_long_enough(self, effect: Effect) -> bool:
        sent_at = (effect.send_deadline or self._store.now()) - self._patience.window
        return self._store.now() - sent_at >= self._patience.reconcile

    def _next_look(self, looks: int) -> datetime:
        waits = self._patience.looks
        return self._store.now() + timedelta(seconds=waits[min(looks, len(waits) - 1)])

    def _later(self, effect: Effect, away: Unavailable) -> datetime:
        """As the other side asks, else growing with the tries; a little scattered, so that replicas don't march."""
        tries = effect.attempts + effect.looks
        wait = away.retry_after if away.retry_after is not None else self._patience.looks[0] * 2.0 ** min(tries, 10)
        return self._store.now() + timedelta(seconds=min(wait, _LONGEST) * random.uniform(1.0, 1.2))  # noqa: S311

    def _nobody(self, effect: Effect) -> None:
        """Its outlet is not configured any more: kept as it is, and looked at again later."""
        name = effect.act.kind.partition(".")[0]
        why, later = f"{name} is not configured", self._store.now() + timedelta(seconds=_LONGEST)
        if effect.sent:
            self._store.effects.look_again(effect.act.key, later, why)
        else:
            self._store.effects.not_sent(effect.act.key, effect.attempts, later, why)
