"""The passes of a reading: each asks its questions, checks what comes back, and hands on what holds.

A vote is a definition's position, NONE or UNREAD. Indices that are unknown, doubled or missing are never guessed: they
are asked once more, and after that the ticket stays UNREAD.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Generator, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bot.ports import Answer, Question
from bot.synthesis.needs import Ask
from bot.synthesis.reading import prompts
from bot.synthesis.reading.plan import NONE, UNREAD, Definition
from bot.synthesis.reading.texts import cut, lots, numbered, visible

Votes = dict[int, int]  # row -> vote
Passing = Generator[Ask, Sequence[Answer], Votes]

SMALLEST = 3  # tickets of a group that is worth defining: smaller ones can't be told from chance
_MOST = 80  # definitions, the largest first
_NAME, _SENTENCE = 80, 300  # characters kept of what a model words
_HALVINGS = 3
_HALF = 10  # tickets of half a lot that is worth asking again
_UNSURE = -3  # within a pass: answered, but with "unsure"; not asked again


@dataclass(frozen=True, slots=True)
class Induced:
    """Definitions, and which of the tickets in view the model listed under each. `why`: there was no usable answer."""

    definitions: tuple[Definition, ...]
    placed: Votes
    why: str = ""


def induced(
    rows: Sequence[int], texts: Sequence[str], known: Sequence[Definition] = (), *, again: bool = False
) -> Generator[Ask, Sequence[Answer], Induced]:
    """Asks for groups among `rows`. Where the answer fails, half of the view is tried, up to three times: a small
    model has a small context, and a long answer gets cut."""
    why = ""
    for _ in range(_HALVINGS + 1):
        question = prompts.induce(numbered(rows, texts), known, least=SMALLEST, again=again)
        (answer,) = yield Ask((question,), "Find themes")
        if answer.value is not None:
            return _groups(answer.value, rows)
        why = answer.why
        if len(rows) < 60:
            break
        rows = rows[::2]
    return Induced((), {}, why or "there was no usable answer")


def _groups(value: Any, rows: Sequence[int]) -> Induced:
    """What a model listed, as far as it holds: known indices, each in one group, groups that are large enough."""
    listed = [(_definition(g), _rows(g["tickets"], rows)) for g in value["groups"]]
    uses = Counter(row for _, found in listed for row in found)
    kept = [(d, [r for r in found if uses[r] == 1]) for d, found in listed if d is not None]
    kept = sorted((p for p in kept if len(p[1]) >= SMALLEST), key=lambda p: -len(p[1]))[:_MOST]
    placed = dict.fromkeys(rows, NONE)
    placed |= {row: k for k, (_, found) in enumerate(kept) for row in found}
    placed |= {row: UNREAD for row, n in uses.items() if n > 1}
    return Induced(tuple(d for d, _ in kept if d is not None), placed)


def _definition(group: Mapping[str, Any]) -> Definition | None:
    name, includes, excludes = (visible(str(group[k])) for k in ("name", "includes", "excludes"))
    return Definition(cut(name, _NAME), cut(includes, _SENTENCE), cut(excludes, _SENTENCE)) if name else None


def _rows(indices: Iterable[Any], rows: Sequence[int]) -> list[int]:
    return list(dict.fromkeys(rows[i - 1] for i in indices if 1 <= i <= len(rows)))


@dataclass(frozen=True, slots=True)
class _Lot:
    """The tickets of one question, and by code the definitions they can go to."""

    rows: Sequence[int]
    groups: Mapping[str, int]


def assigned(
    companies: Iterable[Sequence[int]], texts: Sequence[str], definitions: Sequence[Definition], size: int
) -> Passing:
    """A vote for each row. Each of the `companies` is split into lots of `size` tokens; no two share a question."""
    groups = {f"G{k}": k - 1 for k in range(1, len(definitions) + 1)}
    asked = [_Lot(lot, groups) for company in companies for lot in lots(company, texts, size)]

    def question(lot: _Lot) -> Question:
        return prompts.assign(numbered(lot.rows, texts), {c: definitions[k] for c, k in lot.groups.items()})

    votes = yield from _sorted(asked, question, "Read tickets")
    return votes


def decided(
    doubts: Sequence[tuple[Sequence[int], Sequence[int]]], texts: Sequence[str], definitions: Sequence[Definition]
) -> Passing:
    """A vote for each row of the `doubts`: (rows that share a question, definitions that come into question)."""
    asked = [_Lot(rows, {f"G{n}": k for n, k in enumerate(options, 1)}) for rows, options in doubts]

    def question(lot: _Lot) -> Question:
        return prompts.decide(numbered(lot.rows, texts), {c: definitions[k] for c, k in lot.groups.items()})

    votes = yield from _sorted(asked, question, "Read again")
    return votes


def _sorted(asked: Sequence[_Lot], question: Callable[[_Lot], Question], what: str) -> Passing:
    """Asks, checks every index, and asks once more for those that are missing, unknown or doubled, or got no answer."""
    votes: Votes = {row: UNREAD for lot in asked for row in lot.rows}
    for _ in range(2):
        answers = (yield Ask(tuple(map(question, asked)), what)) if asked else ()
        for lot, answer in zip(asked, answers, strict=True):
            votes |= dict(_votes(answer, lot))
        pairs = list(zip(asked, answers, strict=True))
        left = [
            _Lot([r for r in lot.rows if votes[r] == UNREAD], lot.groups) for lot, a in pairs if a.value is not None
        ]
        halves = [half for lot, a in pairs if a.value is None for half in _halves(lot)]
        asked = [lot for lot in (*left, *halves) if lot.rows]
    return {row: UNREAD if vote == _UNSURE else vote for row, vote in votes.items()}


def _halves(lot: _Lot) -> list[_Lot]:
    """Of a lot without any answer: it may have been too much at once. A small one is not asked again."""
    middle = len(lot.rows) // 2
    return [_Lot(rows, lot.groups) for rows in (lot.rows[:middle], lot.rows[middle:])] if middle >= _HALF else []


def _votes(answer: Answer, lot: _Lot) -> Iterator[tuple[int, int]]:
    rows = answer.value["rows"] if answer.value is not None else []
    uses = Counter(r["i"] for r in rows)
    for row in rows:
        if uses[row["i"]] == 1 and 1 <= row["i"] <= len(lot.rows):
            where = row["group"]
            special = {prompts.NO_GROUP: NONE, prompts.CANT_TELL: _UNSURE}
            yield lot.rows[row["i"] - 1], lot.groups[where] if where in lot.groups else special[where]


def merged(
    pairs: Sequence[tuple[int, int]],
    examples: Mapping[int, Sequence[int]],
    texts: Sequence[str],
    definitions: Sequence[Definition],
    few: Collection[int] = (),
) -> Generator[Ask, Sequence[Answer], list[tuple[int, int]]]:
    """Of pairs of definitions those that one fix would close.

    `examples`: rows of each, that are shown; `few`: definitions with too few tickets to be a theme by themselves.
    """

    def told(k: int) -> prompts.Side:
        return prompts.Side(definitions[k], [texts[r] for r in examples[k]], k in few)

    asked = [prompts.same(told(a), told(b)) for a, b in pairs]
    answers = (yield Ask(tuple(asked), "Compare themes")) if asked else ()
    return [pair for pair, a in zip(pairs, answers, strict=True) if a.value is not None and a.value["same"] is True]
