"""One ticket that tells of a breach makes no theme, and must not be found last: it is shown first, everywhere."""

from __future__ import annotations

import json
from dataclasses import replace
from functools import cache
from io import StringIO
from pathlib import Path
from tempfile import mkdtemp

import pytest
from rich.console import Console

from bot import phrases, report
from bot.acts import Message
from bot.domain import Digest
from bot.report import markdown, terminal
from bot.report.document import document
from bot.runs.pipeline import Run
from bot.slack import blocks, leftovers
from bot.store.withdrawal import without
from tests.runs import data, faults, jsonl, run
from tests.test_foreign import ENGLISH

BREACH = "I can see another patient's letter in my account!!"
HOSTILE = "The bill shows calls that are not mine"
URL = "https://desk.example/tickets/90"


@cache
def made() -> Run:
    rows = [{"id": n, "email": f"p{n}@c{n}.example", "body": text} for n, text in enumerate(ENGLISH.splitlines())]
    rows.append({"id": 90, "email": "a@b90.example", "body": f"Hi, since today this. {BREACH} Anna", "url": URL})
    rows.append({"id": 91, "email": "a@b91.example", "body": HOSTILE, "url": "javascript:alert(1)"})
    return run(jsonl(Path(mkdtemp()) / "tickets.jsonl", rows))


def printed(digest: Digest) -> str:
    out = StringIO()
    Console(file=out, width=100).print(terminal.table(digest))
    return out.getvalue()


def in_slack(message: Message) -> str:
    return json.dumps(list(message.blocks), ensure_ascii=False)


def test_what_tells_of_the_worst_is_marked_word_for_word_and_nothing_else_is() -> None:
    told = {x.ticket_id: (x.urgent, x.url) for x in phrases.urgent(made().digest)}
    assert told["90"] == (BREACH, URL)
    assert told["91"][0] == HOSTILE
    assert len(told) == 2
    assert faults(made()) == []


@pytest.mark.parametrize(
    "shown",
    [
        printed,
        markdown.render,
        report.render,
        lambda d: in_slack(blocks.digest(d, {}, run_key="r")),
        lambda d: in_slack(leftovers.left_over(d)),
    ],
    ids=["terminal", "markdown", "html", "channel", "thread"],
)
def test_every_renderer_shows_it_before_all_else_it_lists(shown: object) -> None:
    assert callable(shown)
    page = str(shown(made().digest)).replace("&#39;", "'").replace("\\", "")
    body = page[page.find("</dl>") + 1 :]  # of the page: below its summary
    rest = [body.find(found) for found in ("Verification code", "single report", "Possible one-off") if found in body]
    assert "2 tickets that may be urgent" in body or "May be urgent" in body
    assert body.find(BREACH) >= 0
    assert rest
    assert body.find(BREACH) < min(rest)


def test_it_is_linked_where_the_address_may_be_followed() -> None:
    pages = [markdown.render(made().digest), report.render(made().digest)]
    pages.append(in_slack(blocks.digest(made().digest, {}, run_key="r")))
    for page in pages:
        assert URL in page
        assert "javascript:" not in page


def test_a_digest_without_any_says_nothing_of_it() -> None:
    digest = made().digest
    calm = replace(digest, not_a_theme=tuple(x for x in digest.not_a_theme if not x.urgent))
    assert "rgent?" not in printed(calm) + markdown.render(calm) + report.render(calm)
    assert "urgent" not in json.dumps(document(calm))


def test_a_mark_that_the_words_do_not_bear_out_is_found() -> None:
    told = json.loads(json.dumps(data(made())))
    one = next(x for x in told["not_a_theme"] if x["ticket_id"] == "90")
    for wrong in ({"urgent": "I lost everything"}, {"urgent": ""}, {"url": "https://elsewhere.example"}):
        was = dict(one)
        one.update(wrong)
        assert any("90: urgent is" in p for p in faults(made(), told)), wrong
        one.update(was)
    assert faults(made(), told) == []


def test_its_words_go_when_the_ticket_does() -> None:
    kept, pieces = without(made().digest, ["90"])
    assert BREACH in pieces
    assert BREACH not in json.dumps(document(kept))
