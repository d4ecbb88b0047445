"""What a frame makes of a sentence: the phrase that can name a problem, with the grammar to build on it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from bot.synthesis import english as en

MAX_WORDS = 9


class Frame(StrEnum):
    """How a customer put it, by what can stand behind it."""

    HOW = "how"  # "How do I X": X is a verb phrase
    MAY = "may"  # "Can I X", "Is it possible to X"
    WANT = "want"  # "I want to X", "Cancel X"
    ADD = "add"  # "We need a dark mode": a noun phrase
    ASK = "ask"  # an indirect question: "when the card will arrive"
    FAULT = "fault"  # a clause with its own subject: "CSV exports time out"
    SELF = "self"  # a clause about the writer: "was charged twice"
    TOPIC = "topic"  # a noun phrase


@dataclass(frozen=True, slots=True)
class Phrase:
    """`text` is the part that matters. For FAULT and SELF, `subject` and `acting` ("timing out on ...") split it.

    `own` keeps the writer's possessives ("my card"), for the user story; `text` says "the card". `sure`: its grammar is
    beyond doubt, so that it can stand behind other words; any other phrase is shown as it is, behind a colon.
    """

    frame: Frame
    text: str
    own: str
    subject: str = ""
    acting: str = ""
    negated: bool = False
    remedy: str = ""  # what the writer wants instead, as an infinitive: "receive my card"
    sure: bool = False
    state: bool = False  # FAULT: what something is ("is pending"), not what it does
    doing: str = ""  # FAULT and SELF: what is wrong, as an infinitive: "time out on large workspaces"

    @property
    def name(self) -> str:
        if self.frame in (Frame.HOW, Frame.MAY, Frame.WANT):
            first, _, rest = self.text.partition(" ")
            return capitalised(f"{en.gerund(first.lower())} {rest}".strip())
        return capitalised(self.text)


def capitalised(text: str) -> str:
    return text[:1].upper() + text[1:]
