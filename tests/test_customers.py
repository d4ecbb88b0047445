"""Who is counted: requesters put together into customers, and never two customers into one."""

from __future__ import annotations

import json
import os
import random
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.customers import Ground, customers, joins
from bot.domain import AccountHint, Requester, Ticket
from tests.runs import ROOT
from tests.test_ticket_file import page
from tests.tickets import ticket

BENCH = ROOT.parent / "shared" / "bench" / "dev"
REQUIRED = os.environ.get("GROUNDSWELL_REQUIRE_BENCH") == "1"


def of(key: str, mail: str | None = None, name: str | None = None, **more: str | None) -> Ticket:
    """A ticket of somebody with a mail address and an account's name; `more`: account_id, domain, person, source."""
    return ticket(
        key,
        source=more.get("source") or "file",
        requester=Requester(more.get("requester_id"), mail, more.get("person"), more.get("staff") == "yes"),
        account=AccountHint(more.get("account_id"), name, more.get("domain")),
    )


def groups(*tickets: Ticket, internal: tuple[str, ...] = ()) -> set[frozenset[str]]:
    """Which tickets count for the same customer, by their keys."""
    found: dict[str, set[str]] = {}
    for t in tickets:
        found.setdefault(customers(tickets, internal_domains=internal)[t.id].id, set()).add(t.key)
    return {frozenset(keys) for keys in found.values()}


ONE = {frozenset({"a", "b"})}
TWO = {frozenset({"a"}), frozenset({"b"})}


@pytest.mark.parametrize(
    ("name", "other"),
    [
        ("Acme Ltd", "ACME"),
        ("Acme, Inc.", "acme inc"),
        ("  Acme  Foods ", "Acme Foods GmbH"),
        ("Café Noir", "CAFE NOIR"),
        ("Acme & Sons", "Acme & Sons Ltd."),
    ],
)
def test_spellings_of_one_name_are_one_customer(name: str, other: str) -> None:
    assert groups(of("a", name=name), of("b", name=other)) == ONE


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"name": "Acme Foods"}, {"name": "Acme Media"}),
        ({"mail": "ann@acme.com"}, {"mail": "ann@globex.com"}),
        ({"mail": "ann@gmail.com"}, {"mail": "bob@gmail.com"}),
        ({"mail": "ann@acme.co.uk"}, {"mail": "ann@globex.co.uk"}),
        ({"name": "Atlas", "account_id": "1"}, {"name": "Atlas", "account_id": "2"}),
        ({"person": "Ann Lee"}, {"person": "Bob Ray"}),
    ],
)
def test_two_customers_stay_two(one: dict[str, str], other: dict[str, str]) -> None:
    assert groups(of("a", **one), of("b", **other)) == TWO


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"mail": "ann@acme.com"}, {"mail": "bob@acme.com"}),
        ({"mail": "ann@mail.acme.com"}, {"mail": "bob@acme.com"}),
        ({"mail": "ann@gmail.com"}, {"mail": "Ann@Gmail.com"}),
        ({"name": "Acme", "mail": "ann@acme.com"}, {"mail": "bob@acme.com"}),
        ({"name": "Acme", "account_id": "7"}, {"account_id": "7"}),
        ({"name": "Acme", "mail": "ann@acme.com", "source": "zendesk"}, {"mail": "bob@acme.com", "source": "intercom"}),
    ],
)
def test_what_belongs_together_is_joined(one: dict[str, str], other: dict[str, str]) -> None:
    assert groups(of("a", **one), of("b", **other)) == ONE


def test_a_domain_that_many_unlike_names_use_says_nothing() -> None:
    agency = [of(k, f"{k}@agency.com", n) for k, n in (("a", "Acme"), ("b", "Globex"), ("c", "Initech"))]
    assert len(groups(*agency)) == 3


