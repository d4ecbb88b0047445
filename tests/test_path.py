"""The whole path, as its people see it: `groundswell serve` as a real process, and the town's four vendors around it.

What must wait for minutes is driven by hand on a clock of its own (`Hands`): the same parts, the same vendors. Each
test of one `serve` has a theme to itself, so that they may come in any order.
"""

from __future__ import annotations

import copy
import json
import re
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from bot import wiring
from bot.acts import Effect, EffectState
from bot.config import load
from bot.runs import monthly_key
from bot.serve import Service, Times
from bot.slack.app import event_id
from bot.store import Store
from tests.runs import DEMO
from tests.scenarios.served import Served, wait
from tests.servers.jira import Issue
from tests.servers.slack import CHANNEL, signed, talk
from tests.servers.town import SECRET, Town, last_month
from tests.test_cli import groundswell

GOLD: dict[str, Any] = json.loads((DEMO / "gold.json").read_text(encoding="utf-8"))["2026-10"]
MONTH = last_month(datetime.now(UTC))
RUN = monthly_key(MONTH)
DUE = {"schedule": {"monthly": "day 1 00:00"}}  # by default it is not due on every day of the year
SOON = 30.0  # seconds that anything of one click may take where all cores are busy; on an idle machine it takes one
CREATE = "/rest/api/3/issue$"
AWAY: dict[str, Any] = {"times": 1000, "headers": {"Retry-After": "700"}}  # longer than a source is waited for


# --- what a person sees


def _said(block: Any) -> str:
    """A block's words in order, people as <U0DANA>."""
    if isinstance(block, list):
        return "".join(map(_said, block))
    if not isinstance(block, dict):
        return ""
    if block.get("type") == "user":
        return f"<{block['user_id']}>"
    if isinstance(block.get("text"), str):
        return str(block["text"])
    return "".join(_said(block.get(k)) for k in ("text", "fields", "elements"))


def _row(message: Mapping[str, Any], theme: str) -> str:
    return _said(next(b for b in message["blocks"] if b.get("block_id", "").startswith(f"row.{theme}.")))


def _buttons(message: Mapping[str, Any], theme: str) -> list[str]:
    """The action ids of a row's buttons, in order."""
    found = [b for b in message["blocks"] if b["type"] == "actions" and f"|{theme}|" in b["block_id"]]
    return [element["action_id"] for block in found for element in block["elements"]]


def _themes(message: Mapping[str, Any]) -> list[str]:
    """Ids in the order of the rows."""
    ids = (b.get("block_id", "") for b in message["blocks"])
    return [i.split(".")[1] for i in ids if i.startswith("row.")]


def _whole(town: Town, replies: int = 8) -> dict[str, Any] | None:
    """The digest, once its thread stands (a reply for each theme and one for the rest) and its rows link to it."""
    posted = _digests(town)
    if not posted or len(town.slack.thread(posted[0]["ts"])) < replies:
        return None
    return posted[0] if str(posted[0]["blocks"]).count("|See evidence>") == replies - 1 else None


def _digests(town: Town) -> list[dict[str, Any]]:
    """What stands in the channel, without what is told of runs."""
    return [m for m in town.slack.posted() if "Themes run" not in m["text"]]


def _issues(town: Town, theme: str) -> list[Issue]:
    with town.jira.lock:
        return [i for i in town.jira.issues if f"groundswell-theme-{theme}" in i.labels]


def _marker(issue: Issue) -> str:
    return next(label for label in issue.labels if label.startswith("groundswell-op-"))


def _ticket_links(node: Any) -> set[str]:
    """Every address that a description links to."""
    if isinstance(node, list):
        return {link for one in node for link in _ticket_links(one)}
    if not isinstance(node, dict):
        return set()
    own = {m["attrs"]["href"] for m in node.get("marks", []) if m["type"] == "link"}
    return own.union(*(_ticket_links(v) for v in node.values()))


