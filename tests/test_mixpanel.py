"""Mixpanel's counts behind the port of signals: each user once, four bounded questions, faults as the port says."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from bot import wiring
from bot.config import load
from bot.domain import Corroboration, Users
from bot.ports import Flow, Refused, Unavailable
from bot.signals import judged
from connectors.mixpanel import Mixpanel
from tests.servers.base import Answer
from tests.servers.mixpanel import PROJECT, SECRET, USER, MixpanelServer
from tests.servers.posthog import Event
from tests.test_signals import END, ERROR, GOAL, MIDDLE, START, TRIES, stream


@pytest.fixture
def there() -> Iterator[MixpanelServer]:
    with MixpanelServer() as server:
        assert isinstance(server, MixpanelServer)
        yield server


def mixpanel(there: MixpanelServer, token: str = SECRET, timeout: float = 2.0) -> Mixpanel:
    return Mixpanel(token=token, user=USER, project=PROJECT, base_url=there.url, timeout=timeout)


def verdict(there: MixpanelServer, flow: Flow) -> Corroboration:
    return judged(flow.name, 6, mixpanel(there).measure(flow, START, MIDDLE, END)).verdict


@pytest.mark.parametrize("flow", [ERROR, GOAL], ids=["error", "drop-off"])
def test_true_friction_is_found_and_none_where_there_is_none(there: MixpanelServer, flow: Flow) -> None:
    there.events = stream(1, 1000, 0.03, 0.09, flow)
    assert verdict(there, flow) is Corroboration.CORROBORATED
    there.events = stream(1, 1000, 0.05, 0.05, flow)
    assert verdict(there, flow) is Corroboration.NONE
    there.events = stream(1, 12, 0.0, 0.9, flow)
    assert verdict(there, flow) is Corroboration.TOO_FEW


def test_a_user_counts_once_in_each_time_and_a_month_ends_before_the_next_begins(there: MixpanelServer) -> None:
    there.events = [Event("ann", "export", at) for at in (START, MIDDLE, MIDDLE.replace(day=9), END)]
    there.events += [Event("ann", "export_failed", MIDDLE.replace(day=n)) for n in (2, 30)]
    assert mixpanel(there).measure(ERROR, START, MIDDLE, END) == (Users(1, 0), Users(1, 1))
    asked = there.sent("GET", "segmentation")
    assert [r.arg("interval") for r in asked] == ["31", "30", "31", "30"]
    assert asked[0].arg("to_date") == "2026-08-31"


def test_a_missing_event_is_not_instrumented_and_what_it_cannot_tell_is_refused(there: MixpanelServer) -> None:
    there.events = [e for e in stream(1, 300, 0.1, 0.2, ERROR) if e.name != ERROR.trouble]
    assert verdict(there, ERROR) is Corroboration.NOT_INSTRUMENTED
    for flow in (TRIES, replace(ERROR, page="/export")):
        with pytest.raises(Refused, match="trouble or goal"):
            mixpanel(there).measure(flow, START, MIDDLE, END)


@pytest.mark.parametrize(("fault", "raises"), [
    ({"kind": "refuse", "status": 429}, Unavailable),
    ({"kind": "refuse", "status": 500}, Unavailable),
    ({"kind": "refuse", "status": 403}, Refused),
    ({"kind": "drop"}, Unavailable),
    ({"kind": "html"}, Unavailable),
    ({"kind": "truncate"}, Unavailable),
    ({"kind": "hang", "seconds": 0.3}, Unavailable),
])  # fmt: skip
def test_a_fault_is_said_as_the_port_says_it(
    there: MixpanelServer, fault: dict[str, object], raises: type[Exception]
) -> None:
    there.fail(**fault)  # type: ignore[arg-type]
    with pytest.raises(raises) as told:
        mixpanel(there, timeout=0.15).measure(ERROR, START, MIDDLE, END)
    assert SECRET not in str(told.value)


def test_an_answer_in_more_than_one_bucket_is_no_count_of_users(there: MixpanelServer) -> None:
    told = {"data": {"values": {"export": {"2026-08-01": 3, "2026-08-02": 4}}}}
    there.routes = [("GET", ".*", lambda _: Answer(200, told))]
    with pytest.raises(Unavailable, match="no result"):
        mixpanel(there).measure(ERROR, START, MIDDLE, END)


def test_the_config_makes_it_checks_it_and_refuses_what_it_cannot_tell(there: MixpanelServer, tmp_path: Path) -> None:
    flow = {"name": "CSV export", "theme": "t-1", "reach": "export", "trouble": "export_failed"}
    stanza = {"vendor": "mixpanel", "user": USER, "token": SECRET, "project": PROJECT, "base_url": there.url}
    path = tmp_path / "config.yaml"

    def loaded(**more: object) -> wiring.Config:
        path.write_text(json.dumps({"signals": {**stanza, **more}, "network": {"allow_private": True}}))
        return load(path, {})

    made = wiring.usage(loaded(flows=[flow]))
    assert made is not None and made.flows == (ERROR,)
    assert [f.state for f in mixpanel(there).check()] == ["ok"]
    assert [f.state for f in mixpanel(there, token="wrong").check()] == ["fail"]
    with pytest.raises(Refused, match="service account"):
        loaded(user=None)
    with pytest.raises(Refused, match="trouble or goal"):
        loaded(flows=[{**flow, "page": "/export"}])
