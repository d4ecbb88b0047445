"""A draft's issue as a person reads it: on a terminal, and as an HTML page that looks much like Jira. Pure.

Only the nodes that our own drafts use are drawn. Everything is escaped here: in Jira the same words are inert, too. The
page fetches nothing and runs no script.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from html import escape
from itertools import groupby
from typing import Any

from bot import phrases
from bot.acts import Act
from connectors.jira import adf
from connectors.jira.adf import Node
from connectors.jira.draft import ISSUE, LINK
from connectors.jira.evidence import EVIDENCE
from connectors.jira.moves import TRIAGE

_WIDTH = 100  # characters of a line on a terminal
_STYLE = """
* { box-sizing: border-box }
body { margin: 0; background: #fff; color: #172b4d; font: 15px/1.5 "Segoe UI", Roboto, Arial, sans-serif }
main { max-width: 1060px; margin: 0 auto; padding: 24px }
.place { color: #505f79; font-size: 13px }
h1 { font-size: 24px; line-height: 1.25; font-weight: 600; margin: 6px 0 20px }
h3 { font-size: 16px; font-weight: 600; margin: 22px 0 6px }
.issue { display: grid; grid-template-columns: minmax(0, 1fr) 290px; gap: 32px }
@media (max-width: 760px) { .issue { grid-template-columns: minmax(0, 1fr) } }
p { margin: 0 0 8px; overflow-wrap: anywhere }
ul { margin: 0 0 8px; padding-left: 22px }
.panel { border-radius: 4px; padding: 12px 16px 4px; margin: 0 0 12px; border-left: 4px solid }
.info { background: #e9f2ff; border-color: #1d7afc }
.warning { background: #fff7d6; border-color: #cf9f02 }
table { border-collapse: collapse; width: 100%; margin: 0 0 8px }
th, td { border: 1px solid #c1c7d0; padding: 7px 10px 0; text-align: left; vertical-align: top }
th { background: #f4f5f7; width: 170px }
blockquote { margin: 0 0 8px; padding: 2px 0 0 14px; border-left: 2px solid #c1c7d0 }
details { border: 1px solid #c1c7d0; border-radius: 4px; padding: 8px 12px; margin: 14px 0 }
summary { font-weight: 600 }
details p { margin-top: 8px }
aside { align-self: start; border: 1px solid #c1c7d0; border-radius: 4px; padding: 6px 16px 12px; font-size: 14px }
dt { color: #505f79; font-size: 12px; margin-top: 10px }
dd { margin: 0; overflow-wrap: anywhere }
.label { display: inline-block; background: #f1f2f4; border-radius: 3px; padding: 0 6px; margin: 2px 4px 2px 0 }
a { color: #0c66e4; text-decoration: none }
ol { padding-left: 22px; color: #505f79; font-size: 14px }
"""


@dataclass(frozen=True, slots=True)
class Shown:
    """What is shown of an issue. `about`: names and values beside it; `links`: (title, address); `files`: names."""

    place: str
    fields: dict[str, Any]
    about: Sequence[tuple[str, str]]
    links: Sequence[tuple[str, str]] = ()
    files: Sequence[str] = ()
    acts: Sequence[str] = ()


def planned(acts: Sequence[Act]) -> Shown:
    """The issue that a plan would make. The first act makes it (`bot.ports.Sink.plan`)."""
    first = acts[0]
    wanted = first.payload.get("wanted") or {}
    severity = wanted.get("severity")
    priority = (wanted.get("priorities") or {}).get(severity) or f"{severity} (by the project's own order)"
    status = next((str(a.payload["status"]) for a in acts if a.kind == TRIAGE), "the project's first")
    given = [
        (phrases.heading(name), phrases.heading(str(value))) for name, value in (wanted.get("fields") or {}).items()
    ]
    return Shown(
        place=f"{first.target} / a draft that is not made yet",
        fields=dict(first.payload["fields"]),
        about=[
            ("Type", str(wanted.get("type"))),
            ("Status", status),
            ("Priority", priority if severity else "as it is"),
            *given,
        ],
        links=[(str(a.payload["object"]["title"]), str(a.payload["object"]["url"])) for a in acts if a.kind == LINK],
        files=[str(a.payload["name"]) for a in acts if a.kind == EVIDENCE],
        acts=list(told(acts)),
    )


def told(acts: Sequence[Act]) -> Iterator[str]:
    """What would be written, in order and in words; a row of like acts is one line."""
    for (_, target), row in groupby(acts, key=lambda a: (a.kind, a.target)):
        like = list(row)
        yield _what(like[0], len(like), target)


def _what(act: Act, many: int, target: str) -> str:
    if act.kind == ISSUE:
        return f"Make the issue in {target}: {phrases.clip(str(act.payload['fields']['summary']), 80)}"
    if act.kind == LINK:
        return f"Link it to {phrases.count(many, 'ticket')}"
    if act.kind == EVIDENCE:
        rows = phrases.count(str(act.payload["content"]).count("\n") - 1, "ticket")
        return f"Attach {act.payload['name']}: {rows}, without their texts"
    if act.kind == TRIAGE:
        return f"Move it to “{phrases.heading(str(act.payload['status']))}”, where that can be"
    return f"{act.kind} in {target}{f' x {many}' if many > 1 else ''}"


# --- on a terminal


def lines(shown: Shown) -> Iterator[str]:
    """The issue, line by line."""
    yield from (shown.place, str(shown.fields["summary"]), "")
    for name, value in (*shown.about, ("Labels", ", ".join(shown.fields.get("labels") or []))):
        yield f"{name:<10} {phrases.line(value)}"
    for node in shown.fields["description"]["content"]:
        yield ""
        yield from _block(node)
    yield ""
    yield from (f"File       {phrases.line(name)}" for name in shown.files)
    if shown.links:
        yield f"Links      {phrases.count(len(shown.links), 'ticket')}, such as {phrases.line(shown.links[0][1])}"
    yield from (f"{n}. {act}" for n, act in enumerate(shown.acts, 1))


def _block(node: Node) -> Iterator[str]:
    kind, within = node["type"], node.get("content", [])
    if kind == "table":
        for row in within:
            name, value = (_said(cell) for cell in row["content"])
            yield from _wrapped(value, f"{name:<22}", " " * 22)
    elif kind == "heading":
        yield _said(node).upper()
    elif kind == "expand":
        yield str(node["attrs"]["title"])
        yield from _wrapped(_said(node), "  ", "  ")
    elif kind == "bulletList":
        for item in within:
            yield from _wrapped(_said(item), "- ", "  ")
    elif kind in ("panel", "blockquote"):
        mark = "> " if kind == "blockquote" else "| "
        yield from (f"{mark}{line}" for child in within for line in _block(child))
    else:
        for line in _said(node).split("\n"):
            yield from _wrapped(line, "", "")


def _wrapped(said: str, first: str, others: str) -> Sequence[str]:
    return textwrap.wrap(said, _WIDTH, initial_indent=first, subsequent_indent=others, break_on_hyphens=False) or [
        first
    ]


def _said(node: Node) -> str:
    if node["type"] == "hardBreak":
        return "\n"
    return str(node.get("text", "")) + "".join(_said(child) for child in node.get("content", []))


# --- as a page


def page(shown: Shown) -> str:
    """The whole document."""
    title = escape(str(shown.fields["summary"]))
    body = "".join(_html(node) for node in shown.fields["description"]["content"])
    head = (
        '<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
        f"<title>{title}</title><style>{_STYLE}</style>"
    )
    place = f'<p class="place">{escape(shown.place)}</p><h1>{title}</h1>'
    acts = "".join(f"<li>{escape(act)}</li>" for act in shown.acts)
    what = f"<h3>What an approval writes, in this order</h3><ol>{acts}</ol>" if acts else ""
    return f'{head}<main>{place}<div class="issue"><div>{body}{what}</div>{_aside(shown)}</div></main></html>\n'


def _aside(shown: Shown) -> str:
    labels = "".join(f'<span class="label">{escape(one)}</span>' for one in shown.fields.get("labels") or [])
    rows = [(name, escape(value)) for name, value in shown.about] + [("Labels", labels)]
    if shown.files:
        rows.append(("Attachments", "<br>".join(map(escape, shown.files))))
    if shown.links:
        rows.append(("Web links: reported in", _joined(_anchor(escape(title), url) for title, url in shown.links)))
    return f"<aside><dl>{''.join(f'<dt>{escape(name)}</dt><dd>{value}</dd>' for name, value in rows)}</dl></aside>"


def _joined(parts: Iterable[str]) -> str:
    return " · ".join(parts)


_TAGS = {
    "paragraph": "p",
    "heading": "h3",
    "bulletList": "ul",
    "listItem": "li",
    "blockquote": "blockquote",
    "table": "table",
    "tableRow": "tr",
    "tableHeader": "th",
    "tableCell": "td",
}


def _html(node: Node) -> str:
    kind = node["type"]
    if kind == "text":
        return _text(node)
    if kind == "hardBreak":
        return "<br>"
    within = "".join(_html(child) for child in node.get("content", []))
    if kind == "panel":
        return f'<div class="panel {escape(str(node["attrs"]["panelType"]))}">{within}</div>'
    if kind == "expand":
        return f"<details><summary>{escape(str(node['attrs']['title']))}</summary>{within}</details>"
    tag = _TAGS[kind]
    return f"<{tag}>{within}</{tag}>"


def _text(node: Node) -> str:
    said = escape(str(node["text"]))
    for mark in node.get("marks", []):
        said = f"<b>{said}</b>" if mark["type"] == "strong" else _anchor(said, str(mark["attrs"]["href"]))
    return said


def _anchor(said: str, url: str) -> str:
    return f'<a rel="noopener noreferrer" href="{escape(url)}">{said}</a>' if adf.followable(url) else said
