"""Opens the windows in which people decide; what they show is drawn from the database (`bot.slack.choices`)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from bot import current
from bot.acts import Field, Stage
from bot.decisions import stands
from bot.slack import choices
from bot.slack.choices import Shown
from bot.slack.elements import HOME, Press, place, pressed
from bot.slack.windows import View
from bot.store import Store


@dataclass(frozen=True, slots=True)
class DecisionWindow:
    """One of the four. `may`: whether a person may decide here; `needed`: fields that the tracker wants from a person.

    Opens in the channel and in Home, for whoever may decide, on a theme that is still open; anybody else's click goes
    to the inbox, where the desk of decisions has words for it.
    """

    action: str
    store: Store
    may: Callable[[str], bool]
    home: str
    timezone: str
    needed: Callable[[], tuple[Field, ...]] = tuple

    @property
    def callback_id(self) -> str:
        return f"theme.{self.action}"

    def view(self, payload: Mapping[str, Any]) -> View | None:
        about, where = pressed(payload), place(payload)
        if about is None or about[0] != self.action or where not in (self.home, HOME):
            return None
        if not self.may(str(payload["user"]["id"])):
            return None
        shown = self._shown(replace(about[1], at_home=where == HOME))
        return None if shown is None else choices.view(self.action, shown)

    def errors(self, view: View) -> Mapping[str, str]:
        return choices.errors(view, self.store.now(), self.timezone)

    def _shown(self, press: Press) -> Shown | None:
        digest = current.digest(self.store, press.run)
        theme = next((t for t in digest.themes if t.id == press.theme), None) if digest else None
        if digest is None or theme is None:
            return None
        item, now = digest.item_of(theme), stands(self.store, digest)
        open_ = (Stage.OPEN, Stage.REFUSED) if self.action == "edit" else (Stage.OPEN,)
        if item.revision != press.revision or now[theme.id].stage not in open_:
            return None
        return Shown(press, theme, item, digest, now, self.needed() if self.action == "edit" else ())
