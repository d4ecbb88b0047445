"""How well requesters are put together: planted customers of two help desks and a file, against who they really are.

Precision and recall are of pairs of tickets that count for one customer. Printed with `pytest -s`.
"""

from __future__ import annotations

import random
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

import pytest

from bot.customers import customers
from bot.customers.pseudonyms import pseudonymous
from bot.domain import AccountHint, Requester, Ticket
from tests.tickets import ticket

_STEMS = (
    "Acorn Amberley Bellweather Birchfield Calder Cobalt Dovetail Drift Eastwick Elmstone Falcon Farrow Glenmoor "
    "Granite Halberg Harrow Indigo Ironbark Juniper Kestrel Kingsbridge Lantern Larkspur Maple Meridian Nordwind "
    "Northgate Orchard Osprey Pelican Pinecrest Quarry Quillon Ravens Rowan Saffron Silverlake Tamarind Thistle "
    "Umber Upland Velvet Violet Westbrook Willowbank Yarrow Zephyr Zinnia"
).split()
_TRADES = "Foods Motors Hotels Timber Books Care Games Homes Legal Media Paints Solar Steel Toys Water Wool".split()


@dataclass(frozen=True)
class Voice:
    """One way in which a customer turns up: in a tool, with what that tool knows of them."""

    source: str
    mail: str | None = None
    name: str | None = None
    account: str | None = None
    domain: str | None = None
    person: str | None = None


Household = tuple[str, list[Voice]]  # who it really is, and how they turn up


