"""Whether Slack would take a message, said before it is sent. Pure; our own reading of the published limits.

docs.slack.dev/reference/block-kit/blocks and .../block-elements for each number, chat.postMessage for 50 blocks.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from bot.acts import Message
from bot.slack.text import LONGEST, SHORTEST

BLOCKS = 50
# Slack refuses about 13,200 characters over all blocks, containers counted, with msg_blocks_too_long and no number
# (slackapi/bolt-js issues 2509 and 2867). Our JSON is what comes nearest to its count.
BYTES = 12_000
_IDS = 255
_BUTTON = {"value": 2000, "url": 3000, "accessibility_label": 75, "action_id": _IDS}
_CONFIRM = {"title": 100, "text": 300, "confirm": 30, "deny": 30}
_TOKEN = re.compile(r"<([^<>]*)>?")
# The only commands of mrkdwn that we ever write; <!channel>, <!here>, <!everyone> and <#C…> are not among them.
_OURS = re.compile(r"https?://[^\s|]+(\|[^|]+)?|@[UW][A-Z0-9]+")


def problems(message: Message) -> list[str]:
    """Each reason why Slack would refuse the message or show it otherwise than meant; empty when there is none."""
    return [*_text(message.text), *_whole(message), *(p for block in message.blocks for p in _block(block))]


def size(message: Message) -> int:
    """Bytes of the blocks as they are sent."""
    return len(json.dumps(list(message.blocks), ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace"))


def _text(text: str) -> Iterator[str]:
    if not SHORTEST <= len(text) <= LONGEST:
        yield f"text has {len(text)} characters, not {SHORTEST} to {LONGEST}"
    yield from _commands(text, "text")


def _whole(message: Message) -> Iterator[str]:
    if len(message.blocks) > BLOCKS:
        yield f"{len(message.blocks)} blocks, {BLOCKS} is the most"
    if size(message) > BYTES:
        yield f"{size(message)} bytes of blocks, {BYTES} is the most"
    ids = Counter(block["block_id"] for block in message.blocks if "block_id" in block)
    yield from (f"block_id {name!r} stands {times} times" for name, times in ids.items() if times > 1)


def _block(block: Mapping[str, Any]) -> Iterator[str]:
    kind = block.get("type")
    if len(block.get("block_id", "-")) not in range(1, _IDS + 1):
        yield f"block_id of {kind} is empty or longer than {_IDS}"
    if str(kind) in _CHECKS:
        yield from _CHECKS[str(kind)](block)
    elif kind != "divider":
        yield f"{kind!r} is no block of ours"


def _header(block: Mapping[str, Any]) -> Iterator[str]:
    yield from _object(block.get("text"), 150, "header", plain=True)


def _section(block: Mapping[str, Any]) -> Iterator[str]:
    fields = block.get("fields", [])
    if "text" not in block and not fields:
        yield "section without text and fields"
    if "text" in block:
        yield from _object(block["text"], 3000, "section")
    if len(fields) > 10:
        yield f"{len(fields)} fields, 10 is the most"
    yield from (p for field in fields for p in _object(field, 2000, "field"))


def _context(block: Mapping[str, Any]) -> Iterator[str]:
    yield from _many(block.get("elements", []), 10, "context")
    yield from (p for element in block.get("elements", []) for p in _object(element, 3000, "context"))


def _actions(block: Mapping[str, Any]) -> Iterator[str]:
    elements = block.get("elements", [])
    yield from _many(elements, 25, "actions")
    ids = Counter(element.get("action_id") for element in elements)
    yield from (f"action_id {name!r} stands {n} times in one block" for name, n in ids.items() if n > 1)
    if sum(element.get("style") == "primary" for element in elements) > 1:
        yield "more than one primary button in a set"
    for element in elements:
        yield from _overflow(element) if element.get("type") == "overflow" else _button(element)


def _button(element: Mapping[str, Any]) -> Iterator[str]:
    if element.get("type") != "button":
        yield f"{element.get('type')!r} is no element of ours"
    yield from _object(element.get("text"), 75, "button", plain=True)
    for name, most in _BUTTON.items():
        if len(element.get(name, "-")) not in range(1, most + 1):
            yield f"{name} of a button is empty or longer than {most}"
    if "action_id" not in element or "accessibility_label" not in element:
        yield "a button needs an action_id and an accessibility_label"
    for name, most in _CONFIRM.items() if "confirm" in element else ():
        yield from _object(element["confirm"].get(name), most, f"confirm {name}")


def _overflow(element: Mapping[str, Any]) -> Iterator[str]:
    options = element.get("options", [])
    yield from _many(options, 5, "overflow")
    for option in options:
        yield from _object(option.get("text"), 75, "option", plain=True)
        if len(option.get("value", "")) not in range(1, 151):
            yield "value of an option is empty or longer than 150"


def _rich_text(block: Mapping[str, Any]) -> Iterator[str]:
    if not block.get("elements"):
        yield "rich_text without elements"
    for element in block.get("elements", []):
        if not element.get("elements"):
            yield f"{element.get('type')} without elements"
        for part in element.get("elements", []):
            yield from _rich_text({"elements": [part]}) if "elements" in part else _run(part)


def _run(part: Mapping[str, Any]) -> Iterator[str]:
    if part.get("type") not in {"text", "link", "user", "usergroup", "date", "channel"}:
        yield f"{part.get('type')!r} may not stand in our rich text"
    if part.get("type") in {"text", "link"} and not part.get("text"):
        yield f"an empty {part['type']} in rich text"


def _object(told: Any, most: int, where: str, *, plain: bool = False) -> Iterator[str]:
    if not isinstance(told, Mapping) or not isinstance(told.get("text"), str):
        yield f"{where} has no text object"
        return
    if len(told["text"]) not in range(1, most + 1):
        yield f"{where} has {len(told['text'])} characters, not 1 to {most}"
    if told.get("type") == "mrkdwn" and not plain:
        yield from _commands(told["text"], where)
    elif told.get("type") != "plain_text":
        yield f"{where} has text of type {told.get('type')!r}"


def _commands(mrkdwn: str, where: str) -> Iterator[str]:
    for match in _TOKEN.finditer(mrkdwn):
        if not match.group().endswith(">") or not _OURS.fullmatch(match.group(1)):
            yield f"{where} holds {match.group()[:20]!r}, which is no command of ours"


def _many(found: Any, most: int, where: str) -> Iterator[str]:
    if len(found) not in range(1, most + 1):
        yield f"{where} has {len(found)} elements, not 1 to {most}"


_CHECKS: dict[str, Callable[[Mapping[str, Any]], Iterator[str]]] = {
    "header": _header,
    "section": _section,
    "context": _context,
    "actions": _actions,
    "rich_text": _rich_text,
}


def first_fit(messages: Iterator[Message]) -> Message:
    """The first that Slack takes. Each list of shapes ends in one so small that the last stands for all."""
    for message in messages:
        if not problems(message):
            return message
    return message
