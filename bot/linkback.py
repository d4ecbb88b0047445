"""Telling tickets of the issue that their theme ended in: listed first, asked for by a person, done by the ledger.

No decision on the theme: it leaves it where it stands. What was asked for is in the audit, and each note or tag is an
effect of its own. An undo of the approval ends what was not sent yet; notes that are there stay, and it says so.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from bot import current
from bot.acts import Act, Effect, EffectState, Standing
from bot.decisions import stands
from bot.domain import Digest, Theme
from bot.store import Store
from bot.tracker import linkback
from bot.tracker.linkback import Ways


@dataclass(frozen=True, slots=True)
class Offer:
    """What would be written for a theme, and what became of what was asked for before; by the keys of its acts."""

    theme: Theme
    run_key: str
    now: Standing
    acts: tuple[Act, ...]
    before: Mapping[str, Effect]

    @property
    def left(self) -> list[Act]:
        """Those that nobody asked for yet, and those that were refused: whoever asks once more has mended why."""
        known = {key for key, e in self.before.items() if e.state is not EffectState.FAILED}
        return [act for act in self.acts if act.key not in known]


@dataclass(frozen=True, slots=True)
class Linkback:
    """What may be offered in one workspace. Without `ways` nothing is."""

    store: Store
    workspace: str
    ways: Ways

    def of(self, run_key: str, theme_id: str) -> Offer | None:
        """None where the digest shows no such theme."""
        digest = current.digest(self.store, run_key)
        theme = next((t for t in digest.themes if t.id == theme_id), None) if digest else None
        if digest is None or theme is None:
            return None
        return self._offer(run_key, theme, stands(self.store, digest, [theme_id])[theme_id])

    def counts(self, run_key: str, digest: Digest, now: Mapping[str, Standing]) -> dict[str, int]:
        """Theme id -> how many of its tickets could be told of its issue."""
        if not self.ways:
            return {}
        offers = [self._offer(run_key, t, now[t.id]) for t in digest.themes if t.id in now]
        return {offer.theme.id: len(offer.left) for offer in offers if offer.left}

    def ask(self, offer: Offer, actor: str) -> list[Act]:
        """Writes down what is left, to be done by the ledger; who asks twice asks once. What will be done."""
        left = offer.left
        if left and offer.now.receipt:
            told = {"issue": offer.now.receipt.ref, "tickets": [act.target for act in left]}
            self.store.audit.write(actor, "linkback", offer.theme.id, told)
            self.store.effects.replan(left, run_key=offer.run_key, theme_id=offer.theme.id)
        return left

    def _offer(self, run_key: str, theme: Theme, now: Standing) -> Offer:
        acts = tuple(linkback.acts(self.workspace, theme, now, self.ways))
        before = {e.act.key: e for e in self.store.effects.of_theme(theme.id)} if acts else {}
        return Offer(theme, run_key, now, acts, before)
