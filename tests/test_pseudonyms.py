"""Requesters as they are stored: joined as before, and nobody to be seen."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from bot.customers import customers
from bot.customers.pseudonyms import pseudonymous, requester_key
from bot.domain import AccountHint, Requester, Ticket

KEY = b"k" * 32

_PEOPLE = st.builds(
    Requester,
    id=st.sampled_from([None, "17", "ann@acme.com", "u-9"]),
    email=st.sampled_from([None, "ann@acme.com", "Ann <ANN+x@acme.com>", "bo@gmail.com", "c@globex.io", "not mail"]),
    name=st.sampled_from([None, "Ann Lee", "ann  lee", "Bo"]),
)
_ACCOUNTS = st.builds(
    AccountHint,
    id=st.sampled_from([None, "1", "2"]),
    name=st.sampled_from([None, "Acme", "ACME Inc.", "ann@acme.com", "Globex"]),
    domain=st.sampled_from([None, "acme.com"]),
)


@given(st.lists(st.tuples(_PEOPLE, _ACCOUNTS), max_size=12))
def test_pseudonyms_join_the_same_requesters_under_the_same_customers(who: list[tuple[Requester, AccountHint]]) -> None:
    tickets = [Ticket("zendesk", str(n), "s", "b", person, account) for n, (person, account) in enumerate(who)]
    plain = customers(tickets)
    hidden = customers([pseudonymous(t, KEY) for t in tickets])
    together = {frozenset(t for t in plain if plain[t].id == c.id) for c in plain.values()}
    assert {frozenset(t for t in hidden if hidden[t].id == c.id) for c in hidden.values()} == together
    assert [plain[t.id].identified for t in tickets] == [hidden[t.id].identified for t in tickets]
    assert [plain[t.id].name for t in tickets] == [hidden[t.id].name for t in tickets]


def test_no_address_and_no_name_is_left_and_twice_is_once() -> None:
    ticket = Ticket(
        "zendesk",
        "1",
        "s",
        "b",
        Requester("ann@acme.com", "Ann <ann@acme.com>", "Ann Lee"),
        AccountHint(name="ann@acme.com"),
    )
    once = pseudonymous(ticket, KEY)
    assert "ann" not in repr(once.requester).lower() + repr(once.account).lower()
    assert once.requester.email is not None and once.requester.email.endswith("@acme.com")
    assert pseudonymous(once, KEY) == once


def test_another_workspace_gives_another_hash_and_spelling_does_not() -> None:
    assert requester_key("Ann <ann+list@acme.com>", KEY) == requester_key("ANN@acme.com", KEY)
    assert requester_key("ann@acme.com", KEY) != requester_key("ann@acme.com", b"other")