@contextmanager
def _kept(folder: Path) -> Iterator[Store]:
    """What is in the database, read beside whoever writes it."""
    store = Store.open(f"sqlite:///{folder / 'groundswell.db'}", workspace="Lumenboard")
    try:
        yield store
    finally:
        store.close()


# --- one serve for all that happens on an ordinary day


@dataclass(slots=True)
class Day:
    """A town, the `serve` in it, and the digest as it was posted; theme n is the n-th row."""

    town: Town
    served: Served
    folder: Path
    digest: dict[str, Any]

    def theme(self, number: int) -> str:
        return _themes(self.digest)[number - 1]

    @property
    def now(self) -> dict[str, Any]:
        """The digest as it stands."""
        return self.town.slack.posted()[0]

    def press(self, action: str, theme: str, person: str = "U0DANA") -> dict[str, Any]:
        """A click on what stands there now, taken by serve."""
        click = self.town.slack.click(self.now, action, person, theme)
        assert self.served.press(click) == 200
        return click

    def row(self, theme: str, pattern: str) -> str:
        """The row, once it says that."""

        def says() -> str | None:
            row = _row(self.now, theme)
            return row if re.search(pattern, row) else None

        return str(wait(f"{pattern!r} in the row of {theme}", says, SOON))

    def told(self, person: str, after: int) -> str:
        """The first word that this person alone got after the first `after` whispers of all."""
        whispers = self.town.slack.whispers
        found = wait(f"a word to {person}", lambda: [w for w in whispers[after:] if w["user"] == person], SOON)
        return _said(found[0]["blocks"])

    def barrier(self) -> None:
        """Returns when all clicks before this one are worked on: they are answered in the order they came."""
        before = len(self.town.slack.whispers)
        self.press_as_posted("approve", self.theme(7), "U0SAM")
        self.told("U0SAM", before)

    def press_as_posted(self, action: str, theme: str, person: str) -> dict[str, Any]:
        """A click on the digest as it was first shown, as by somebody whose Slack lags behind."""
        click = self.town.slack.click(self.digest, action, person, theme)
        assert self.served.press(click) == 200
        return click

    def verdicts(self, theme: str) -> list[str]:
        with _kept(self.folder) as store:
            return [d.verdict.value for d in store.decisions.of([theme])[theme]]


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Vectors, once for all scenarios: they read the same tickets."""
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory, cache: Path) -> Iterator[Day]:
    folder = tmp_path_factory.mktemp("path")
    with Town() as town:
        town.fill(MONTH)
        served = Served(town.config(folder, **DUE), cache)
        try:
            served.start()
            yield Day(town, served, folder, copy.deepcopy(wait("the digest and its thread", lambda: _whole(town))))
        finally:
            if served.process is not None and served.process.poll() is None:
                served.kill()


def _asked(url: str, headers: Mapping[str, str] | None = None, body: bytes | None = None) -> tuple[int, Any]:
    request = urllib.request.Request(url, data=body, headers=dict(headers or {}))
    try:
        with urllib.request.urlopen(request, timeout=5) as answer:
            return int(answer.status), json.loads(answer.read() or b"null")
    except urllib.error.HTTPError as refused:
        return int(refused.code), None


def test_the_month_is_posted_once_with_its_thread_and_counts_as_planted(path: Day) -> None:
    assert len(path.town.slack.posted()) == 1
    planted = [(t["ticket_count"], t["customer_count"], t["severity"]) for t in GOLD["themes"]]
    shown = [re.search(r"\n(\d+) tickets, (\d+) customers · (P\d)", _row(path.digest, t)) for t in _themes(path.digest)]
    assert [(int(m[1]), int(m[2]), m[3]) for m in shown if m] == planted
    labels = GOLD["labels"]
    facts = _said(path.digest["blocks"])
    assert f"*Tickets read*\n{len(labels)}" in facts
    assert f"*In a theme*\n{sum(t['ticket_count'] for t in GOLD['themes'])} (" in facts
    assert f"{len(GOLD['removed'])} not looked at" in facts
    assert "Incomplete" not in facts
    thread = path.town.slack.thread(path.digest["ts"])[:8]
    assert [_said(m["blocks"]).partition(".")[0] for m in thread[:7]] == [str(n) for n in range(1, 8)]
    assert _said(thread[7]["blocks"]).startswith("NOT A THEME")


def test_two_people_approve_within_a_moment_and_it_is_one_issue(path: Day) -> None:
    theme, people, before = path.theme(1), ("U0DANA", "U0LEE"), len(path.town.slack.whispers)
    clicks = [path.town.slack.click(path.digest, "approve", person, theme) for person in people]
    threads = [threading.Thread(target=path.served.press, args=(click,)) for click in clicks]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    row = path.row(theme, r"draft BILL-\d+")
    first = "U0DANA" if "<U0DANA>" in row else "U0LEE"
    (second,) = set(people) - {first}
    said = path.told(second, before)
    assert f"<{first}> approved this" in said and "nothing was done a second time" in said
    path.barrier()
    assert [w["user"] for w in path.town.slack.whispers[before:]] == [second, "U0SAM"]
    assert path.verdicts(theme) == ["approve"]
    (issue,) = _issues(path.town, theme)
    made = [r for r in path.town.jira.sent("POST", CREATE) if _marker(issue).encode() in r.body]
    assert len(made) == 1


def test_the_issue_carries_the_themes_evidence_and_real_links(path: Day) -> None:
    theme = path.theme(6)
    path.press("approve", theme)
    path.row(theme, r"draft BILL-\d+")
    (issue,) = _issues(path.town, theme)
    assert {"groundswell", "groundswell-draft", f"groundswell-theme-{theme}"} < set(issue.labels)
    assert issue.properties["groundswell"]["key"].startswith(_marker(issue).removeprefix("groundswell-op-"))
    planted = next(t for t in GOLD["themes"] if t["intent"] == "export_encoding")
    text = _said_of(issue.fields["description"])
    assert f"{planted['ticket_count']} tickets" in text and f"{planted['customer_count']} customers" in text
    zendesk = {m[1] for link in _ticket_links(issue.fields["description"]) if (m := re.search(r"/tickets/(\d+)", link))}
    assert zendesk and zendesk <= set(planted["ticket_ids"])


def _said_of(node: Any) -> str:
    """An ADF document's text."""
    own = str(node.get("text", ""))
    return own + "".join(_said_of(child) for child in node.get("content", []))


