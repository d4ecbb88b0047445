"""Personal data and secrets out of a ticket before anything is stored or leaves: typed placeholders, one per value."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import replace

from bot.customers.organisations import folded_name
from bot.domain import Ticket
from bot.redact.detect import Found, Personal, found

_PLACEHOLDER = re.compile(rf"\[({'|'.join(Personal)})_(\d{{1,9}})\]")


def redacted(ticket: Ticket, *, names: Collection[str] = ()) -> tuple[Ticket, Counter[str]]:
    """The ticket with subject and body masked under one numbering, and how much of each kind was masked.

    Masks the requester's name and `names` too. Expects text, not HTML. A redacted ticket comes back unchanged.
    """
    numbering = _Numbering(f"{ticket.subject}\n{ticket.body}")
    people = _people((ticket.requester.name or "", *names), ticket)
    subject, body = (_masked(text, numbering, people) for text in (ticket.subject, ticket.body))
    if not numbering.hits:
        return ticket, numbering.hits
    return replace(ticket, subject=subject, body=body), numbering.hits


def redact_text(text: str) -> str:
    """For a text that goes out and whose writer isn't known."""
    return _masked(text, _Numbering(text), {})


def placeholders(tickets: Iterable[Ticket]) -> Counter[str]:
    """How many pieces of each kind are masked in redacted tickets: counted in the texts themselves."""
    return Counter(
        kind.lower() for t in tickets for text in (t.subject, t.body) for kind, _ in _PLACEHOLDER.findall(text)
    )


class _Numbering:
    """Which placeholder stands for which value within one ticket, and how often each kind was masked."""

    def __init__(self, text: str) -> None:
        self.hits: Counter[str] = Counter()
        self._of: dict[tuple[Personal, str], str] = {}
        # A placeholder that stands in the text already (redacted before, or typed) keeps its number to itself.
        self._last = defaultdict[str, int](int)
        for kind, number in _PLACEHOLDER.findall(text):
            self._last[kind] = max(self._last[kind], int(number))

    def placeholder(self, piece: Found) -> str:
        self.hits[piece.kind.lower()] += 1
        key = (piece.kind, piece.value)
        if key not in self._of:
            self._last[piece.kind] += 1
            self._of[key] = f"[{piece.kind}_{self._last[piece.kind]}]"
        return self._of[key]


def _masked(text: str, numbering: _Numbering, people: Mapping[str, str]) -> str:
    """Until nothing is found: a mask may lay bare what it touched. Ends, as placeholders are never touched."""
    while True:
        pieces = _apart(text, (*found(text), *_names(text, people)))
        if not pieces:
            return text
        at, parts = 0, list[str]()
        for piece in pieces:
            parts += (text[at : piece.start], numbering.placeholder(piece))
            at = piece.end
        text = "".join((*parts, text[at:]))


def _apart(text: str, pieces: Iterable[Found]) -> list[Found]:
    """Pieces in the order of the text, without overlaps: placeholders stand, then the earlier found wins."""
    taken: bytearray | None = None
    kept = []
    for piece in pieces:
        if taken is None:
            taken = bytearray(len(text))
            for m in _PLACEHOLDER.finditer(text):
                taken[m.start() : m.end()] = b"\1" * (m.end() - m.start())
        if taken.find(1, piece.start, piece.end) < 0:
            taken[piece.start : piece.end] = b"\1" * (piece.end - piece.start)
            kept.append(piece)
    return sorted(kept, key=lambda piece: piece.start)


# --- names: only those that the ticket tells

_WORD = re.compile(r"[^\W\d_]+(?:['’-][^\W\d_]+)*")
_GAP = re.compile(r"[ \t\u00a0]{1,2}(?:[^\W\d_]\.[ \t\u00a0])?|\. ")
# Names that are words as well, and words that stand where a name should: masked only beside another part of the name.
_ORDINARY = frozenset(
    re.findall(
        r"\w+",
        """
        account admin administrator agent api april art august bank best bill billing black brown care case cash chance
        chase client company contact cook cross customer day desk field fields finance gold good grant gray green guest
        hall hand help hill hope house info july june king lake little long love major manager mark marketing max may
        office open operations page park parks pool power powers price product read rice rich sales security service
        services sharp short small snow stone street summer sun support system team tech test user waters west white
        will wise wood work works young
        """,
    )
)


def _people(names: Iterable[str], ticket: Ticket) -> dict[str, str]:
    """Part of a name, folded -> the whole name it belongs to. Words of the customer's own name are no person's."""
    company = {w.casefold() for w in _WORD.findall(ticket.account.name or "")}
    people: dict[str, str] = {}
    for name in names:
        parts = [w.casefold() for w in _WORD.findall(name)]
        whose_company = folded_name(name) == folded_name(ticket.account.name or "") is not None
        if "@" not in name and not whose_company and len(parts) <= 6:
            for part in parts:
                if len(part) >= 3 and part not in company:
                    people.setdefault(part, " ".join(parts))
    return people


def _names(text: str, people: Mapping[str, str]) -> Iterator[Found]:
    """Runs of name parts ('Ann', 'Ann Lee'), capitalised as people write a name, each run as one piece."""
    plain = text.casefold()
    if not any(part in plain for part in people):
        return
    run: list[re.Match[str]] = []
    for word in _WORD.finditer(text):
        if not _is_part(word[0], people):
            continue
        if run and not _GAP.fullmatch(text, run[-1].end(), word.start()):
            yield from _person(run, people)
            run = []
        run.append(word)
    yield from _person(run, people)


def _is_part(word: str, people: Mapping[str, str]) -> bool:
    return not word[0].islower() and re.sub(r"['’]s$", "", word.casefold()) in people


def _person(run: list[re.Match[str]], people: Mapping[str, str]) -> Iterator[Found]:
    parts = [re.sub(r"['’]s$", "", word[0].casefold()) for word in run]
    if any(part not in _ORDINARY for part in parts) or len(set(parts)) > 1:
        possessive = len(run[-1][0]) - len(parts[-1])
        yield Found(run[0].start(), run[-1].end() - possessive, Personal.NAME, people[parts[0]])
