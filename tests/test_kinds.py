"""Bug, request or how-to: what people write of a fault is none the less a fault for being put mildly."""

from __future__ import annotations

import pytest

from bot.domain import Kind
from bot.synthesis.kinds import kind, kind_of
from tests.told import BUGS, HOW_TOS, REQUESTS

TOLD = {Kind.BUG: BUGS, Kind.HOW_TO: HOW_TOS, Kind.REQUEST: REQUESTS}
RIGHT = 79  # of 80; 58 before these rules. What is wrong: "roles are too coarse: I want approve but not pay"


def test_nearly_every_labelled_sentence_is_told_right() -> None:
    right = sum(kind_of(text) is due for due, texts in TOLD.items() for text in texts)
    assert sum(map(len, TOLD.values())) == 80
    assert right >= RIGHT


@pytest.mark.parametrize(
    ("asks", "complains"),
    [
        ("How do I open the PDF?", "The PDF doesn\u2019t open"),
        ("Where do I switch the sound on?", "There is no sound"),
        ("How long does a report take?", "A report takes 10 minutes"),
        ("Does the error-free guarantee cover this?", "There are errors in this"),
    ],
)
def test_a_question_about_a_thing_is_no_complaint_of_it(asks: str, complains: str) -> None:
    assert (kind_of(asks), kind_of(complains)) == (Kind.HOW_TO, Kind.BUG)


def test_a_tie_goes_to_the_fault() -> None:
    assert kind(["no sound", "how do I call?"]) == (Kind.BUG, 0.5)
