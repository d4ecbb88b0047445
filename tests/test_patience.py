"""What a Retry-After may say, and that waiting ends."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.ports import Unavailable
from connectors.patience import Patience, asked_for
from tests.contract.sources import Clock

NOW = datetime(2026, 11, 10, 9, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("30", 30),
        (" 2.5 ", 2.5),
        ("0", 1),
        ("-5", 1),
        ("1000000000", 900),
        ("9" * 300, 900),
        ("9" * 3000, None),
        ("inf", None),
        ("nan", None),
        ("", None),
        (None, None),
        ("tomorrow", None),
        ("Tue, 10 Nov 99999999999999999999 09:00:00 GMT", None),
        (format_datetime(NOW + timedelta(seconds=40), usegmt=True), 40),
        (format_datetime(NOW - timedelta(days=1), usegmt=True), 1),
        (format_datetime(NOW + timedelta(days=9), usegmt=True), 900),
    ],
)
def test_a_retry_after_is_seconds_or_a_date_and_is_clamped(header: str | None, seconds: float | None) -> None:
    assert asked_for(header, NOW) == seconds


@given(st.text())
def test_no_header_breaks_it(header: str) -> None:
    seconds = asked_for(header, NOW)
    assert seconds is None or 1 <= seconds <= 900


def test_its_own_waits_double_and_end_before_the_patience_does() -> None:
    clock, told = Clock(NOW), list[str]()
    patience = Patience(100, now=clock, sleep=clock.sleep, tell=told.append)
    with pytest.raises(Unavailable) as ended:
        while True:
            patience.wait("Zendesk answered 503")
    assert clock.slept == [1, 2, 4, 8, 16, 32] and ended.value.retry_after == 60
    assert told[0] == "Zendesk answered 503; waiting 1 s"
    assert "Zendesk answered 503" in str(ended.value)


def test_an_answer_gives_it_as_much_again() -> None:
    clock = Clock(NOW)
    patience = Patience(100, now=clock, sleep=clock.sleep, tell=lambda _: None)
    for _ in range(50):
        patience.wait("Zendesk asked us to wait", "90")
        patience.answered()
    assert clock.slept == [90] * 50
