"""An item as Markdown in a window: for whoever reads the digest, whole or with its cut marked."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.acts import Verdict
from bot.report import markdown
from bot.slack.app import event_id
from bot.slack.copying import CopyWindow
from tests.digests import HOSTILE, sample_digest, with_text
from tests.servers.slack import CHANNEL, ELSEWHERE
from tests.spine import Scene, scene


@pytest.fixture
def here(tmp_path: Path) -> Iterator[Scene]:
    with scene(tmp_path, tracker=False) as there:
        there.conclude()
        there.settle()
        yield there


def test_it_opens_from_a_row_and_holds_the_item_as_digest_md_says_it(here: Scene) -> None:
    window = CopyWindow(here.store, CHANNEL)
    here.decide(Verdict.APPROVE, here.theme(2))
    here.settle()
    click = here.slack.click(here.post, "copy", "U0SAM", here.theme(2))
    view = window.view(click)
    assert view is not None and view["callback_id"] == window.callback_id
    (block,) = view["blocks"]
    d = sample_digest()
    said = markdown.item(d.item_of(d.themes[1]), d.themes[1])
    assert block["element"]["initial_value"] == said and len(said) <= block["element"]["max_length"] == 3000
    assert said.startswith("## Show why an SSO login was rejected\n") and "- Severity: P1 (" in said
    click["channel"]["id"] = ELSEWHERE
    assert window.view(click) is None


def test_an_item_that_stands_alone_has_the_figures_criteria_and_words_of_its_digest() -> None:
    d = sample_digest()
    theme = d.themes[0]
    said, whole = markdown.item(d.item_of(theme), theme), markdown.render(d)
    for line in said.splitlines():
        if line.startswith(("- Severity", "- Expected", "- Impact")):
            assert line in whole
    assert all(f"- [ ] {markdown.escape(a)}" in said for a in theme.words.acceptance)
    assert all(markdown.escape(q.text) in said for q in theme.quotes)
    assert f"- From 42 tickets, 31 customers: {theme.members[0]}" in said and "and 17 more" in said


def test_what_is_longer_than_a_window_takes_is_cut_and_says_so(tmp_path: Path) -> None:
    with scene(tmp_path) as here:
        digest = here.conclude(digest=with_text(HOSTILE * 20, words=HOSTILE * 5), post=False)
        assert "<script>" not in markdown.item(digest.items[0], digest.themes[0])
        press = {"user": {"id": "U0DANA"}, "channel": {"id": CHANNEL},
                 "actions": [{"type": "button", "action_id": "copy",
                              "block_id": f"act|monthly:2026-10|{digest.themes[0].id}|1|0|open"}]}  # fmt: skip
        view = CopyWindow(here.store, CHANNEL).view(press)
        assert view is not None
        shown = view["blocks"][0]["element"]["initial_value"]
        assert len(shown) <= 3000 and shown.endswith("(cut here; the rest is in digest.md and in the report)\n")


def test_a_window_that_did_not_open_is_told_of_and_one_that_is_sent_off_does_nothing(here: Scene) -> None:
    click = here.slack.click(here.slack.thread(here.post["ts"])[0], "copy", "U0SAM", here.theme())
    here.store.inbox.receive(event_id(click), "click", click)
    here.answer()
    assert "could not be opened" in here.whispers("U0SAM")[0]
    view = CopyWindow(here.store, CHANNEL).view(click)
    assert view is not None
    here.slack.views.append(dict(view))
    body = here.slack.submission({"text": {"value": "changed"}}, "U0SAM")
    assert not CopyWindow(here.store, CHANNEL).errors(body["view"])
    here.store.inbox.receive(event_id(body), "view", body)
    here.answer()
    assert here.store.inbox.waiting() == [] and here.stage() == "open"
