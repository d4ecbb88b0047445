"""Who is counted: requesters put together into customers (accounts) across sources, with the ground for each join."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from enum import StrEnum
from functools import cached_property, reduce
from hashlib import sha256

from bot.customers.organisations import (
    business_domain,
    folded_name,
    is_domain,
    label,
    mail_address,
    mail_host,
    person_at,
)
from bot.domain import Customer, Ticket

_STAFF = Customer("staff", "our own staff", identified=False)


class Ground(StrEnum):
    """Why two requesters are one customer, strongest first: the first that is known decides who a customer is."""

    ACCOUNT = "account id"
    NAME = "name"
    DOMAIN = "domain"
    MAIL = "e-mail"
    REQUESTER = "requester id"


Key = tuple[Ground, str]
_RANK = {ground: rank for rank, ground in enumerate(Ground)}


@dataclass(frozen=True, slots=True)
class Join:
    """`tickets` tickets stand under one customer because they share `on`; never a raw mail address."""

    ground: Ground
    on: str
    tickets: int


@dataclass(frozen=True, slots=True)
class Joins:
    """Ticket id -> Customer for every ticket, and customer id -> the joins that made it."""

    customers: Mapping[str, Customer]
    reasons: Mapping[str, tuple[Join, ...]]


def customers(tickets: Sequence[Ticket], *, internal_domains: Collection[str] = ()) -> dict[str, Customer]:
    """Ticket id -> the customer it counts for. Does not depend on the order of the tickets."""
    return dict(joins(tickets, internal_domains=internal_domains).customers)


def joins(tickets: Sequence[Ticket], *, internal_domains: Collection[str] = ()) -> Joins:
    """Customers with the reasons for every join. Where the evidence contradicts itself, nothing is joined."""
    by_keys: dict[frozenset[Key], list[Ticket]] = defaultdict(list)
    found: dict[str, Customer] = {}
    ours = tuple(d.casefold().strip(" .@") for d in internal_domains)
    for ticket in tickets:
        if _is_ours(ticket, ours):
            found[ticket.id] = _STAFF
        else:
            by_keys[_keys(ticket)].append(ticket)
    for ticket in by_keys.pop(frozenset(), []):
        found[ticket.id] = _nobody(ticket)
    reasons = {}
    for party in _joined(_Party((keys,)) for keys in by_keys):
        theirs = [t for keys in party.traces for t in by_keys[keys]]
        customer = _customer(party, theirs)
        found.update(dict.fromkeys((t.id for t in theirs), customer))
        reasons[customer.id] = _reasons(party, {keys: len(by_keys[keys]) for keys in party.traces})
    return Joins(found, reasons)


def evidence(ticket: Ticket) -> dict[Ground, str]:
    """What one ticket tells of who is behind it, as a Join's `on` says it: of a person only the host."""
    return {ground: _shown((ground, value)) for ground, value in sorted(_keys(ticket))}


# --- what one ticket tells of who is behind it


def _is_ours(ticket: Ticket, ours: Sequence[str]) -> bool:
    hosts = (mail_host(ticket.requester.email or ""), (ticket.account.domain or "").casefold())
    return ticket.requester.staff or any(h == d or h.endswith(f".{d}") for h in hosts for d in ours if h and d)


def _keys(ticket: Ticket) -> frozenset[Key]:
    """Every key of a ticket, one per ground. A customer column may hold a name, a domain or a mail address."""
    account, requester, given = ticket.account, ticket.requester, (ticket.account.name or "").strip()
    mail = next(filter(None, map(mail_address, (requester.email or "", requester.id or "", given))), None)
    domain = business_domain(account.domain or "") or (business_domain(given) if is_domain(given) else None)
    known = {
        Ground.ACCOUNT: account.id and account.id.strip() and f"{ticket.source}:{_opaque(account.id.strip())}",
        Ground.NAME: folded_name(given),
        Ground.DOMAIN: domain or (business_domain(mail_host(mail)) if mail else None),
        Ground.MAIL: mail and f"{_digest(mail)} {mail_host(mail)}",
        Ground.REQUESTER: requester.id and requester.id.strip() and f"{ticket.source}:{_opaque(requester.id.strip())}",
    }
    return frozenset((ground, value) for ground, value in known.items() if value)


def _digest(text: str) -> str:
    return sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:10]


def _opaque(given_id: str) -> str:
    """Some exports use the mail address as an id; customer ids are shown, so an address never gets into one."""
    return _digest(given_id.casefold()) if "@" in given_id else given_id


