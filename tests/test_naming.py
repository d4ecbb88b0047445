"""Names, titles, stories and criteria that can be read aloud, in any domain: what is in doubt is shown as it stands."""

import re
from pathlib import Path

import pytest

from bot.domain import Kind
from bot.runs import pipeline
from bot.runs.reading import Asked, Unwatched
from bot.synthesis import english as en
from bot.synthesis import words
from bot.synthesis.criteria import criteria
from bot.synthesis.drafting import story, title_of
from bot.synthesis.frames import Frame, general, named, phrases
from bot.synthesis.lineage import Known
from bot.synthesis.rules import Rules
from tests.runs import NOW, embedder, jsonl
from tests.runs import run as of_file

# Each is a noun and a form of a verb, in the mail of hospitals, shops, banks, schools and airlines alike.
BOTH = (
    "results minutes reads charges orders exports feeds updates reports returns changes claims tickets seats grades"
    " marks records notes prices bills payments refunds transfers limits cards books rooms flights labels parts tools"
    " boards deals calls messages letters forms files prints scans reviews checks logs views tests points rates visits"
).split()


def made(sentence: str, kind: Kind = Kind.BUG) -> words.Words:
    theme = words.Material(((sentence,),), kind)
    return words.words(words.candidates(theme, {})[0], theme, [sentence])


@pytest.mark.parametrize("noun", BOTH)
@pytest.mark.parametrize(
    "sentence",
    [
        "my blood {} never appeared",
        "the online {} wrong total",
        "our {} take minutes to load",
        "monthly {} never add up",
    ],
)
def test_a_word_that_is_noun_and_verb_is_never_bent_into_a_verb(noun: str, sentence: str) -> None:
    told = made(sentence.format(noun))
    bent = en.gerund(en.base(noun))
    assert noun in told.title.lower()
    assert bent not in f"{told.title} {told.user_story} {' '.join(told.acceptance)}"
    assert "minuting" not in told.title


@pytest.mark.parametrize(
    "sentence",
    [
        "charged twice for one order",
        "Receipt scanner reads wrong total",
        "flight cancelled and still waiting for refund",
        "money left my account",
        "Termin verschieben geht online nicht",
        "Check in online not possible",
        "stock levels shown online wrong",
        "Food was cold",
    ],
)
def test_what_is_in_doubt_stands_as_it_is_behind_a_colon(sentence: str) -> None:
    told = made(sentence)
    assert told.title == f"Fix this: {told.name}"
    assert re.fullmatch(r"As a customer, I want this fixed so that .+: .+\.", told.user_story)
    assert f"“{told.name}”" in told.acceptance[0] or told.acceptance[0].startswith("The food must no longer be cold")


@pytest.mark.parametrize(
    ("sentence", "title", "wanted"),
    [
        (
            "My blood test results never appeared",
            "Fix blood test results never appearing",
            "my blood test results to appear",
        ),
        ("Bank feed stopped syncing", "Fix bank feed not syncing", "the bank feed to sync again"),
        ("mic not working in the call", "Fix mic not working in the call", "the mic to work in the call"),
        (
            "Reports take minutes to load",
            "Fix reports taking minutes to load",
            "reports to stop taking minutes to load",
        ),
        ("we never got the reminder", "Fix customers never getting the reminder", "to get the reminder"),
        ("App keeps crashing on login", "Fix app crashing on login", "the app to stop crashing on login"),
    ],
)
def test_what_is_sure_is_said_fluently(sentence: str, title: str, wanted: str) -> None:
    told = made(sentence)
    assert told.title == title
    assert re.fullmatch(rf"As a customer, I want {re.escape(wanted)}( so that [^.]+)?\.", told.user_story)
    assert " so that " in told.user_story, "METHOD: As a... I want... so that..."


def test_a_country_is_no_customer_and_a_question_keeps_its_thing_whole() -> None:
    names = [next(phrases(s)).name for s in ("fees for US cards", "What are disposable virtual cards?")]
    assert names[0] == "Fees for US cards"
    assert "are virtual" not in names[1]


def test_a_no_in_front_is_not_lost() -> None:
    assert made("no sound in the video call").title == "Fix this: No sound in the video call"


@pytest.mark.parametrize(
    ("sentence", "left"),
    [
        ("Promo code WELCOME10 does not work", "Promo code does not work"),
        ("Rider map is frozen for 20 minutes", "Rider map is frozen"),
        ("Check-in fails with error 17", "Check-in fails"),
        ("my bag did not arrive in Lisbon", "my bag did not arrive"),
        ("Bank feed stopped syncing with HSBC since Friday", "Bank feed stopped syncing"),
        ("the October payslip is blank", "the payslip is blank"),
        ("confirm my table for 8 pm", "confirm my table"),
        ("only 1 of 3 bowls came", "only 1 of 3 bowls came"),
        ("in stock online, sold out in Leeds store", "in stock online, sold out in Leeds store"),
    ],
)
def test_a_particular_of_one_ticket_is_left_out_where_a_clause_remains(sentence: str, left: str) -> None:
    assert general(sentence, lambda word: False) == left
    assert general(sentence, lambda word: True) == sentence


