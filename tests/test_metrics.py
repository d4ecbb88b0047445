"""/metrics: figures that an operator watches, in Prometheus' text format, from the database alone."""

from __future__ import annotations

import http.client
import re
from contextlib import closing

from bot.acts import Act, Receipt
from bot.domain import Page
from bot.ports import Unavailable
from bot.serve.door import Door
from bot.serve.metrics import exposition
from bot.store import Figure
from tests.databases import Clock, Fresh
from tests.tickets import NOON, ticket

LINE = re.compile(r'(\w+)(\{(?:\w+="(?:[^"\\\n]|\\[\\"n])*",?)*\})? (-?[\d.e+-]+)')


def answered(door: Door) -> tuple[int, str, str]:
    with closing(http.client.HTTPConnection("127.0.0.1", door.port, timeout=10)) as connection:
        connection.request("GET", "/metrics")
        answer = connection.getresponse()
        return answer.status, answer.getheader("Content-Type") or "", answer.read().decode()


def test_figures_count_what_is_there_and_name_each_once(database: Fresh) -> None:
    clock = Clock(NOON)
    store = database.open(clock=clock)
    store.tickets.take("zendesk", Page((ticket("a", "secret words"),), high_water=NOON))
    store.tickets.fault("intercom", "no right")
    store.runs.ask("k", "manual", {})
    fence = store.runs.lease("k", "me", 60)
    clock.passes(30)
    store.runs.fail("k", fence or 0, "secret fault")
    store.effects.plan([Act("p" * 64, "slack.digest", "C1", {"text": "secret"}), Act("q" * 64, "jira.issue", "B", {})])
    store.effects.done("p" * 64, Receipt("1.0"))
    store.inbox.receive("e1", "click", {})
    store.answers.keep("k", "m", "{}", 1, 1, 0.25)
    store.audit.write("groundswell", "duplicate found", "x", {})
    clock.passes(30)
    told = exposition(store.figures())
    for line in (
        'groundswell_runs{kind="manual",state="FAILED"} 1',
        'groundswell_source_lag_seconds{source="zendesk"} 60',
        'groundswell_source_failed{source="intercom"} 1',
        'groundswell_effects{kind="slack.digest",state="DONE"} 1',
        'groundswell_effects{kind="jira.issue",state="PENDING"} 1',
        "groundswell_clicks_waiting 1",
        "groundswell_duplicates_found 1",
        "groundswell_model_cost_usd 0.25",
    ):
        assert line in told.splitlines()
    plain = [line for line in told.splitlines() if not line.startswith("#")]
    assert all(LINE.fullmatch(line) for line in plain) and "secret" not in told
    helps = re.findall(r"^# HELP (\w+)", told, flags=re.MULTILINE)
    assert len(helps) == len(set(helps)) == len({line.split("{")[0].split()[0] for line in plain})


def test_a_label_cannot_break_out_of_its_line() -> None:
    told = exposition([Figure("groundswell_runs", "Runs.", 1, {"kind": 'a"} 1\nroot_access 1 \\'})])
    assert told.splitlines()[2:] == [r'groundswell_runs{kind="a\"} 1\nroot_access 1 \\"} 1']


def test_the_door_tells_them_and_says_so_when_the_database_is_away() -> None:
    def away() -> str:
        raise Unavailable("the database is locked")

    for metrics, status in ((lambda: "groundswell_x 1\n", 200), (away, 503), (None, 404)):
        door = Door("127.0.0.1", 0, lambda: {"database": True}, None, metrics)
        door.open()
        try:
            found, kind, body = answered(door)
        finally:
            door.close()
        assert found == status
        assert status != 200 or (kind.startswith("text/plain; version=0.0.4") and body == "groundswell_x 1\n")
