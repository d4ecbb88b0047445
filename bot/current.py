"""What a run found, as people corrected it since: the digest that every surface shows.

The only place that reads the log of corrections for showing; how they are applied is `bot.corrections.corrected`'s.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from threading import Lock
from weakref import WeakKeyDictionary

from bot import signals
from bot.acts import Decision, Verdict
from bot.corrections import fold
from bot.corrections.corrected import concerns, corrected
from bot.domain import Digest
from bot.months import outcomes, trends
from bot.months.trends import Ending, History
from bot.ports import Flow
from bot.store import Store

_KEPT = 4  # digests of a store that are kept as they were last worked out: a click must not count a month again


@dataclass(frozen=True, slots=True)
class _Made:
    """What a corrected digest was made from; another digest, decision or withdrawn text makes another one."""

    found: Digest
    decisions: tuple[Decision, ...]
    gone: frozenset[str]
    digest: Digest


_memory: WeakKeyDictionary[Store, dict[str, _Made]] = WeakKeyDictionary()
_lock = Lock()


def corrections(store: Store) -> tuple[Decision, ...]:
    """Those in force, over all themes, oldest first."""
    return fold.corrections(store.decisions.correcting().values())


def merged(decisions: Iterable[Decision]) -> dict[str, str]:
    """Theme id -> the one it was merged into, for one digest alone as well."""
    return {d.theme_id: str(d.payload["into"]) for d in decisions if d.verdict is Verdict.MERGE}


def flows(store: Store) -> tuple[Flow, ...]:
    """The flows that people tied to themes; those of a merged theme are of the one it went into, too, unless that has
    its own, which stands before them."""
    into = trends.bound(History(), corrections(store)).merged
    own = [replace(tied.flow, theme=tied.theme_id) for tied in store.flows.tied()]
    moved = [replace(flow, theme=fold.target(flow.theme, into)) for flow in own if flow.theme in into]
    return (*own, *moved)


def history(store: Store, run_key: str) -> History:
    """What a run may know of what came before it: the same whenever it is asked, whatever was learned since."""
    run = store.runs.get(run_key)
    if run is None:
        return History()
    return History(
        store.runs.before(run_key),
        done=store.tracked.ended(run.asked_at),
        endings=_endings(store, run.asked_at),
        measured=store.measurements.earlier(run_key),
    )


def _endings(store: Store, by: datetime) -> tuple[Ending, ...]:
    """Issues that were known to be done by then. What was forecast in tickets of a batch is no rate to measure by."""
    found = [o for o in store.tracked.outcomes() if o.known_at <= by and (o.reopened_at is None or o.reopened_at > by)]
    ended = []
    for o in found:
        told, factor = o.forecast, float(o.forecast.get("factor", 1.0))
        scaled = told.get("per") == "30 days"
        low, high = (float(told[name]) / factor if scaled else None for name in ("low", "high"))
        ended.append(Ending(o.theme_id, o.key, o.resolved_at or o.known_at, low, high))
    return tuple(ended)


def digest(store: Store, run_key: str) -> Digest | None:
    """The run's digest with the corrections in force; None when there is none."""
    found = store.runs.digest(run_key)
    if found is None:
        return None
    decisions = corrections(store)
    return found if not concerns(found, decisions) else _corrected(store, run_key, found, decisions)


def _corrected(store: Store, run_key: str, found: Digest, decisions: tuple[Decision, ...]) -> Digest:
    gone = store.runs.textless(run_key)
    with _lock:
        kept = _memory.setdefault(store, {}).get(run_key)
    if kept is not None and (kept.decisions, kept.gone, kept.found) == (decisions, gone, found):
        return kept.digest
    frozen = store.runs.frozen(run_key)
    if frozen is None:
        return found
    reading, rules, _ = frozen
    past = trends.bound(history(store, run_key), decisions)
    made = outcomes.told(trends.trended(corrected(found, reading, decisions, rules), past), past, rules.min_tickets)
    made = signals.carried(made, found, merged(decisions))
    with _lock:
        mine = _memory.setdefault(store, {})
        mine.pop(run_key, None)
        mine[run_key] = _Made(found, decisions, gone, made)
        while len(mine) > _KEPT:
            del mine[next(iter(mine))]
    return made
