"""Tickets are told of the issue that their theme ended in: listed first, by a click of its own, once each."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import pytest
from click.testing import Result
from typer.testing import CliRunner

from bot import wiring
from bot.acts import EffectState, Message, Stage, Verdict
from bot.cli import app
from bot.config import Config
from bot.decisions import standings
from bot.domain import Digest
from bot.linkback import Linkback
from bot.slack import limits
from bot.slack.app import event_id
from bot.slack.elements import Press
from bot.slack.linking import CALLBACK, LinkbackDesk, LinkbackWindow
from bot.slack.rows import LINKBACK
from bot.store import Event, Store
from bot.tracker import linkback as words
from bot.tracker.linkback import Way, Ways
from connectors.intercom.run import Workspace
from connectors.zendesk.account import Account
from connectors.zendesk.linkback import Linkback as Zendesk
from tests.databases import WORKSPACE
from tests.digests import sample_digest
from tests.servers.jira import EMAIL
from tests.servers.jira import TOKEN as JIRA_TOKEN
from tests.servers.slack import CHANNEL
from tests.servers.zendesk import ZendeskServer
from tests.spine import PASSED, RUN, Scene, scene

UNDER = "https://acme.zendesk.com/agent/tickets/"
NOTES: Ways = {"zendesk": Way("note", UNDER)}
TAGS: Ways = {"zendesk": Way("tag", UNDER)}
TICKETS = 4


def of_zendesk(server: ZendeskServer, digest: Digest) -> Digest:
    """The digest's first theme rests on tickets of the help desk; one looks like one of its, and is of a file."""
    first = digest.themes[0]
    someone = server.add_user("Ada Quill", "ada@quill.example")
    keys = [str(server.add_ticket(someone, "Export", "It hangs.")) for _ in range(TICKETS)]
    kept = first.evidence[: TICKETS + 1]
    rows = [replace(e, ticket_id=k, source="zendesk", url=f"{UNDER}{k}") for e, k in zip(kept, keys, strict=False)]
    rows.append(replace(kept[-1], ticket_id="77", source="zendesk", url="https://old.zendesk.com/agent/tickets/77"))
    theme = replace(first, members=tuple(r.ticket_id for r in rows), evidence=tuple(rows), examples=(), quotes=())
    return replace(digest, themes=(theme, *digest.themes[1:]))


class Told:
    """A scene with a help desk that may be told."""

    def __init__(self, here: Scene, zendesk: ZendeskServer, ways: Ways) -> None:
        self.here, self.zendesk = here, zendesk
        self.links = Linkback(here.store, WORKSPACE, ways)
        outlet = Zendesk(
            subdomain="acme", token="t", email="bot@acme.example", base_url=zendesk.url, timeout=1.0, settle=0
        )
        here.ledger._outlets = {**here.ledger._outlets, "zendesk": outlet}
        here.board._linkback = self.links
        self.window = LinkbackWindow(self.links, lambda person: person == "U0DANA", CHANNEL)
        self.desk = LinkbackDesk(self.links, here.channel, lambda person: person == "U0DANA", CHANNEL)
        here.conclude(digest=of_zendesk(zendesk, sample_digest(one_offs=3)))
        here.settle()

    @property
    def left(self) -> int:
        offer = self.links.of(RUN, self.here.theme())
        assert offer is not None
        return len(offer.left)

    def approved(self) -> str:
        self.here.decide(Verdict.APPROVE)
        self.here.settle()
        now = standings(self.here.store, [self.here.theme()])[self.here.theme()]
        assert now.receipt
        return now.receipt.ref

    def ask(self) -> None:
        offer = self.links.of(RUN, self.here.theme())
        assert offer is not None
        self.links.ask(offer, "cli:dana")

    def notes(self) -> list[str]:
        return [c["body"] for comments in self.zendesk.comments.values() for c in comments if not c["public"]]

    def settle(self) -> None:
        """Past every wait that the ledger keeps to."""
        for _ in range(4):
            self.here.settle()
            self.here.clock.passes(PASSED.total_seconds())

    def opened(self) -> Any:
        """Whatever the row offers: a click on a menu that has gone comes, too."""
        entry = {"type": "overflow", "selected_option": {"value": LINKBACK}, "action_id": "more"}
        about = Press(RUN, self.here.theme(), 1).block_id(1, "created")
        click = {"actions": [{**entry, "block_id": about}], "user": {"id": "U0DANA"}, "channel": {"id": CHANNEL}}
        return self.window.view(click)

    def send_off(self, view: Any, person: str = "U0DANA") -> str:
        self.here.slack.views.append({"id": f"V{len(self.here.slack.views):03d}", **view})
        body = self.here.slack.submission({}, person)
        self.here.store.inbox.receive(event_id(body), "view", body)
        for event in self.here.store.inbox.waiting():
            assert self.desk.answer(event)
        return self.here.whispers(person)[-1]

    @property
    def row(self) -> str:
        return json.dumps(self.here.post["blocks"], ensure_ascii=False)


