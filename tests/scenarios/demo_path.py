"""The whole path once, to be watched: `make demo-path`. Four vendors on loopback, one serve, one kill -9, one issue."""

from __future__ import annotations

import json
import shutil
import sys
import time
import urllib.request
from datetime import UTC, datetime
from typing import Any

from tests.scenarios.served import ROOT, Served, wait
from tests.servers.slack import CHANNEL
from tests.servers.town import Town, last_month

OUT = ROOT / "out" / "demo-path"


def main() -> int:
    began = time.monotonic()
    shutil.rmtree(OUT, ignore_errors=True)
    OUT.mkdir(parents=True)
    with Town(log=OUT / "vendors.jsonl") as town:
        month = last_month(datetime.now(UTC))
        tickets = town.fill(month)
        _say(f"Zendesk and Intercom hold {tickets} tickets of {month:%B %Y}; Slack and Jira are empty.")
        served = Served(town.config(OUT), OUT / "cache")
        served.start()
        _say("serve is up. The month is due, so it reads the help desks, finds the themes and posts the digest.")
        digest = wait("the digest", lambda: _whole(town))
        print(f"\n{_read(digest)}\n")
        theme = _first_theme(digest)
        _say("Jira will make the next issue and then lose its answer. Dana and Lee both click Approve on theme 1.")
        town.jira.fail("lose", "/rest/api/3/issue$", method="POST")
        for person in ("U0DANA", "U0LEE"):
            served.press(town.slack.click(digest, "approve", person, theme))
        wait("Jira to make the issue", lambda: town.jira.issues)
        served.kill()
        _say(f"kill -9: the issue exists at Jira, and nobody here knows it. Jira holds {len(town.jira.issues)}.")
        served.start()
        _say("serve is up again. It waits until the lost request can't be under way any more, then looks for it.")
        wait("the row to show the issue", lambda: _row_says(town, town.jira.issues[0].key), patience=90)
        served.stop()
        _view(town)
        return _told(town, began)


def _whole(town: Town) -> dict[str, Any] | None:
    """The digest with its thread."""
    posted = town.slack.posted()
    return posted[0] if posted and len(town.slack.thread(posted[0]["ts"])) >= 3 else None


def _first_theme(digest: dict[str, Any]) -> str:
    row = next(b for b in digest["blocks"] if b["type"] == "actions")
    return str(json.loads(row["elements"][0]["value"])["theme"])


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


def _read(message: dict[str, Any]) -> str:
    """A message's words, block by block, as a person reads them."""
    lines = []
    for block in message["blocks"]:
        if block["type"] == "actions":
            lines.append("   [" + "] [".join(e["text"]["text"] for e in block["elements"]) + "]")
        elif block["type"] == "divider":
            lines.append("-" * 60)
        elif said := "".join(_words(block)).strip():
            lines += [f"   {line}" for line in said.splitlines()]
    return "\n".join(lines)


def _words(node: Any) -> list[str]:
    if isinstance(node, list):
        return [word for part in node for word in _words(part)]
    if not isinstance(node, dict):
        return []
    if isinstance(node.get("text"), str):
        return [node["text"].strip("*") + ("\n" if node.get("type") == "mrkdwn" else "")]
    if node.get("type") == "user":
        return [f"@{node['user_id']}"]
    inner = [node.get(k) for k in ("text", "elements", "fields")]
    joined = [word for part in inner for word in _words(part)]
    return [*joined, "\n"] if node.get("type") in ("rich_text_section", "mrkdwn", "plain_text") else joined


def _view(town: Town) -> None:
    with urllib.request.urlopen(f"{town.slack.url}/_view?channel={CHANNEL}", timeout=10) as page:
        (OUT / "slack.html").write_bytes(page.read())


def _say(line: str) -> None:
    print(f"{time.strftime('%H:%M:%S')}  {line}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
