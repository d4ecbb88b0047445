"""What stands in the channel: kept as golden files, within Slack's limits, in every state, and deaf to ticket text."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.acts import Decision, Message, Receipt, Stage, Standing, Verdict
from bot.domain import Digest, Theme, Warned
from bot.slack import answers, blocks, leftovers, rows, text, thread
from bot.slack.elements import Press
from bot.slack.limits import BYTES, problems, size
from bot.slack.rows import Offer
from tests.digests import HOSTILE, empty_digest, large_digest, sample_digest, small_digest, steady_digest, with_text
from tests.goldens import same_as_kept

RUN = "run_2026-10"
AT = datetime(2026, 11, 2, 9, 14, tzinfo=UTC)
ISSUE = Receipt("BILL-1093", "https://acme.atlassian.example/browse/BILL-1093")
PERMALINK = (
    "https://acme.slack.example/archives/C0PRODUCT1/p1793523600000100?thread_ts=1793523600.000100&cid=C0PRODUCT1"
)
ERROR = "component is required"
CORPUS = (
    HOSTILE,
    "<!channel> <!here> <!everyone> <!subteam^S0PMLEADS> <@U0DANA> <#C0PRODUCT1>",
    "*bold* _italic_ ~struck~ `code` ```block``` > quote :smile:",
    "<https://evil.example|Okta> https://evil.example www.evil.example mailto:a@evil.example",
    "&lt;!channel&gt; &amp;lt;!here&amp;gt; &#60;!channel&#62;",
    '"},{"type":"actions","elements":[]}]',
    "<" * 500 + "&" * 500,
    "\u202eevil\u2066 \u200b \x00 \x07 \ud800",
    "مزامنة الحقول المخصصة لا تعمل 🙁" * 20,
    "line one\n> line two\n\n```\n<!here>",
    "",
    "   \n\t ",
    "x" * 5000,
)


def standing(theme: Theme, stage: Stage, **more: Any) -> Standing:
    return Standing(theme.id, stage, number=3, actor="slack:U0DANA", at=AT, **more)


def decision(theme: Theme, verdict: Verdict, **payload: Any) -> Decision:
    return Decision(theme.id, 4, verdict, "slack:U0LEE", AT, RUN, payload=payload)


def every_state(d: Digest) -> dict[str, Standing]:
    t = d.themes
    told = [
        standing(t[0], Stage.CREATING),
        standing(t[1], Stage.REFUSED, error=ERROR),
        standing(t[2], Stage.REJECTED, note="internal test traffic"),
        standing(t[3], Stage.CREATED, receipt=ISSUE),
        standing(t[4], Stage.UNKNOWN),
        standing(t[5], Stage.UNSURE, effect_key="d07c5a91e3b84f26" * 4, error="two issues can't be seen"),
        standing(t[6], Stage.APPROVED),
    ]
    return {now.theme_id: now for now in told}


def everything(d: Digest) -> Iterator[Message]:
    """Every message that a digest may become."""
    now = every_state(d) if len(d.themes) == 7 else {}
    links = {t.id: PERMALINK for t in d.themes}
    yield blocks.digest(d, {}, run_key=RUN)
    yield blocks.digest(d, {}, run_key=RUN, evidence=links, missing=("Intercom refused the token (401).",))
    yield blocks.digest(d, now, run_key=RUN, evidence=links, offer=Offer(decisions=False))
    yield blocks.digest(d, now, run_key=RUN, evidence=links)
    yield leftovers.left_over(d)
    for theme in d.themes:
        at = now.get(theme.id, Standing(theme.id))
        yield thread.reply(d, theme, at, run_key=RUN)
        yield thread.reply(d, theme, Standing(theme.id), run_key=RUN)
        yield answers.decided(at, theme)
        yield answers.changed(decision(theme, Verdict.RENAME, to=theme.words.name), theme)
        yield answers.changed(decision(theme, Verdict.UNDO), theme, decision(theme, Verdict.MERGE))
        yield answers.already(at, Verdict.EDIT, "slack:U0LEE")


def objects(told: Any) -> Iterator[Mapping[str, Any]]:
    if isinstance(told, Mapping):
        yield told
        for value in told.values():
            yield from objects(value)
    elif isinstance(told, list | tuple):
        for value in told:
            yield from objects(value)


def shown(message: Message) -> str:
    """All that a person reads, in order."""
    return "\n".join(str(o["text"]) for o in objects(message.blocks) if isinstance(o.get("text"), str))


def buttons(message: Message) -> dict[str, list[str]]:
    """Theme id -> the labels of its buttons."""
    found = {}
    for block in message.blocks:
        if block["type"] == "actions":
            found[block["block_id"].split("|")[2]] = [e["text"]["text"] for e in block["elements"] if "text" in e]
    return found


# --- as people see it


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("digest", blocks.digest(steady_digest(), {}, run_key=RUN)),
        (
            "digest_decided",
            blocks.digest(
                steady_digest(),
                every_state(steady_digest()),
                run_key=RUN,
                missing=("Intercom is missing since Tuesday: counts are Zendesk only.",),
                evidence={t.id: PERMALINK for t in steady_digest().themes},
            ),
        ),
        ("digest_small_sample", blocks.digest(small_digest(), {}, run_key=RUN)),
        ("digest_no_tickets", blocks.digest(empty_digest(), {}, run_key=RUN)),
        ("reply", thread.reply(steady_digest(), steady_digest().themes[3], Standing("thm_04c4f1"), run_key=RUN)),
        ("reply_hostile", thread.reply(steady_digest(), steady_digest().themes[6], Standing("x"), run_key=RUN)),
        ("left_over", leftovers.left_over(steady_digest())),
    ],
)
def test_each_message_is_as_kept(name: str, message: Message) -> None:
    told = {"text": message.text, "blocks": message.blocks}
    same_as_kept(f"slack/{name}.json", json.dumps(told, indent=1, ensure_ascii=False) + "\n")


@pytest.mark.parametrize(
    "d", [sample_digest(), small_digest(), empty_digest(), large_digest(), with_text(HOSTILE), with_text("")]
)
def test_every_message_keeps_slacks_limits(d: Digest) -> None:
    for message in everything(d):
        assert problems(message) == []


def eight_with_long_names() -> Digest:
    d = with_text("Exports of more than ten thousand rows stop with a time-out and leave no file behind " * 2)
    eight = replace(d, themes=(*d.themes, replace(d.themes[0], id="thm_08", rank=8)))
    return replace(eight, items=(*d.items, replace(d.items[0], id="itm_08", theme_id="thm_08", rank=8)))


@pytest.mark.parametrize("stage", [Stage.OPEN, Stage.APPROVED])
def test_the_way_to_markdown_crowds_no_theme_out(stage: Stage) -> None:
    d, offer = eight_with_long_names(), Offer(tracker=False)
    now = {t.id: standing(t, stage) for t in d.themes}
    for few, shows in ((replace(d, themes=d.themes[:3]), True), (d, False)):
        message = blocks.digest(few, now, run_key=RUN, evidence={t.id: PERMALINK for t in d.themes}, offer=offer)
        assert problems(message) == [] and len(buttons(message)) == len(few.themes)
        assert ("Copy as Markdown…'" in str(message.blocks)) is shows


def test_before_an_approval_who_has_no_tracker_finds_the_way_to_markdown_in_the_menu_and_in_the_thread() -> None:
    d = sample_digest()
    for tracker in (True, False):
        offer = Offer(tracker=tracker)
        row = blocks.digest(d, {}, run_key=RUN, offer=offer).blocks
        entries = [o["value"] for b in row if b["type"] == "actions" for o in b["elements"][-1]["options"]]
        assert entries.count("copy") == (0 if tracker else len(d.themes))
        reply = thread.reply(d, d.themes[0], Standing(d.themes[0].id), run_key=RUN, offer=offer)
        assert ("Copy as Markdown…" in buttons(reply)[d.themes[0].id]) is not tracker


@pytest.mark.parametrize(
    ("error", "said"),
    [
        ("Jira refused it (400): Component is required", "❌ Jira said no (400): |Component is required."),
        ("Jira refused the sign-in (401): check jira.token", "❌ |Jira refused the sign-in (401): check jira.token."),
        ("component is required", "❌ Jira said no: |component is required."),
    ],
)
def test_that_the_tracker_said_no_is_said_once(error: str, said: str) -> None:
    told = rows.state(standing(sample_digest().themes[0], Stage.REFUSED, error=error))
    assert "|".join(part["text"] for part in told) == f"{said}| Nothing was created."


def test_ten_minutes_after_an_approval_its_row_offers_no_undo_and_says_where_to_change_it() -> None:
    d = sample_digest()
    theme = d.themes[0]
    now = standing(theme, Stage.CREATED, receipt=ISSUE)
    for passed, offered in ((600, True), (601, False)):
        offer = Offer(at=AT + timedelta(seconds=passed))
        for message in (
            blocks.digest(d, {theme.id: now}, run_key=RUN, offer=offer),
            thread.reply(d, theme, now, run_key=RUN, offer=offer),
        ):
            assert ("Undo" in buttons(message)[theme.id]) is offered and "Open BILL-1093" in buttons(message)[theme.id]
            assert ("Change it in Jira" in shown(message)) is not offered
            assert problems(message) == []


def test_eight_themes_with_long_names_fit_into_one_message() -> None:
    eight = eight_with_long_names()
    message = blocks.digest(eight, {}, run_key=RUN, evidence={t.id: PERMALINK for t in eight.themes})
    assert problems(message) == []
    assert len(buttons(message)) == 8


def test_more_themes_than_fit_are_counted_and_pointed_at_not_dropped_in_silence() -> None:
    d = sample_digest()
    themes = tuple(replace(d.themes[0], id=f"thm_{n:02d}", rank=n + 1) for n in range(40))
    items = tuple(replace(d.items[0], id=f"itm_{n:02d}", theme_id=t.id) for n, t in enumerate(themes))
    message = blocks.digest(replace(d, themes=themes, items=items), {}, run_key=RUN)
    assert problems(message) == []
    rows = len(buttons(message))
    assert 8 <= rows < 40
    assert f"{40 - rows} more themes in the thread" in shown(message)


def test_the_first_lines_say_what_failed_and_what_to_beware_of() -> None:
    d = replace(sample_digest(), warnings=(Warned("low_stability", "The grouping moves."),))
    message = blocks.digest(d, {}, run_key=RUN, missing=("Intercom refused the token.",))
    assert message.blocks[0]["text"]["text"] == "Support themes: October 2026, 7 found, incomplete"
    assert shown(message).split("\n")[1:4] == ["⚠️ Incomplete: ", "Intercom refused the token.", "⚠️ "]
    assert message.text.startswith("Intercom refused the token. Support themes, October 2026: 7 themes from ")


def test_a_source_that_the_run_itself_missed_makes_the_digest_incomplete() -> None:
    d = replace(sample_digest(), warnings=(Warned("source_missing", "Zendesk is missing since Tuesday."),))
    message = blocks.digest(d, {}, run_key=RUN)
    assert message.blocks[0]["text"]["text"].endswith("7 found, incomplete")
    assert shown(message).count("Zendesk is missing since Tuesday.") == 1
    assert message.text.startswith("Zendesk is missing since Tuesday. ")


def test_rows_show_the_digests_own_numbers_in_rank_order() -> None:
    d = sample_digest()
    said = shown(blocks.digest(d, {}, run_key=RUN))
    at = [said.index(f"{t.rank}. {text.plain(t.words.name, 20)[:19]}") for t in d.themes]
    assert at == sorted(at)
    assert "\n42 tickets, 31 customers · P1 · bug" in said
    assert "Backlog rank 1 of 7 · could avoid up to 42 tickets per 30 days · in Zendesk and Intercom" in said
    assert "Skewed? 9 of the 17 tickets came on one day" in said
    assert "review it against your discovery notes" in said
    assert "0 of 7 decided" in said
    assert f"{d.totals.not_a_theme} tickets NOT A THEME and 1 further theme: in the thread" in said


def test_a_small_sample_is_tentative_and_approves_only_when_asked_twice() -> None:
    message = blocks.digest(small_digest(), {}, run_key=RUN)
    assert message.blocks[0]["text"]["text"].endswith("1 found, small sample")
    assert "Tentative 1. " in shown(message)
    (theme,) = small_digest().themes
    assert buttons(message)[theme.id] == ["Approve anyway…", "Edit…"]
    (approve,) = [o for o in objects(message.blocks) if o.get("action_id") == "approve"]
    assert approve["confirm"]["text"]["text"].startswith("This theme rests on 5 tickets, 3 customers")


def test_a_month_without_tickets_says_who_answered() -> None:
    message = blocks.digest(empty_digest(), {}, run_key=RUN)
    assert "No tickets in all rows. Zendesk and Intercom both answered." in shown(message)
    assert buttons(message) == {}


def test_a_month_without_themes_says_so_and_where_the_rest_is() -> None:
    d = replace(sample_digest(), themes=(), items=())
    d = replace(d, totals=replace(d.totals, in_themes=0, not_a_theme=d.totals.not_a_theme + d.totals.in_themes))
    message = blocks.digest(d, {}, run_key=RUN)
    assert problems(message) == []
    assert "No problem recurs in enough tickets, of enough customers, to be a theme." in shown(message)


# --- where a theme stands


def test_each_state_has_its_line_and_its_buttons() -> None:
    d = sample_digest()
    message = blocks.digest(d, every_state(d), run_key=RUN)
    t = [theme.id for theme in d.themes]
    assert buttons(message) == {
        t[1]: ["Fix and retry…", "Try again", "Undo", "Copy as Markdown…"],
        t[2]: ["Restore"],
        t[3]: ["Open BILL-1093", "Undo"],
        t[5]: ["I checked, create it"],
        t[6]: ["Copy as Markdown…", "Undo"],
    }
    said = shown(message)
    for line in ("Creating the Jira draft for ", "component is required.", ": internal test traffic", "BILL-1093"):
        assert line in said
    assert "Looking for it for up to 5 minutes. Nothing is sent again meanwhile." in said
    assert "(label groundswell-op-d07c5a91e3b84f26)" in said
    assert "No issue tracker is configured, so nothing was sent anywhere." in said
    assert "7 of 7 decided" in said


def test_who_decided_is_a_mention_and_when_is_in_the_readers_own_time() -> None:
    d = sample_digest()
    message = blocks.digest(d, every_state(d), run_key=RUN)
    assert {o["user_id"] for o in objects(message.blocks) if o.get("type") == "user"} == {"U0DANA"}
    assert {o["timestamp"] for o in objects(message.blocks) if o.get("type") == "date"} == {int(AT.timestamp())}
    outside = replace(standing(d.themes[0], Stage.REJECTED), actor="cli:dana")
    assert "dana (cli)" in shown(blocks.digest(d, {d.themes[0].id: outside}, run_key=RUN))


def test_where_nobody_may_decide_there_are_no_buttons_and_the_reason() -> None:
    message = blocks.digest(sample_digest(), {}, run_key=RUN, offer=Offer(decisions=False))
    assert buttons(message) == {}
    assert "Nothing can be decided here" in shown(message)


def test_a_button_says_ids_and_the_revision_and_nothing_of_a_customer() -> None:
    d = sample_digest()
    d = replace(d, items=tuple(replace(i, revision=4) for i in d.items))
    for message in everything(d):
        for block in (b for b in message.blocks if b["type"] == "actions"):
            for element in block["elements"]:
                press = Press.read(element["value"]) if "value" in element else Press.of_block(block["block_id"])
                assert press is not None
                assert press.theme in {t.id for t in d.themes}
                assert (press.run, press.revision) == (RUN, 4)
                named = element.get("accessibility_label", "")
                assert element["type"] == "overflow" or named.startswith(element["text"]["text"])


@pytest.mark.parametrize(
    "value", ["", "{}", "[]", "null", '{"v":2}', '{"v":1,"run":1,"theme":"t","rev":1}', '{"v":1,"run":"r","theme":"t"}']
)
def test_a_value_that_none_of_our_buttons_says_is_none(value: str) -> None:
    assert Press.read(value) is None


def test_block_ids_name_the_theme_and_change_with_each_decision() -> None:
    d = sample_digest()
    before = {b["block_id"] for b in blocks.digest(d, {}, run_key=RUN).blocks if "block_id" in b}
    after = {b["block_id"] for b in blocks.digest(d, every_state(d), run_key=RUN).blocks if "block_id" in b}
    assert not before & after
    assert all(any(t.id in one for t in d.themes) for one in before | after)


def test_evidence_links_stand_before_the_small_print_once_they_are_known() -> None:
    d = sample_digest()
    message = blocks.digest(d, {}, run_key=RUN, evidence={d.themes[0].id: PERMALINK})
    links = [o["text"] for o in objects(message.blocks) if o.get("type") == "mrkdwn" and "See evidence" in o["text"]]
    assert links == [f"<{PERMALINK.replace('&', '&amp;')}|See evidence>"]


# --- evidence


def test_a_reply_has_every_figure_with_its_arithmetic_and_quotes_word_for_word() -> None:
    d = sample_digest()
    theme = d.themes[0]
    message = thread.reply(d, theme, Standing(theme.id), run_key=RUN)
    said = shown(message)
    item = d.item_of(theme)
    for figure in (
        "42 tickets, 31 customers",
        item.severity_reason,
        item.deflection.arithmetic,
        "155 (31 customers × P1",
    ):
        assert figure in said
    quoted = [
        part["text"]
        for block in message.blocks
        for element in block.get("elements", ())
        if element.get("type") == "rich_text_quote"
        for part in element["elements"][:1]
    ]
    assert quoted == [q.text for q in theme.quotes]
    assert theme.words.title in said
    assert theme.words.user_story in said
    assert buttons(message)[theme.id] == ["Approve to Jira", "Edit…", "Merge…", "Snooze…", "Not a theme…"]
    assert [o.get("style") for o in objects(message.blocks) if o.get("type") == "button"] == ["primary", *[None] * 4]


def test_tickets_are_links_only_where_the_address_may_be_followed() -> None:
    d = sample_digest()
    theme = d.themes[0]
    message = thread.reply(d, theme, Standing(theme.id), run_key=RUN)
    links = {o["text"]: o["url"] for o in objects(message.blocks) if o.get("type") == "link"}
    good = {e.ticket_id: e.url for e in theme.evidence[:25] if e.url and e.url.startswith("https://")}
    assert links == good
    assert len(good) < len(theme.evidence[:25])
    assert "javascript" not in json.dumps(message.blocks)


@pytest.mark.parametrize(
    "url",
    [
        "javascript:alert(1)",
        "https://evil.example|Okta",
        "https://user:secret@evil.example/",
        "https://evil.example/>x",
        "https://evil.example/ x",
        "https://[",
        "https:///path",
        "ftp://evil.example",
        "https://evil.example/\u202e",
        "https://evil.example/" + "x" * 2000,
        "",
        None,
    ],
)
def test_an_address_that_nobody_may_be_sent_to_is_none(url: str | None) -> None:
    assert text.address(url) is None


def test_what_is_left_over_is_listed_by_reason_with_ids_and_shortened_with_a_count() -> None:
    said = shown(leftovers.left_over(sample_digest()))
    assert "4 tickets, 2 customers: Dark mode for charts (SUP-0000, SUP-0001, SUP-0002, SUP-0003)" in said
    assert "Bulk edit loses the selection (6 tickets, 4 customers; " in said
    assert "Calendar shows the wrong week (6 tickets, customers not known; " in said
    assert "23 tickets removed before grouping: automatic replies 8, duplicates 8, without text 7." in said
    assert re.search(r"\n\d+ more, in the report", said)


# --- answers


def test_answers_say_what_was_not_done() -> None:
    for kind in ("stale", "closed", "not_saved", "impossible", "already"):
        message = answers.answer(kind)
        assert problems(message) == []
        assert "othing was" in message.text or "nothing was" in message.text
    told = answers.denied(("S0LEADS", "U0DANA", "<!channel>"))
    assert problems(told) == [] and commands(told) == set()
    asked = [o for o in objects(told.blocks) if o.get("type") in ("user", "usergroup")]
    assert [o.get("user_id") or o["usergroup_id"] for o in asked] == ["S0LEADS", "U0DANA"], "there is somebody to ask"
    assert "Whoever runs Groundswell can let you (slack.approvers in its config)." in shown(told)
    assert "Nothing was done" in told.text and "Ask" not in shown(answers.denied(()))
    assert shown(answers.answer("impossible", why="There is nothing to undo.")) == "There is nothing to undo."


def test_a_second_click_is_told_who_decided_and_what_came_of_it() -> None:
    theme = sample_digest().themes[3]
    now = standing(theme, Stage.CREATED, receipt=ISSUE)
    message = answers.already(now, Verdict.APPROVE, "slack:U0LEE")
    assert message.text == "<@U0DANA> approved this before, so nothing was done a second time: BILL-1093."
    assert any(o.get("url") == ISSUE.url for o in objects(message.blocks))
    assert answers.already(now, Verdict.APPROVE, str(now.actor)).text.startswith("You approved this before")
    edit = answers.already(now, Verdict.EDIT, "slack:U0LEE").text
    assert "so it can't be edited here now: BILL-1093" in edit and "Change BILL-1093 itself" in edit
    asleep = answers.already(standing(theme, Stage.SNOOZED), Verdict.APPROVE, "slack:U0LEE").text
    assert "snoozed this before, so it can't be approved now" in asleep and "“Bring back” on its row" in asleep


def test_one_line_tells_a_decision_and_an_undo() -> None:
    theme = sample_digest().themes[3]
    made = answers.decided(standing(theme, Stage.CREATED, receipt=ISSUE), theme)
    assert made.text == "Theme 4, Charged twice after a plan change: approved by <@U0DANA>: BILL-1093."
    undo = replace(decision(theme, Verdict.UNDO), actor="cli:lee")
    undone = answers.changed(undo, theme, decision(theme, Verdict.APPROVE))
    assert undone.text == "Theme 4, Charged twice after a plan change: undone by lee (cli). The theme is open again."
    named = answers.changed(decision(theme, Verdict.RENAME, to="Double <!channel> charges"), theme)
    assert "renamed by <@U0LEE>. It is called “Double &lt;!channel&gt; charges”." in named.text


# --- hostile words


def commands(message: Message) -> set[str]:
    """Everything that Slack would carry out: what stands between < and > in mrkdwn."""
    texts = [o["text"] for o in objects(message.blocks) if o.get("type") == "mrkdwn"]
    return {found for one in (*texts, message.text) for found in re.findall(r"<[^>]*>?", one)}


def parsed(message: Message) -> list[str]:
    """Every text that Slack parses for formatting."""
    return [o["text"] for o in objects(message.blocks) if o.get("type") == "mrkdwn"]


@pytest.mark.parametrize("words", CORPUS)
def test_ticket_text_can_neither_ping_nor_link_nor_format(words: str) -> None:
    tame = [*everything(with_text("tame"))]
    wild = [*everything(with_text(words))]
    assert set().union(*map(commands, wild)) <= set().union(*map(commands, tame))
    digits = re.compile(r"\d[\d,.]*")
    plain = {digits.sub("0", one) for message in tame for one in parsed(message)}
    assert {digits.sub("0", one) for message in wild for one in parsed(message)} <= plain
    for message in wild:
        assert problems(message) == []
        assert not [o for o in objects(message.blocks) if o.get("emoji") is True]
        people = {o["user_id"] for o in objects(message.blocks) if o.get("type") == "user"}
        assert people <= {"U0DANA", "U0LEE"}


@given(st.text(alphabet=st.sampled_from("<>&!@#|*_~`:/.U0DANAchannelhttps \n\u202e🙁"), max_size=400))
@settings(max_examples=40, deadline=None)
def test_no_text_whatever_breaks_out(words: str) -> None:
    d = with_text(words)
    theme = d.themes[0]
    for message in (blocks.digest(d, {}, run_key=RUN), thread.reply(d, theme, Standing(theme.id), run_key=RUN)):
        assert problems(message) == []
        assert commands(message) == set()


@given(st.text(max_size=300), st.integers(1, 120))
def test_escaped_text_is_never_cut_inside_an_entity(words: str, limit: int) -> None:
    cut = text.cut(text.escape(words), limit)
    assert len(cut) <= limit
    assert not re.search(r"[<>]", cut)
    assert re.fullmatch(r"(?:[^&]|&(?:amp|lt|gt);)*", cut)


@given(st.lists(st.text(max_size=400), min_size=2, max_size=2))
def test_a_sentence_fits_a_notification_and_keeps_its_own_words(words: list[str]) -> None:
    one, two = map(text.Theirs, words)
    said = text.sentence("Support themes, ", one, ": 7 themes. Top: ", two, ", 42 tickets.")
    assert len(said) <= text.LONGEST
    assert "7 themes. Top: " in said
    assert said.endswith(", 42 tickets.")


def test_notes_and_errors_of_others_are_inert_too() -> None:
    d = sample_digest()
    for words in CORPUS:
        now = {
            d.themes[0].id: standing(d.themes[0], Stage.REFUSED, error=words),
            d.themes[1].id: standing(d.themes[1], Stage.REJECTED, note=words),
            d.themes[2].id: standing(d.themes[2], Stage.CREATED, receipt=Receipt(words or "X-1", words)),
            d.themes[3].id: replace(standing(d.themes[3], Stage.APPROVED), actor=f"cli:{words}"),
            d.themes[4].id: replace(standing(d.themes[4], Stage.APPROVED), actor=f"slack:{words}"),
        }
        for message in (
            blocks.digest(d, now, run_key=RUN),
            *(answers.decided(s, t) for t in d.themes if (s := now.get(t.id))),
            *(answers.already(s, Verdict.MERGE, "slack:U0LEE") for s in now.values()),
            answers.answer("impossible", why=words),
            answers.denied([words]),
        ):
            assert problems(message) == []
            assert commands(message) <= {"<@U0DANA>"}


# --- the validator itself


def block(**told: Any) -> Message:
    return Message("Support themes, October 2026: seven themes were found.", [told])


@pytest.mark.parametrize(
    ("message", "said"),
    [
        (Message("Too short", []), "text has 9 characters"),
        (Message("x" * 301, []), "text has 301 characters"),
        (Message(f"{'x' * 50} <!channel>", []), "no command of ours"),
        (Message(f"{'x' * 50} <!cha", []), "no command of ours"),
        (Message("x" * 50, [{"type": "divider"}] * 51), "51 blocks"),
        (Message("x" * 50, [{"type": "divider", "block_id": "a"}] * 2), "'a' stands 2 times"),
        (block(type="divider", block_id=""), "block_id of divider"),
        (block(type="marquee"), "'marquee' is no block"),
        (block(type="header", text={"type": "plain_text", "text": "x" * 151}), "151 characters, not 1 to 150"),
        (block(type="header", text={"type": "mrkdwn", "text": "x"}), "type 'mrkdwn'"),
        (block(type="section"), "section without text"),
        (block(type="section", text={"type": "mrkdwn", "text": "x" * 3001}), "3001 characters"),
        (block(type="section", text={"type": "mrkdwn", "text": "<@U0DANA> <!here>"}), "'<!here>'"),
        (block(type="section", fields=[{"type": "mrkdwn", "text": "x"}] * 11), "11 fields"),
        (block(type="section", fields=[{"type": "mrkdwn", "text": "x" * 2001}]), "2001 characters"),
        (block(type="context", elements=[]), "context has 0 elements"),
        (block(type="context", elements=[{"type": "plain_text", "text": "x"}] * 11), "context has 11 elements"),
        (block(type="context", elements=[{"type": "plain_text", "text": ""}]), "0 characters"),
        (block(type="actions", elements=[]), "actions has 0 elements"),
        (block(type="rich_text", elements=[]), "rich_text without elements"),
        (block(type="rich_text", elements=[{"type": "rich_text_section", "elements": []}]), "without elements"),
        (
            block(
                type="rich_text", elements=[{"type": "rich_text_section", "elements": [{"type": "text", "text": ""}]}]
            ),
            "empty text",
        ),
        (
            block(type="rich_text", elements=[{"type": "rich_text_section", "elements": [{"type": "broadcast"}]}]),
            "'broadcast' may not stand",
        ),
    ],
)
def test_the_validator_names_each_fault(message: Message, said: str) -> None:
    assert any(said in problem for problem in problems(message)), problems(message)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"text": {"type": "plain_text", "text": "x" * 76}}, "76 characters"),
        ({"value": "x" * 2001}, "value of a button"),
        ({"url": "x" * 3001}, "url of a button"),
        ({"accessibility_label": "x" * 76}, "accessibility_label of a button"),
        ({"action_id": "x" * 256}, "action_id of a button"),
        ({"confirm": {"title": {"type": "plain_text", "text": "x" * 101}}}, "101 characters"),
        ({"type": "datepicker"}, "'datepicker' is no element"),
        (
            {"type": "overflow", "options": [{"text": {"type": "plain_text", "text": "x"}, "value": "v"}] * 6},
            "overflow has 6",
        ),
        (
            {"type": "overflow", "options": [{"text": {"type": "plain_text", "text": "x"}, "value": "v" * 151}]},
            "option",
        ),
    ],
)
def test_the_validator_knows_buttons(change: dict[str, Any], said: str) -> None:
    button = {
        "type": "button",
        "text": {"type": "plain_text", "text": "Approve"},
        "action_id": "approve",
        "value": "v",
        "accessibility_label": "Approve: exports",
    }
    assert problems(block(type="actions", elements=[button])) == []
    assert any(said in p for p in problems(block(type="actions", elements=[{**button, **change}])))
    assert any("stands 2 times" in p for p in problems(block(type="actions", elements=[button, button])))
    many = [{**button, "action_id": f"a{n}"} for n in range(26)]
    assert any("26 elements" in p for p in problems(block(type="actions", elements=many)))
    primary = [{**one, "style": "primary"} for one in many[:2]]
    assert any("more than one primary" in p for p in problems(block(type="actions", elements=primary)))


def test_the_validator_counts_the_bytes_of_all_blocks() -> None:
    said = {"type": "section", "text": {"type": "mrkdwn", "text": "ü" * 2500}}
    message = Message("x" * 50, [said] * 3)
    assert size(message) > BYTES
    assert any("bytes of blocks" in p for p in problems(message))
