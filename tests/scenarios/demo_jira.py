"""One draft from approval to approval, to be watched: `make demo-jira`. The real commands, and a Jira on loopback.

Approve -> an issue; undo -> it is closed and labelled, not deleted; approve again -> a second issue, and a third never.
A month later the theme is there again: its evidence is attached to the issue, in one comment however often it is asked.
"""

from __future__ import annotations

import json
import shutil
import sys
import time
from typing import Any, cast

from typer.testing import CliRunner

from bot.cli import app
from connectors.jira import preview
from tests.scenarios.served import ROOT
from tests.servers.jira import EMAIL, TOKEN, Issue, JiraServer

OUT = ROOT / "out" / "demo-jira"
DEMO = ROOT / "bot" / "demo"


def main() -> int:
    began = time.monotonic()
    shutil.rmtree(OUT, ignore_errors=True)
    OUT.mkdir(parents=True)
    with JiraServer(log=OUT / "jira.jsonl") as server:
        jira = cast("JiraServer", server)
        jira.screen["components"]["required"] = True  # as projects do
        _configured(jira.url, "2026-09")
        groundswell("run", "-q")
        first = approved(jira)
        undone(first)
        second = approved_again(jira)
        told = next_month(jira, second)
        (OUT / "issue.html").write_text(preview.page(_shown(second)), encoding="utf-8")
        print(f"\n{second.key} as a page: {OUT / 'issue.html'}   ({time.monotonic() - began:.0f} s)")
        return 0 if told and _as_promised(jira, first, second) else 1


def approved(jira: JiraServer) -> Issue:
    _say("Dana approves theme 1. The project requires a component, and nobody gave one.")
    groundswell("approve", "1", "--yes", fails=True)
    _say("She gives it. One issue is made, with its links and its table, and moved to triage.")
    groundswell("approve", "1", "--yes", "--field", "Component=Payments")
    (issue,) = jira.issues
    print("\n" + "\n".join(f"   {line}" for line in preview.lines(_shown(issue))) + "\n")
    return issue


def undone(issue: Issue) -> None:
    _say("She thinks better of it, and takes it back.")
    groundswell("undo", "1", "--yes")
    print(f"   {issue.key} is {issue.status}: {', '.join(issue.labels)}\n")


def approved_again(jira: JiraServer) -> Issue:
    _say("And approves it once more: a new issue, as the old one was withdrawn.")
    groundswell("approve", "1", "--yes", "--field", "Component=Payments")
    _say("A second click on what is approved makes nothing.")
    groundswell("approve", "1", "--yes", fails=True)
    return jira.issues[-1]


def next_month(jira: JiraServer, issue: Issue) -> bool:
    """The theme is there again: this month's evidence goes to the issue that exists, and no other issue is made."""
    _say(
        "A month later the theme is there again. Its evidence is attached to the issue; asked twice, it is there once."
    )
    before = len(jira.issues)
    _configured(jira.url, "2026-10")
    groundswell("run", "-q")
    groundswell("attach", "Scheduled report", "--yes")
    groundswell("attach", "Scheduled report", "--yes", fails=True)
    wrote = f"{len(issue.comments)} comment{'' if len(issue.comments) == 1 else 's'}"
    print(f"   {issue.key} has {wrote}; issues at Jira: {len(jira.issues)}\n")
    return len(issue.comments) == 1 and len(jira.issues) == before


def _as_promised(jira: JiraServer, first: Issue, second: Issue) -> bool:
    asked = len(jira.sent("POST", "/rest/api/3/issue$"))
    print(f"Issues at Jira: {len(jira.issues)}   requests that made one: {asked}")
    return (
        [first, second] == jira.issues
        and asked == len(jira.issues)
        and (first.status, second.status) == ("Won't Do", "To triage")
        and "groundswell-withdrawn" in first.labels
        and all(len(issue.attachments) == 1 and issue.links for issue in jira.issues)
    )


def groundswell(*words: str, fails: bool = False) -> None:
    """Runs the command, and shows what it says; in this process, as starting six would take most of the time."""
    print(f"   $ groundswell {' '.join(words)}", flush=True)
    done = CliRunner(env={"USER": "dana", "LOGNAME": "dana"}).invoke(
        app, [*words, "--config", str(OUT / "config.json")]
    )
    if (done.exit_code != 0) is not fails:
        raise SystemExit(f"groundswell {' '.join(words)} ended with {done.exit_code}: {done.output}")
    said = [line for line in done.stderr.splitlines() if line.startswith("groundswell:")]
    if words[0] != "run":
        print("".join(f"     {line}\n" for line in (said if fails else done.stdout.splitlines()[:4])))


def _configured(site: str, month: str) -> None:
    told: dict[str, Any] = {
        "workspace": {"name": "Lumenboard"},
        "sources": {"file": {"paths": [str(p) for p in sorted(DEMO.glob(f"*-{month}.*"))]}},
        "customers": {"internal_domains": ["lumenboard.example"]},
        "jira": {"site": site, "email": EMAIL, "token": TOKEN, "project": "BILL"},
        "storage": {"database": f"sqlite:///{OUT / 'groundswell.db'}"},
        "output": {"dir": str(OUT / "report"), "cache": str(OUT / "vectors.db")},
        "network": {"allow_private": True},
    }
    (OUT / "config.json").write_text(json.dumps(told), encoding="utf-8")


def _shown(issue: Issue) -> preview.Shown:
    """What Jira holds, whatever was planned."""
    named = {"Type": issue.fields["issuetype"].get("name"), "Status": issue.status, "Priority": _named(issue)}
    return preview.Shown(
        place=f"{issue.key.partition('-')[0]} / {issue.key}",
        fields=issue.fields,
        about=[(name, str(value)) for name, value in named.items()],
        links=[(link["object"]["title"], link["object"]["url"]) for link in issue.links.values()],
        files=[f"{a['filename']} ({a['text'].count(chr(10)) - 1} tickets)" for a in issue.attachments],
    )


def _named(issue: Issue) -> str:
    names = {"1": "Highest", "2": "High", "3": "Medium", "4": "Low", "5": "Lowest"}
    return names[issue.fields["priority"]["id"]]


def _say(line: str) -> None:
    print(f"{time.strftime('%H:%M:%S')}  {line}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
