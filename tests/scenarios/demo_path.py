"""The whole path once, to be watched: `make demo-path`. Four vendors on loopback, one serve, one kill -9, one issue."""

from __future__ import annotations

import shutil
import sys
import time
from datetime import UTC, datetime
from typing import Any

from tests.scenarios.served import ROOT, Served, wait
from tests.scenarios.shown import first_theme, read, say, view, whole
from tests.servers.town import Town, last_month

OUT = ROOT / "out" / "demo-path"


def main() -> int:
    began = time.monotonic()
    shutil.rmtree(OUT, ignore_errors=True)
    OUT.mkdir(parents=True)
    with Town(log=OUT / "vendors.jsonl") as town:
        month = last_month(datetime.now(UTC))
        tickets = town.fill(month)
        say(f"Zendesk and Intercom hold {tickets} tickets of {month:%B %Y}; Slack and Jira are empty.")
        served = Served(town.config(OUT), OUT / "cache")
        served.start()
        say("serve is up. The month is due, so it reads the help desks, finds the themes and posts the digest.")
        digest = wait("the digest", lambda: whole(town))
        print(f"\n{read(digest)}\n")
        theme = first_theme(digest)
        say("Jira will make the next issue and then lose its answer. Dana and Lee both click Approve on theme 1.")
        town.jira.fail("lose", "/rest/api/3/issue$", method="POST")
        for person in ("U0DANA", "U0LEE"):
            served.press(town.slack.click(digest, "approve", person, theme))
        wait("Jira to make the issue", lambda: town.jira.issues)
        served.kill()
        say(f"kill -9: the issue exists at Jira, and nobody here knows it. Jira holds {len(town.jira.issues)}.")
        served.start()
        say("serve is up again. It waits until the lost request can't be under way any more, then looks for it.")
        wait("the row to show the issue", lambda: _row_says(town, town.jira.issues[0].key), patience=90)
        served.stop()
        view(town, OUT / "slack.html")
        return _told(town, began)


def _row_says(town: Town, key: str) -> bool:
    return key in str(town.slack.posted()[0]["blocks"])


def _told(town: Town, began: float) -> int:
    issues = town.jira.issues
    asked = len(town.jira.sent("POST", "/rest/api/3/issue$"))
    print(f"\nIssues at Jira: {len(issues)}   requests that made one: {asked}   digests: {len(town.slack.posted())}")
    for issue in issues:
        print(f"\n{issue.key}  {issue.fields['summary']}\nlabels  {', '.join(issue.labels)}")
        for link in _links(issue.fields["description"]):
            print(f"        {link}")
    print(f"\nThe channel as it is now: {OUT / 'slack.html'}   ({time.monotonic() - began:.0f} s)")
    return 0 if len(issues) == 1 and asked == 1 and len(town.slack.posted()) == 1 else 1


def _links(node: Any) -> list[str]:
    """The ticket links of a description, each once."""
    found: dict[str, None] = {}

    def walk(part: Any) -> None:
        if isinstance(part, dict):
            for mark in part.get("marks", []):
                if mark.get("type") == "link":
                    found[mark["attrs"]["href"]] = None
            for below in part.get("content", []):
                walk(below)

    walk(node)
    return list(found)


if __name__ == "__main__":
    sys.exit(main())
