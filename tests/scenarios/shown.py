"""What stands in the channel, read aloud: for the scenarios that people watch."""

from __future__ import annotations

import time
import urllib.request
from pathlib import Path
from typing import Any

from tests.servers.slack import CHANNEL
from tests.servers.town import Town


def whole(town: Town, replies: int = 3) -> dict[str, Any] | None:
    """The digest with its thread."""
    posted = town.slack.posted()
    return posted[0] if posted and len(town.slack.thread(posted[0]["ts"])) >= replies else None


def themes(digest: dict[str, Any]) -> list[str]:
    """In the order of the rows that can be decided."""
    return [str(b["block_id"]).split("|")[2] for b in digest["blocks"] if b["type"] == "actions"]


def first_theme(digest: dict[str, Any]) -> str:
    return themes(digest)[0]


def read(message: dict[str, Any]) -> str:
    """A message's words, block by block, as a person reads them."""
    lines = []
    for block in message["blocks"]:
        if block["type"] == "actions":
            lines.append("   " + " ".join(f"[{_label(e)}]" for e in block["elements"]))
        elif block["type"] == "divider":
            lines.append("-" * 60)
        elif said := "".join(_words(block)).strip():
            lines += [f"   {line}" for line in said.splitlines()]
    return "\n".join(lines)


def row(message: dict[str, Any], theme: str) -> str:
    """What the digest says of one theme, with its buttons."""
    marks = (f".{theme}.", f"|{theme}|")
    mine = [b for b in message.get("blocks", ()) if any(mark in b.get("block_id", "") for mark in marks)]
    return read({"blocks": mine})


def view(town: Town, to: Path, channel: str = CHANNEL) -> None:
    """The channel as it is now, as a page."""
    with urllib.request.urlopen(f"{town.slack.url}/_view?channel={channel}", timeout=10) as page:
        to.write_bytes(page.read())


def say(line: str) -> None:
    print(f"{time.strftime('%H:%M:%S')}  {line}", flush=True)


def _label(element: dict[str, Any]) -> str:
    if element["type"] == "overflow":
        return "⋯ " + " ".join(option["text"]["text"] for option in element["options"])
    return str(element["text"]["text"])


def _words(node: Any) -> list[str]:
    if isinstance(node, list):
        return [word for part in node for word in _words(part)]
    if not isinstance(node, dict):
        return []
    if isinstance(node.get("text"), str):
        return [node["text"].strip("*") + ("\n" if node.get("type") == "mrkdwn" else "")]
    if node.get("type") == "user":
        return [f"@{node['user_id']}"]
    if node.get("type") == "date":
        return [str(node["fallback"])]
    inner = [node.get(k) for k in ("text", "elements", "fields")]
    joined = [word for part in inner for word in _words(part)]
    return [*joined, "\n"] if node.get("type") in ("rich_text_section", "mrkdwn", "plain_text") else joined
