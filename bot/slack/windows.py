"""Modals: what the door needs of one, and what all of them are made from.

A trigger is over after three seconds (VENDORS 5.1), so the door opens a window itself, at once, from what the database
holds. What is sent off is checked here without waiting for anybody, stored in the inbox as kind "view", and worked on
by whichever desk knows the window's `callback_id`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Protocol

from bot.slack import text

View = Mapping[str, Any]
Block = dict[str, Any]


class Window(Protocol):
    """One sort of modal. To plug one in: list it in `bot.wiring.Wired.windows`, and its desk in `Wired.desks`."""

    @property
    def callback_id(self) -> str: ...

    def view(self, payload: Mapping[str, Any]) -> View | None:
        """What to open for this click or command; None: nothing, it goes to the inbox as any other.

        Quick: reads the database, and at most one user group. Raises Unavailable, and nothing opens then.
        """
        ...

    def errors(self, view: View) -> Mapping[str, str]:
        """What can't be taken as it was filled in: block_id -> a sentence, shown beside it. Waits for nobody."""
        ...


def modal(callback_id: str, title: str, submit: str, blocks: Iterable[Block], private: str = "") -> View:
    """`private` comes back with what is sent off (at most 3000 characters)."""
    return {
        "type": "modal",
        "callback_id": callback_id,
        "title": _plain(title, 24),
        "submit": _plain(submit, 24),
        "close": _plain("Cancel", 24),
        "private_metadata": private,
        "blocks": list(blocks),
    }


def field(block_id: str, label: str, element: Block, *, hint: str = "", optional: bool = False) -> Block:
    """One input; its element's action_id is always `v`, so that `told` finds what was filled in."""
    more = {"hint": _plain(hint, 150)} if hint else {}
    return {
        "type": "input",
        "block_id": block_id,
        "label": _plain(label, 150),
        "element": {**element, "action_id": "v"},
        "optional": optional,
        **more,
    }


def options(pairs: Iterable[tuple[str, str]]) -> list[Block]:
    """(value, label) each."""
    return [{"text": _plain(label, 75), "value": value} for value, label in pairs]


def told(view: View, block_id: str) -> Any:
    """What was filled in: a text, a date, an option's value, or a list of values; None where nothing was."""
    state = view.get("state", {}).get("values", {}).get(block_id, {}).get("v", {})
    if "selected_options" in state:
        return [option["value"] for option in state["selected_options"]]
    if "selected_option" in state:
        return (state["selected_option"] or {}).get("value")
    return state.get("selected_date") or state.get("value")


def first_input(view: View) -> str | None:
    """The block beside which something about the whole can be said."""
    return next((b["block_id"] for b in view.get("blocks", ()) if b.get("type") == "input"), None)


def _plain(said: str, limit: int) -> Block:
    return {"type": "plain_text", "text": text.plain(said, limit), "emoji": False}