@pytest.fixture
def told(tmp_path: Path) -> Iterator[Told]:
    with scene(tmp_path) as here, ZendeskServer(token="t") as zendesk:
        yield Told(here, cast("ZendeskServer", zendesk), NOTES)


def test_nothing_is_offered_before_there_is_an_issue_nor_where_nobody_opted_in(told: Told) -> None:
    assert told.left == 0 and told.opened() is None and "Link back" not in told.row
    told.approved()
    assert told.left == TICKETS and f"Link back on {TICKETS} tickets…" in told.row
    assert Linkback(told.here.store, WORKSPACE, {}).counts(RUN, sample_digest(), {}) == {}
    told.settle()
    assert told.notes() == [], "an approval alone writes on no ticket"


def test_each_ticket_gets_one_note_with_the_issue_its_address_and_the_themes_name(told: Told) -> None:
    issue = told.approved()
    told.ask()
    told.ask()
    told.settle()
    notes = told.notes()
    assert len(notes) == TICKETS and told.left == 0 and "Link back" not in told.row
    name = sample_digest().themes[0].words.name
    for said in notes:
        lines = said.splitlines()
        assert lines[0] == f"Tracked in {issue}: {told.here.jira.url}/browse/{issue}" and name in lines[1]
        assert lines[2].startswith("groundswell-op-") and len(lines) == 3
        assert "GmbH" not in said, "no customer is named to another"
    assert len({said.splitlines()[2] for said in notes}) == TICKETS
    assert f"linked from {TICKETS} tickets" in told.row
    assert len(told.here.jira.issues) == 1


def test_of_a_lost_answer_one_note_remains(told: Told) -> None:
    told.approved()
    told.zendesk.fail("lose", r"/tickets/\d+\.json$", method="PUT", times=TICKETS)
    told.ask()
    told.settle()
    assert len(told.notes()) == TICKETS and f"linked from {TICKETS} tickets" in told.row
    assert len(told.zendesk.sent("PUT", r"/tickets/\d+\.json$")) == TICKETS


def test_a_wait_is_kept_to_and_every_ticket_is_told_after_it(told: Told) -> None:
    told.approved()
    told.zendesk.fail(
        "refuse", r"/tickets/\d+\.json$", method="PUT", times=2, status=429, headers={"Retry-After": "20"}
    )
    told.ask()
    told.here.settle()
    assert len(told.notes()) == TICKETS - 2
    told.settle()
    assert len(told.notes()) == TICKETS


def test_what_is_closed_or_deleted_is_told_and_holds_up_nobody(told: Told) -> None:
    told.approved()
    closed, gone, *_ = told.zendesk.tickets
    told.zendesk.edit(closed, status="closed")
    told.zendesk.delete(gone)
    told.ask()
    told.settle()
    assert len(told.notes()) == TICKETS - 2
    failed = {e.act.target: e.error for e in told.here.store.effects.in_state(EffectState.FAILED)}
    assert set(failed) == {str(closed), str(gone)}
    assert "closed" in str(failed[str(closed)]) and "deleted" in str(failed[str(gone)])
    assert f"linked from {TICKETS - 2} tickets, 2 tickets refused the link" in told.row
    assert told.left == 2, "whoever mends it may ask once more"
    told.zendesk.edit(closed, status="open")
    told.ask()
    told.settle()
    assert len(told.notes()) == TICKETS - 1


def test_an_undo_ends_what_was_not_sent_and_says_what_stays(told: Told) -> None:
    issue = told.approved()
    told.ask()
    told.here.ledger.attend_due(limit=2)
    assert len(told.notes()) == 2
    outcome = told.here.decide(Verdict.UNDO)
    assert "2 internal notes in Zendesk stay" in outcome.message and issue in outcome.message
    told.settle()
    assert len(told.notes()) == 2 and told.here.stage() == "open"


