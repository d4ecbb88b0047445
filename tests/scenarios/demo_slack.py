"""Ten minutes in the channel, to be watched: `make demo-slack`. A digest, three people, their windows, a run.

Everything goes through a running `serve`, as signed HTTP, like Slack sends it.
"""

from __future__ import annotations

import shutil
import sys
import time
from datetime import UTC, datetime
from typing import Any

from tests.scenarios.served import ROOT, Served, wait
from tests.scenarios.shown import read, row, say, themes, view, whole
from tests.servers.town import Town, last_month

OUT = ROOT / "out" / "demo-slack"


class Channel:
    """People who click, fill in windows and type, in the channel of a running `serve`."""

    def __init__(self, town: Town, served: Served) -> None:
        self.town, self.served = town, served

    @property
    def digest(self) -> dict[str, Any]:
        return self.town.slack.posted()[0]

    def click(self, who: str, what: str, theme: str) -> None:
        assert self.served.press(self.town.slack.click(self.digest, what, who, theme)) == 200

    def fill(self, who: str, what: str, theme: str, **values: dict[str, Any]) -> dict[str, Any]:
        """Opens a window from the row, shows it and sends it off."""
        views = len(self.town.slack.views)
        self.click(who, what, theme)
        wait("the window", lambda: len(self.town.slack.views) > views, 5)
        assert self.served.press(self.town.slack.submission(values, who)) == 200
        return self.town.slack.views[-1]

    def type(self, who: str, text: str) -> None:
        assert self.served.press(self.town.slack.command(text, who)) == 200

    def row_says(self, theme: str, words: str) -> str:
        wait(f"the row to say {words!r}", lambda: words in row(self.digest, theme), 30)
        return row(self.digest, theme)

    def told(self, who: str, after: int) -> str:
        """What only one person sees."""
        return str(
            wait("a word", lambda: [w for w in self.town.slack.whispers[after:] if w["user"] == who], 10)[0]["text"]
        )


def main() -> int:
    began = time.monotonic()
    shutil.rmtree(OUT, ignore_errors=True)
    OUT.mkdir(parents=True)
    with Town(log=OUT / "vendors.jsonl") as town:
        month = last_month(datetime.now(UTC))
        town.fill(month)
        served = Served(town.config(OUT), OUT / "cache")
        served.start()
        say(f"serve is up; {month:%B %Y} is due.")
        wait("the digest", lambda: whole(town, 8))
        here = Channel(town, served)
        print(f"\n{read(here.digest)}\n")
        view(town, OUT / "1-posted.html")
        first, third = _decided(here)
        _again(here, first, third)
        view(town, OUT / "2-decided.html")
        _run(here, f"{month:%Y-%m}-01..{month:%Y-%m}-16")
        served.stop()
        return _checked(town, began)


def _decided(here: Channel) -> tuple[str, str]:
    """The theme that was approved, and the one that was merged away."""
    first, second, third, fourth, *_ = themes(here.digest)
    say("Sam, who may not decide, clicks Approve on theme 1.")
    before = len(here.town.slack.whispers)
    here.click("U0SAM", "approve", first)
    print(f"   only Sam sees: {here.told('U0SAM', before)}")
    say("Dana opens Edit on theme 1, gives it a title, and approves it in the same window.")
    approve = {"selected_options": [{"value": "approve"}]}
    here.fill("U0DANA", "edit", first, title={"value": "Let large exports finish"}, approve=approve)
    print(here.row_says(first, "draft "))
    say("Lee merges theme 3 into theme 2, and snoozes theme 4.")
    here.fill("U0LEE", "merge", third, into={"selected_option": {"value": second}})
    print(here.row_says(third, "Merged into"))
    here.fill("U0LEE", "snooze", fourth, until={"selected_option": {"value": "grows"}})
    print(here.row_says(fourth, "Snoozed by"))
    return first, third


def _again(here: Channel, first: str, third: str) -> None:
    say("Slack delivers Dana's click on Approve once more, and Lee clicks it as well: nothing is done twice.")
    again = {**here.digest, "blocks": _with_approve(here.digest, first)}
    before = len(here.town.slack.whispers)
    for _ in range(2):
        assert here.served.press(here.town.slack.click(again, "approve", "U0LEE", first)) == 200
    print(f"   only Lee sees: {here.told('U0LEE', before)}")
    say("Dana thinks better of the merge: Split again.")
    here.click("U0DANA", "undo", third)
    wait("two rows", lambda: "Merged into" not in str(here.digest["blocks"]), 30)
    wait(
        "two replies",
        lambda: not any("is a part of" in m["text"] for m in here.town.slack.thread(here.digest["ts"])),
        30,
    )
    wait("the counts of before", lambda: "39 tickets" not in str(here.town.slack.thread(here.digest["ts"])), 30)


def _with_approve(digest: dict[str, Any], theme: str) -> list[dict[str, Any]]:
    """The row as it was before anybody decided, as an old screen still shows it."""
    old = {"type": "button", "action_id": "approve", "text": {"type": "plain_text", "text": "Approve to Jira"}}
    return [
        {**b, "elements": [old]} if b["type"] == "actions" and f"|{theme}|" in b["block_id"] else b
        for b in digest["blocks"]
    ]


def _run(here: Channel, days: str) -> None:
    say(f"Dana types: /themes run {days}")
    here.type("U0DANA", f"run {days}")
    answers = here.town.slack.answers
    wait("an answer", lambda: answers, 10)
    print(f"   only Dana sees: {answers[-1]['text']}")
    wait("the second digest", lambda: len([m for m in here.town.slack.posted() if _is_digest(m)]) == 2)
    view(here.town, OUT / "3-run.html")
    print("\n".join(f"   {message['text']}" for message in here.town.slack.posted()[1:]))


def _is_digest(message: dict[str, Any]) -> bool:
    return str(message["text"]).startswith(("Support themes", "No support tickets"))


def _checked(town: Town, began: float) -> int:
    made = [str(issue.fields["summary"]) for issue in town.jira.issues]
    print(f"\nIssues at Jira: {len(made)} ({', '.join(made)})")
    print(f"The channel: {OUT}/1-posted.html, 2-decided.html, 3-run.html   ({time.monotonic() - began:.0f} s)")
    return 0 if made == ["Let large exports finish"] else 1


if __name__ == "__main__":
    sys.exit(main())
