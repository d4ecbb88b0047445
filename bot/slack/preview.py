"""Messages -> one HTML page that looks much like Slack, for previews and pictures. Pure; no script, nothing fetched.

Only what our own blocks use is drawn. Everything is escaped here: in Slack the same words are inert, too.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from html import escape, unescape
from typing import Any

from bot.acts import Message
from bot.slack.text import address

Block = Mapping[str, Any]

_STYLE = """
* { box-sizing: border-box }
body { margin: 0; background: #fff; color: #1d1c1d; font: 15px/1.46 Lato, "Helvetica Neue", Arial, sans-serif }
main { max-width: 760px; margin: 0 auto; padding: 16px }
h1 { font-size: 15px; border-bottom: 1px solid #ddd; padding-bottom: 12px; margin: 0 }
h2 { font-size: 18px; line-height: 1.25; margin: 6px 0 }
article { display: flex; gap: 8px; padding: 12px 0 }
.face { flex: none; width: 36px; height: 36px; border-radius: 4px; background: #2a5a5e; color: #fff }
.face { font-weight: 900; text-align: center; line-height: 36px }
.said { min-width: 0; flex: 1 }
.by { font-weight: 900 }
.by small, .only { font-weight: 400; color: #616061; font-size: 12px }
p, blockquote { margin: 4px 0; white-space: pre-wrap; overflow-wrap: anywhere }
.context { color: #616061; font-size: 13px }
.fields { display: grid; grid-template-columns: 1fr 1fr; gap: 4px 16px }
@media (max-width: 480px) { .fields { grid-template-columns: 1fr } }
hr { border: 0; border-top: 1px solid #ddd; margin: 12px 0 }
ul { margin: 4px 0; padding-left: 22px }
li p { margin: 0 }
blockquote { padding-left: 12px; border-left: 4px solid #ddd }
.actions { display: flex; flex-wrap: wrap; gap: 8px; margin: 6px 0 12px }
.button { border: 1px solid #1d1c1d4d; border-radius: 4px; background: #fff; color: inherit; text-decoration: none }
.button { font: 700 13px/1 Lato, "Helvetica Neue", Arial, sans-serif; padding: 9px 12px }
.primary { background: #007a5a; border-color: #007a5a; color: #fff }
a { color: #1264a3 }
.user { background: #1d9bd11a; color: #1264a3; border-radius: 3px; padding: 0 2px }
section { margin: 4px 0 12px 44px; border-left: 2px solid #eee; padding-left: 12px }
"""
_TOKEN = re.compile(r"<([^<>|]+)(?:\|([^<>]*))?>|\*([^*\n]+)\*")


@dataclass(frozen=True, slots=True)
class Post:
    """A message in a channel: who of it alone sees it ("" for everybody), and its thread."""

    message: Message
    thread: Sequence[Message] = ()
    only_for: str = ""
    at: str = ""


def page(channel: str, posts: Iterable[Post], names: Mapping[str, str] | None = None) -> str:
    """The whole document. `names`: user id -> what people call them."""
    known = names or {}
    body = "".join(_post(post, known) for post in posts)
    title = escape(f"#{channel}")
    return (
        '<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
        f"<title>{title}</title><style>{_STYLE}</style><main><h1>{title}</h1>{body}</main></html>\n"
    )


def _post(post: Post, names: Mapping[str, str]) -> str:
    only = f'<p class="only">Only visible to {escape(post.only_for)}</p>' if post.only_for else ""
    thread = "".join(_message(reply, "", names) for reply in post.thread)
    return only + _message(post.message, post.at, names) + (f"<section>{thread}</section>" if thread else "")


def _message(message: Message, at: str, names: Mapping[str, str]) -> str:
    blocks = message.blocks or [{"type": "section", "text": {"type": "mrkdwn", "text": message.text}}]
    body = "".join(_block(block, names) for block in blocks)
    by = f'<div class="by">Groundswell <small>APP {escape(at)}</small></div>'
    return f'<article><div class="face">G</div><div class="said">{by}{body}</div></article>'


def _block(block: Block, names: Mapping[str, str]) -> str:
    kind = block.get("type")
    if kind == "header":
        return f"<h2>{_object(block['text'], names)}</h2>"
    if kind == "divider":
        return "<hr>"
    if kind == "section":
        fields = "".join(f"<p>{_object(field, names)}</p>" for field in block.get("fields", ()))
        said = f"<p>{_object(block['text'], names)}</p>" if "text" in block else ""
        return said + (f'<div class="fields">{fields}</div>' if fields else "")
    if kind == "context":
        parts = " ".join(_object(element, names) for element in block["elements"])
        return f'<p class="context">{parts}</p>'
    if kind == "actions":
        return f'<div class="actions">{"".join(map(_button, block["elements"]))}</div>'
    if kind == "rich_text":
        return "".join(_rich(element, names) for element in block["elements"])
    return f'<p class="context">[{escape(str(kind))}]</p>'


def _button(element: Block) -> str:
    if element.get("type") == "overflow":
        return '<button class="button" type="button" aria-label="More actions">⋯</button>'
    label, said = escape(element["text"]["text"]), escape(str(element.get("accessibility_label", "")))
    style = "button primary" if element.get("style") == "primary" else "button"
    url = address(element.get("url"))
    if url:
        return f'<a class="{style}" aria-label="{said}" rel="noopener noreferrer" href="{escape(url)}">{label}</a>'
    return f'<button class="{style}" type="button" aria-label="{said}">{label}</button>'


def _rich(element: Block, names: Mapping[str, str]) -> str:
    kind, parts = element.get("type"), element["elements"]
    if kind == "rich_text_list":
        return f"<ul>{''.join(f'<li>{_rich(part, names)}</li>' for part in parts)}</ul>"
    body = "".join(_run(part, names) for part in parts)
    return f"<blockquote>{body}</blockquote>" if kind == "rich_text_quote" else f"<p>{body}</p>"


def _run(part: Block, names: Mapping[str, str]) -> str:
    kind = part.get("type")
    if kind == "user":
        return _user(part["user_id"], names)
    if kind == "link":
        return _link(part["url"], escape(part.get("text") or part["url"]))
    if kind == "date":
        at = datetime.fromtimestamp(part["timestamp"], UTC)
        return escape(f"{at.day} {at:%b} {at:%H:%M}")
    said = escape(part.get("text", ""))
    return f"<b>{said}</b>" if part.get("style", {}).get("bold") else said


def _object(told: Block, names: Mapping[str, str]) -> str:
    if told["type"] == "plain_text":
        return escape(told["text"])
    shown, last = [], 0
    for match in _TOKEN.finditer(told["text"]):
        shown.append(escape(unescape(told["text"][last : match.start()])))
        shown.append(_token(match, names))
        last = match.end()
    return "".join([*shown, escape(unescape(told["text"][last:]))])


def _token(match: re.Match[str], names: Mapping[str, str]) -> str:
    target, label, bold = match.groups()
    if bold is not None:
        return f"<b>{escape(unescape(bold))}</b>"
    if target.startswith("@"):
        return _user(target[1:], names)
    return _link(unescape(target), escape(unescape(label or target)))


def _user(user: str, names: Mapping[str, str]) -> str:
    return f'<span class="user">@{escape(names.get(user, user))}</span>'


def _link(url: str, label: str) -> str:
    safe = address(url)
    return f'<a rel="noopener noreferrer" href="{escape(safe)}">{label}</a>' if safe else label
