"""A customer's sentence is read by the frame it is written in."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.synthesis.frames import MAX_WORDS, Frame, phrases


@pytest.mark.parametrize(
    ("sentence", "frame", "name"),
    [
        ("How do I activate my card?", Frame.HOW, "Activating the card"),
        ("Hi, could you please tell me how to change our billing address?", Frame.HOW, "Changing the billing address"),
        ("Is there a way to export to PDF?", Frame.HOW, "Exporting to PDF"),
        ("Can I get a second card?", Frame.MAY, "Getting a second card"),
        ("It would be great if we could schedule reports to Slack", Frame.WANT, "Scheduling reports to Slack"),
        ("I need you to freeze my account", Frame.WANT, "Freezing the account"),
        ("cancel my order please", Frame.WANT, "Canceling the order"),
        ("Please add dark mode", Frame.ADD, "Dark mode"),
        ("When will my card arrive?", Frame.ASK, "When the card will arrive"),
        ("how long does a transfer take", Frame.ASK, "How long a transfer takes"),
        ("Which fiat currencies are supported?", Frame.ASK, "Which fiat currencies are supported"),
        ("Do you support Apple Pay?", Frame.ASK, "Whether we support Apple Pay"),
        ("What do I do if my card is stolen?", Frame.ASK, "What to do if the card is stolen"),
        ("Why was my card payment declined?", Frame.FAULT, "Card payment was declined"),
        ("why did my transfer get declined", Frame.FAULT, "Transfer got declined"),
        ("CSV exports time out on large workspaces", Frame.FAULT, "CSV exports time out on large workspaces"),
        (
            "Unsaved edits are lost when the session expires",
            Frame.FAULT,
            "Unsaved edits are lost when the session expires",
        ),
        ("My top up is still pending", Frame.FAULT, "Top up is pending"),
        ("MY VIRTUAL CARD IS NOT WORKING", Frame.FAULT, "Virtual card is not working"),
        ("We were charged twice after upgrading our plan", Frame.SELF, "Charged twice after upgrading the plan"),
        ("I can't log in after resetting my password", Frame.SELF, "Can't log in after resetting the password"),
        ("I still haven't received my card.", Frame.SELF, "Not receiving the card"),
        ("are there fees for transfers", Frame.TOPIC, "Fees for transfers"),
    ],
)
def test_a_sentence_gives_the_phrase_that_names_its_problem(sentence: str, frame: Frame, name: str) -> None:
    found = next(phrases(sentence))
    assert (found.frame, found.name) == (frame, name)


def test_a_clause_is_split_so_that_it_fits_behind_a_verb() -> None:
    found = next(phrases("The SSO login fails with error 403 since yesterday"))
    assert (found.subject, found.acting) == ("SSO login", "failing with error 403")


def test_what_the_writer_wants_instead_is_kept_for_the_story() -> None:
    assert next(phrases("we have not received our invoice")).remedy == "receive our invoice"


def test_a_clause_about_the_writer_loses_the_writer() -> None:
    assert (
        next(phrases("Session timed out while I was editing and everything is gone")).name
        == "Session timed out while editing"
    )


@pytest.mark.parametrize(
    "sentence", ["Thanks!", "Hello team,", "asap please", "???", "[EMAIL_1] [PHONE_1]", "Best regards,", ""]
)
def test_politeness_and_placeholders_name_nothing(sentence: str) -> None:
    assert list(phrases(sentence)) == []


@settings(max_examples=150, deadline=None)
@given(st.text(alphabet=st.characters(codec="utf-8"), max_size=300))
def test_any_text_gives_short_single_line_phrases(text: str) -> None:
    for phrase in phrases(text):
        assert "\n" not in phrase.name
        assert 1 <= len(phrase.name.split()) <= MAX_WORDS + 3