def test_who_may_not_decide_is_told_alone_and_nothing_is_done(path: Day) -> None:
    theme, before = path.theme(2), len(path.town.slack.whispers)
    row = _row(path.now, theme)
    path.press("approve", theme, "U0SAM")
    assert "limited to a few people." in path.told("U0SAM", before)
    assert [w["user"] for w in path.town.slack.whispers[before:]] == ["U0SAM"]
    assert (path.verdicts(theme), _issues(path.town, theme)) == ([], [])
    assert (_row(path.now, theme), _buttons(path.now, theme)) == (row, ["approve", "edit", "more"])


def test_what_is_marked_as_no_theme_can_be_restored(path: Day) -> None:
    theme = path.theme(3)
    path.press("reject", theme, "U0LEE")
    path.row(theme, "Marked not a theme by <U0LEE>")
    assert _buttons(path.now, theme) == ["undo"]
    path.press("undo", theme)
    wait("the row to be open again", lambda: _buttons(path.now, theme) == ["approve", "edit", "more"], SOON)
    assert "Marked" not in _row(path.now, theme)
    name = _row(path.digest, theme).partition("\n")[0]
    lines = wait("both lines in the thread", lambda: _lines(path, name, 2), SOON)
    assert ["Marked not a theme by <U0LEE>" in lines[0], "Undone by <U0DANA>" in lines[1]] == [True, True]
    assert path.verdicts(theme) == ["reject", "undo"]
    assert _issues(path.town, theme) == []


