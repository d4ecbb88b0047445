"""Where themes stand, read from the store: a fold of each theme's log and of its effects (`bot.corrections.fold`)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from bot.acts import Decision, Effect, Stage, Standing
from bot.corrections.fold import standing
from bot.domain import Digest
from bot.store import Store


def standings(store: Store, theme_ids: Iterable[str]) -> dict[str, Standing]:
    """Where each theme stands, read from the store at one moment."""
    logs = store.decisions.of(tuple(theme_ids))
    return {theme_id: standing(theme_id, log, effects(store, log)) for theme_id, log in logs.items()}


def stands(store: Store, digest: Digest, also: Iterable[str] = ()) -> dict[str, Standing]:
    """Where the themes of a digest stand on it (and `also` others): one that woke is open, whatever its log says."""
    now = standings(store, [*(t.id for t in (*digest.themes, *digest.further_themes, *digest.snoozed_themes)), *also])
    return {theme_id: on(digest, standing) for theme_id, standing in now.items()}


def on(digest: Digest, now: Standing) -> Standing:
    if now.stage is not Stage.SNOOZED or now.at is None or now.at >= digest.making.made_at:
        return now
    awake = any(t.id == now.theme_id for t in (*digest.themes, *digest.further_themes))
    return Standing(now.theme_id, generation=now.generation, number=now.number) if awake else now


def effects(store: Store, log: Sequence[Decision]) -> dict[str, Effect]:
    keys = {d.payload["effect"] for d in log if d.payload.get("effect")}
    return {key: effect for key in keys if (effect := store.effects.get(key)) is not None}
