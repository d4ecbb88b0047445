"""Usage beside tickets: said to bear them out only where it does, and to be missing where it is missing."""

from __future__ import annotations

import contextlib
import json
import re
import socket
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from bench.corroboration import FRICTIONLESS, GREW, LASTS, Story, corroborated
from bot import wiring
from bot.config import load
from bot.domain import Corroboration, Digest, Users, Window
from bot.months.recounted import unborne
from bot.ports import Flow, Refused, Unavailable
from bot.report import render as report
from bot.report.document import document
from bot.report.markdown import render as markdown
from bot.signals import carried, judged, normal, pattern, usual_of
from bot.signals.usage import Usage
from bot.slack.blocks import digest as slack
from connectors.posthog import PostHog
from tests.digests import sample_digest
from tests.servers.base import Answer
from tests.servers.posthog import PROJECT, TOKEN, Event, PostHogServer

START, MIDDLE, END = (datetime(2026, m, 1, tzinfo=UTC) for m in (8, 9, 10))
ERROR = Flow("CSV export", "t-1", "export", trouble="export_failed")
GOAL = Flow("CSV export", "t-1", "export", goal="exported")
TRIES = Flow("CSV export", "t-1", "export", repeats=3)
C = Corroboration


@pytest.fixture
def there() -> Iterator[PostHogServer]:
    with PostHogServer() as server:
        assert isinstance(server, PostHogServer)
        yield server


def posthog(there: PostHogServer, token: str = TOKEN, timeout: float = 2.0) -> PostHog:
    return PostHog(token=token, project=PROJECT, base_url=there.url, timeout=timeout)


def stream(seed: int, users: int, before: float, now: float, flow: Flow) -> list[Event]:
    """Users of two months; of each month, that share is stuck as the flow tells it."""
    rng, made = np.random.default_rng(seed), []
    for start, share in ((START, before), (MIDDLE, now)):
        for n in range(users):
            at, stuck = start + timedelta(days=float(rng.uniform(0, 28))), rng.uniform() < share
            tries = (flow.repeats or 1) if stuck else 1
            made += [Event(f"u{n}", flow.reach, at + timedelta(hours=h)) for h in range(tries)]
            if flow.trouble and stuck:
                made.append(Event(f"u{n}", flow.trouble, at))
            if flow.goal and not stuck:
                made.append(Event(f"u{n}", flow.goal, at))
    return made


def verdict(there: PostHogServer, flow: Flow) -> Corroboration:
    return judged(flow.name, 6, posthog(there).measure(flow, START, MIDDLE, END)).verdict


@pytest.mark.parametrize("flow", [ERROR, GOAL, TRIES], ids=["error", "drop-off", "repeats"])
def test_true_friction_is_found_each_time_and_none_where_there_is_none(there: PostHogServer, flow: Flow) -> None:
    for seed in range(2):
        there.events = stream(seed, 1000, 0.03, 0.09, flow)
        assert verdict(there, flow) is C.CORROBORATED
        there.events = stream(seed, 1000, 0.05, 0.05, flow)
        assert verdict(there, flow) is C.NONE


def test_a_share_that_only_chance_moved_is_never_corroborated() -> None:
    rng = np.random.default_rng(1)
    draws = [(Users(n, int(rng.binomial(n, 0.05))), Users(n, int(rng.binomial(n, 0.05)))) for n in [150, 3000] * 1500]
    told = [judged("f", 6, pair).verdict for pair in draws]
    assert told.count(C.CORROBORATED) <= 20  # of 3,000; by the test itself 15


@pytest.mark.parametrize("story", FRICTIONLESS.values(), ids=FRICTIONLESS.keys())
def test_no_step_without_friction_is_corroborated_more_often_than_by_chance(story: Story) -> None:
    assert corroborated(story, 600, seed=7) <= 6


@pytest.mark.parametrize("story", [*GREW.values(), *LASTS.values()], ids=[*GREW, *LASTS])
def test_trouble_that_grew_or_lasts_above_what_is_usual_is_found(story: Story) -> None:
    assert corroborated(story, 200, seed=7) >= 186


def test_trouble_that_lasts_is_called_chronic_with_both_shares_and_what_is_usual() -> None:
    told = judged("CSV", 6, (Users(6900, 210), Users(6903, 214)), 0.01)
    assert told.verdict is C.CORROBORATED
    assert told.message == (
        "CSV: 6 customers wrote; 214 users hit the same dead end, 3.1% of the 6,903 who reached it: corroborated "
        "(chronic: 3.0% of 6,900 in as many days before; up to 1.0% is usual)"
    )
    assert judged("CSV", 6, (Users(6900, 210), Users(6903, 214)), None).verdict is C.NONE
    assert "not surely above the usual 5.0%" in judged("CSV", 6, (Users(6900, 210), Users(6903, 214)), 0.05).message
    assert usual_of(ERROR) == 0.05 and usual_of(GOAL) is None and usual_of(replace(GOAL, usual=0.4)) == 0.4


