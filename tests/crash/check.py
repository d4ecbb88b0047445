"""What became of a run, by the vendors' own logs. What our side believes is only ever held against them."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bot.acts import Effect, EffectState, Verdict
from bot.slack.board import Board
from bot.store import Store
from tests.crash.life import RUN, WORKSPACE
from tests.crash.world import World, slack
from tests.servers.jira import EMAIL
from tests.servers.slack import CHANNEL

_HANGING = ("jira.links", "jira.evidence", "jira.triage")
_LOGGED = ("jira.issue", "jira.evidence", "slack.digest", "slack.reply")


@dataclass
class Verdicts:
    """`duplicates` and `lost`, each with its story; `unsure`: kept for a person."""

    duplicates: list[str] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)
    unsure: int = 0


def checked(world: World, store: Store) -> Verdicts:
    told = Verdicts()
    made = _made(world.log)
    told.duplicates += [f"{what} made {n} times" for what, n in made.items() if n > 1]
    run, digest = store.runs.get(RUN), store.runs.digest(RUN)
    if run is None or run.state != "DONE" or digest is None:
        told.lost.append(f"the run stands at {run and (run.state, run.step, run.error)}")
        return told
    effects = store.effects.of_run(RUN)
    _posts(told, made, effects, len(digest.themes))
    themes = [t.id for t in digest.themes]
    _decided(told, world, store, themes[0], Verdict.APPROVE, made)
    _decided(told, world, store, themes[1], Verdict(world.second), made)
    told.lost += [f"{e.act.kind} is DONE and not there: {e.receipt}" for e in effects if not _there(e, made, world)]
    for theme in themes:
        hanging = [e for e in store.effects.of_theme(theme) if e.act.kind in _HANGING]
        issue = next((e for e in store.effects.of_theme(theme) if e.act.kind == "jira.issue"), None)
        kept = (EffectState.DONE, EffectState.UNSURE)
        if issue and issue.state is EffectState.DONE and any(e.state not in kept for e in hanging):
            told.lost.append(f"{theme} has {[(e.act.kind, e.state) for e in hanging]}")
    told.unsure = sum(e.state is EffectState.UNSURE for e in effects)
    _drawn(told, world, store, themes)
    return told


def _made(log: Path) -> Counter[str]:
    """Key or marker of an act -> how often a vendor carried it out."""
    made: Counter[str] = Counter()
    for line in log.read_text(encoding="utf-8").splitlines():
        entry = json.loads(line)
        if entry["what"] == "issue-created" and entry["creator"] == EMAIL:
            made[f"jira {entry['property']['key'][:16]}"] += 1
        elif entry["what"] == "file-attached":
            made[f"jira {entry['name'].removeprefix('evidence-').removesuffix('.csv')}"] += 1
        elif entry["what"] == "message-posted":
            made[f"slack {entry['marker']}"] += 1
    return made


def _name(effect: Effect) -> str:
    return f"{effect.act.kind.partition('.')[0]} {effect.act.marker}"


def _posts(told: Verdicts, made: Counter[str], effects: list[Effect], themes: int) -> None:
    """The digest, a reply for each theme and one for the rest; then a line for each decision and what came of it."""
    posts = [e for e in effects if e.act.kind in ("slack.digest", "slack.reply")]
    if len(posts) < 2 + themes + 1:
        told.lost.append(f"only {len(posts)} messages were planned")
    for effect in posts:
        if made[_name(effect)] == 0 and effect.state is not EffectState.UNSURE:
            told.lost.append(f"{effect.act.kind} was never posted: {effect.state}, {effect.error}")


def _decided(told: Verdicts, world: World, store: Store, theme: str, verdict: Verdict, made: Counter[str]) -> None:
    """People clicked, so it is decided, once; approved, so there is one issue, or a person is asked."""
    log = store.decisions.of([theme])[theme]
    if [d.verdict for d in log] != [verdict]:
        told.lost.append(f"{theme} was to be {verdict} and has {[d.verdict for d in log]}")
        return
    issues = [e for e in store.effects.of_theme(theme) if e.act.kind == "jira.issue"]
    if len(issues) != (verdict is Verdict.APPROVE):
        told.lost.append(f"{theme} was {verdict} and has {len(issues)} issues planned")
    for effect in issues:
        if made[_name(effect)] == 0 and effect.state is not EffectState.UNSURE:
            told.lost.append(f"{theme} was approved and has no issue: {effect.state}, {effect.error}")


def _there(effect: Effect, made: Counter[str], world: World) -> bool:
    """What is DONE has a receipt, and its vendor has that very thing."""
    if effect.state is not EffectState.DONE or effect.act.kind not in _LOGGED:
        return True
    if effect.receipt is None:
        return False
    if effect.act.kind == "jira.evidence":
        return made[_name(effect)] == 1
    if effect.act.kind == "jira.issue":
        return effect.receipt.ref in [i.key for i in world.jira.made(effect.act.key)]
    messages = {m["ts"]: m for m in world.slack.rooms[CHANNEL].messages}
    marker = messages.get(effect.receipt.ref, {}).get("metadata", {}).get("event_payload", {}).get("effect")
    return bool(marker == effect.act.marker)


def _drawn(told: Verdicts, world: World, store: Store, themes: list[str]) -> None:
    """Everything drawn once more shows what is there already."""
    before = _channel(world)
    for theme in themes:
        store.drawings.touch(theme)
    Board(store, slack(world.slack.base_url), WORKSPACE, deciders=True).redraw()
    after = _channel(world)
    told.lost += [f"message {ts} shows what is no longer so" for ts in before if before[ts] != after[ts]]


def _channel(world: World) -> dict[str, Any]:
    with world.slack.lock:
        return {m["ts"]: (m["text"], json.dumps(m.get("blocks"))) for m in world.slack.rooms[CHANNEL].messages}
