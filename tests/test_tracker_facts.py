"""What the tracker has of themes, told without `serve`: on request at the terminal, in the report, in Home."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from click.testing import Result
from typer.testing import CliRunner

from bot import report, tracking
from bot.acts import Fate, Issue, Verdict
from bot.cli import app
from bot.decisions import stands
from bot.report import standings as words
from bot.tracker.existing import NOTHING
from tests.databases import WORKSPACE
from tests.servers.jira import EMAIL, TOKEN
from tests.spine import RUN, Scene, scene
from tests.test_home import Hall, HelpDesk, at_home


@pytest.fixture
def here(tmp_path: Path) -> Iterator[Scene]:
    with scene(tmp_path) as there:
        there.conclude(post=False)
        yield there


@pytest.fixture
def says(here: Scene, tmp_path: Path) -> Callable[..., Result]:
    """Runs a command on the scene's database and its Jira; no `serve` runs anywhere."""
    told = {
        "workspace": {"name": WORKSPACE},
        "jira": {"site": here.jira.url, "email": EMAIL, "token": TOKEN, "project": here.jira.project},
        "storage": {"database": f"sqlite:///{tmp_path / 'store.db'}"},
        "output": {"cache": str(tmp_path / "vectors.db")},
        "network": {"allow_private": True},
    }
    (tmp_path / "config.yaml").write_text(json.dumps(told))
    return lambda *args: CliRunner().invoke(app, [*args, "--config", str(tmp_path / "config.yaml")])


def approved(here: Scene) -> str:
    here.decide(Verdict.APPROVE)
    here.settle()
    made = here.issue().receipt
    assert made is not None
    return made.ref


def test_list_and_show_look_in_jira_when_they_are_asked_to(here: Scene, says: Callable[..., Result]) -> None:
    issue = approved(here)
    here.jira.close(issue, "Done", "Fixed")
    before = len(here.jira.requests)
    assert "status" not in says("list").stdout and len(here.jira.requests) == before, "unasked, nobody looks"
    looked = says("list", "--look")
    assert looked.exit_code == 0 and "status Done, Fixed" in looked.stdout, looked.stderr
    assert "Its issue: status Done, Fixed" in says("show", "1").stdout, "what was read is kept"
    here.jira.touch(issue, status="In Progress")
    assert "status In Progress" in says("show", "1", "--look").stdout


def test_a_jira_that_is_away_is_said_and_what_was_known_is_shown(here: Scene, says: Callable[..., Result]) -> None:
    issue = approved(here)
    here.jira.close(issue, "Done", "Fixed")
    says("list", "--look")
    here.jira.fail("refuse", "", status=503, times=1_000)
    listed = says("list", "--look")
    assert listed.exit_code == 0 and "could not be looked into" in listed.stderr
    assert "status Done, Fixed" in listed.stdout


def test_attaching_twice_says_that_it_is_attached(here: Scene, says: Callable[..., Result]) -> None:
    here.jira.existing("Exports stop for big tenants")
    assert says("attach", "1", "BILL-1", "--yes").exit_code == 0
    again = says("attach", "1", "--yes")
    assert again.exit_code == 2
    assert "already attached to BILL-1 (this digest's evidence is in it)" in again.stderr
    assert len(here.jira._known("BILL-1").comments) == 1


def test_attaching_what_is_approved_or_left_out_says_where_it_is(here: Scene, says: Callable[..., Result]) -> None:
    issue = approved(here)
    assert f"already in {issue} (this digest's evidence is in it)" in says("attach", "1", "--yes").stderr
    here.decide(Verdict.REJECT, here.theme(2), payload={"reason": "known"})
    assert "marked as not a theme" in says("attach", "2", "--yes").stderr


def page(here: Scene, own: Issue | None = None) -> str:
    digest = here.store.runs.digest(RUN)
    assert digest is not None
    if own is not None:
        here.store.tracked.seen([own], here.store.tracked.followed(here.clock.at.replace(year=2020)))
    now = stands(here.store, digest)
    found = tracking.existing(here.store, RUN, digest, now)
    return report.render(digest, {t.id: words.tracked(t, now[t.id], found.get(t.id, NOTHING)) for t in digest.themes})


def test_the_report_says_what_became_of_a_theme_and_links_to_its_issue(here: Scene) -> None:
    digest = here.store.runs.digest(RUN)
    assert digest is not None and page(here) == report.render(digest), "undecided, nothing is said"
    key = approved(here)
    url = f"{here.jira.url}/browse/{key}"
    said = page(here, Issue(key, url, "x", fate=Fate.DONE, status="Done <b>", resolution="Fixed"))
    assert f"It is in {key} (status Done &lt;b&gt;, Fixed)." in said
    assert f'<a href="{url}">Open {key}</a>' in said
    here.decide(Verdict.REJECT, here.theme(2), payload={"reason": "known"})
    assert "not a theme, says cli:dana: already known" in page(here)


def test_home_says_how_the_issues_of_past_themes_stand(here: Scene, says: Callable[..., Result]) -> None:
    hall: Hall = at_home(here, zendesk=HelpDesk())
    key = approved(here)
    assert "status" not in hall.open().partition("What happened to past themes")[2]
    here.jira.close(key, "Done", "Fixed")
    says("list", "--look")
    assert "· status Done, Fixed" in hall.open().partition("What happened to past themes")[2]