def test_a_flow_without_any_user_is_too_few_and_a_share_of_all_or_none_is_no_fault() -> None:
    assert judged("f", 6, (Users(0, 0), Users(0, 0)), 0.05).verdict is C.TOO_FEW
    assert judged("f", 6, (Users(100, 100), Users(100, 100)), 0.05).verdict is C.CORROBORATED
    assert judged("f", 6, (Users(100, 0), Users(100, 0)), 0.05).verdict is C.NONE
    assert judged("f", 6, (Users(100, 4), Users(100, 4)), 0.001).verdict is C.NONE  # four users show nothing


def test_a_tiny_denominator_is_too_few_and_a_missing_event_is_not_instrumented(there: PostHogServer) -> None:
    there.events = stream(1, 12, 0.0, 0.9, ERROR)
    assert verdict(there, ERROR) is C.TOO_FEW
    there.events = [e for e in stream(1, 500, 0.1, 0.2, ERROR) if e.name != ERROR.trouble]
    assert verdict(there, ERROR) is C.NOT_INSTRUMENTED
    there.events = []
    assert verdict(there, GOAL) is C.NOT_INSTRUMENTED


def test_each_user_counts_once_and_only_on_the_page_with_any_id(there: PostHogServer) -> None:
    flow = Flow("Export", "t-1", "$pageview", page="/w/123/export", trouble="$rageclick")
    for n in range(3):
        there.events += [
            Event("ann", "$pageview", MIDDLE, f"/w/{n}/export"),
            Event("ann", "$rageclick", MIDDLE, "/w/7/export/"),
        ]
    there.events += [
        Event("bob", "$pageview", MIDDLE, "/w/8/settings"),
        Event("cem", "$pageview", MIDDLE, "/w/9/export"),
    ]
    there.events += [Event("cem", "$rageclick", MIDDLE, "/w/9/settings")]
    assert posthog(there).measure(flow, START, MIDDLE, END) == (Users(0, 0), Users(2, 1))


@pytest.mark.parametrize(("page", "path", "is_it"), [
    ("https://app.acme.com/w/42/export?x=1", "/w/9a8b7c6d5e/export", True),
    ("/w/:id/export", "/w/42/export/", True),
    ("/w/:id/export", "/w/42/exports", False),
    ("/a.b/c", "/axb/c", False),
    ("/f/123e4567-e89b-12d3-a456-426614174000", "/f/anything", True),
])  # fmt: skip
def test_ids_in_a_page_are_any_segment_and_the_rest_is_itself(page: str, path: str, is_it: bool) -> None:
    assert bool(re.match(pattern(page), path)) is is_it


def test_what_is_asked_holds_names_as_values_alone_and_is_bounded(there: PostHogServer) -> None:
    flow = Flow("x", "t-1", "a' or 1=1 --", trouble="b")
    assert posthog(there).measure(flow, START, MIDDLE, END) is None
    (request,) = there.sent("POST", "query")
    assert "1=1" not in request.json["query"]["query"] and request.json["query"]["values"]["reach"] == flow.reach


@pytest.mark.parametrize(("fault", "raises"), [
    ({"kind": "refuse", "status": 429, "headers": {"Retry-After": "7"}}, Unavailable),
    ({"kind": "refuse", "status": 503}, Unavailable),
    ({"kind": "refuse", "status": 403}, Refused),
    ({"kind": "refuse", "status": 404}, Refused),
    ({"kind": "drop"}, Unavailable),
    ({"kind": "html"}, Unavailable),
    ({"kind": "truncate"}, Unavailable),
    ({"kind": "hang", "seconds": 0.3}, Unavailable),
])  # fmt: skip
def test_a_fault_is_said_as_the_port_says_it(
    there: PostHogServer, fault: dict[str, object], raises: type[Exception]
) -> None:
    there.events = stream(1, 5, 0.5, 0.5, ERROR)
    there.fail(**fault)  # type: ignore[arg-type]
    with pytest.raises(raises) as told:
        posthog(there, timeout=0.15).measure(ERROR, START, MIDDLE, END)
    assert TOKEN not in str(told.value)


def test_the_check_says_how_it_is_and_the_mend(there: PostHogServer) -> None:
    assert [f.state for f in posthog(there).check()] == ["ok"]
    (found,) = posthog(there, token="phx_wrong").check()
    assert found.state == "fail" and "query:read" in found.message and found.mend


