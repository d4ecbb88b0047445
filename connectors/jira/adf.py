"""Atlassian Document Format, of the few nodes that a draft needs. Pure.

Nothing here parses anything: whatever a ticket says, `{code}`, `[x|javascript:...]`, `@name` or JSON that looks like
this format, stands in a text node and is read as text (RELIABILITY section 6). The one thing a text can carry is a link
to a ticket, and `link` makes it only of an address that is fit to be clicked.
Structure: developer.atlassian.com/cloud/jira/platform/apis/document/structure; checked in tests against Atlassian's own
JSON schema.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from typing import Any
from urllib.parse import urlsplit

from bot import phrases

Node = dict[str, Any]

_UNSTORABLE = re.compile("[\ufffe\uffff]")  # not characters at all (XML 1.0, section 2.2), and Jira exports XML
_ADDRESS = re.compile(r"[!-~]{8,2000}")  # printable ASCII without a space: what else a URL holds is percent-encoded


def clean(text: str) -> str:
    """What can be stored and seen: controls, lone surrogates and bidi overrides become a replacement character."""
    return _UNSTORABLE.sub("\ufffd", phrases.visible(text))


def text(said: str, href: str | None = None) -> list[Node]:
    """One text node, or none for an empty text: the format forbids empty ones."""
    said = clean(said)
    if not said:
        return []
    node: Node = {"type": "text", "text": said}
    if href:
        node["marks"] = [{"type": "link", "attrs": {"href": href}}]
    return [node]


def link(said: str, url: str | None) -> list[Node]:
    """`said`, linked where `url` is http or https to a host, without credentials; else plain."""
    return text(said, url if url and followable(url) else None)


def followable(url: str) -> bool:
    if not _ADDRESS.fullmatch(url):
        return False
    try:
        parts = urlsplit(url)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and "@" not in parts.netloc
    except ValueError:  # "http://[::1": not even an address
        return False


def strong(said: str) -> list[Node]:
    return [{**node, "marks": [{"type": "strong"}]} for node in text(said)]


def lines(said: str) -> list[Node]:
    """A text of several lines, with its line breaks."""
    content: list[Node] = []
    for n, line in enumerate(clean(said).split("\n")):
        content += [*([{"type": "hardBreak"}] if n else []), *text(line)]
    return content


def paragraph(content: Iterable[Node]) -> Node:
    return {"type": "paragraph", "content": list(content)}


def heading(said: str) -> Node:
    return {"type": "heading", "attrs": {"level": 3}, "content": text(said)}


def panel(kind: str, content: Sequence[Node]) -> Node:
    """`kind`: info, note, warning, success or error."""
    return {"type": "panel", "attrs": {"panelType": kind}, "content": list(content)}


def quote(content: Iterable[Node]) -> Node:
    return {"type": "blockquote", "content": [paragraph(content)]}


def bullets(items: Iterable[str]) -> Node:
    listed = [{"type": "listItem", "content": [paragraph(text(item))]} for item in items]
    return {"type": "bulletList", "content": listed}


def table(rows: Iterable[tuple[str, str]]) -> Node:
    """Two columns; the left one names what the right one says."""
    return {"type": "table", "content": [_row(name, value) for name, value in rows]}


def _row(name: str, value: str) -> Node:
    cells = (("tableHeader", strong(name)), ("tableCell", text(value)))
    return {"type": "tableRow", "content": [{"type": kind, "content": [paragraph(said)]} for kind, said in cells]}


def expand(title: str, content: Iterable[Node]) -> Node:
    """Folded until it is clicked."""
    return {"type": "expand", "attrs": {"title": clean(title)}, "content": [paragraph(content)]}


def document(content: Iterable[Node]) -> Node:
    return {"version": 1, "type": "doc", "content": list(content)}


def size(nodes: Node | Sequence[Node]) -> int:
    """Characters as Jira counts them: UTF-16 units of the JSON, in which nothing beyond JSON's own is escaped."""
    return units(json.dumps(nodes, ensure_ascii=False, separators=(",", ":")))


def units(said: str) -> int:
    """Length in UTF-16 units: an emoji is two (Jira is written in Java)."""
    return len(said.encode("utf-16-le", "surrogatepass")) // 2