def _lines(path: Day, name: str, count: int) -> list[str]:
    """What decisions left in the thread about the theme of that name, once it is so much."""
    thread = path.town.slack.thread(path.digest["ts"])[8:]
    bare = name.partition(". ")[2]  # a line on what was taken back names no rank, which may be another by now
    found = [said for m in thread if (said := _said(m["blocks"])).startswith((name, bare))]
    return found if len(found) >= count else []


def test_undo_relabels_the_issue_and_a_new_approval_makes_a_new_one(path: Day) -> None:
    theme = path.theme(4)
    path.press("approve", theme)
    path.row(theme, r"draft BILL-\d+")
    (first,) = _issues(path.town, theme)
    path.press("undo", theme, "U0LEE")
    wait("the row to be open again", lambda: _buttons(path.now, theme) == ["approve", "edit", "more"], SOON)
    wait("the issue to be relabelled", lambda: "groundswell-withdrawn" in first.labels, SOON)
    assert "groundswell-draft" not in first.labels
    path.press("approve", theme, "U0LEE")
    row = path.row(theme, r"draft BILL-\d+")
    second = next(i for i in _issues(path.town, theme) if i is not first)
    assert second.key in row and first.key not in row
    assert len(_issues(path.town, theme)) == 2
    assert _marker(first) != _marker(second)
    assert "groundswell-draft" in second.labels and "groundswell-withdrawn" not in second.labels
    assert path.verdicts(theme) == ["approve", "undo", "approve"]


def test_a_required_field_is_said_in_words_and_once_it_is_mended_a_retry_makes_one_issue(path: Day) -> None:
    theme, field = path.theme(5), path.town.jira.screen["components"]
    field["required"] = True
    try:
        path.press("approve", theme)
        row = path.row(theme, "Jira said no")
    finally:
        field["required"] = False
    assert "requires Components" in row and "Nothing was created." in row
    assert _buttons(path.now, theme) == ["edit", "retry", "undo", "copy"]
    assert _issues(path.town, theme) == []
    path.press("retry", theme, "U0LEE")
    row = path.row(theme, r"draft BILL-\d+")
    assert "Approved by <U0DANA>" in row  # who approved it; who mended it is no second approval
    assert [i.key in row for i in _issues(path.town, theme)] == [True]
    assert path.verdicts(theme) == ["approve"]


@pytest.mark.parametrize(
    ("secret", "age"), [("another-secret", 0.0), (SECRET, 360.0), (SECRET, -360.0)], ids=["forged", "old", "too new"]
)
def test_a_click_that_slack_did_not_just_sign_is_401_and_nothing(path: Day, secret: str, age: float) -> None:
    theme = path.theme(7)
    headers, body = signed(secret, path.town.slack.click(path.digest, "reject", "U0DANA", theme), time.time() - age)
    assert _asked(f"{path.served.url}/slack/events", headers, body)[0] == 401
    path.barrier()
    assert path.verdicts(theme) == []


def test_a_click_that_is_delivered_again_has_no_second_effect(path: Day) -> None:
    theme = path.theme(2)
    click = path.press("reject", theme)
    path.row(theme, "Marked not a theme")
    undo = path.press("undo", theme)
    wait("the row to be open again", lambda: _buttons(path.now, theme) == ["approve", "edit", "more"], SOON)
    before = len(path.town.slack.whispers)
    assert [path.served.press(one) for one in (click, undo, click)] == [200, 200, 200]
    path.barrier()
    assert path.verdicts(theme) == ["reject", "undo"]
    assert [w["user"] for w in path.town.slack.whispers[before:]] == ["U0SAM"]


def test_the_door_tells_whether_it_lives_and_works_and_nothing_else(path: Day) -> None:
    assert _asked(f"{path.served.url}/healthz") == (200, {"alive": True})
    assert _asked(f"{path.served.url}/readyz") == (200, {"database": True, "scheduler": True})
    assert _asked(f"{path.served.url}/")[0] == 404
    assert _asked(f"{path.served.url}/healthz", body=b"{}")[0] == 404
    assert _asked(f"{path.served.url}/slack/events")[0] == 404


