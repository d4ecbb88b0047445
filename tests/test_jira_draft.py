"""What a draft becomes in Jira: its fields, its description, its links. Pure, without a server."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.acts import Act, Draft, effect_key
from bot.domain import Alarm, Course, Kind, Month, Quote, Trend
from connectors.jira import Jira, adf
from tests.contract.sinks import draft_of
from tests.digests import large_digest, sample_digest, small_digest, with_text
from tests.servers.jira import _invalid_text

HOSTILE = [
    "{code}rm -rf{code} {panel}x{panel} h1. Heading",
    "[click me|javascript:alert(1)] [~accountid:5b10] [^file.pdf] !image.png!",
    "@channel @dana [@dana](mention) https://evil.example/?q=1 <https://evil.example|Okta>",
    '{"type":"mention","attrs":{"id":"5b10","text":"@Dana"}} ]}]}',
    '"}]},{"type":"inlineCard","attrs":{"url":"https://evil.example"}},{"',
    "\x00\x1b[31m \u202egnp.exe\u202c \u2066x\u2069 \ud800 \ufffe \ufeff",
    "line one\r\nline two\n\n\tline four",
    "=HYPERLINK() 🙁 مزامنة الحقول 日本語",
    "x" * 30_000,
    "word " * 6_000,
    "🙁" * 10_000,
    " \n ",
    "\x00",
    "",
]


def form(**more: Any) -> Jira:
    told: dict[str, Any] = {"site": "https://acme.example", "email": "bot@acme.example", "token": "t"}
    return Jira(**{**told, "project": "BILL", **more})


def fields(draft: Draft, **more: Any) -> dict[str, Any]:
    return dict(form(**more).plan(draft)[0].payload["fields"])


def links(draft: Draft, **more: Any) -> list[Act]:
    return [act for act in form(**more).plan(draft) if act.kind == "jira.links"]


def nodes(node: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield node
    for child in node.get("content", []):
        yield from nodes(child)


def said(draft: Draft, **more: Any) -> str:
    """The description as a person reads it, a line for each paragraph."""
    blocks = (n for n in nodes(fields(draft, **more)["description"]) if n["type"] in ("paragraph", "heading"))
    return "\n".join(
        "".join(c.get("text", "\n") for c in block.get("content", [])) for block in blocks if block.get("content")
    )


# --- the description


def test_the_description_holds_the_whole_case() -> None:
    draft = draft_of()
    text = said(draft)
    for due in (
        "Approved by U0DANA (slack) on 2 Nov 2026 at 09:14 UTC",
        "No language model was used",
        draft.theme.words.problem,
        draft.theme.words.user_story,
        *draft.theme.words.acceptance,
        "42, 20% of the 213 read",
        "P1: 9 of 42 tickets from 8 customers say work is blocked",
        draft.item.deflection.arithmetic,
        "155 (31 customers × P1 weight), backlog rank 1",
        "Zendesk 28, Intercom 14",
        *(quote.text for quote in draft.theme.quotes),
        *draft.theme.members,
        "Groundswell run acme:monthly:2026-10 · theme thm_01c4f1 · item itm_01c4f1, revision 1 · approval 1",
    ):
        assert due in text


def test_a_model_that_worded_it_is_named() -> None:
    text = said(draft_of(drafter="qwen3:8b"))
    assert "worded by qwen3:8b" in text and "No language model" not in text


def test_who_could_not_be_told_apart_and_what_may_be_skewed_stand_in_it() -> None:
    assert "5, and 2 not identified" in said(draft_of(number=6))
    assert "Skewed? 9 of the 17 tickets came on one day" in said(draft_of(number=4))


def test_a_small_batch_without_dates_makes_a_draft_too() -> None:
    text = said(draft_of(small_digest()))
    assert "No ticket has a date" in text and "5, 42% of the 12 read" in text


def test_ticket_links_stop_at_the_limit_and_at_the_size_and_say_so() -> None:
    draft = draft_of(large_digest())
    description = fields(draft)["description"]
    (fold,) = (n for n in nodes(description) if n["type"] == "expand")
    assert fold["attrs"]["title"] == f"Tickets: 100 of {len(draft.theme.members):,}, the most typical first"
    shown = [n["text"] for n in nodes(fold) if n["type"] == "text" and n["text"].strip()]
    assert shown == list(draft.theme.members[:100])
    assert not [n for n in nodes(fields(draft, inline_links=0)["description"]) if n["type"] == "expand"]
    assert len([n for n in nodes(fields(draft, inline_links=1_000_000)["description"]) if n["type"] == "text"]) > 500
    assert adf.size(fields(draft, inline_links=1_000_000)["description"]) <= 30_000


def test_links_go_to_tickets_and_nowhere_else() -> None:
    draft = draft_of()
    urls = {e.url for e in draft.theme.evidence if e.url and e.url.startswith("https://")}
    marks = [m for n in nodes(fields(draft)["description"]) for m in n.get("marks", []) if m["type"] == "link"]
    assert marks and {m["attrs"]["href"] for m in marks} <= urls


@pytest.mark.parametrize(
    "url",
    [
        "javascript:alert(1)",
        "JAVASCRIPT://x/%0aalert(1)",
        "data:text/html,x",
        "ftp://acme.example/x",
        "//acme.example/x",
        "https://",
        "https:///x",
        "https://me:secret@acme.example/1",
        "https://acme.example@evil.example/1",
        "https://acme.example/ x",
        "https://acme.example/\u202e",
        "https://acme.example/\n",
        "https://[::1",
        "https://аcme.example/1",
        "https://acme.example/" + "x" * 3_000,
        "",
    ],
)
def test_an_address_that_is_not_fit_to_be_clicked_is_no_link(url: str) -> None:
    draft = draft_of()
    evidence = tuple(replace(e, url=url) for e in draft.theme.evidence)
    draft = replace(draft, theme=replace(draft.theme, evidence=evidence))
    act = form().plan(draft)[0]
    assert not links(draft)
    assert not [m for n in nodes(act.payload["fields"]["description"]) for m in n.get("marks", []) if "attrs" in m]


def valid(draft: Draft) -> None:
    """Jira would take it, and whatever a ticket says is text."""
    made = fields(draft)
    description = made["description"]
    assert not list(_invalid_text(made))
    assert adf.size(description) <= 30_000
    json.dumps(made, ensure_ascii=False).encode()  # no half characters
    for node in nodes(description):
        assert node["type"] in {
            *("doc", "panel", "paragraph", "text", "hardBreak", "heading", "bulletList", "listItem", "table"),
            *("tableRow", "tableHeader", "tableCell", "blockquote", "expand"),
        }
        if node["type"] == "text":
            assert node["text"] and not set(node["text"]) & set("\x00\x1b\u202e\u2066\u2069\r\n\ud800\ufffe")


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_text_stays_text(text: str) -> None:
    draft = draft_of(with_text(text))
    valid(draft)
    quote = adf.clean(text).split("\n")[0]
    if quote.strip() and len(text) < 1_000:
        assert quote in said(draft)


@settings(deadline=None)
@given(st.text(st.characters(exclude_categories=[]), max_size=300))
def test_any_text_anywhere_makes_a_draft_that_jira_takes(text: str) -> None:
    valid(draft_of(with_text(text)))


@settings(deadline=None)
@given(st.text(max_size=60), st.text(max_size=60))
def test_texts_of_any_length_keep_the_size(quotes: str, words: str) -> None:
    quotes, words = quotes * 500, words * 500
    draft = draft_of(with_text(quotes, words=words))
    theme = replace(
        draft.theme,
        quotes=draft.theme.quotes * 50,
        alarms=(Alarm("x", words),) * 50,
        words=replace(draft.theme.words, acceptance=(words,) * 50),
    )
    valid(replace(draft, theme=theme))


def test_a_cut_text_says_that_it_is_cut() -> None:
    draft = draft_of(with_text("word " * 6_000))
    assert "[…]" in said(draft)


# --- the fields


def test_a_draft_sets_nothing_that_could_surprise_a_team() -> None:
    assert set(fields(draft_of())) == {"project", "issuetype", "summary", "description", "labels"}


@pytest.mark.parametrize(
    ("title", "summary"),
    [
        ("Fix  the\nexport\r\n now", "Fix the export now"),
        ("x" * 255, "x" * 255),
        ("x" * 256, "x" * 254 + "…"),
        ("🙁" * 128, "🙁" * 127 + "…"),
        ("\x00", "The name"),
        ("", "The name"),
        ("\u202eevil", "\ufffdevil"),
    ],
)
def test_the_summary_is_the_title_on_one_line(title: str, summary: str) -> None:
    draft = draft_of()
    words = replace(draft.theme.words, title=title, name="The name")
    assert fields(replace(draft, theme=replace(draft.theme, words=words)))["summary"] == summary


def test_a_theme_without_any_readable_word_is_called_by_its_id() -> None:
    draft = draft_of(with_text("\x00"))
    assert fields(draft)["summary"] == f"Theme {draft.theme.id}"


def test_labels_are_those_by_which_it_is_found_and_the_configured_ones() -> None:
    act = form(labels=["from support", "VIP", "a/b", "from support", " "]).plan(draft_of())[0]
    assert act.payload["fields"]["labels"] == [
        "groundswell",
        "groundswell-draft",
        "groundswell-theme-thm_01c4f1",
        f"groundswell-op-{act.key[:16]}",
        "from-support",
        "VIP",
        "a-b",
    ]


def test_the_property_holds_ids_and_nothing_to_read() -> None:
    draft = draft_of(generation=3)
    act = form().plan(draft)[0]
    assert act.key == effect_key("jira.issue", "acme", "thm_01c4f1:3") and act.target == "BILL"
    assert act.payload["properties"] == [
        {
            "key": "groundswell",
            "value": {
                "schema": 1,
                "run": "acme:monthly:2026-10",
                "theme": "thm_01c4f1",
                "generation": 3,
                "revision": 1,
                "key": act.key,
            },
        }
    ]


def test_types_and_components_go_by_name_or_id() -> None:
    made = fields(draft_of(), issue_types={Kind.BUG: "10004"}, components=["Payments", "20001"])
    assert made["issuetype"] == {"id": "10004"}
    assert made["components"] == [{"name": "Payments"}, {"id": "20001"}]
    assert fields(draft_of(number=2))["issuetype"] == {"name": "Story"}
    assert fields(draft_of(number=5))["issuetype"] == {"name": "Task"}


def test_a_small_sample_says_so_in_a_label_and_in_words() -> None:
    small = draft_of(small_digest(), small_sample=True)
    assert "groundswell-small-sample" in fields(small)["labels"] and "Small sample" in said(small)
    assert "groundswell-small-sample" not in fields(draft_of())["labels"] and "Small sample" not in said(draft_of())


def test_discovery_notes_are_linked_or_asked_for() -> None:
    notes = "https://notes.acme.example/billing"
    given = draft_of(notes_url=notes, edited_by=("slack:U0LEE", "cli:dana"))
    text = said(given)
    assert f"Reviewed against: {notes}" in text and "Edited by U0LEE (slack) and dana (cli)." in text
    assert [n for n in nodes(fields(given)["description"]) if n.get("text") == notes and n["marks"]]
    assert "first-pass synthesis" in said(draft_of()) and "first-pass synthesis" not in text
    assert not [
        n
        for n in nodes(fields(draft_of(notes_url="javascript:alert(1)"))["description"])
        if n.get("text") == "javascript:alert(1)" and n.get("marks")
    ]


def test_a_theme_with_a_past_shows_its_trend_and_one_without_says_nothing_of_it() -> None:
    draft = draft_of()
    months = (Month("September 2026", 29, 20, 30.0), Month("October 2026", 42, 31, 31.0))
    trend = Trend(Course.GREW, months, previous=29, change=0.4)
    told = said(replace(draft, theme=replace(draft.theme, trend=trend)))
    assert "up 45% (29 to 42)" in told
    back = Trend(Course.RETURNED, months[1:], returned_after="BILL-88")
    assert "returned, though BILL-88 was done" in said(replace(draft, theme=replace(draft.theme, trend=back)))
    assert "Trend" not in said(draft)


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"project": "bill"}, "capitals"),
        ({"project": 'X" OR project = "Y'}, "capitals"),
        ({"project": ""}, "capitals"),
        ({"labels": ["groundswell-op-0123456789abcdef"]}, "begin with 'groundswell'"),
        ({"fields": {"summary": "x"}}, "summary"),
    ],
)
def test_settings_that_can_not_be_meant_are_refused_with_the_mend(wrong: dict[str, Any], told: str) -> None:
    with pytest.raises(ValueError, match=told):
        form(**wrong)


# --- remote links


def test_remote_links_go_to_the_example_tickets_first_and_to_twenty_at_most() -> None:
    made = links(draft_of())
    assert len(made) == 20
    assert [link.payload["object"]["title"] for link in made[:2]] == ["SUP-1001", "SUP-1002"]
    assert all(set(link.payload) == {"globalId", "application", "relationship", "object"} for link in made)


def test_a_remote_link_tells_neither_customer_nor_words() -> None:
    draft = draft_of()
    whole = json.dumps([link.payload for link in links(draft)])
    assert "GmbH" not in whole and not any(quote.text in whole for quote in draft.theme.quotes)


def test_a_tickets_global_id_does_not_hang_on_how_it_is_shown() -> None:
    """A shown id has its source before it only in a run in which another source uses the same one."""
    draft = draft_of()
    evidence = tuple(
        replace(e, ticket_id=f"{e.source}:{e.ticket_id}", url=e.url and e.url.replace("?x=1&y=2", ""))
        for e in draft.theme.evidence
    )
    again = replace(draft, theme=replace(draft.theme, evidence=evidence, examples=()))

    def global_ids(draft: Draft) -> set[str]:
        return {link.payload["globalId"] for link in links(draft)}

    assert global_ids(draft) == global_ids(again) and len(global_ids(draft)) == 20


def test_global_ids_stay_within_what_jira_takes() -> None:
    draft = draft_of()
    evidence = tuple(replace(e, ticket_id=f"{n}-{'ü' * 300}") for n, e in enumerate(draft.theme.evidence))
    made = links(replace(draft, theme=replace(draft.theme, evidence=evidence)))
    assert len({link.payload["globalId"] for link in made}) == 20
    assert all(len(link.payload["globalId"]) <= 255 for link in made)


def test_a_quote_of_several_lines_keeps_its_lines() -> None:
    draft = draft_of()
    quotes = (Quote(draft.theme.members[1], "First line\n\nThird line"),)
    draft = replace(draft, theme=replace(draft.theme, quotes=quotes))
    (block,) = (n for n in nodes(fields(draft)["description"]) if n["type"] == "blockquote")
    kinds = [n["type"] for n in block["content"][0]["content"]]
    assert kinds[:4] == ["text", "hardBreak", "hardBreak", "text"]
    assert len(sample_digest(one_offs=3).themes) == 7