# --- parties: requesters that are known to be one


@dataclass(frozen=True)
class _Party:
    """Traces (the key sets of tickets) that belong together, and the keys that put them together."""

    traces: tuple[frozenset[Key], ...]
    links: frozenset[Key] = frozenset()

    @cached_property
    def known(self) -> dict[Ground, frozenset[str]]:
        every = frozenset().union(*self.traces)
        return {ground: frozenset(value for g, value in every if g is ground) for ground in Ground}

    @cached_property
    def labels(self) -> frozenset[str]:
        """acme of acme.com and acme.co.uk: one company under several endings doesn't contradict itself."""
        return frozenset(map(label, self.known[Ground.DOMAIN]))

    def has_more_than(self, ground: Ground) -> bool:
        """Is anything known that identifies better than this?"""
        return any(self.known[g] for g in Ground if _RANK[g] < _RANK[ground])


Parties = Sequence[_Party]


def _two_accounts(parties: Iterable[_Party]) -> bool:
    """Two accounts of one source: that source says they are different customers, and it knows best."""
    sources = Counter(a.partition(":")[0] for a in {a for p in parties for a in p.known[Ground.ACCOUNT]})
    return any(n > 1 for n in sources.values())


def _nothing_common(sets: Iterable[frozenset[str]]) -> bool:
    known = [s for s in sets if s]
    return len(known) > 1 and not reduce(frozenset.intersection, known)


def _namesakes(parties: Parties) -> bool:
    """Accounts of two sources with one name but without a common domain are two companies (Atlas, the other Atlas)."""
    return _two_accounts(parties) or _nothing_common(p.labels for p in parties if p.known[Ground.ACCOUNT])


def _two_employers(parties: Parties) -> bool:
    """One person who writes for several customers (a consultant, a shared inbox) doesn't make them one."""
    names, labels = (p.known[Ground.NAME] for p in parties), (p.labels for p in parties)
    return _two_accounts(parties) or _nothing_common(names) or _nothing_common(labels)


def _akin(name: str, domain: str) -> bool:
    """Does the domain look like the name's own? 'acmeeurope' and acme.com do, 'globex' and brightagency.com don't."""
    own = folded_name(label(domain)) or ""
    short, long = sorted((name, own), key=len)
    return len(short) > 2 and (
        long.startswith(short) or SequenceMatcher(None, name, own, autojunk=False).ratio() >= 0.85
    )


def _users_of(domain: str, parties: Parties) -> Parties:
    """Who may be joined by a domain: all, if at most one name uses it; else those named like it and the nameless.

    A domain that several unlike names use is an agency's or a host's: then it says nothing about any of them.
    """
    named = [p for p in parties if p.known[Ground.NAME]]
    if not _nothing_common(p.known[Ground.NAME] for p in named):
        return parties
    akin = [p for p in named if any(_akin(name, domain) for name in p.known[Ground.NAME])]
    return akin + [p for p in parties if not p.known[Ground.NAME]] if akin else []


def _everyone(_: str, parties: Parties) -> Parties:
    return parties


def _never(_: Parties) -> bool:
    return False


# Specific evidence first: who a person writes for is settled before what all people of a domain have in common.
_LEVELS: tuple[tuple[Ground, Callable[[str, Parties], Parties], Callable[[Parties], bool]], ...] = (
    (Ground.ACCOUNT, _everyone, _never),
    (Ground.NAME, _everyone, _namesakes),
    (Ground.MAIL, _everyone, _two_employers),
    (Ground.REQUESTER, _everyone, _two_employers),
    (Ground.DOMAIN, _users_of, _two_accounts),
)


def _joined(parties: Iterable[_Party]) -> list[_Party]:
    found = list(parties)
    for ground, may_join, contradict in _LEVELS:
        users: dict[str, list[_Party]] = defaultdict(list)
        for party in found:
            for value in party.known[ground]:
                users[value].append(party)
        links = {value: _linked(value, ground, who, may_join, contradict) for value, who in users.items()}
        found = _merged(found, ground, _settled(links, users, ground, contradict))
    return found


def _linked(
    value: str,
    ground: Ground,
    users: Parties,
    may_join: Callable[[str, Parties], Parties],
    contradict: Callable[[Parties], bool],
) -> Parties:
    """The parties that one value puts together; where that contradicts itself, only those that have nothing better."""
    able = may_join(value, users)
    return able if able and not contradict(able) else _homeless(users, ground)