def _company(n: int) -> tuple[str, str]:
    """A name of two words and its domain; no two companies share either."""
    stem, trade = _STEMS[n % len(_STEMS)], _TRADES[(n * 7 + n // len(_STEMS)) % len(_TRADES)]
    return f"{stem} {trade}", f"{stem}{trade}".lower()


def aliases(n: int) -> list[Household]:
    """One company, spelled as people spell it, in three tools."""
    name, host = _company(n)
    return [
        (
            name,
            [
                Voice("zendesk", f"ann@{host}.com", name, f"z{n}", f"{host}.com"),
                Voice("zendesk", f"ben@{host}.com", name, f"z{n}", f"{host}.com"),
                Voice("intercom", f"cleo+support@{host}.com", f"{name.upper()}, Inc.", f"i{n}"),
                Voice("intercom", f"dan@mail.{host}.com"),
                Voice("file", None, f"  {name} Ltd."),
            ],
        )
    ]


def countries(n: int) -> list[Household]:
    """One company under several endings of its domain."""
    name, host = _company(n)
    return [
        (
            name,
            [
                Voice("zendesk", f"ann@{host}.co.uk", name, f"z{n}", f"{host}.co.uk"),
                Voice("zendesk", f"eve@{host}.co.uk", None, None),
                Voice("intercom", f"udo@{host}.de", f"{name} GmbH", f"i{n}"),
                Voice("file", f"eve@{host}.co.uk", name),
            ],
        )
    ]


def nobody_named_it(n: int) -> list[Household]:
    """No organisation anywhere: the domain of their mail is all there is."""
    _, host = _company(n)
    return [(host, [Voice(s, f"{who}@{host}.io") for s, who in (("zendesk", "a"), ("intercom", "b"), ("file", "c"))])]


def subsidiaries(n: int) -> list[Household]:
    """Two accounts of one help desk, and one domain: the help desk says that they are two."""
    name, host = _company(n)
    return [
        (
            f"{name} {land}",
            [
                Voice("zendesk", f"ann.{k}@{host}.com", f"{name} {land}", f"z{n}-{k}"),
                Voice("zendesk", f"ben.{k}@{host}.com", f"{name} {land}", f"z{n}-{k}"),
                Voice("intercom", f"ann.{k}@{host}.com", f"{name} {land}", f"i{n}-{k}"),
            ],
        )
        for k, land in enumerate(("Nordic", "Iberia"))
    ]


def agency(n: int) -> list[Household]:
    """Three customers whose tickets are written by one agency, from its domain."""
    return [
        (
            f"{name} by an agency",
            [
                Voice("zendesk", f"{k}{n}@brightagency{n}.com", name, f"z{n}-{k}"),
                Voice("file", f"other{k}@brightagency{n}.com", name),
            ],
        )
        for k, (name, _) in enumerate(_company(300 + 3 * n + j) for j in range(3))
    ]


def private_mail(n: int) -> list[Household]:
    """People with private mail: each is one customer, in every tool; a free host joins nobody."""
    hosts = ("gmail.com", "yahoo.co.uk", "web.de", "outlook.com")
    return [
        (
            f"person {n}-{k}",
            [
                Voice("zendesk", f"p{n}{k}@{host}"),
                Voice("intercom", f"P{n}{k}+x@{host}"),
                Voice("file", f"p{n}{k}@{host}"),
            ],
        )
        for k, host in enumerate(hosts)
    ]


def namesakes(n: int) -> list[Household]:
    """Two companies of one name, told apart by account and domain."""
    name = f"Atlas {_TRADES[n % len(_TRADES)]}"
    return [
        (
            f"{name} {k}",
            [
                Voice("zendesk", f"a@atlas-{n}{k}.com", name, f"za{n}{k}", f"atlas-{n}{k}.com"),
                Voice("zendesk", f"b@atlas-{n}{k}.com", name, f"za{n}{k}", f"atlas-{n}{k}.com"),
            ],
        )
        for k in range(2)
    ]


def founders(n: int) -> list[Household]:
    """A small firm whose owner writes from private mail: only the account's name joins them."""
    name, host = _company(n)
    return [
        (
            name,
            [
                Voice("zendesk", f"owner{n}@gmail.com", name, f"z{n}"),
                Voice("intercom", f"owner{n}@gmail.com", name, f"i{n}"),
                Voice("intercom", f"office@{host}.shop"),  # nothing says whose this is: may be missed
            ],
        )
    ]


_KINDS: Sequence[tuple[Callable[[int], list[Household]], int]] = (
    (aliases, 30),
    (countries, 10),
    (nobody_named_it, 10),
    (subsidiaries, 8),
    (agency, 5),
    (private_mail, 8),
    (namesakes, 5),
    (founders, 6),
)


def planted(seed: int) -> tuple[list[Ticket], dict[str, str]]:
    """Tickets as they are stored, in any order, and by id who really wrote each."""
    chance = random.Random(seed)
    tickets, gold = [], {}
    for who, voice in _voices():
        for _ in range(chance.randint(1, 3)):
            made = ticket(
                len(tickets),
                source=voice.source,
                requester=Requester(voice.person, voice.mail),
                account=AccountHint(voice.account, voice.name, voice.domain),
            )
            tickets.append(pseudonymous(made, b"key"))
            gold[made.id] = who
    chance.shuffle(tickets)
    return tickets, gold


def _voices() -> Iterator[tuple[str, Voice]]:
    number = 0
    for kind, times in _KINDS:
        for _ in range(times):
            number += 1
            for who, voices in kind(number):
                for voice in voices:
                    yield who, voice


def measured(found: Mapping[str, str], gold: Mapping[str, str]) -> tuple[float, float]:
    """(precision, recall) of pairs. Who joins nothing has no precision to speak of, and no recall."""
    joined = {pair for pair in combinations(sorted(gold), 2) if found[pair[0]] == found[pair[1]]}
    due = {pair for pair in combinations(sorted(gold), 2) if gold[pair[0]] == gold[pair[1]]}
    both = len(joined & due)
    return (both / len(joined) if joined else 0.0), both / len(due)


@pytest.mark.parametrize("seed", range(3))
def test_no_false_join_and_nine_tenths_of_the_true_ones(seed: int) -> None:
    tickets, gold = planted(seed)
    precision, recall = measured({i: c.id for i, c in customers(tickets).items()}, gold)
    told = f"{len(tickets)} tickets of {len(set(gold.values()))} customers"
    sys.stdout.write(f"\njoins, seed {seed}: {told}, precision {precision:.4f}, recall {recall:.4f}\n")
    assert precision == 1.0
    assert recall >= 0.9


def test_the_measure_fails_who_joins_nothing_and_who_joins_all() -> None:
    tickets, gold = planted(0)
    assert measured({t.id: t.id for t in tickets}, gold) == (0.0, 0.0)
    precision, recall = measured(dict.fromkeys(gold, "all"), gold)
    assert recall == 1.0
    assert precision < 0.1


def test_a_join_by_mail_host_alone_would_be_found_out() -> None:
    tickets, gold = planted(0)
    by_host = {t.id: (t.requester.email or t.account.name or t.id).rpartition("@")[2] for t in tickets}
    precision, _ = measured(by_host, gold)
    assert precision < 1.0
