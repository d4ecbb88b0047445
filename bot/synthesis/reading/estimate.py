"""What a reading will take, told before anything is sent: from the very questions that would be asked first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from bot.ports import Question
from bot.synthesis.clean import Cleaned
from bot.synthesis.reading import prompts
from bot.synthesis.reading.plan import Definition, Plan
from bot.synthesis.reading.texts import cost, fitting, lots, numbered, tokens

_THEMES = 12  # that a month usually has, as far as a model defines them
_LIKE = Definition("five words of a name", "one sentence on what belongs " * 4, "one sentence on neighbours " * 4)
_ROW = 16  # tokens of an answer's row
_AGAIN = 0.6  # of the first two passes, when much is doubtful


@dataclass(frozen=True, slots=True)
class Estimate:
    """Ranges (low, high): what a reader that agrees with itself takes, and one that has to be asked a lot."""

    tickets: int
    calls: tuple[int, int]
    tokens_in: tuple[int, int]
    tokens_out: tuple[int, int]


def estimate(tickets: Sequence[Cleaned], plan: Plan) -> Estimate:
    """Sends nothing, embeds nothing."""
    first = first_question(tickets, plan)
    texts = fitting(tickets, plan.view)
    rows = [i for i, text in enumerate(texts) if text][: plan.tickets]
    groups = {f"G{n}": _LIKE for n in range(_THEMES)}
    asked = [prompts.assign(numbered(lot, texts), groups) for lot in lots(rows, texts, plan.lot)]
    questions = [first, *asked] if first else []
    into = sum(_size(q) for q in questions)
    out = len(rows) * (_ROW + 4) + _THEMES * 100
    words = (min(_THEMES, 3 + len(rows) // 25) * 700, min(_THEMES, 3 + len(rows) // 25) * 350)
    low = (into + words[0], out + words[1])
    high = (round(into * (1 + _AGAIN)) + 2 * words[0], round(out * (1 + _AGAIN)) + 2 * words[1])
    calls = (len(questions) + 3, len(questions) * 2 + 6 + len(rows) // 12)
    return Estimate(len(rows), calls, (low[0], high[0]), (low[1], high[1]))


def first_question(tickets: Sequence[Cleaned], plan: Plan) -> Question | None:
    """The first thing that would be asked, as it would leave; None where there is nothing to read."""
    texts = fitting(tickets, plan.view)
    rows = [i for i, text in enumerate(texts) if text][: plan.tickets]
    room = plan.view
    shown = []
    for row in rows:
        room -= cost(texts[row])
        if room < 0:
            break
        shown.append(row)
    return prompts.induce(numbered(shown, texts), plan.known, least=3) if shown else None


def _size(question: Question) -> int:
    return tokens(question.instruction) + tokens(question.material) + tokens(str(question.schema))
