"""A flow of the product is proposed for a theme, confirmed once, and part of the answer from then on."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from bot import current, wiring
from bot.acts import Finding, Verdict
from bot.cli import app
from bot.config import load, read
from bot.doctor import looks
from bot.embedding import MiniLM
from bot.ports import Flow, Recorded
from bot.runs import Request, manual_key
from bot.signals.proposing import proposals
from tests.databases import WORKSPACE, Fresh
from tests.digests import START, sample_digest
from tests.servers.mixpanel import PROJECT as MIX_PROJECT
from tests.servers.mixpanel import SECRET, USER, MixpanelServer
from tests.servers.posthog import PROJECT, TOKEN, Event, PostHogServer
from tests.spine import Scene, scene

NAMES = (
    "export_started export_failed export_completed report_scheduled report_delivered alert_created login_started"
    " login_succeeded login_failed sso_redirected sso_rejected invite_opened invite_sent dashboard_viewed"
    " map_widget_viewed map_widget_error chart_created csv_import_started csv_import_failed payment_submitted"
    " payment_failed invoice_viewed invoice_downloaded webhook_created webhook_failed api_key_created plan_upgraded"
    " search_performed comment_added notification_clicked session_expired mobile_app_opened mobile_app_crashed"
    " sync_started sync_failed slack_connected table_sorted user_signed_up settings_saved tour_completed"
).split()


MODEL = MiniLM()  # loads what it needs with the first text
AWFUL = (
    "a|b",
    "\"quoted\" 'twice'",
    "🧨💥",
    "x" * 280,
    "line\nbreak",
    "\x1b[31mred",
    "<!channel>",
    "{reach}",
    "\u202egnp",
)


@dataclass
class Desk:
    """Somebody who types beside a store with a digest of October, and a PostHog."""

    scene: Scene
    posthog: PostHogServer
    folder: Path
    vectors: Path

    def configure(self, *flows: dict[str, Any], **more: Any) -> None:
        stanza = {"token": TOKEN, "project": PROJECT, "base_url": self.posthog.url, "flows": list(flows), **more}
        told = {"workspace": {"name": WORKSPACE}, "storage": {"database": self.scene.store.url}, "signals": stanza,
                "network": {"allow_private": True}, "output": {"cache": str(self.vectors)}}  # fmt: skip
        (self.folder / "config.yaml").write_text(json.dumps(told))

    def types(self, *words: str, status: int = 0) -> str:
        words = ("signals", *words, "--config", str(self.folder / "config.yaml"))
        before, sys.argv = sys.argv, ["groundswell", *words]
        try:
            done = CliRunner().invoke(app, words)
        finally:
            sys.argv = before
        assert done.exit_code == status, done.output
        return done.stdout if status == 0 else done.stderr

    def told(self, *words: str) -> Any:
        return json.loads(self.types(*words, "--json"))["data"]

    def key(self) -> str:
        """What a run of the same question is called now."""
        config = load(self.folder / "config.yaml", {})
        parts = wiring.wired(config, self.scene.store, cache=None).parts
        return manual_key(Request(None), parts)


@pytest.fixture(scope="module")
def posthog() -> Iterator[PostHogServer]:
    with PostHogServer() as server:
        assert isinstance(server, PostHogServer)
        yield server


@pytest.fixture
def desk(tmp_path: Path, tmp_path_factory: pytest.TempPathFactory, posthog: PostHogServer) -> Iterator[Desk]:
    with scene(tmp_path) as there:
        there.conclude(post=False)
        made = Desk(there, posthog, tmp_path, tmp_path_factory.getbasetemp() / "flows.db")
        made.configure()
        posthog.events, posthog.faults = usage(), []
        yield made


def usage(grown: float = 0.3) -> list[Event]:
    """Two months in which exports began to fail; 150 people do everything else once."""
    made = [Event(f"u{n}", name, START) for name in NAMES for n in range(20)]
    for start, share in ((START - timedelta(days=20), 0.04), (START + timedelta(days=3), grown)):
        made += [Event(f"u{n}", "export_started", start) for n in range(200)]
        made += [Event(f"u{n}", "export_failed", start) for n in range(int(200 * share))]
    made += [Event(f"u{n}", "$pageview", START, f"/exports/{n}/download") for n in range(9)]
    return [*made, Event("u1", "$rageclick", START, "/exports/1/download")]


def test_the_flow_of_a_theme_is_proposed_before_those_of_others() -> None:
    recorded = [Recorded(name, None, 1000 - n) for n, name in enumerate(NAMES)]
    model, themes = MODEL, sample_digest().themes
    found = [[p.flow.reach for p in proposals(t, recorded, frozenset({"trouble"}), model)] for t in themes[:3]]
    assert found[0][0] == "export_started" and "sso_redirected" in found[1] and found[2] == ["invoice_viewed"]
    assert proposals(themes[0], recorded[-4:], frozenset({"trouble"}), model) == []


def test_what_is_tried_again_and_again_is_proposed_where_nothing_tells_of_its_end() -> None:
    recorded, theme = (
        [Recorded("export_attempted", None, 90), Recorded("search_performed", None, 80)],
        sample_digest().themes[0],
    )
    (flow,) = [p.flow for p in proposals(theme, recorded, frozenset({"trouble", "repeats"}), MODEL)]
    assert (flow.reach, flow.repeats, flow.trouble) == ("export_attempted", 3, None)
    told = proposals(theme, [*recorded, Recorded("export_failed")], frozenset({"trouble", "repeats"}), MODEL)
    assert [p.flow.trouble for p in told] == ["export_failed"]
    assert proposals(theme, recorded, frozenset({"trouble"}), MODEL) == []


def test_the_last_word_on_a_theme_holds_and_each_is_kept_with_who_said_it(database: Fresh) -> None:
    store, flow = database.open(), Flow("f 🧨", "t-1", "a", trouble="b" * 500, usual=0.02)
    store.flows.tie("t-1", flow, "cli:dana")
    store.flows.tie("t-2", flow, "cli:dana")
    store.flows.tie("t-1", None, "cli:lee")
    assert [(t.theme_id, t.flow, t.actor) for t in store.flows.tied()] == [("t-2", flow, "cli:dana")]
    store.flows.tie("t-1", flow, "cli:lee")
    assert [t.theme_id for t in store.flows.tied()] == ["t-2", "t-1"]
    said = [(e.actor, e.action) for e in store.audit.recent(4)]
    assert said[:2] == [("cli:lee", "flow tied"), ("cli:lee", "flow untied")]


def test_it_is_proposed_with_its_score_then_confirmed_once_and_tells_at_once_what_usage_says(desk: Desk) -> None:
    said = desk.types("map", "1")
    assert "1  0." in said and "export started → export failed   200 users" in said
    assert desk.scene.store.flows.tied() == []
    assert "on /exports/*/download, then $rageclick" in said
    told = desk.told("map", "1", "--confirm", "1")
    assert told["flow"] == {"name": "export started → export failed", "reach": "export_started",
                            "trouble": "export_failed"}  # fmt: skip
    assert "60 users hit the same dead end, 30.0% of the 200 who reached it" in told["signal"]
    (tied,) = desk.scene.store.flows.tied()
    assert tied.theme_id == desk.scene.theme(1) and tied.actor.startswith("cli:")
    assert desk.scene.store.audit.recent(1)[0].action == "flow tied"
    assert "confirmed by cli:" in desk.types("list") and tied.theme_id in desk.types("list")


def test_a_flow_that_somebody_spells_out_keeps_to_the_rules_of_the_config(desk: Desk) -> None:
    desk.types("map", "2", "--reach", "sso_redirected", "--goal", "login_succeeded", "--usual", "0.2")
    (tied,) = desk.scene.store.flows.tied()
    assert (tied.flow.goal, tied.flow.usual) == ("login_succeeded", 0.2)
    wrong = (["--reach", "a", "--goal", "b", "--trouble", "c"], ["--confirm", "77"],
             ["--confirm", "1", "--usual", "2"])  # fmt: skip
    for words in wrong:
        assert "groundswell: " in desk.types("map", "2", *words, status=2)
    assert [t.flow for t in desk.scene.store.flows.tied()] == [tied.flow]


def test_what_is_tied_or_untied_is_another_question_and_the_same_flows_are_the_same(desk: Desk) -> None:
    before = desk.key()
    desk.types("map", "1", "--confirm", "1")
    tied = desk.key()
    desk.types("map", "1", "--confirm", "1")
    assert tied == desk.key() != before
    desk.types("unmap", "1")
    assert desk.key() == before and desk.told("list") == {"flows": []}
    assert "nobody tied a flow" in desk.types("unmap", "1", status=2)
    desk.configure({"name": "x", "theme": "t-9", "reach": "a", "trouble": "b"})
    assert desk.key() not in (before, tied)


def test_a_flow_of_the_config_wins_and_both_are_shown(desk: Desk) -> None:
    theme = sample_digest().themes[0]
    desk.configure({"name": "By config", "theme": theme.words.name.upper(), "reach": "a", "trouble": "b"})
    assert "The config ties “By config” to it, and wins" in desk.types("map", "1", "--confirm", "1")
    rows = desk.told("list")["flows"]
    assert [(r["from"], r["used"]) for r in rows] == [("config", True), ("confirmed", False)]


def test_a_flow_outlives_a_rename_and_goes_along_into_another_theme_that_has_none(desk: Desk) -> None:
    store, (first, second) = desk.scene.store, (desk.scene.theme(1), desk.scene.theme(2))
    desk.types("map", "1", "--confirm", "1")
    desk.scene.decide(Verdict.RENAME, first, payload={"to": "Something else"})
    desk.scene.decide(Verdict.MERGE, first, payload={"into": second})
    flows = current.flows(store)
    assert [f.theme for f in flows] == [first, second] and len({f.reach for f in flows}) == 1
    own = Flow("its own", second, "a", trouble="b")
    store.flows.tie(second, own, "cli:dana")
    assert next(f for f in current.flows(store) if f.theme == second) == own
    desk.scene.decide(Verdict.UNDO, first)
    assert [f.theme for f in current.flows(store)] == [first, second]


def test_names_as_anybody_may_send_them_are_shown_on_one_line_and_queried_whole(desk: Desk) -> None:
    awful = [f"export {name} failed" for name in AWFUL]
    desk.posthog.events = [Event(f"u{n}", name, START) for name in ["export_started", *awful] for n in range(3)]
    said = desk.types("map", "1")
    assert said.count("\n") <= 12 and all(len(line) < 220 and line.isprintable() for line in said.splitlines())
    desk.types("map", "1", "--confirm", "1")
    (tied,) = desk.scene.store.flows.tied()
    assert tied.flow.trouble in awful and len(tied.flow.name) <= 80
    assert desk.posthog.sent("POST", "query")[-1].json["query"]["values"]["other"] == tied.flow.trouble


def test_without_analytics_or_while_they_are_away_it_says_so_and_nothing_is_tied(desk: Desk) -> None:
    desk.posthog.fail("html")
    assert "no result" in desk.types("map", "1", status=5)
    (desk.folder / "config.yaml").write_text(
        json.dumps({"workspace": {"name": WORKSPACE}, "storage": {"database": desk.scene.store.url}})
    )
    assert "no product analytics" in desk.types("map", "1", status=2)
    assert desk.scene.store.flows.tied() == [] and "No flow is tied" in desk.types("list")


def test_mixpanel_lists_names_alone_and_what_it_cannot_count_is_not_proposed(desk: Desk) -> None:
    with MixpanelServer() as there:
        assert isinstance(there, MixpanelServer)
        there.events = usage()
        desk.configure(vendor="mixpanel", user=USER, token=SECRET, project=MIX_PROJECT, base_url=there.url)
        rows = desk.told("map", "1")["proposals"]
        assert rows[0]["trouble"] == "export_failed" and not any("page" in row or row["users"] for row in rows)
        assert "page can't be told" in desk.types("map", "1", "--page", "/x", "--trouble", "y", status=2)


def test_doctor_names_an_event_that_nobody_ever_sent(desk: Desk) -> None:
    now = datetime.now(UTC) - timedelta(days=1)
    desk.posthog.events = [Event("u1", name, now) for name in ("export_started", "export_failed")]
    flow = {"name": "CSV", "theme": "t-1", "reach": "export_started", "trouble": "export_failed"}

    def found() -> list[Finding]:
        return list(looks(read(desk.folder / "config.yaml", {}), desk.folder, ["signals"])["signals"]())

    desk.configure(flow)
    assert [f.state for f in found()] == ["ok"]
    desk.configure(flow, {**flow, "name": "Slip", "trouble": "export_faild"})
    _, slip = found()
    assert slip.state == "warn" and "Slip: export_faild was not recorded" in slip.message and slip.mend
    desk.posthog.events += [Event("u1", f"e{n}", now) for n in range(250)]
    assert [f.state for f in found()] == ["ok"], "what is not among the commonest may be rare"