def test_a_free_mail_address_alone_is_a_customer_and_no_name_of_it_is_shown() -> None:
    (who,) = customers([of("a", "ann.lee@gmail.com")]).values()
    assert who.identified
    assert "ann.lee" not in who.name + who.id


def test_our_own_people_are_no_customers() -> None:
    found = customers([of("a", "me@lumen.com"), of("b", "x@acme.com", staff="yes")], internal_domains=["lumen.com"])
    assert not any(c.identified for c in found.values())


def test_without_any_hint_nobody_is_identified_and_each_ticket_stands_alone() -> None:
    found = customers([of("a"), of("b")])
    assert not any(c.identified for c in found.values())
    assert len({c.id for c in found.values()}) == 2


def test_each_join_has_its_ground() -> None:
    made = joins([of("a", "ann@acme.com", "Acme"), of("b", "bob@acme.com")])
    (reasons,) = made.reasons.values()
    assert Ground.DOMAIN in {r.ground for r in reasons}
    assert not any("@" in r.on for r in reasons)


# --- for every batch of tickets

_NAMES = st.sampled_from(["Acme", "ACME Ltd", "Globex", "globex gmbh", "Initech", None, "", "Ünï AG"])
_MAILS = st.sampled_from(
    [
        "ann@acme.com",
        "bob@acme.com",
        "eve@globex.de",
        "ann@gmail.com",
        "x@initech.io",
        None,
        "not a mail",
        "ann@gmail.com ",
    ]
)
_IDS = st.sampled_from(["1", "2", None, None])
_SOURCES = st.sampled_from(["zendesk", "intercom"])
_BATCH = st.lists(st.tuples(_NAMES, _MAILS, _IDS, _SOURCES), max_size=14)


def _tickets(rows: list[tuple[str | None, str | None, str | None, str]]) -> list[Ticket]:
    return [
        of(str(i), mail, name, account_id=given, source=source) for i, (name, mail, given, source) in enumerate(rows)
    ]


@settings(max_examples=150, deadline=None)
@given(_BATCH, st.randoms())
def test_the_order_of_tickets_does_not_matter(
    rows: list[tuple[str | None, str | None, str | None, str]], chance: random.Random
) -> None:
    tickets = _tickets(rows)
    shuffled = tickets[:]
    chance.shuffle(shuffled)
    assert customers(tickets) == customers(shuffled)


@settings(max_examples=150, deadline=None)
@given(_BATCH)
def test_every_ticket_has_a_customer_and_equal_evidence_the_same_one(
    rows: list[tuple[str | None, str | None, str | None, str]],
) -> None:
    tickets = _tickets(rows)
    found = customers(tickets)
    assert set(found) == {t.id for t in tickets}
    for t in tickets:
        for u in tickets:
            same = (t.source, t.requester, t.account) == (u.source, u.requester, u.account)
            if same and found[t.id].identified:
                assert found[t.id] == found[u.id]
            both = t.account.id and u.account.id and t.source == u.source
            if both and t.account.id != u.account.id:
                assert found[t.id] != found[u.id]


@settings(max_examples=100, deadline=None)
@given(_BATCH)
def test_no_mail_address_gets_into_an_id_or_a_name(rows: list[tuple[str | None, str | None, str | None, str]]) -> None:
    assert not any("ann@" in c.id + c.name for c in customers(_tickets(rows)).values())


@pytest.mark.skipif(not BENCH.is_dir() and not REQUIRED, reason="ThemeBench is not beside this repository")
def test_the_bench_accounts_are_found_exactly() -> None:
    batches = sorted(BENCH.glob("*.jsonl"))
    assert batches
    for batch in batches:
        gold = json.loads(Path(str(batch).replace(".jsonl", ".gold.json")).read_text())["customers"]
        tickets = page(batch).tickets
        found = customers(list(tickets))
        pairs = {(found[t.id].id, gold[t.key]) for t in tickets}
        assert len(pairs) == len({a for a, _ in pairs}) == len({b for _, b in pairs}), batch.stem