# --- in a digest


def told_by(there: PostHogServer, digest: Digest, *flows: Flow) -> Digest:
    return Usage(posthog(there), flows).told(digest, flows)


def digest_in_september() -> Digest:
    made = sample_digest()
    return replace(made, window=Window(MIDDLE, END, "UTC", "September 2026"))


def tied(digest: Digest, rank: int, flow: Flow, *, by_name: bool = False) -> Flow:
    theme = digest.themes[rank - 1]
    return replace(flow, theme=theme.words.name.upper() if by_name else theme.id)


def test_a_digest_says_on_every_surface_what_usage_says_of_a_theme_and_of_no_other(there: PostHogServer) -> None:
    there.events = stream(1, 1000, 0.03, 0.09, ERROR)
    found = digest_in_september()
    told = told_by(there, found, tied(found, 1, ERROR), tied(found, 2, TRIES, by_name=True))
    first, second, *others = told.themes
    assert first.signal and first.signal.verdict is C.CORROBORATED and not any(t.signal for t in others)
    assert (
        second.signal and second.signal.verdict is C.NONE and "investigate before committing" in second.signal.message
    )
    said = first.signal.message
    assert said.startswith("CSV export: 31 customers wrote; ") and said.endswith(" points: corroborated")
    assert [i.severity for i in told.items] == [i.severity for i in found.items]
    shown = (markdown(told).replace("\\", ""), report(told), str(slack(told, {}, run_key="r").blocks))
    assert all("hit the same dead end" in page for page in shown)
    assert document(told)["data"]["themes"][0]["signal"]["now"]["reached"] == 1000
    assert "signal" not in document(told)["data"]["themes"][2]


def test_a_changed_figure_or_word_of_a_signal_is_found(there: PostHogServer) -> None:
    there.events = stream(1, 1000, 0.03, 0.09, ERROR)
    found = digest_in_september()
    data = document(told_by(there, found, tied(found, 1, ERROR)))["data"]
    assert list(unborne(data)) == []
    signal = data["themes"][0]["signal"]
    wrong = ({"verdict": "not measured"}, {"now": {"reached": 999, "troubled": 2}}, {"message": "CSV export: 7 wrote"},
             {"now": None}, {"flow": "Another"})  # fmt: skip
    for change in wrong:
        theme = {**data["themes"][0], "signal": {**signal, **change}}
        assert len(list(unborne({**data, "themes": [theme]}))) == 1, change


def test_analytics_that_fail_are_said_and_asked_once_and_the_digest_goes_on(there: PostHogServer) -> None:
    there.fail("refuse", times=9)
    found = digest_in_september()
    told = told_by(there, found, tied(found, 1, ERROR), tied(found, 2, GOAL))
    assert [t.signal.verdict for t in told.themes[:2] if t.signal] == [C.UNKNOWN, C.UNKNOWN]
    assert told.themes[0].signal and told.themes[0].signal.message.endswith(
        "usage was not measured, PostHog answered 503"
    )
    assert len(there.requests) == 1 and list(unborne(document(told)["data"])) == []
    undated = replace(found, window=Window(None, None, "UTC", "a file"))
    assert told_by(there, undated, tied(found, 1, ERROR)) == undated


def test_analytics_that_answer_slowly_get_a_minute_for_all_themes(there: PostHogServer) -> None:
    there.events = stream(1, 200, 0.03, 0.09, ERROR)
    found, clock = digest_in_september(), iter((0.0, 0.0, 59.0, 61.0))
    flows = [tied(found, rank, ERROR) for rank in (1, 2, 3)]
    told = Usage(posthog(there), flows, now=lambda: next(clock)).told(found, flows)
    said = [t.signal.message for t in told.themes[:3] if t.signal]
    assert len(there.requests) == 2 and said[2].endswith("60 seconds were not enough for all themes")


def test_an_answer_in_drops_is_cut_off_in_time(there: PostHogServer) -> None:
    """Each drop comes within the time-out, so no reading of the socket is ever late."""
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def drip() -> None:
            talk, _ = listening.accept()
            with talk, contextlib.suppress(OSError):
                talk.recv(65_536)
                talk.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
                for _ in range(100):
                    talk.sendall(b" ")
                    time.sleep(0.05)

        threading.Thread(target=drip, daemon=True).start()
        url, began = f"http://127.0.0.1:{listening.getsockname()[1]}", time.monotonic()
        with pytest.raises(Unavailable, match="in time"):
            PostHog(token=TOKEN, project=PROJECT, base_url=url, timeout=0.3).measure(ERROR, START, MIDDLE, END)
        assert time.monotonic() - began < 2