def test_after_an_undo_the_next_issue_is_told_of(told: Told) -> None:
    told.approved()
    told.ask()
    told.settle()
    assert f"{TICKETS} internal notes in Zendesk stay" in told.here.decide(Verdict.UNDO).message
    told.here.settle()
    second = told.approved()
    assert told.left == TICKETS
    told.ask()
    told.settle()
    assert len(told.notes()) == 2 * TICKETS and sum(second in n for n in told.notes()) == TICKETS


def test_tags_are_added_beside_the_others(tmp_path: Path) -> None:
    with scene(tmp_path) as here, ZendeskServer(token="t") as server:
        told = Told(here, cast("ZendeskServer", server), TAGS)
        issue = told.approved()
        told.zendesk.fail("lose", r"/tags\.json$", method="PUT")
        told.ask()
        told.settle()
        assert told.notes() == []
        assert all(t["tags"] == [f"groundswell-{issue.lower()}"] for t in told.zendesk.tickets.values())


# --- from the terminal


@pytest.fixture
def says(told: Told, tmp_path: Path) -> Callable[..., Result]:
    """Runs a command on the scene's database and stand-ins."""
    zendesk = {"subdomain": "acme", "email": "bot@acme.example", "token": "t", "base_url": told.zendesk.url}
    jira = {"site": told.here.jira.url, "email": EMAIL, "token": JIRA_TOKEN, "project": told.here.jira.project}
    config = {
        "workspace": {"name": WORKSPACE},
        "sources": {"zendesk": {**zendesk, "linkback": "internal-note"}},
        "jira": jira,
        "storage": {"database": f"sqlite:///{tmp_path / 'store.db'}"},
        "output": {"cache": str(tmp_path / "vectors.db")},
        "network": {"allow_private": True},
    }

    def run(*args: str, **more: Any) -> Result:
        told_config = json.dumps({**config, **more})
        (tmp_path / "config.yaml").write_text(told_config)
        return CliRunner().invoke(app, [*args, "--config", str(tmp_path / "config.yaml")])

    return run


def test_the_command_lists_every_ticket_and_writes_when_it_is_meant(told: Told, says: Callable[..., Result]) -> None:
    early = says("linkback", "1")
    assert early.exit_code == 2 and "is in no issue" in early.stderr
    issue = told.approved()
    told.zendesk.edit(next(iter(told.zendesk.tickets)), status="closed")
    listed = says("linkback", "1")
    assert listed.exit_code == 2 and "Say --yes if it is meant" in listed.stderr
    assert [listed.stdout.count(f"{UNDER}{key}") for key in told.zendesk.tickets] == [1] * TICKETS
    assert f"Tracked in {issue}" in listed.stdout and "groundswell-op" not in listed.stdout
    assert told.notes() == [] and not told.zendesk.sent("PUT", ".")
    done = says("linkback", "1", "--yes")
    assert done.exit_code == 6 and "closed" in done.stderr, (done.stdout, done.stderr)
    assert f"Linked from {TICKETS - 1} tickets, 1 ticket refused the link" in done.stdout
    assert len(told.notes()) == TICKETS - 1
    again = says("linkback", "1", "--yes")
    assert len(told.notes()) == TICKETS - 1 and again.stdout.count("asked for before") == TICKETS - 1


def test_the_command_and_doctor_say_nothing_of_writing_where_it_is_off(told: Told, says: Callable[..., Result]) -> None:
    told.approved()
    off = {"zendesk": {"subdomain": "acme", "email": "bot@acme.example", "token": "t", "base_url": told.zendesk.url}}
    refused = says("linkback", "1", "--yes", sources=off)
    assert refused.exit_code == 2 and "linkback" in refused.stderr and not told.zendesk.sent("PUT", ".")
    assert "zendesk write" in says("doctor", "zendesk").stdout
    assert "zendesk write" not in says("doctor", "zendesk", sources=off).stdout


# --- in Slack


def test_the_window_lists_what_is_put_where_and_only_what_it_listed_is_done(told: Told) -> None:
    issue = told.approved()
    view = told.opened()
    assert view is not None and view["callback_id"] == CALLBACK and not limits.problems(_alone(view))
    shown = json.dumps(view["blocks"], ensure_ascii=False)
    assert f"An internal note with the link to {issue} is put on {TICKETS} tickets in Zendesk." in shown
    assert all(str(key) in shown for key in told.zendesk.tickets) and '"77"' not in shown
    assert '"–"' not in shown, "a ticket that was not refused before has its number and nothing else"
    assert told.notes() == [] and told.left == TICKETS, "to look changes nothing"
    assert "on their way" in told.send_off(view)
    told.settle()
    assert len(told.notes()) == TICKETS
    assert told.opened() is None and "Nothing was done" in told.send_off(view), "sent off twice is done once"
    told.settle()
    assert len(told.notes()) == TICKETS


