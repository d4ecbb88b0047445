"""Which tickets are another tool's copy of one that is read, too: the same incident, counted once. Pure.

Tools copy (an integration opens a Zendesk ticket for each Intercom conversation), and people ask in two places. Within
one tool nothing is a copy: whoever writes "still broken" twice has written two tickets.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta, tzinfo
from functools import cached_property

from bot.customers.organisations import machine, mail_address
from bot.domain import Ticket

_SAME_TEXT, _FEW_WORDS, _LINKED = timedelta(hours=48), timedelta(hours=1), timedelta(days=7)
REASON = "mirrored: "
REACH = max(_SAME_TEXT, _FEW_WORDS, _LINKED)  # no copy is younger than its original by more
_WORDS = 8  # fewer say too little: then every word must be the same, and both be written within the hour
_READ = 400  # words of a text that are compared
_ALIKE = 0.8  # of the shorter text's runs of three words stand in the longer one
_LOOKED_AT = 40  # earlier tickets of one person that a ticket is compared with, the nearest in time first
_LONG_ID = 6  # characters: a shorter external id may be any other system's
_WORD = re.compile(r"[^\W_]+")
_MARKUP = re.compile(r"<[^<>]{1,200}>")
# Where people open them: VENDORS.md 2.3 and 3.2; /requests/ is a customer's own view in Zendesk's help center.
_ADDRESSES = {
    "zendesk": re.compile(r"\bzendesk\.com/(?:\w[\w-]*/){0,4}(?:tickets|requests)/(\d{1,20})\b"),
    "intercom": re.compile(r"\bintercom\.com/(?:[\w-]+/){0,8}conversations?/(\d{1,20})\b"),
}
_EXTERNAL = "external:"  # a tag: the id that another system gave the ticket

_Address = tuple[str, str]  # (tool, key)


def mirrored(tickets: Sequence[Ticket]) -> dict[str, str]:
    """Id of a copy -> id of the ticket that it copies, which came first and is no copy itself.

    A ticket has at most one copy in each other tool. Tickets without a time are nobody's copy. Does not depend on the
    order of the tickets; each one is compared with a few of its own requester alone.
    """
    seen = [_Seen(t, t.created_at) for t in tickets if t.created_at is not None]
    seen.sort(key=lambda s: (s.at, s.ticket.id))
    originals = _Originals(_who_use_two_tools(seen))
    found: dict[str, str] = {}
    for one in seen:
        twin = originals.twin_of(one)
        if twin is None:
            originals.add(one)
        else:
            found[one.ticket.id] = twin.ticket.id
            twin.copied_in.add(one.tool)
    return found


def why_copied(
    tickets: Sequence[Ticket], earlier: Sequence[Ticket], zone: tzinfo | None
) -> tuple[dict[str, str], tuple[Ticket, ...]]:
    """Id of a copy among the tickets of a window -> why it is removed: "mirrored: zendesk:42".

    Its original may lie before the window, among the `earlier`; then the day in `zone` is said, too: the incident is
    of that window, and so is its copy. With the reasons come those of `earlier` that bear them out: given these alone,
    it comes to the same.
    """
    here, before = {t.id for t in tickets}, {t.id: t.created_at for t in earlier}
    while True:
        found = mirrored([*earlier, *tickets])
        copies = {copy: original for copy, original in found.items() if copy in here}
        originals = set(copies.values())
        bearing = tuple(t for t in earlier if t.id in originals or found.get(t.id) in originals)
        if len(bearing) == len(earlier):
            return {copy: _reason(of, before.get(of), zone) for copy, of in copies.items()}, bearing
        earlier = bearing


@dataclass(eq=False)
class _Seen:
    """A ticket with what it is compared by, worked out when it is first asked for."""

    ticket: Ticket
    at: datetime
    copied_in: set[str] = field(default_factory=set)  # the tools that have a copy of it

    @cached_property
    def tool(self) -> str:
        """Several exports of one tool are one: "zendesk-2026-10" is a file of Zendesk's (bot.wiring)."""
        return self.ticket.source.casefold().partition("-")[0]

    @cached_property
    def person(self) -> str | None:
        mails = (self.ticket.requester.email, self.ticket.requester.id)
        return next((m for text in mails if (m := mail_address(text or "")) and not machine(m)), None)

    @cached_property
    def addresses(self) -> frozenset[_Address]:
        """The tickets of other tools that it names."""
        text = f"{self.ticket.subject}\n{self.ticket.body}"
        return frozenset(
            (tool, key) for tool, pattern in _ADDRESSES.items() if tool != self.tool for key in pattern.findall(text)
        )

    @cached_property
    def external(self) -> str | None:
        given = next((t.removeprefix(_EXTERNAL) for t in self.ticket.tags if t.startswith(_EXTERNAL)), "")
        return given if len(given) >= _LONG_ID else None

    @cached_property
    def body(self) -> tuple[str, ...]:
        return _words(self.ticket.body)

    @cached_property
    def whole(self) -> tuple[str, ...]:
        return (*_words(self.ticket.subject), *self.body)[:_READ]

    @cached_property
    def runs(self) -> frozenset[tuple[str, ...]]:
        words = self.body or self.whole
        return frozenset(zip(words, words[1:], words[2:], strict=False))


