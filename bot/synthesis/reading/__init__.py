"""A language model reads the tickets; code checks, compares and counts. Pure: it asks, and is sent answers.

    find themes in all tickets in view -> sort every ticket again, in other company -> compare themes that overlap
    -> read doubtful tickets once more -> look for small themes in what is left -> let all readings vote

Every ticket is read at least twice, and the two readings don't know of each other: what they agree on tells how far the
model can be believed. Where it can't, the measured method's groups stand, and the digest says so.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Generator, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from bot.domain import Warned
from bot.ports import Answer, Vectors
from bot.synthesis import tree
from bot.synthesis.clean import Cleaned
from bot.synthesis.needs import Ask
from bot.synthesis.reading import passes
from bot.synthesis.reading.carry import carried, uncertain
from bot.synthesis.reading.orders import gives_orders
from bot.synthesis.reading.passes import Votes
from bot.synthesis.reading.plan import NONE, UNREAD, Definition, Labels, Plan, Read
from bot.synthesis.reading.space import ALIKE, in_company, likeness, spread
from bot.synthesis.reading.texts import cost, fitting, lots
from bot.synthesis.reading.trust import Trust, trust
from bot.synthesis.reading.votes import Worth, majority, settled, worth

Step = Generator[Ask, Sequence[Answer], None]

_ALONE = 25  # tickets that give orders and get a question each; more of them share questions with each other
_OMITTED = 0.1  # of the tickets that were sorted into a theme, not listed under any when themes were found
_FIRST = 0.8  # of a budget goes to a spread sample, the rest to what that leaves uncertain
_CROSSED = 0.25  # of the smaller of two themes is read as the other: they overlap
_SHOWN = 6  # tickets of a theme that are shown to compare it
_FAR = 0.15  # difference of cosines at which a ticket lies with another theme
_OPTIONS = 4  # themes that a doubtful ticket is compared with
_TOGETHER = 8  # doubtful tickets in one question, where there are too many to read singly
_WEIGHTS = (1.0, 1.0, 1.5)  # of the first, the second and the closer reading
_PART = 0.1  # of a theme's tickets that the method puts elsewhere together: perhaps two themes
_LARGE = 5  # tickets of a left-over group that could be a theme


@dataclass(slots=True)
class _Open:
    """A reading under way: what is read, the definitions so far, and three readings' votes on every row."""

    texts: tuple[str, ...]
    space: Vectors  # centred
    method: Labels
    plan: Plan
    calm: list[int]  # tickets that give no orders
    rows: list[int]  # of these, that are read
    alone: list[int]
    definitions: list[Definition] = field(default_factory=list)
    votes: tuple[Labels, Labels, Labels] = field(init=False)

    def __post_init__(self) -> None:
        n = len(self.texts)
        self.votes = (np.full(n, UNREAD), np.full(n, UNREAD), np.full(n, UNREAD))

    def note(self, reading: int, votes: Votes) -> None:
        for row, vote in votes.items():
            self.votes[reading][row] = vote


def read(
    tickets: Sequence[Cleaned], space: Vectors, method: Labels, plan: Plan
) -> Generator[Ask, Sequence[Answer], Read]:
    """Groups of tickets as the model reads them. `method`: the measured method's, which stand where it is no use."""
    under_way = _open(tickets, space, method, plan)
    why = yield from _defined(under_way)
    if why:
        return _not_followed(under_way, f"The language model could not be used ({why})")
    yield from _sorted(under_way)
    yield from _completed(under_way)
    yield from _divided(under_way)
    yield from _compared(under_way)
    shown = worth(under_way.votes, under_way.space, len(under_way.definitions))
    yield from _decided(under_way)
    yield from _left_over(under_way)
    return _settled(under_way, shown)


