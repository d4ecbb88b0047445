"""The dead-man switch: what is pinged when, and that nothing ever waits for it."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from bot.config import load
from bot.ports import Refused, Unavailable
from bot.serve.pulse import Pings
from bot.serve.scheduler import next_post
from tests.scenarios.served import wait
from tests.servers.base import Answer, StandIn
from tests.spine import scene
from tests.test_service import Broken, HelpDesk, Staged, october, serving

NOVEMBER = datetime(2026, 11, 2, 9, 30, tzinfo=UTC)


class Switch(StandIn):
    """Takes every ping."""

    name = "switch"

    def __init__(self) -> None:
        super().__init__()
        self.routes.append(("GET", "/secret-id.*", lambda _: Answer(200, b"OK")))

    def heard(self) -> list[str]:
        return [r.path.removeprefix("/secret-id") for r in self.requests]


@pytest.fixture
def switch() -> Iterator[Switch]:
    with Switch() as running:
        assert isinstance(running, Switch)
        yield running


@pytest.fixture
def staged(tmp_path: Path) -> Iterator[Staged]:
    with scene(tmp_path) as here:
        here.clock.at = NOVEMBER
        desk = HelpDesk(october())
        from tests.test_service import Hashed

        yield Staged(here, desk, serving(here, desk, Hashed()))


def heard(switch: Switch, count: int) -> list[str]:
    wait(f"{count} pings", lambda: len(switch.heard()) >= count, patience=5, pause=0.01)
    return switch.heard()


def test_a_month_is_pinged_at_its_start_and_its_end(staged: Staged, switch: Switch) -> None:
    staged.service.pulse = Pings(f"{switch.url}/secret-id/")
    staged.service.tick()
    staged.until_quiet()
    assert heard(switch, 2) == ["/start", ""]


def test_a_month_that_fails_is_told_and_so_is_one_that_is_given_up(staged: Staged, switch: Switch) -> None:
    staged.service.pulse = Pings(f"{switch.url}/secret-id")
    staged.desk.fault = Unavailable("away")
    staged.service.tick()
    staged.until_quiet()
    assert heard(switch, 2) == ["/start", "/fail"]
    broken = staged.another(Broken())
    broken.pulse = staged.service.pulse
    staged.desk.fault = None
    staged.here.clock.at = NOVEMBER.replace(hour=10)
    broken.tick()
    for _ in range(5):
        with pytest.raises(ZeroDivisionError):
            broken.carry_on_one()
    broken.carry_on_one()
    assert heard(switch, 13)[2:] == ["/start", "/fail"] * 5 + ["/fail"]


def test_a_reading_of_the_help_desks_is_a_sign_of_life_and_a_run_of_somebodys_is_none(
    staged: Staged, switch: Switch
) -> None:
    from bot.runs import Request, ask

    staged.service.pulse = Pings(f"{switch.url}/secret-id")
    ask(staged.here.store, "manual:1", "manual", Request(None))
    staged.until_quiet()
    staged.service.sync()
    staged.until_quiet()
    staged.desk.fault = Refused("the token is wrong")
    staged.here.clock.at = NOVEMBER.replace(hour=11)
    staged.service.sync()
    staged.until_quiet()
    assert heard(switch, 2) == ["", "/fail"]


def test_a_switch_that_is_slow_away_or_gone_holds_nothing_up_and_its_address_is_never_logged(
    staged: Staged, switch: Switch, capsys: pytest.CaptureFixture[str]
) -> None:
    switch.fail("hang", "secret", seconds=0.3)
    switch.fail("refuse", "secret", status=500)
    pulse = Pings(f"{switch.url}/secret-id", timeout=0.1)
    began = time.monotonic()
    for _ in range(50):
        pulse.start()
    assert time.monotonic() - began < 0.25
    wait("the failed ones", lambda: len(switch.heard()) >= 5, patience=5, pause=0.01)
    gone = Pings("http://127.0.0.1:9/secret-id", timeout=0.1)
    gone.fail()
    staged.service.pulse = gone
    staged.service.tick()
    staged.until_quiet()
    assert staged.runs() == [("monthly:2026-10", "DONE")]
    time.sleep(0.05)
    told = "".join(capsys.readouterr())
    assert "ping lost" in told and "ping dropped" in told and "secret-id" not in told


def test_the_address_is_a_secret_and_must_be_public_as_others_must(tmp_path: Path) -> None:
    def configured(url: str, **more: str) -> Any:
        return load(None, {"GROUNDSWELL_SERVER__PING_URL": url, **more})

    told = configured("https://hc.example.com/secret-id").server.ping_url
    assert isinstance(told, SecretStr) and told.get_secret_value() == "https://hc.example.com/secret-id"
    assert "secret-id" not in repr(configured("https://hc.example.com/secret-id"))
    for wrong in ("http://hc.example.com/secret-id", "https://127.0.0.1/secret-id", "secret-id", "file:///secret-id"):
        with pytest.raises(Refused) as refused:
            configured(wrong)
        assert "server.ping_url" in str(refused.value) and "secret-id" not in str(refused.value)
    assert configured("http://127.0.0.1:1/x", GROUNDSWELL_NETWORK__ALLOW_PRIVATE="true").server.ping_url


@pytest.mark.parametrize(
    ("now", "zone", "due"),
    [
        ("2026-11-02T08:59+01:00", "Europe/Berlin", "2026-11-02T09:00+01:00"),
        ("2026-11-02T09:00+01:00", "Europe/Berlin", "2026-12-01T09:00+01:00"),
        ("2026-03-31T23:30+00:00", "Europe/Berlin", "2026-04-01T09:00+02:00"),  # there it is April already
        ("2026-12-31T12:00+00:00", "UTC", "2027-01-01T09:00+00:00"),
    ],
)
def test_the_next_digest_is_the_one_after_now(now: str, zone: str, due: str) -> None:
    assert next_post("first weekday 09:00", datetime.fromisoformat(now), zone) == datetime.fromisoformat(due)
    assert next_post("off", datetime.fromisoformat(now), zone) is None