def _words(text: str) -> tuple[str, ...]:
    return tuple(_WORD.findall(_MARKUP.sub(" ", text[: 20 * _READ]).casefold())[:_READ])


def _numbers(words: Iterable[str]) -> frozenset[str]:
    return frozenset(w for w in words if any(c.isdigit() for c in w))


def _who_use_two_tools(seen: Sequence[_Seen]) -> frozenset[str]:
    tools: dict[str, set[str]] = defaultdict(set)
    for one in seen:
        if one.person:
            tools[one.person].add(one.tool)
    return frozenset(person for person, used in tools.items() if len(used) > 1)


class _Originals:
    """The tickets up to now that are no copies, found again by who wrote them, by address and by external id."""

    def __init__(self, people: frozenset[str]) -> None:
        self._people = people
        self._by_person: dict[str, list[_Seen]] = defaultdict(list)
        self._by_address: dict[_Address, _Seen] = {}
        self._named: dict[_Address, _Seen] = {}  # an address -> the ticket whose text names it
        self._by_key: dict[str, list[_Seen]] = defaultdict(list)
        self._by_external: dict[str, list[_Seen]] = defaultdict(list)

    def add(self, one: _Seen) -> None:
        if one.person in self._people:
            self._by_person[one.person or ""].append(one)
        self._by_address[one.tool, one.ticket.key] = one
        self._by_key[one.ticket.key].append(one)
        for address in one.addresses:
            self._named.setdefault(address, one)
        if one.external:
            self._by_external[one.external].append(one)

    def twin_of(self, one: _Seen) -> _Seen | None:
        linked = (o for o in self._linked(one) if one.at - o.at <= _LINKED and _may_be_one_person(one, o))
        told = (o for o in self._written_by(one) if _same_text(one, o))
        free = (o for pair in (linked, told) for o in pair if o.tool != one.tool and one.tool not in o.copied_in)
        return next(free, None)

    def _linked(self, one: _Seen) -> Iterator[_Seen]:
        """Those that it names, and those that name it."""
        for address in sorted(one.addresses):
            if address in self._by_address:
                yield self._by_address[address]
        if (naming := self._named.get((one.tool, one.ticket.key))) is not None:
            yield naming
        if one.external:
            yield from self._by_key.get(one.external, ())
        yield from self._by_external.get(one.ticket.key, ())

    def _written_by(self, one: _Seen) -> Iterator[_Seen]:
        """What the same person wrote lately in other tools, the latest first."""
        looked_at = 0
        for other in reversed(self._by_person.get(one.person or "", ())):
            if one.at - other.at > _SAME_TEXT or looked_at == _LOOKED_AT:
                return
            if other.tool != one.tool:
                looked_at += 1
                yield other


def _may_be_one_person(one: _Seen, other: _Seen) -> bool:
    return one.person is None or other.person is None or one.person == other.person


def _same_text(one: _Seen, other: _Seen) -> bool:
    short, long = (one, other) if (len(one.body), one.at) <= (len(other.body), other.at) else (other, one)
    if len(short.body) < _WORDS:
        same = bool({short.body, short.whole} & {long.body, long.whole} - {()}) and one.at - other.at <= _FEW_WORDS
    else:
        same = len(short.runs & long.runs) >= _ALIKE * len(short.runs)
    return same and not _other_numbers(short, long)


def _other_numbers(short: _Seen, long: _Seen) -> bool:
    """Order 1234 and order 1299 are two incidents, however alike the rest is."""
    subjects = [_numbers(_words(s.ticket.subject)) for s in (short, long)]
    return not _numbers(short.body) <= _numbers(long.whole) or (all(subjects) and subjects[0].isdisjoint(subjects[1]))


def _reason(original: str, before: datetime | None, zone: tzinfo | None) -> str:
    if before is None:
        return f"{REASON}{original}"
    at = before.astimezone(zone)
    return f"{REASON}{original}, of {at.day} {at:%B}"