def _open(tickets: Sequence[Cleaned], space: Vectors, method: Labels, plan: Plan) -> _Open:
    texts = fitting(tickets, plan.view)
    worded = [i for i, text in enumerate(texts) if text]
    orders = {i for i in worded if gives_orders(" ".join(tickets[i].sentences))}
    calm = [i for i in worded if i not in orders]
    if plan.tickets is None or plan.tickets >= len(worded):
        return _Open(texts, tree.centred(space), method, replace(plan, tickets=None), calm, calm, sorted(orders))
    alone = sorted(orders)[: plan.tickets // 20]
    chosen = spread(method, calm, int(_FIRST * (plan.tickets - len(alone))))
    return _Open(texts, tree.centred(space), method, plan, calm, chosen, alone)


def _defined(it: _Open) -> Generator[Ask, Sequence[Answer], str]:
    """The first reading. Returns why there are no definitions, or ""."""
    view = it.rows
    total = sum(cost(it.texts[r]) for r in view)
    if total > it.plan.view:
        view = spread(it.method, view, len(view) * it.plan.view // total)
    if not view:
        return "there is nothing to read"
    found = yield from passes.induced(view, it.texts, it.plan.known)
    it.definitions = list(found.definitions)
    it.note(0, found.placed)
    return found.why or ("" if found.definitions else "it found no theme")


def _sorted(it: _Open) -> Step:
    """The second reading: every ticket once more, in lots, those that give orders in company of their like."""
    singly, more = it.alone[:_ALONE], it.alone[_ALONE:]
    companies = [it.rows, *([row] for row in singly), *_pieces(more, _TOGETHER)]
    it.note(1, (yield from passes.assigned(companies, it.texts, it.definitions, it.plan.lot)))
    if it.plan.tickets is not None:
        unread = sorted(set(it.calm) - set(it.rows))
        room = it.plan.tickets - len(it.rows) - len(it.alone)
        more = uncertain(it.space, majority(it.votes), unread, room, len(it.definitions))
        it.note(1, (yield from passes.assigned([more], it.texts, it.definitions, it.plan.lot)))
        it.rows = sorted((*it.rows, *more))


def _pieces(rows: Sequence[int], size: int) -> list[Sequence[int]]:
    return [rows[start : start + size] for start in range(0, len(rows), size)]


def _completed(it: _Open) -> Step:
    """A model that lists thousands of tickets leaves some out. Where it left out many, that says nothing of where they
    belong: they are sorted a second time instead, the other way round and so in other company."""
    first, second = it.votes[0], it.votes[1]
    omitted = [r for r in it.rows if first[r] == NONE and second[r] >= 0]
    if len(omitted) < _OMITTED * max(1, int((second >= 0).sum())):
        return
    it.note(0, (yield from passes.assigned([omitted[::-1]], it.texts, it.definitions, it.plan.lot)))


def _divided(it: _Open) -> Step:
    """Themes that the measured method takes for two or more are read once more by themselves: one fix, or several?"""
    second = it.votes[1]
    for k in range(len(it.definitions)):
        rows = [r for r in np.flatnonzero(second == k).tolist() if r not in set(it.alone)]
        if not _falls_apart(it.method[rows]):
            continue
        found = yield from passes.induced(lots(rows, it.texts, it.plan.view)[0], it.texts)
        parts = [n for n in range(len(found.definitions)) if sum(v == n for v in found.placed.values()) >= _LARGE]
        if len(parts) < 2:
            continue
        number = {n: (k if n == parts[0] else len(it.definitions) + i - 1) for i, n in enumerate(parts)}
        it.definitions[k] = found.definitions[parts[0]]
        it.definitions += [found.definitions[n] for n in parts[1:]]
        # A ticket in no part keeps what the first reading said of it, unless that was the theme that fell apart.
        kept = {row: UNREAD if before == k else before for row, before in enumerate(it.votes[0].tolist())}
        it.note(0, {row: number.get(vote, kept[row]) for row, vote in found.placed.items()})
        options = list(number.values())
        lots_of = [(list(piece), options) for piece in _pieces(rows, 2 * _TOGETHER)]
        it.note(1, (yield from passes.decided(lots_of, it.texts, it.definitions)))


def _falls_apart(method: Labels) -> bool:
    """Do two groups of the method hold a good part of these tickets each?"""
    sizes = sorted(np.bincount(method[method >= 0]).tolist(), reverse=True) if (method >= 0).any() else []
    return len(sizes) > 1 and sizes[1] >= max(_LARGE - 1, _PART * len(method))


def _compared(it: _Open) -> Step:
    """Themes between which the readings waver, and those that lie near each other: one, if one fix closes both.

    A careful model agrees with itself on borders that are too fine, and what falls under the rule's five tickets on
    both sides of such a border is lost: so the nearest neighbours are compared even where nobody wavers.
    """
    first, second = it.votes[0], it.votes[1]
    crossed = Counter(
        (min(a, b), max(a, b))
        for a, b in zip(first.tolist(), second.tolist(), strict=True)
        if a != b and a >= 0 and b >= 0
    )
    sizes = np.bincount(second[second >= 0], minlength=len(it.definitions))
    overlap = [p for p, n in crossed.most_common() if n >= 2 and n >= _CROSSED * max(1, min(sizes[p[0]], sizes[p[1]]))]
    near = [p for p in _neighbours(it) if p not in overlap]
    most = max(1, len(it.rows) // 40), max(4, min(len(it.definitions), len(it.rows) // 15))
    yield from _joined(it, [*overlap[: most[0]], *near[: most[1]]])


def _neighbours(it: _Open) -> list[tuple[int, int]]:
    """Pairs of themes whose tickets lie near each other, the nearest first."""
    second = it.votes[1]
    held = [k for k in range(len(it.definitions)) if (second == k).any()]
    if len(held) < 2:
        return []
    centres = tree.unit(np.array([it.space[second == k].sum(axis=0) for k in held], dtype=np.float32))
    cosines = np.round(centres @ centres.T, 6)
    pairs = [(float(cosines[i, j]), held[i], held[j]) for j in range(len(held)) for i in range(j)]
    return [(a, b) for cosine, a, b in sorted(pairs, key=lambda p: (-p[0], p[1:])) if cosine >= ALIKE]


def _joined(it: _Open, pairs: Sequence[tuple[int, int]]) -> Step:
    """Joins the pairs that one fix closes, and those of one name: the second goes into the first."""
    few = {k for pair in pairs for k in pair if int((it.votes[1] == k).sum()) < _LARGE}
    same = yield from passes.merged(pairs, _examples(it, pairs), it.texts, it.definitions, few)
    first_of: dict[str, int] = {}
    named = [(first_of.setdefault(d.name.casefold(), k), k) for k, d in enumerate(it.definitions)]
    into = list(range(len(it.definitions)))
    for a, b in (*named, *same):
        if into[a] != into[b]:
            it.definitions[into[a]] = _both(it.definitions[into[a]], it.definitions[into[b]])
        into = [into[a] if k == into[b] else k for k in into]
    number = np.array([*into, UNREAD, NONE])  # the last two: what -2 and -1 lead to
    for vote in it.votes:
        vote[:] = number[vote]


def _both(one: Definition, other: Definition) -> Definition:
    """What the joined theme is from now on: its tickets are weighed against it again."""
    if one.name.casefold() == other.name.casefold():
        return one
    return Definition(one.name, f"{one.includes} Or: {other.includes}")


def _examples(it: _Open, pairs: Sequence[tuple[int, int]]) -> dict[int, list[int]]:
    """Tickets of each theme that are shown: first those that the readings agree on, then the others."""
    first, second = it.votes[0], it.votes[1]
    shown = {}
    for k in {k for pair in pairs for k in pair}:
        listed = set(np.flatnonzero((first == k) | (second == k)).tolist()) - set(it.alone)
        rows = sorted(
            listed or np.flatnonzero(it.votes[2] == k).tolist(), key=lambda r: ((first[r] != k) + (second[r] != k), r)
        )
        shown[k] = rows[:_SHOWN]
    return shown


def _decided(it: _Open) -> Step:
    """The closer look: tickets on which the readings differ, and those that lie with another theme."""
    first, second = it.votes[0], it.votes[1]
    labels = majority(it.votes)
    near = likeness(it.space, labels, len(it.definitions))
    own = np.where(labels >= 0, near[np.arange(len(labels)), np.maximum(labels, 0)], ALIKE)
    far = (near.max(axis=1) - own > _FAR) & (near.max(axis=1) >= ALIKE)
    doubtful = [r for r in it.rows if second[r] == UNREAD or (first[r] not in (second[r], UNREAD)) or far[r]]
    doubtful.sort(key=lambda r: (first[r] == second[r], float(own[r]), r))
    doubts = [(r, _options(it, r, near[r])) for r in doubtful]
    it.note(2, (yield from passes.decided(_questions(doubts, len(it.rows)), it.texts, it.definitions)))


def _options(it: _Open, row: int, near: np.ndarray) -> tuple[int, ...]:
    """What a ticket is compared with: its votes, then the nearest themes."""
    voted = [int(v[row]) for v in it.votes if v[row] >= 0]
    nearest = [int(k) for k in np.argsort(-near, kind="stable")[:_OPTIONS] if near[k] > -1]
    return tuple(sorted(list(dict.fromkeys([*voted, *nearest]))[:_OPTIONS]))


def _questions(doubts: Sequence[tuple[int, tuple[int, ...]]], tickets: int) -> list[tuple[list[int], list[int]]]:
    """Singly as far as a twelfth of all; the others in questions with those that have the same themes to choose."""
    most = max(4, tickets // 12)
    singly = [([row], list(options)) for row, options in doubts[:most] if options]
    by_options = sorted((options, row) for row, options in doubts[most:] if options)
    for start in range(0, len(by_options), _TOGETHER):
        piece = by_options[start : start + _TOGETHER]
        singly.append(([row for _, row in piece], sorted({k for options, _ in piece for k in options})))
    return singly


def _left_over(it: _Open) -> Step:
    """Small themes hide in what fitted nowhere. Only tickets that are like others are looked at again."""
    labels = majority(it.votes, _WEIGHTS)
    left = in_company(it.space, [r for r in it.rows if labels[r] == NONE], 2)
    left = lots(left, it.texts, it.plan.view)[0] if left else []
    if len(left) < _LARGE:
        return
    found = yield from passes.induced(left, it.texts, it.definitions, again=True)
    start = len(it.definitions)
    members = [[r for r, k in found.placed.items() if k == new] for new in range(len(found.definitions))]
    it.definitions += found.definitions
    known = likeness(it.space, labels, start)
    doubts = []
    for new, rows in enumerate(members, start):
        nearest = np.argsort(-known[rows].mean(axis=0), kind="stable")[: _OPTIONS - 1].tolist()
        doubts += [(list(piece), [*map(int, nearest), new]) for piece in _pieces(rows, _TOGETHER)]
    it.note(2, (yield from passes.decided(doubts, it.texts, it.definitions)))
    labels = majority(it.votes, _WEIGHTS)
    near = likeness(it.space, labels, len(it.definitions))
    # What was left over may well belong to a theme that is known, and that its tickets were not recognised for.
    pairs = [
        (int(near[labels == new, :start].mean(axis=0).argmax()), new) for new in set(labels[labels >= start].tolist())
    ]
    yield from _joined(it, pairs)


def _settled(it: _Open, shown: Worth) -> Read:
    """What all readings come to, if they can be believed."""
    groups = len(it.definitions)
    labels = settled(it.votes, _WEIGHTS, it.space, groups, shown.errors)
    labels[it.alone] = _borne_out(it, labels)
    heard = np.flatnonzero(np.max(np.array(it.votes), axis=0) > UNREAD).tolist()
    believed = trust(shown.agreement, labels, it.method, it.space, [it.texts[r] for r in it.rows])
    if not believed.followed:
        return _not_followed(it, _doubts(believed))
    over = carried(it.space, labels, heard, groups)
    remark = Warned("read_by_model", _told(it, len(heard), believed, over.agreement))
    order = _numbering(over.labels)
    return Read(
        labels=np.array([order.get(int(k), NONE) for k in over.labels], dtype=np.intp),
        followed=True,
        remarks=(remark,),
        definitions=tuple(it.definitions[k] for k in order),
        shut_out=frozenset(it.alone),
    )


def _borne_out(it: _Open, labels: Labels) -> Labels:
    """Tickets that give orders stay where the model put them only if they lie with the calm ones there."""
    calm = labels.copy()
    calm[it.alone] = NONE
    near = likeness(it.space, calm, len(it.definitions))[it.alone]
    there = (near.argmax(axis=1) == labels[it.alone]) & (near.max(axis=1) >= ALIKE)
    return np.where(there, labels[it.alone], NONE).astype(np.intp)


def _told(it: _Open, heard: int, believed: Trust, carrying: float) -> str:
    tickets = len([t for t in it.texts if t])
    told = (
        f"A language model ({it.plan.model}) read {heard:,} of {tickets:,} tickets;"
        f" two readings agree on {believed.agreement:.0%}."
    )
    if heard < tickets:
        told += f" The others were carried over by likeness: agreement on a held-back tenth {carrying:.0%}."
    return told


def _doubts(believed: Trust) -> str:
    return (
        f"The language model's reading was not followed (its two readings agree on {believed.agreement:.0%} of the"
        f" tickets, and {believed.nearest:.0%} lie nearest to the theme it put them in)"
    )


def _numbering(labels: Labels) -> dict[int, int]:
    """Old number -> new, the largest first; groups too small to be told from chance are dissolved."""
    sizes = Counter(labels[labels >= 0].tolist())
    first = {int(k): int(np.flatnonzero(labels == k)[0]) for k in sizes}
    kept = sorted((k for k in sizes if sizes[k] >= passes.SMALLEST), key=lambda k: (-sizes[k], first[k]))
    return {k: n for n, k in enumerate(kept)}


def _not_followed(it: _Open, why: str) -> Read:
    told = f"{why}: themes and words are those of the measured method."
    return Read(it.method, False, (Warned("model_not_used", told),), shut_out=frozenset(it.alone))
