from dataclasses import replace

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from bot import phrases
from bot.phrases import visible
from bot.report import markdown
from tests.digests import HOSTILE, empty_digest, sample_digest, small_digest, steady_digest, with_text
from tests.goldens import same_as_kept

READER = MarkdownIt("commonmark").enable(["table", "strikethrough"])


def shown(text):
    """The text a reader of the Markdown sees, and the kinds of everything on the way to it."""
    blocks = READER.parse(text)
    inline = [child for block in blocks for child in block.children or []]
    return "".join(c.content for c in inline), {b.type for b in blocks} | {c.type for c in inline}


def test_the_whole_file_reads_as_it_did():
    same_as_kept("digest.md", markdown.render(steady_digest()))


def test_it_has_the_methods_three_parts_in_its_order_and_the_advice_to_review():
    text = markdown.render(sample_digest())
    headings = [line for line in text.splitlines() if line.startswith("## ")]
    assert headings[:3] == ["## 1. THEME CLUSTERS", "## 2. BACKLOG ITEMS", "## 3. NOT A THEME"]
    assert "A first-pass synthesis: review it against your discovery notes before committing to the backlog." in text


def test_a_theme_says_its_counts_its_problem_and_its_example_ids():
    text = markdown.render(sample_digest())
    assert "1. **CSV export times out on large workspaces** (42 tickets, 31 customers)" in text
    assert "   Example IDs: SUP-1000, SUP-1001, SUP-1002." in text


def test_backlog_items_stand_by_impact_and_not_by_tickets():
    part = markdown.render(sample_digest()).split("## 2. BACKLOG ITEMS")[1].split("## 3.")[0]
    order = [part.index(title) for title in ("Fix CSV exports", "Fix double charges", "Show why an SSO login")]
    assert order == sorted(order)
    assert "- Severity: P0 (money is taken wrongly in 18 of 22 tickets from 17 customers)" in part
    assert "- Expected deflection: up to 22 tickets per 30 days (18–22:" in part
    assert "- Impact: 152 (19 customers × P0 weight)" in part


def test_every_ticket_that_is_in_no_theme_is_listed_with_its_reason():
    digest = sample_digest()
    part = markdown.render(digest).split("## 3. NOT A THEME")[1]
    for left in digest.not_a_theme:
        assert left.ticket_id in part
    assert "(4 tickets, 2 customers: Dark mode for charts)" in part
    assert "- SUP-93000, SUP-93015, SUP-93030, SUP-93045 (single report of a timezone bug)" in part


def test_a_small_sample_is_said_before_anything_else():
    lines = markdown.render(small_digest()).splitlines()
    assert lines[2] == "> **Note:** Only 12 tickets: fewer than 30, so these clusters may be noise."


def test_an_empty_month_is_a_file_with_the_same_three_parts():
    text = markdown.render(empty_digest())
    assert text.count("## ") == 3
    assert "No problem recurs in enough tickets, of enough customers, to be a theme." in text


texts = st.one_of(
    st.text(max_size=80),
    st.text(st.sampled_from("\\`*_{}[]()#+-.!|~<>&:/@=$ \n\t\rhtpsw1:a"), max_size=40),
)


@settings(max_examples=300, deadline=None)
@given(texts)
@example(HOSTILE)
@example("# heading")
@example("1. list")
@example("- - -")
@example("===")
@example("&lt;b&gt; &#60;")
@example("\\[x](y)")
@example("<!channel>")
def test_whatever_a_ticket_says_is_shown_as_it_was_written_and_does_nothing(text):
    seen, kinds = shown(markdown.escape(text))
    assert kinds <= {"paragraph_open", "inline", "paragraph_close", "text", "text_special"}
    assert seen == " ".join(visible(text).split())


@settings(max_examples=100, deadline=None)
@given(texts)
def test_a_ticket_does_not_break_out_of_the_bold_name_it_is_in(text):
    seen, kinds = shown(f"**a {markdown.escape(text)} z** (5 tickets)")
    assert "strong_open" in kinds
    assert not kinds & {"link_open", "image", "html_inline", "html_block", "code_inline", "em_open", "heading_open"}
    assert " ".join(f"a {visible(text)} z".split()) in " ".join(seen.split())


@settings(max_examples=15, deadline=None)
@given(texts.filter(lambda t: t.strip()))
@example(HOSTILE)
def test_no_ticket_text_changes_what_the_file_is_made_of(text):
    plain = [b.type for b in READER.parse(markdown.render(with_text("word")))]
    # a detail that all leftovers share makes one anecdote, whatever it says
    assert [b.type for b in READER.parse(markdown.render(with_text(text)))] == plain


def test_bare_addresses_are_not_linked_by_readers_that_link_them():
    assert markdown.escape("see https://a.example, HTTP://x") == r"see https\://a.example, HTTP\://x"
    assert markdown.escape("WWW.evil.example") == r"WWW\.evil.example"


def test_nothing_calls_a_chat_channel():
    assert "<!" not in markdown.render(sample_digest())


@pytest.mark.parametrize("field", ["tickets_read", "in_themes", "not_a_theme", "removed", "customers"])
def test_a_changed_total_changes_the_file(field):
    digest = sample_digest()
    changed = object.__new__(type(digest.totals))
    for name in digest.totals.__slots__:
        object.__setattr__(changed, name, getattr(digest.totals, name) + (name == field))
    assert markdown.render(replace(digest, totals=changed)) != markdown.render(digest)


def test_a_theme_without_a_known_customer_does_not_claim_to_have_none():
    part = markdown.render(sample_digest()).split("## Candidate themes, customers not known")[1]
    assert "**Calendar shows the wrong week** (6 tickets, customers not known)" in part


def test_shares_never_round_to_none_or_to_all():
    assert phrases.percent(1, 1000) == "under 1%"
    assert phrases.percent(999, 1000) == "over 99%"
    assert phrases.percent(0, 0) == "0%"
    assert phrases.percent(3, 3) == "100%"
    assert phrases.percent(1, 3) == "33%"