def test_a_run_that_is_typed_in_slack_is_answered_at_once_and_goes_to_who_asked_alone(path: Day) -> None:
    slack, before = path.town.slack, len(path.town.slack.answers)
    began = time.monotonic()
    assert path.served.press(slack.command("run last-month \u2014source zendesk \u2014private", "U0LEE")) == 200
    assert time.monotonic() - began < 3.0  # Slack's limit; what it takes is measured in bench/
    told = wait("an answer", lambda: slack.answers[before:], SOON)
    assert f"{MONTH:%B %Y}" in told[0]["text"] and told[0]["response_type"] == "ephemeral"

    def talk_of_both() -> list[dict[str, Any]]:
        messages = slack.posted(talk("U0LEE")) if talk("U0LEE") in slack.rooms else []
        return messages if any("Open the digest" in _said(m["blocks"]) for m in messages) else []

    follows, digest = sorted(
        wait("progress and digest", talk_of_both, 60.0), key=lambda m: "Themes run" not in m["text"]
    )
    assert "Only you see it" in _said(follows["blocks"]) and len(slack.posted()) == 1
    assert not [b for b in digest["blocks"] if b["type"] == "actions"]
    wait("its thread", lambda: slack.thread(digest["ts"], talk("U0LEE")), SOON)
    assert path.served.press(slack.command("")) == 200
    wait("the window", lambda: [v for v in slack.views if v.get("callback_id") == "run"], SOON)
    with _kept(path.folder) as store:
        newest = store.runs.recent(1, but="sync")[0]
        assert (newest.kind, newest.asked["by"], newest.asked["sources"]) == ("manual", "slack:U0LEE", ["zendesk"])


def test_sigterm_ends_it_in_seconds_and_a_restart_posts_nothing_twice(path: Day) -> None:
    messages, issues = copy.deepcopy(path.town.slack.rooms[CHANNEL].messages), len(path.town.jira.issues)
    began = time.monotonic()
    assert path.served.stop() == 0
    assert time.monotonic() - began < 10
    assert "Traceback" not in "".join(path.served.said)
    path.served.start()
    wait("the scheduler's first tick", lambda: _asked(f"{path.served.url}/readyz")[0] == 200, SOON)
    path.barrier()  # a whole round
    path.barrier()
    shown = [m["ts"] for m in path.town.slack.rooms[CHANNEL].messages]
    assert shown == [m["ts"] for m in messages]
    assert len(path.town.jira.issues) == issues
    with _kept(path.folder) as store:
        assert [r.key for r in store.runs.recent(9) if r.kind == "monthly"] == [RUN]


# --- what takes minutes, or needs no process: the same parts on a clock of the test's


class Hands:
    """`serve` without its threads: every round is made by the test, and its minutes pass at once (`leap`)."""

    def __init__(self, town: Town, folder: Path, cache: Path) -> None:
        self.town, self._folder, self._cache = town, folder, cache
        config = load(town.config(folder, **DUE), {})
        self._ahead = timedelta()
        self.store = wiring.store(config, lambda: datetime.now(UTC) + self._ahead)
        wired = wiring.wired(config, self.store, cache=cache / "groundswell" / "vectors.db")
        times = Times(config.schedule.monthly, config.workspace.timezone, config.schedule.sync_minutes)
        self.service = Service(wired.parts, wired.ledger, times, "hands", wired.boards, wired.desks)

    def leap(self, **ahead: float) -> None:
        self._ahead += timedelta(**ahead)

    def run(self) -> None:
        """A tick of the scheduler, the runs that wait, and what comes of them."""
        self.service.tick()
        while self.service.carry_on_one():
            pass
        self.rounds()

    def rounds(self) -> None:
        for _ in range(20):
            if not self.service.answer_clicks() + self.service.send_due() + self.service.redraw():
                return
        raise AssertionError("there is no end to what is due")

    def press(self, action: str, theme: str, person: str = "U0DANA") -> None:
        click = self.town.slack.click(self.digest, action, person, theme)
        assert self.store.inbox.receive(event_id(click), "click", click)
        self.rounds()

    def command(self, *args: str) -> str:
        """What a command says beside it, on the same database; it ends well."""
        done = groundswell(*args, cwd=self._folder, XDG_CACHE_HOME=str(self._cache))
        assert done.returncode == 0, done.stderr
        return done.stdout

    @property
    def digest(self) -> dict[str, Any]:
        return self.town.slack.posted()[0]


