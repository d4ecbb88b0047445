"""The draft as a person reads it before it exists: whatever a ticket says is text there, too."""

from __future__ import annotations

import re
from dataclasses import replace
from html.parser import HTMLParser

import pytest

from bot.domain import Quote
from connectors.jira import Jira
from tests.contract.sinks import draft_of
from tests.test_jira_draft import HOSTILE, form

HTML = [
    *HOSTILE,
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "</p></main><iframe src=//evil.example>",
]


class Tags(HTMLParser):
    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.links: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        assert all(name in ("class", "rel", "href", "lang", "charset", "name", "content") for name, _ in attrs)
        self.links += [value or "" for name, value in attrs if name == "href"]


def shown(text: str) -> tuple[str, str]:
    draft = draft_of()
    words = replace(draft.theme.words, title=text or "-", problem=text, acceptance=(text or "-",))
    theme = replace(draft.theme, words=words, quotes=(Quote(draft.theme.members[1], text or "-"),))
    sink: Jira = form(fields={"Team": text})
    acts = sink.plan(replace(draft, theme=theme, notes_url=text))
    return "\n".join(sink.text(acts)), sink.page(acts)


@pytest.mark.parametrize("text", HTML, ids=range(len(HTML)))
def test_no_text_becomes_a_tag_a_link_or_a_command_to_the_terminal(text: str) -> None:
    said, page = shown(text)
    read = Tags(page)
    assert not read.tags & {"script", "img", "iframe"}
    assert read.links and all(url.startswith("https://acme.example/agent/tickets/") for url in read.links)
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f\u202a-\u202e\u2066-\u2069\ud800-\udfff]", said + page)


def test_the_preview_holds_the_whole_case_and_each_write_in_order() -> None:
    draft = draft_of()
    sink = form()
    acts = sink.plan(draft)
    said, page = "\n".join(sink.text(acts)), sink.page(acts)
    for due in (draft.theme.words.title, "Customers             31", *draft.theme.members[:3], "42 tickets"):
        assert due in said
    assert all(q.text.replace("'", "&#x27;") in page for q in draft.theme.quotes)
    wrote = re.findall(r"^(\d)\. (\w+)", said, re.MULTILINE)
    assert wrote == [("1", "Make"), ("2", "Link"), ("3", "Attach"), ("4", "Move")], "in the order in which it is done"
    assert len(dict.fromkeys(act.kind for act in acts)) == len(wrote)
    assert "2. Link it to 20 tickets" in said and "42 tickets, without their texts" in said
