"""The only place where a number about a theme is made."""

from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from bot.synthesis.counts import counts
from tests.tickets import known, ticket


def test_people_whom_nobody_can_place_are_counted_beside_customers_not_among_them() -> None:
    made = counts([ticket(k) for k in "abcd"], known(a="Acme", b="Acme", c="Brio", d="?x"), "UTC")
    assert (made.tickets, made.customers, made.unidentified) == (4, 2, 1)
    assert made.top_customer == ("Acme", 2)


def test_a_day_is_a_day_in_the_zone_of_the_workspace() -> None:
    late = datetime(2026, 10, 31, 23, 30, tzinfo=UTC)
    made = counts([ticket("a", created_at=late)], known(a="Acme"), "Europe/Berlin")
    assert made.by_day == {"2026-11-01": 1}


@given(st.lists(st.sampled_from(["Acme", "Brio", "Cato", "?1", "?2"]), min_size=1, max_size=40))
def test_counts_agree_with_sets_of_ids(owners: list[str]) -> None:
    tickets = [ticket(f"k{i}", source="zendesk" if i % 2 else "intercom") for i in range(len(owners))]
    who = {t.id: c for t, c in zip(tickets, (known(x=o)["file:x"] for o in owners), strict=True)}
    made = counts(tickets, who, "UTC")
    assert made.tickets == len(owners) == sum(made.by_source.values()) == sum(made.by_day.values())
    assert made.customers == len({o for o in owners if not o.startswith("?")})
    assert made.unidentified == len({o for o in owners if o.startswith("?")})