def test_what_many_tickets_of_a_theme_name_stays_in_its_name() -> None:
    theme = words.Material(tuple((f"Promo code WELCOME10 does not work at {place}",) for place in "abcd"), Kind.BUG)
    assert "WELCOME10" in words.candidates(theme, {"code": 1.0})[0].name


def test_criteria_follow_from_what_tickets_say_and_hold_no_figure() -> None:
    slow = [("The map takes forever on my iPhone",), ("map is slow on iphone",), ("the map, slow again on Android",)]
    twice = [("charged twice",), ("charged two times after the update",), ("double charge since the last update",)]
    one = criteria("Map takes forever", named("Map takes forever"), Kind.BUG, slow)
    other = criteria("Charged twice", named("Charged twice"), Kind.BUG, twice)
    assert one == (
        "The map must no longer take forever.",
        "It holds for iPhone, which tickets name.",
        "The wait that tickets tell of is gone.",
        "The example tickets, gone through once more, show none of it.",
    )
    assert "It holds with the update that tickets name." in other
    assert not any(c.isdigit() for line in (*one, *other) for c in line)


@pytest.mark.parametrize("kind", list(Kind))
def test_two_to_four_criteria_stand_for_every_name(kind: Kind) -> None:
    for name in ("Food arrives cold", "Changing the address", "“登录失败”", "VAT <b>", "x"):
        assert 2 <= len(criteria(name, named(name), kind, [("again and again, an error",)] * 3)) <= 4


def test_a_theme_by_another_name_has_title_story_and_criteria_to_it() -> None:
    before = made("Food was cold")
    after = words.renamed(before, "Meals arrive late", [["Food was cold"]])
    told = " ".join([after.title, after.user_story, *after.acceptance])
    assert (after.name, after.title) == ("Meals arrive late", "Fix meals arriving late")
    assert "old" not in told


@pytest.mark.parametrize("name", ["Changing the delivery address", "CSV export times out", "Guests"])
def test_a_name_is_read_back_as_itself(name: str) -> None:
    assert named(name).name == name


def test_a_quote_in_the_problem_loses_no_mark() -> None:
    assert "“It says 'code not applied'”" in words.problem(["It says 'code not applied'"])


COLD = "pizza was cold", "the food came cold", "cold burger again", "our dinner arrived cold", "food is always cold"
MAP = "the rider map is frozen", "map does not move", "rider map stuck", "tracking map frozen", "map of the rider hangs"


def test_a_known_name_holds_only_while_it_fits_about_as_well(tmp_path: Path) -> None:
    rows = [{"id": f"{n}", "body": text, "email": f"p{n}@x{n}.example"} for n, text in enumerate((*COLD, *MAP))]
    run = of_file(jsonl(tmp_path / "food.jsonl", rows))
    food, tracking = sorted(run.digest.themes, key=lambda t: "0" not in t.members)
    ids = {t.key: t.id for t in run.reading.tickets}
    known = [
        Known(food.id, frozenset(ids[m] for m in food.members), (), name="VAT return does not match the ledger"),
        Known(tracking.id, frozenset(ids[m] for m in tracking.members), (), name="Map of the rider stands still"),
    ]
    again = pipeline.compose(run.reading, embedder(), Rules(), Asked(), NOW, Unwatched(), known=known).digest
    told = {t.id: t.words for t in again.themes}
    assert told[food.id].name == food.words.name
    assert told[tracking.id].name == "Map of the rider stands still"
    assert told[tracking.id].title == "Fix this: Map of the rider stands still"


@pytest.mark.parametrize("sentence", ["can you recommend a restaurant", "please recommend a good restaurant"])
def test_nobody_wants_steps_for_what_only_the_other_side_can_do(sentence: str) -> None:
    phrase = next(phrases(sentence))
    assert phrase.frame in (Frame.MAY, Frame.WANT)
    assert title_of(phrase, Kind.HOW_TO).startswith("Explain this: ")
    assert "clear steps" not in story(phrase, Kind.HOW_TO, [[sentence]])


def test_a_span_of_time_without_what_it_is_measured_from_names_nothing() -> None:
    says = ("Notification comes late", "The notification on the phone comes hours after the message itself")
    material = words.Material(tuple(says for _ in range(6)), Kind.BUG, 1.0)
    best = words.candidates(material, words.weights(material, words.Vocabulary.of(material.sentences)))[0]
    assert best.phrase.name == "Notification comes late"