@pytest.mark.parametrize("rows", [
    [[0, 10, 11, 1, 1]], [[7, 10, 1, 1, 1]], [[0, -1, -2, 1, 1]], [[0, 10**400, 1, 1, 1]], [[0, float("nan"), 1, 1, 1]],
    [["x", 1, 1, 1, 1]], [[0, 1]], [{}], [None], "text", None,
], ids=str)  # fmt: skip
def test_counts_that_cannot_be_are_no_counts(there: PostHogServer, rows: object) -> None:
    there.routes = [("POST", ".*", lambda _: Answer(200, {"results": rows}))]
    with pytest.raises(Unavailable, match="no result"):
        posthog(there).measure(ERROR, START, MIDDLE, END)


def test_names_that_anybody_may_send_do_no_harm_in_a_digest(there: PostHogServer) -> None:
    awful = Flow('a|b "c" <!channel> *x* 🧨', "t-1", "e" * 500, trouble="'; drop table events; --")
    there.events = stream(1, 300, 0.03, 0.09, awful)
    found = digest_in_september()
    told = told_by(there, found, tied(found, 1, awful))
    assert told.themes[0].signal and told.themes[0].signal.verdict is C.CORROBORATED
    blocks = slack(told, {}, run_key="r").blocks
    marked = [t for t in _objects(blocks) if t.get("type") == "mrkdwn" and "<!channel>" in str(t["text"])]
    assert "🧨" in str(blocks) and marked == [] and "<!channel>" not in report(told)
    assert "a\\|b" in markdown(told) and list(unborne(document(told)["data"])) == []


def _objects(told: object) -> Iterator[dict[str, object]]:
    """All objects in a message's JSON, however deep."""
    if isinstance(told, dict):
        yield told
    for inner in told.values() if isinstance(told, dict) else told if isinstance(told, list | tuple) else ():
        yield from _objects(inner)


def test_pages_are_counted_together_whatever_ids_they_have(there: PostHogServer) -> None:
    there.events = [Event(f"u{n}", "$pageview", MIDDLE, path) for n, path in enumerate(
        ("/w/1/export", "/w/2/export/", "/w/9a8b7c6d5e/export", "//[", "", "/"))]  # fmt: skip
    found = {r.page: r.users for r in posthog(there).recorded(START, END) if r.page}
    assert found["/w/*/export"] == 3 and normal("/f/123e4567-e89b-12d3-a456-426614174000?x=1") == "/f/*"


def test_a_merged_theme_hands_its_signal_to_the_one_it_went_into(there: PostHogServer) -> None:
    there.events = stream(1, 1000, 0.03, 0.09, ERROR)
    found = digest_in_september()
    found = told_by(there, found, tied(found, 1, ERROR))
    first, second = found.themes[:2]
    made = carried(replace(found, themes=found.themes[1:]), found, {first.id: second.id})
    assert made.themes[0].signal and f"{second.counts.customers} customers wrote" in made.themes[0].signal.message


def test_a_corrected_theme_keeps_its_signal_and_says_its_customers_of_now(there: PostHogServer) -> None:
    there.events = stream(1, 1000, 0.03, 0.09, ERROR)
    found = digest_in_september()
    found = told_by(there, found, tied(found, 1, ERROR))
    first = replace(found.themes[0], signal=None, counts=replace(found.themes[0].counts, customers=44))
    made = carried(replace(found, themes=(first, *found.themes[1:])), found, {})
    assert made.themes[0].signal and "44 customers wrote" in made.themes[0].signal.message


def test_a_config_ties_flows_to_themes_and_refuses_one_that_says_no_trouble(
    there: PostHogServer, tmp_path: Path
) -> None:
    flow = {"name": "CSV export", "theme": "t-1", "reach": "export", "trouble": "export_failed"}
    told = {"signals": {"token": TOKEN, "project": PROJECT, "base_url": there.url, "flows": [flow]},
            "network": {"allow_private": True}}  # fmt: skip
    path = tmp_path / "config.yaml"
    path.write_text(json.dumps(told))
    config = load(path, {})
    made = wiring.usage(config)
    assert made is not None and made.flows == (ERROR,) and TOKEN not in repr(made) + repr(config)
    signals = wiring.signals(config)
    assert signals is not None and [f.state for f in signals.check()] == ["ok"]
    path.write_text(json.dumps({"signals": {**told["signals"], "flows": [{**flow, "goal": "exported"}]}}))
    with pytest.raises(Refused, match="exactly one of trouble, goal and repeats"):
        load(path, {})
    assert wiring.usage(load(None, {})) is None
