"""Our requests against Mixpanel's own description of its query API, served by Prism: is each what it asks for?

Prism answers with the description's examples, which are of other events; counts are tests/test_mixpanel.py's.
"""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import urlencode

import httpx
import pytest

from connectors.mixpanel import Mixpanel
from tests.servers.base import Answer, Request, StandIn
from tests.servers.mixpanel import PROJECT, SECRET, USER
from tests.test_signals import END, ERROR, MIDDLE, START


class Described(StandIn):
    """Mixpanel's address before the description, which knows no `/api/query`. `said`: its statuses."""

    name = "mixpanel as described"

    def __init__(self, rig: str) -> None:
        super().__init__()
        self.said: list[int] = []
        self._rig = rig
        self.routes = [("GET", "/api/query(/.*)", self._forwarded)]

    def _forwarded(self, request: Request) -> Answer:
        query = urlencode(request.query, doseq=True)
        headers = {"Authorization": request.headers.get("authorization", "")}
        told = httpx.get(f"{self._rig}{request.params[0]}?{query}", headers=headers, timeout=30)
        self.said.append(told.status_code)
        return Answer(told.status_code, told.content, {"Content-Type": "application/json"})


@pytest.fixture
def described(rig: dict[str, str]) -> Iterator[Described]:
    with Described(rig["mixpanel"]) as server:
        assert isinstance(server, Described)
        yield server


def mixpanel(described: Described) -> Mixpanel:
    return Mixpanel(token=SECRET, user=USER, project=PROJECT, base_url=described.url)


def test_the_users_of_a_flow_are_asked_for_as_the_description_asks(described: Described) -> None:
    assert mixpanel(described).measure(ERROR, START, MIDDLE, END) is None  # the example has no such event
    assert [r.path for r in described.requests] == ["/api/query/segmentation"] * 4 and described.said == [200] * 4


def test_the_examples_of_the_description_are_read_as_what_they_are(described: Described) -> None:
    assert [r.event for r in mixpanel(described).recorded(START, END)] == [
        "battle",
        "click signup button",
        "View homepage",
    ]
    assert [f.state for f in mixpanel(described).check()] == ["ok"] and described.said == [200, 200]


def test_a_request_that_is_wrong_is_refused_by_the_description(described: Described) -> None:
    """Otherwise these tests would prove nothing."""
    address, dates = f"{described.url}/api/query/segmentation", {"from_date": "2026-08-01", "to_date": "2026-08-31"}
    for wrong in (dates, {**dates, "event": "x", "type": "singular"}, {"event": "x", "from_date": "2026-08-01"}):
        httpx.get(address, params={"project_id": PROJECT, **wrong}, auth=(USER, SECRET))
    httpx.get(address, params={"project_id": PROJECT, "event": "x", **dates})
    assert described.said == [422, 422, 422, 401]
