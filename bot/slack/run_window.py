"""The window in which a run is asked for (SURFACES 1.12). What is filled in becomes the command that says the same."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from bot import phrases
from bot.slack.grammar import Misread, read
from bot.slack.windows import Block, View, field, modal, options, told

CALLBACK = "run"
_WINDOWS = (("7d", "Last 7 days"), ("30d", "Last 30 days"), ("last-month", "Last month"), ("dates", "These dates"))
_MOST_SOURCES = 10  # checkboxes take no more (docs.slack.dev/reference/block-kit/block-elements/checkboxes-element)


@dataclass(frozen=True, slots=True)
class RunWindow:
    """Opened by a bare `/themes` of somebody who may run. `may` raises Unavailable when that can't be told now."""

    may: Callable[[str], bool]
    sources: Collection[str]
    timezone: str
    now: Callable[[], datetime]

    @property
    def callback_id(self) -> str:
        return CALLBACK

    def view(self, payload: Mapping[str, Any]) -> View | None:
        bare = "command" in payload and not str(payload.get("text") or "").strip()
        if not bare or not self.may(str(payload.get("user_id"))):
            return None
        back = json.dumps({"v": 1, "url": str(payload.get("response_url") or "")}, separators=(",", ":"))
        return modal(CALLBACK, "Run themes now", "Start run", _fields(sorted(self.sources)), back)

    def errors(self, view: View) -> Mapping[str, str]:
        try:
            read(typed(view), self.now(), self.timezone)
        except Misread as misread:
            return {"since" if told(view, "window") == "dates" else "window": str(misread)}
        if told(view, "window") == "dates" and not told(view, "since"):
            return {"since": "Please say from which day on."}
        if self.sources and not told(view, "sources"):
            return {"sources": "Please choose at least one."}
        return {}


def typed(view: View) -> str:
    """The command that asks for the same. Sources that are all chosen are none said: a new one is in then, too."""
    window = told(view, "window") or "7d"
    if window == "dates":
        window = f"{told(view, 'since') or ''}..{told(view, 'until') or ''}" if told(view, "since") else "7d"
    chosen = told(view, "sources") or []
    everything = len(chosen) == len(_offered(view))
    parts = ["run", window, *([f"--source {','.join(chosen)}"] if chosen and not everything else [])]
    return " ".join([*parts, *(["--private"] if told(view, "visibility") != "channel" else [])])


def response_url(view: View) -> str | None:
    """Where whoever opened the window can be answered."""
    try:
        back: Any = json.loads(view.get("private_metadata") or "{}")
    except ValueError:
        return None
    url = back.get("url") if isinstance(back, dict) else None
    return url if isinstance(url, str) and url else None


def _offered(view: View) -> Sequence[Any]:
    block = next((b for b in view.get("blocks", ()) if b.get("block_id") == "sources"), None)
    return block["element"]["options"] if block else ()


def _fields(sources: Sequence[str]) -> list[Block]:
    windows, where = options(_WINDOWS), _where()
    fields = [
        field("window", "Window", {"type": "static_select", "options": windows, "initial_option": windows[0]}),
        field("since", "From", {"type": "datepicker"}, optional=True, hint="For “These dates”. Whole days."),
        field("until", "To", {"type": "datepicker"}, optional=True, hint="That day, too. Empty: today."),
    ]
    if sources:
        boxes = options((name, phrases.source_name(name)) for name in sources[:_MOST_SOURCES])
        fields.append(field("sources", "Sources", {"type": "checkboxes", "options": boxes, "initial_options": boxes}))
    shown = {"type": "radio_buttons", "options": where, "initial_option": where[0]}
    return [*fields, field("visibility", "Post where", shown)]


def _where() -> list[Block]:
    private, channel = options((("private", "Only to me"), ("channel", "The channel of the digests")))
    private["description"] = {"type": "plain_text", "text": "Decisions are made in the channel", "emoji": False}
    return [private, channel]
