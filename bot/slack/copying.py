"""The window with an item as Markdown, to be copied: for who has no tracker, or one that says no (SURFACES 1.7)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from bot import current
from bot.report import markdown
from bot.slack.elements import HOME, place, pressed
from bot.slack.rows import COPY
from bot.slack.windows import View, field, modal
from bot.store import Store

_MOST = 3000  # characters of a plain_text_input (docs.slack.dev/reference/block-kit/block-elements)
_CUT = "\n\n(cut here; the rest is in digest.md and in the report)\n"


@dataclass(frozen=True, slots=True)
class CopyWindow:
    """Opens for everybody who sees the row. What is sent off changes nothing: an input is the one thing in a window
    whose text can be marked whole and copied."""

    store: Store
    home: str

    @property
    def callback_id(self) -> str:
        return f"theme.{COPY}"

    def view(self, payload: Mapping[str, Any]) -> View | None:
        about = pressed(payload)
        if about is None or about[0] != COPY or place(payload) not in (self.home, HOME):
            return None
        digest = current.digest(self.store, about[1].run)
        theme = next((t for t in digest.themes if t.id == about[1].theme), None) if digest else None
        if digest is None or theme is None:
            return None
        shown = _fitted(markdown.item(digest.item_of(theme), theme))
        element = {"type": "plain_text_input", "multiline": True, "initial_value": shown, "max_length": _MOST}
        hint = "Mark it all and copy it. What is changed here is not kept; Edit… changes the draft."
        return modal(
            self.callback_id, "Copy as Markdown", "Done", [field("text", "Item", element, hint=hint, optional=True)]
        )

    def errors(self, view: View) -> Mapping[str, str]:
        return {}


def _fitted(said: str) -> str:
    return said if len(said) <= _MOST else said[: _MOST - len(_CUT)].rstrip() + _CUT