def test_a_window_that_is_out_of_date_does_nothing(told: Told) -> None:
    told.approved()
    view = told.opened()
    told.here.decide(Verdict.UNDO)
    told.here.settle()
    told.approved()
    assert "changed since" in told.send_off(view)
    told.settle()
    assert told.notes() == []


def test_who_may_not_approve_may_not_put_links_on_tickets(told: Told) -> None:
    told.approved()
    click = told.here.slack.click(told.here.post, LINKBACK, "U0LEE", told.here.theme())
    assert told.window.view(click) is None
    view = told.opened()
    assert "Only those who may approve" in told.send_off(view, "U0LEE")
    told.settle()
    assert told.notes() == []


def test_a_click_whose_window_did_not_open_is_answered_and_others_are_left_alone(told: Told) -> None:
    told.approved()
    click = told.here.slack.click(told.here.post, LINKBACK, "U0DANA", told.here.theme())
    told.here.store.inbox.receive("E1", "click", click)
    (event,) = told.here.store.inbox.waiting()
    assert told.desk.answer(event) and told.here.store.inbox.waiting() == []
    assert "could not be opened" in told.here.whispers("U0DANA")[-1]
    other = {**click, "actions": [{**click["actions"][0], "selected_option": {"value": "snooze"}}]}
    assert not told.desk.answer(Event("E2", "click", other, told.here.store.now()))
    assert not told.desk.answer(Event("E3", "view", {"view": {"callback_id": "theme.edit"}}, told.here.store.now()))


def _alone(view: Any) -> Message:
    """A view's blocks are held to a message's limits."""
    return Message("The tickets that are told of the theme's issue, each with its address.", view["blocks"])


# --- wired


@pytest.mark.parametrize("region", ["us", "eu", "au"])
def test_both_help_desks_are_wired_and_own_the_addresses_that_their_tickets_have(tmp_path: Path, region: str) -> None:
    desks = {
        "zendesk": {"subdomain": "acme", "token": "t", "linkback": "internal-note"},
        "intercom": {"region": region, "token": "t", "linkback": "tag"},
    }
    slack = {"token": "xoxb-1", "channel": CHANNEL, "approvers": ["U0DANA"]}
    config = Config.model_validate({"sources": desks, "slack": slack})
    store = Store.open(f"sqlite:///{tmp_path / 'store.db'}", workspace="acme")
    try:
        wired = wiring.wired(config, store, cache=tmp_path / "vectors.db")
        ways = wired.linkback.ways
        assert (ways["zendesk"].how, ways["intercom"].how) == ("note", "tag")
        assert Account("acme", "t", None, None).page_of("42").startswith(ways["zendesk"].under)
        assert str(Workspace("wk42", "Acme", region).link("7")).startswith(ways["intercom"].under)
        assert {"zendesk", "intercom"} <= set(wired.ledger._outlets)
        assert CALLBACK in [window.callback_id for window in wired.windows]
        assert any(isinstance(desk, LinkbackDesk) for desk in wired.desks)
    finally:
        store.close()


def test_off_nothing_is_wired(tmp_path: Path) -> None:
    desks = {"zendesk": {"subdomain": "acme", "token": "t"}, "intercom": {"token": "t", "linkback": False}}
    config = Config.model_validate({"sources": desks})
    assert wiring.ways(config) == {} and wiring.linkbacks(config) == {}


# --- in words


def test_each_help_desk_is_counted_for_itself(told: Told) -> None:
    told.approved()
    offer = told.links.of(RUN, told.here.theme())
    assert offer is not None and offer.now.stage is Stage.CREATED
    other = replace(offer.acts[0], kind="intercom.tag", payload={**offer.acts[0].payload, "tag": "groundswell-bill-1"})
    both = [*offer.acts, other]
    assert words.summary(both) == f"{TICKETS} internal notes in Zendesk and 1 tag in Intercom"
    assert words.announced(both, "BILL-1")[1] == "The tag groundswell-bill-1 is put on 1 ticket in Intercom."
    assert words.line([]) == ""
