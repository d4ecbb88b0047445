"""What people write into a draft, checked: one line, not empty, not a page; a link that is one. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta

from bot import phrases

GROWTH, ASLEEP = (
    0.5,
    timedelta(days=90),
)  # a snooze without a word on its end (SURFACES 23_modal_snooze)
NAME, TEXT = (
    120,
    3000,
)  # characters that a person may give a name or title, and any other text of a draft
_LINES = 20  # of acceptance criteria


class NotPossible(Exception):
    """Why, in one full sentence for the person who asked."""


def line(text: str, most: int, what: str) -> str:
    """A person's text on one line. Raises NotPossible when it is empty or too long."""
    told = phrases.line(text)
    if not told:
        raise NotPossible(f"The {what} is empty.")
    if len(told) > most:
        raise NotPossible(f"The {what} has {len(told):,} characters, and at most {most:,} can be used.")
    return told


def lines(given: Iterable[object]) -> list[str]:
    """Acceptance criteria, those that say something. Raises NotPossible."""
    told = [line(str(a), TEXT, "acceptance criterion") for a in given if str(a).strip()]
    if len(told) > _LINES:
        raise NotPossible(f"At most {_LINES} acceptance criteria, so that the draft stays one item.")
    return told


def address(given: str) -> str:
    """Raises NotPossible for what is no address of the web."""
    told = given.strip()
    if not told.lower().startswith(("https://", "http://")) or len(told) > 2000 or any(c.isspace() for c in told):
        raise NotPossible("The link to the notes must be one http(s) address.")
    return told
