"""Whose channel it is: where another digest of the same tickets stands already, the month's says so and is not posted.

Two digests that count the same month a little differently cost the trust in both. What somebody asks for by hand is
posted all the same, and so is a month by a click.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from bot.acts import Act, Receipt, effect_key
from bot.domain import Digest
from bot.ports import Channel, Refused, Unavailable
from bot.runs import MONTHLY
from bot.slack import replies
from bot.slack.board import Board
from bot.store import Store

_WITHIN = timedelta(days=40)  # a digest a month, posted a few days earlier or later


@dataclass(frozen=True, slots=True)
class Ownership:
    """`owner`: who answers for the digest, in words. `rival_note`: what else is posted here, as the config tells it."""

    store: Store
    channel: Channel
    workspace: str
    board: Board
    owner: str | None = None
    rival_note: str | None = None

    def announce(self, digest: Digest, run_key: str) -> Sequence[Act]:
        """The acts that post the digest; for a month that has a rival, the one note that says so."""
        if not run_key.startswith(f"{MONTHLY}:"):
            return self.board.announce(digest, run_key)
        rival = None if self.rival_note else self._rival()
        if rival is None and not self.rival_note:
            return self.board.announce(digest, run_key)
        told = replies.rival(digest.window.label, run_key, self.rival_note, rival.url if rival else None, self.owner)
        return [self.channel.note(effect_key("slack.rival", self.workspace, run_key), "rival", told)]

    def _rival(self) -> Receipt | None:
        """The newest digest in the channel that no effect of this database made. None where that can't be read."""
        try:
            found = self.channel.digests(self.store.now() - _WITHIN)
        except (Refused, Unavailable):
            return None  # without the right to read the channel there is nothing to go by, and a month must not be lost
        ours = self.store.effects.known(found)
        return next((where for marker, where in reversed(list(found.items())) if marker not in ours), None)