def _homeless(users: Parties, ground: Ground) -> Parties:
    return [p for p in users if not p.has_more_than(ground)]


def _settled(
    links: Mapping[str, Parties], users: Mapping[str, Parties], ground: Ground, contradict: Callable[[Parties], bool]
) -> Mapping[str, Parties]:
    """Links that are sound one by one may contradict in a chain; then none of the chain holds, whatever the order."""
    settled = dict(links)
    for chain in _chains(links):
        if len(chain) > 1 and contradict(list({id(p): p for value in chain for p in links[value]}.values())):
            settled.update((value, _homeless(users[value], ground)) for value in chain)
    return settled


def _chains(links: Mapping[str, Parties]) -> list[list[str]]:
    """Values whose links hang together over common parties."""
    root: dict[int | str, int | str] = {}

    def top(node: int | str) -> int | str:
        while root.setdefault(node, node) != node:
            root[node] = node = root[root[node]]  # halving keeps long chains flat
        return node

    for value, parties in links.items():
        for party in parties:
            root[top(id(party))] = top(value)
    chains: dict[int | str, list[str]] = defaultdict(list)
    for value in links:
        chains[top(value)].append(value)
    return list(chains.values())


def _merged(parties: Parties, ground: Ground, links: Mapping[str, Parties]) -> list[_Party]:
    merged: list[_Party] = []
    taken: set[int] = set()
    for chain in _chains(links):
        members = list({id(p): p for value in chain for p in links[value]}.values())
        if len(members) > 1:
            taken.update(map(id, members))
            used = frozenset((ground, value) for value in chain if len(links[value]) > 1)
            merged.append(_Party(tuple(t for p in members for t in p.traces), used.union(*(p.links for p in members))))
    return merged + [p for p in parties if id(p) not in taken]


# --- a party as people see it


def _customer(party: _Party, tickets: Sequence[Ticket]) -> Customer:
    ground = next(g for g in Ground if party.known[g])
    value = min(party.known[ground])
    if ground is Ground.REQUESTER:
        return Customer(f"requester:{value}", "not identified", identified=False)
    prefix = {Ground.ACCOUNT: "acct", Ground.NAME: "name", Ground.DOMAIN: "domain", Ground.MAIL: "mail"}[ground]
    joined_by = {g for g, _ in party.links} | {ground}
    return Customer(
        f"{prefix}:{value.split(' ')[0]}" if ground is Ground.MAIL else f"{prefix}:{value}",
        _name(party, tickets),
        tuple(g.value for g in Ground if g in joined_by),
    )


def _name(party: _Party, tickets: Sequence[Ticket]) -> str:
    """The most frequent spelling; without a name, the domain or the account's number, and never a mail address."""
    spelled = Counter(" ".join((t.account.name or "").split()).rstrip(",;") for t in tickets if _is_name(t, party))
    if spelled:
        return min(
            spelled, key=lambda name: (-spelled[name], name.islower() or name.isupper(), name.endswith("."), name)
        )
    for ground, shown in ((Ground.DOMAIN, "{}"), (Ground.ACCOUNT, "account {}"), (Ground.MAIL, "{}")):
        if party.known[ground]:
            return shown.format(_shown((ground, min(party.known[ground]))))
    raise AssertionError("a party without a key")


def _is_name(ticket: Ticket, party: _Party) -> bool:
    return folded_name(ticket.account.name or "") in party.known[Ground.NAME]


def _shown(key: Key) -> str:
    ground, value = key
    return person_at(value.partition(" ")[2]) if ground is Ground.MAIL else value


def _reasons(party: _Party, tickets: Mapping[frozenset[Key], int]) -> tuple[Join, ...]:
    ground = next(g for g in Ground if party.known[g])
    used = party.links | {(ground, min(party.known[ground]))}
    held = Counter[Key]()
    for keys, n in tickets.items():
        held.update(dict.fromkeys(keys & used, n))
    ordered = sorted(used, key=lambda key: (_RANK[key[0]], key[1]))
    return tuple(Join(key[0], _shown(key), held[key]) for key in ordered)


def _nobody(ticket: Ticket) -> Customer:
    """Nothing to tell a person by but perhaps a name: two of the same name in one source are taken for one."""
    name = " ".join((ticket.requester.name or "").casefold().split())
    whose = f"requester:{ticket.source}:{_digest(name)}" if name else f"ticket:{ticket.id}"
    return Customer(whose, "not identified", identified=False)
