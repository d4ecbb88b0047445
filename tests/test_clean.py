"""A ticket's own words: what mail puts around them goes, what a person wrote stays, word for word."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.synthesis.clean import Cleaned, cleaned, combined, passages
from bot.synthesis.sentences import sentences


def own(body: str, subject: str = "") -> Cleaned:
    return cleaned([(subject, body)])[0]


@pytest.mark.parametrize(
    "mail",
    [
        "Hi team,\n\nThe export hangs.\n\nBest regards,\nAnn Lee",
        "Hello,\nThe export hangs.\nThanks,\nAnn\nAcme Ltd\nPhone: +1 555 0100",
        "The export hangs.\n\n--\nAnn Lee\nHead of Numbers",
        "The export hangs.\n\nSent from my iPhone",
        "Guten Tag,\n\nThe export hangs.\n\nMit freundlichen Grüßen\nAnn Lee",
        "The export hangs.\n\nOn Mon, 5 Oct 2026 at 10:00, Support <s@x.com> wrote:\n> We look into it.\n> Soon.",
        "The export hangs.\n\nAm 05.10.2026 um 10:00 schrieb Support:\n> Wir schauen es uns an.",
        "The export hangs.\n\n-----Original Message-----\nFrom: Support\nSent: Monday\nTo: Ann\n\nHello Ann",
        "<p>Hi,</p><p>The export hangs.</p><p>Best,<br>Ann</p>",
        "The export hangs.\n\nThis e-mail is confidential and intended only for the addressee.",
        "The export hangs. Thanks! Ann",
        "Good morning,\n\nThe export hangs.\nPlease advise.\n\nKind regards\nAnn",
    ],
)
def test_mail_furniture_goes_and_the_sentence_stays(mail: str) -> None:
    assert own(mail).body == "The export hangs."


@pytest.mark.parametrize(
    "mail",
    [
        "Thanks for the quick answer, but the export still hangs.",
        "Best export I have seen, but it hangs since Monday.",
        "On Monday I wrote: the export hangs.",
        "From the dashboard: the export hangs.",
        "Dear support is what I type and nothing comes.",
    ],
)
def test_a_sentence_that_looks_like_furniture_stays(mail: str) -> None:
    assert "".join(own(mail).sentences).replace(" ", "") in mail.replace(" ", "")
    assert len(own(mail).body) > 0.7 * len(mail)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("Hi, Reports take minutes to load  Kind regards", "Reports take minutes to load"),
        ("Revolut feed disconnected itself again cheers Rosa", "Revolut feed disconnected itself again"),
        ("Dear support, Berichte laden langsam  Thanks Sent from my iPhone", "Berichte laden langsam"),
        ("Kontoabruf geht nicht mehr MfG Anna Schmidt", "Kontoabruf geht nicht mehr"),
        ("Hi Anna the export is broken, thanks Sven", "the export is broken"),
        ("Hey the reports hang best, Xena", "the reports hang"),
        ("la comida llego fria Saludos", "la comida llego fria"),
        ("The export hangs. LG Rosa", "The export hangs."),
    ],
)
def test_greeting_and_goodbye_on_the_same_line_go(line: str, said: str) -> None:
    assert own(line).sentences == (said,)


@pytest.mark.parametrize(
    "line",
    [
        "Which plan is best",
        "Charged in KR",
        "my TV is from LG",
        "please cancel, no thanks",
        "I want to thank you",
        "Invoice was sent from my account",
        "The mail got sent from my phone",
        "Hello Fresh box missing",
        "thanks for the quick help!",
        "Danke!",
    ],
)
def test_a_word_that_may_be_meant_stays_within_its_line(line: str) -> None:
    assert own(line).sentences == (line,)


def test_a_forwarded_mail_is_read_when_nothing_else_is_said() -> None:
    header = "---------- Forwarded message ---------\nFrom: Bob\nDate: Mon\nSubject: x"
    mail = f"FYI\n\n{header}\n\nThe export hangs for all of us."
    assert "The export hangs for all of us." in own(mail).body


@pytest.mark.parametrize(
    "subject", ["Question", "Help needed", "URGENT!!!", "Re: Fwd: hello", "", "Support request", "?"]
)
def test_a_subject_that_says_nothing_is_dropped(subject: str) -> None:
    assert own("The export hangs.", subject).subject == ""


def test_a_subject_that_the_body_says_again_is_dropped() -> None:
    assert own("The export hangs. It is slow.", "The export hangs").subject == ""


def test_prefixes_of_a_subject_go() -> None:
    assert own("It is slow.", "Re: [External] Ticket #123: Export hangs").subject == "Export hangs"


def test_a_ticket_that_had_words_keeps_some() -> None:
    assert own("Thanks,\nAnn").sentences
    assert own("", "Question").sentences == ("Question",) or own("", "Question").body == ""


def test_what_many_tickets_say_word_for_word_is_a_template() -> None:
    texts = [
        ("", f"{what} is broken. Ref {n}. We value your feedback, reply above.") for n, what in enumerate("ABCDEFGH")
    ]
    for n, found in enumerate(cleaned(texts)):
        assert found.body == f"{'ABCDEFGH'[n]} is broken."


def test_what_is_the_whole_of_some_ticket_is_no_template() -> None:
    texts = [("", "The export hangs.")] * 6 + [("", "The export hangs. It did so yesterday too.")] * 2
    assert all("The export hangs." in found.body for found in cleaned(texts))


def test_one_or_two_passages_and_half_of_the_vector_each() -> None:
    assert passages(Cleaned("Export hangs", "It is slow.", ())) == ("Export hangs", "It is slow.")
    assert passages(Cleaned("", "", ())) == ("",)
    rows = np.array([[1, 0], [0, 1], [0, 1]], dtype=np.float32)
    assert np.allclose(combined(rows, [2, 1]), [[0.7071, 0.7071], [0, 1]], atol=1e-3)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("It hangs. It is slow.", ["It hangs.", "It is slow."]),
        ("Use e.g. Excel. Done", ["Use e.g. Excel.", "Done"]),
        ("It takes 3.5 hours. Why?", ["It takes 3.5 hours.", "Why?"]),
        ("Mr. Lee called. He waits", ["Mr. Lee called.", "He waits"]),
        ("1. Open it\n2. Click", ["Open it", "Click"]),
        ("導出失敗。請幫忙。", ["導出失敗。", "請幫忙。"]),
        ("", []),
    ],
)
def test_sentences_end_where_they_end(text: str, expected: list[str]) -> None:
    assert list(sentences(text)) == expected


@settings(max_examples=200, deadline=None)
@given(st.lists(st.tuples(st.text(max_size=30), st.text(max_size=120)), max_size=6))
def test_every_sentence_is_a_verbatim_piece_of_its_ticket(texts: list[tuple[str, str]]) -> None:
    for (subject, body), found in zip(texts, cleaned(texts), strict=True):
        if "<" in body:
            continue  # of an HTML body: of the text a person saw
        for sentence in found.sentences:
            assert sentence in subject or sentence in body


@pytest.mark.parametrize(
    "piece", ["On a b c ", "> ", "-", "wrote: ", "thanks ", "a@b.c ", "From: x\n", "\n", "(", "On x wrote\n"]
)
def test_of_a_very_long_text_the_beginning_is_read(piece: str) -> None:
    """Rules that were quadratic in one of these pieces would show in how long this takes."""
    assert sum(map(len, own(piece * (200_000 // len(piece))).sentences)) <= 20_000
