"""Words of a theme: extractive, grammatical, telling it apart."""

import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.domain import Kind
from bot.synthesis import english, words
from bot.synthesis.drafting import title_of
from bot.synthesis.frames import phrases
from bot.synthesis.kinds import kind, kind_of


def material(*sentences: str, of: Kind = Kind.BUG) -> words.Material:
    return words.Material(tuple((s,) for s in sentences), of)


def worded(sentence: str, of: Kind, *others: str) -> "words.Words":
    theme = material(sentence, *others, of=of)
    return words.words(words.Candidate(next(phrases(sentence)), 0.0), theme, [sentence, *others])


@pytest.mark.parametrize(
    ("sentence", "of", "title"),
    [
        ("CSV exports time out on large workspaces", Kind.BUG, "Fix CSV exports timing out on large workspaces"),
        ("We were charged twice for one upgrade", Kind.BUG, "Fix customers being charged twice for one upgrade"),
        ("My virtual card does not work", Kind.BUG, "Fix virtual card not working"),
        ("Please add dark mode", Kind.REQUEST, "Add dark mode"),
        ("it would be nice if we could schedule reports", Kind.REQUEST, "Add a way to schedule reports"),
        ("How do I transfer ownership?", Kind.HOW_TO, "Explain how to transfer ownership"),
        ("When will my card arrive?", Kind.HOW_TO, "Clarify when the card will arrive"),
        ("I lost my phone", Kind.BUG, "Explain what to do after losing the phone"),
    ],
)
def test_a_title_begins_with_the_verb_of_its_kind(sentence: str, of: Kind, title: str) -> None:
    assert worded(sentence, of).title == title


def test_a_title_has_fewer_than_ten_words_even_for_a_long_phrase() -> None:
    made = worded("CSV exports of very large shared workspaces time out on Mondays after lunch", Kind.BUG)
    assert 2 <= len(made.title.split()) < 10


@pytest.mark.parametrize(
    ("sentence", "of", "want"),
    [
        ("CSV exports time out", Kind.BUG, "I want CSV exports to stop timing out"),
        ("I can't log in", Kind.BUG, "I want to log in"),
        ("my card does not work", Kind.BUG, "I want my card to work"),
        ("how do I change my PIN", Kind.HOW_TO, "I want clear steps to change my PIN"),
        ("we would like to schedule reports", Kind.REQUEST, "I want to schedule reports"),
    ],
)
def test_a_story_is_one_sentence_in_the_first_person(sentence: str, of: Kind, want: str) -> None:
    story = worded(sentence, of).user_story
    assert want in story
    assert re.fullmatch(r"As a [^.]+, I want [^.]+\.", story)


def test_a_story_uses_the_reason_that_a_customer_gives() -> None:
    told = "please fix it so that we can close the books in time", "the books have to be closed on Friday"
    made = worded("CSV exports time out", Kind.BUG, *told)
    assert (
        made.user_story == "As a customer, I want CSV exports to stop timing out so that I can close the books in time."
    )


def test_the_problem_is_two_sentences_in_customers_words() -> None:
    made = worded("CSV exports time out", Kind.BUG, "The job hangs at 90 percent")
    assert made.problem == "Customers write: “CSV exports time out”. Another: “The job hangs at 90 percent”."


def test_words_that_a_theme_shares_with_everything_weigh_nothing() -> None:
    theme = material("the export hangs", "export hangs again", "my export is stuck")
    rest = [("the app is slow",), ("the app crashed",), ("app login",), ("the app",)] * 3
    vocabulary = words.Vocabulary.of([*theme.sentences, *rest])
    weight = words.weights(theme, vocabulary)
    assert weight["export"] > 0
    assert "app" not in weight


def test_a_name_that_lies_nearer_to_another_theme_is_not_taken() -> None:
    near, far = (words.Candidate(next(phrases(s)), 0.0) for s in ("CSV export hangs", "login fails today"))
    better_worded = words.Candidate(far.phrase, 0.4)
    centres = np.eye(2, dtype=np.float32)
    vectors = [np.array([[0.9, 0.1], [0.2, 0.95]], np.float32), np.array([[0.1, 0.9]], np.float32)]
    picked = words.chosen([[near, better_worded], [far]], vectors, centres)
    assert picked[0].name == near.name


def test_a_theme_without_a_readable_sentence_is_named_by_its_text_as_it_stands() -> None:
    theme = material("登录失败", "无法登录")
    option = words.candidates(theme, {})[0]
    made = words.words(option, theme, ["登录失败"])
    assert made.name == "“登录失败”"
    assert made.title == "Fix this: “登录失败”"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("The export fails with an error", Kind.BUG),
        ("Why is my payment still pending?", Kind.BUG),
        ("It would be really helpful to have dark mode", Kind.REQUEST),
        ("any plans to support SAML?", Kind.REQUEST),
        ("How do I change my password?", Kind.HOW_TO),
        ("what are your opening hours", Kind.HOW_TO),
    ],
)
def test_a_ticket_has_a_kind(text: str, expected: Kind) -> None:
    assert kind_of(text) is expected


def test_most_tickets_decide_the_kind_of_a_theme() -> None:
    assert kind(["it crashes", "it fails", "how do I do it?"]) == (Kind.BUG, pytest.approx(2 / 3))


_VOCABULARY = sorted(
    english.CLOSED
    | english.ADVERBS
    | set("export exports time login stopped working charged card late please add support already".split())
)


@settings(max_examples=800, deadline=None)
@given(st.lists(st.sampled_from(_VOCABULARY), min_size=1, max_size=9), st.sampled_from(list(Kind)))
def test_no_order_of_words_breaks_a_name_a_title_or_a_story(order: list[str], kind: Kind) -> None:
    """Function words in any order: what people type is not always a sentence."""
    sentence = " ".join(order)
    for phrase in phrases(sentence):
        assert phrase.name.strip()
        assert len(title_of(phrase, kind).split()) < 10
        made = words.words(words.Candidate(phrase, 0.0), material(sentence, of=kind), [sentence])
        assert made.user_story.startswith("As a")