@contextmanager
def _hands(folder: Path, cache: Path) -> Iterator[Hands]:
    with Town() as town:
        town.fill(MONTH)
        made = Hands(town, folder, cache)
        try:
            yield made
        finally:
            made.store.close()


@pytest.fixture
def hands(tmp_path: Path, cache: Path) -> Iterator[Hands]:
    with _hands(tmp_path, cache) as made:
        yield made


def test_with_both_help_desks_away_the_channel_is_told_once_and_the_month_is_tried_again(hands: Hands) -> None:
    for desk in (hands.town.zendesk, hands.town.intercom):
        desk.fail("refuse", **AWAY)
    hands.run()
    run = hands.store.runs.get(RUN)
    assert run is not None and run.state == "FAILED"
    assert str(run.error).startswith("No source could be read, so there is no digest. Zendesk answered")
    assert "Intercom" in str(run.error) and str(run.error).endswith(".")
    (told,) = hands.town.slack.posted()
    assert "Zendesk answered 503" in _said(told["blocks"]) and "Nothing was posted" in _said(told["blocks"])
    assert [e.act.kind for e in hands.store.effects.of_run(RUN)] == ["slack.progress"]
    hands.leap(minutes=14)
    asked = len(hands.town.zendesk.requests)
    hands.run()
    assert len(hands.town.zendesk.requests) == asked
    for desk in (hands.town.zendesk, hands.town.intercom):
        desk.faults.clear()
    hands.leap(minutes=2)
    hands.run()
    whole = _whole(hands.town)
    assert whole is not None
    assert "Incomplete" not in _said(whole["blocks"])
    assert "Open the digest" in _said(hands.town.slack.posted()[0]["blocks"]) and len(hands.town.slack.posted()) == 2


def test_an_issue_that_nobody_can_see_is_never_sent_twice_and_a_person_ends_it(hands: Hands) -> None:
    hands.run()
    jira, theme = hands.town.jira, _themes(hands.digest)[0]
    jira.fail("lose", CREATE, method="POST", times=1000)
    hands.press("approve", theme)
    (issue,) = _issues(hands.town, theme)
    jira.hide(issue.key)
    assert "may or may not exist. Looking for it" in _row(hands.digest, theme)
    assert _buttons(hands.digest, theme) == []
    for _ in range(8):
        hands.leap(minutes=1)
        hands.rounds()
    assert len(jira.sent("POST", CREATE)) == 1
    row, marker = _row(hands.digest, theme), _marker(issue).removeprefix("groundswell-op-")
    assert "Please check Jira" in row and f"groundswell-op-{marker}" in row
    assert _buttons(hands.digest, theme) == ["retry"]
    told = hands.command("effects", "--unsure")
    assert re.match(rf"{marker}  UNSURE +jira\.issue +BILL ", told) and len(told.splitlines()) == 1
    assert hands.command("effects", "--resolve", marker, "--adopt", issue.key) == f"{marker} is {issue.key}.\n"
    jira.faults.clear()
    hands.rounds()
    assert f"draft {issue.key}" in _row(hands.digest, theme)
    assert hands.store.effects.in_state(EffectState.UNSURE) == []
    hands.leap(hours=1)
    hands.rounds()
    assert len(jira.sent("POST", CREATE)) == len(jira.issues) == 1


def test_ten_minutes_after_the_approval_the_issue_is_its_trackers(hands: Hands) -> None:
    hands.run()
    theme = _themes(hands.digest)[0]
    hands.press("approve", theme)
    (issue,) = _issues(hands.town, theme)
    labels = issue.labels
    hands.leap(minutes=10, seconds=5)
    hands.press("undo", theme)
    (word,) = hands.town.slack.whispers
    assert f"Approvals can be undone for 10 minutes. Change {issue.key} itself." in _said(word["blocks"])
    assert issue.labels == labels
    assert _buttons(hands.digest, theme)[0] == "open"


# --- a bad day: Zendesk away, and the channel archived


@dataclass(slots=True)
class BadDay:
    """What was there at each step, and what the command said."""

    refused: list[Effect]
    shown_before: int
    said: list[str]
    posted: list[dict[str, Any]]
    thread: list[dict[str, Any]]


@pytest.fixture(scope="module")
def bad_day(tmp_path_factory: pytest.TempPathFactory, cache: Path) -> Iterator[BadDay]:
    """The digest finds the channel archived; a person unarchives it, and posts twice."""
    with _hands(tmp_path_factory.mktemp("bad-day"), cache) as hands:
        hands.town.zendesk.fail("refuse", **AWAY)
        room = hands.town.slack.rooms[CHANNEL]
        room.archived = True
        hands.run()
        hands.leap(hours=1)
        hands.rounds()
        refused, before = hands.store.effects.in_state(EffectState.FAILED), len(room.messages)
        room.archived = False
        said = [hands.command("post", "--yes") for _ in range(2)]
        posted = hands.town.slack.posted()
        yield BadDay(refused, before, said, posted, hands.town.slack.thread(posted[0]["ts"]))


def test_a_post_into_an_archived_channel_fails_with_its_mend(bad_day: BadDay) -> None:
    (refused,) = bad_day.refused  # and what would hang on it waits
    assert refused.act.kind == "slack.digest"
    assert "the channel is archived: unarchive it or set slack.channel to another" in str(refused.error)
    assert bad_day.shown_before == 0


def test_once_the_channel_is_mended_post_sends_the_digest_once(bad_day: BadDay) -> None:
    assert [re.sub(r"\s+http\S+", " URL", said).strip() for said in bad_day.said] == ["Posted URL", "Posted URL"]
    assert len(bad_day.posted) == 1
    themes = _themes(bad_day.posted[0])
    assert themes
    assert len(bad_day.thread) == len(themes) + 1


def test_a_help_desk_that_is_away_is_said_before_any_number(bad_day: BadDay) -> None:
    title, first, *_ = (_said(b) for b in bad_day.posted[0]["blocks"])
    assert title.endswith(", incomplete")
    assert first.startswith("⚠️ Incomplete: Zendesk is missing; counts are of Intercom only.")
    assert bad_day.posted[0]["text"].startswith("Zendesk is missing")
    intercom = len(json.loads((DEMO / "intercom-2026-10.json").read_text(encoding="utf-8"))["conversations"])
    assert f"*Tickets read*\n{intercom}" in _said(bad_day.posted[0]["blocks"])


def test_whoever_opens_home_sees_what_waits_and_decides_there(path: Day) -> None:
    """Sam looks; Dana clicks in her own Home, and the row in the channel is drawn anew."""
    slack, theme = path.town.slack, path.theme(7)
    for person in ("U0SAM", "U0DANA"):
        assert path.served.press(slack.opens_home(person)) == 200
    wait("two Homes", lambda: {"U0SAM", "U0DANA"} <= slack.homes.keys(), SOON)
    assert not any(b["type"] == "actions" for b in slack.homes["U0SAM"]["blocks"])
    assert path.served.press(slack.click_at_home("approve", "U0DANA", theme)) == 200
    path.row(theme, r"draft BILL-\d+")
    wait(
        "her Home",
        lambda: theme not in str([b for b in slack.homes["U0DANA"]["blocks"] if b["type"] == "actions"]),
        SOON,
    )
    assert len(_issues(path.town, theme)) == 1
