"""The windows in which people decide: what they show, what they refuse, and what becomes of what is sent off."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from bot.acts import Field, Stage, Verdict
from bot.decisions import standings
from bot.slack.app import event_id
from bot.slack.choices import VERDICTS, errors
from bot.slack.deciding import DecisionWindow
from bot.slack.windows import View
from tests.digests import HOSTILE, with_text
from tests.servers.slack import CHANNEL, ELSEWHERE
from tests.spine import RUN, Scene, buttons, scene

NOW = datetime(2026, 11, 2, 12, tzinfo=UTC)


def window(here: Scene, action: str, *, may: bool = True, needed: tuple[Field, ...] = ()) -> DecisionWindow:
    return DecisionWindow(action, here.store, lambda _: may, CHANNEL, "Europe/Berlin", lambda: needed)


def opened(here: Scene, action: str, rank: int = 1, **more: Any) -> View | None:
    return window(here, action, **more).view(here.slack.click(here.post, action, "U0DANA", here.theme(rank)))


def inputs(view: View) -> dict[str, dict[str, Any]]:
    return {b["block_id"]: b["element"] for b in view["blocks"] if b["type"] == "input"}


def choose(value: str) -> dict[str, Any]:
    return {"selected_option": {"value": value}}


# --- what they show


@pytest.mark.parametrize("action", list(VERDICTS))
def test_each_opens_from_its_row_and_from_the_thread_within_slacks_limits(here: Scene, action: str) -> None:
    from_row = opened(here, action)
    reply = here.slack.thread(here.post["ts"])[0]
    from_thread = window(here, action).view(here.slack.click(reply, action, "U0DANA", here.theme()))
    assert from_row is not None and from_row == from_thread
    assert max(len(from_row[k]["text"]) for k in ("title", "submit", "close")) <= 24
    assert len(from_row["private_metadata"]) <= 3000 and len(from_row["blocks"]) <= 100
    for block in from_row["blocks"]:
        assert len(block.get("block_id", "")) <= 255 and len(str(block.get("label", {}).get("text", ""))) <= 2000
        for option in block.get("element", {}).get("options", ()):
            assert len(option["text"]["text"]) <= 75 and len(option["value"]) <= 150


def test_no_ticket_text_breaks_a_window(tmp_path: Path) -> None:
    with scene(tmp_path) as here:
        here.conclude(digest=with_text(HOSTILE * 20, words=HOSTILE))
        here.settle()
        for action in VERDICTS:
            view = opened(here, action)
            assert view is not None
            kinds = {b["text"]["type"] for b in view["blocks"] if "text" in b}
            assert kinds <= {"plain_text"}, "what is theirs is never parsed"


def test_the_edit_window_has_what_the_draft_says_and_what_the_tracker_asks_for(here: Scene) -> None:
    asked = (Field("Component", "components", options=("Billing", "Export")), Field("Team", "customfield_1"))
    view = opened(here, "edit", needed=asked)
    assert view is not None
    made = here.store.runs.digest(RUN)
    assert made is not None
    shown = inputs(view)
    assert shown["title"]["initial_value"] == made.themes[0].words.title
    assert shown["severity"]["initial_option"]["value"] == made.item_of(made.themes[0]).severity
    assert [o["value"] for o in shown["field.components"]["options"]] == ["Billing", "Export"]
    assert shown["field.customfield_1"]["type"] == "plain_text_input"


def test_a_theme_is_merged_only_into_one_that_is_still_there(here: Scene) -> None:
    here.decide(Verdict.REJECT, here.theme(2))
    here.decide(Verdict.SNOOZE, here.theme(3))
    view = opened(here, "merge")
    assert view is not None
    assert [o["value"] for o in inputs(view)["into"]["options"]] == [here.theme(n) for n in (4, 5, 6, 7)]


def test_who_may_not_decide_sees_no_window_and_is_told_as_with_any_click(here: Scene) -> None:
    assert opened(here, "edit", may=False) is None
    payload = here.slack.click(here.post, "edit", "U0SAM", here.theme())
    here.store.inbox.receive(event_id(payload), "click", payload)
    here.answer()
    assert "limited" in here.whispers("U0SAM")[0] and here.stage() == "open"


def test_of_what_was_decided_meanwhile_or_changed_no_window_opens_and_the_person_is_told(here: Scene) -> None:
    before = dict(here.post)
    here.decide(Verdict.APPROVE, actor="slack:U0LEE")
    payload = here.slack.click(before, "merge", "U0DANA", here.theme())
    assert window(here, "merge").view(payload) is None
    here.store.inbox.receive(event_id(payload), "click", payload)
    here.answer()
    assert "<@U0LEE> approved this" in here.whispers("U0DANA")[0]


def test_no_window_opens_from_another_channel_or_for_another_action(here: Scene) -> None:
    payload = here.slack.click(here.post, "snooze", "U0DANA", here.theme())
    assert window(here, "merge").view(payload) is None
    payload["channel"]["id"] = ELSEWHERE
    assert window(here, "snooze").view(payload) is None


# --- what they refuse


def on(day: str) -> dict[str, Any]:
    return {"until": choose("date"), "date": {"selected_date": day}}


MANY = "At most 20 acceptance criteria, so that the draft stays one item."
PASSED = "That date has passed. Choose one that is still to come."
NO_LINK = "The link to the notes must be one http(s) address."


@pytest.mark.parametrize(
    ("action", "values", "wrong"),
    [
        ("edit", {"title": {"value": " "}}, {"title": "The title is empty."}),
        ("edit", {"notes_url": {"value": "see wiki"}}, {"notes_url": NO_LINK}),
        ("edit", {"acceptance": {"value": "a\n" * 21}}, {"acceptance": MANY}),
        ("snooze", {"until": choose("date")}, {"date": "Choose the date on which it comes back."}),
        ("snooze", on("2026-11-02"), {"date": PASSED}),
        ("snooze", on("2026-11-03"), {}),
        ("merge", {}, {}),
    ],
)
def test_what_can_not_be_taken_is_said_beside_its_field(
    here: Scene, action: str, values: dict[str, Any], wrong: dict[str, str]
) -> None:
    view = opened(here, action)
    assert view is not None
    here.slack.views.append(dict(view))
    assert errors(here.slack.submission(values)["view"], NOW, "Europe/Berlin") == wrong


# --- what becomes of them


def test_a_merge_draws_both_rows_anew_and_splitting_again_gives_them_back(here: Scene) -> None:
    first, second = here.theme(1), here.theme(2)
    before = [b for b in here.post["blocks"] if b["type"] != "actions"]
    here.fill("merge", {"into": choose(first)}, theme=second)
    here.answer()
    here.settle()
    assert here.stage(second) == "merged"
    text = str(here.post["blocks"])
    assert "Merged into " in text and "78 tickets" in text  # 42 and 36
    assert buttons(here.post, second) == ["Split again"]
    reply = here.slack.thread(here.post["ts"])[1]
    assert "is a part of" in reply["text"] and buttons(reply) == ["Split again"]
    here.press("undo", "U0LEE", second)
    here.answer()
    here.settle()
    assert here.stage(second) == "open"
    assert [b for b in here.post["blocks"] if b["type"] != "actions"] != before  # its revision and decisions are new
    assert "Merged into " not in str(here.post["blocks"]) and "42 tickets, 31 customers" in str(here.post["blocks"])
    lines = here.lines()[8:]
    assert [("merged" in lines[0], "undone" in lines[1])] == [(True, True)]


def test_a_merge_that_nobody_ticked_to_remember_binds_this_digest_alone(here: Scene) -> None:
    here.fill("merge", {"into": choose(here.theme(1)), "keep": {"selected_options": []}}, theme=here.theme(2))
    here.answer()
    (decision,) = here.store.decisions.of([here.theme(2)])[here.theme(2)]
    assert decision.payload["once"] is True and decision.actor == "slack:U0DANA"


def test_why_it_is_no_theme_is_kept_and_stands_in_the_row(here: Scene) -> None:
    here.fill("not_a_theme", {"reason": choose("internal"), "note": {"value": "load test <!channel>"}})
    here.answer()
    here.settle()
    now = standings(here.store, [here.theme()])[here.theme()]
    assert (now.stage, now.reason, now.note) == (Stage.REJECTED, "internal", "load test <!channel>")
    assert "of our own making, or from our own people, load test <!channel>" in str(here.post["blocks"])
    assert buttons(here.post, here.theme()) == ["Restore"]


@pytest.mark.parametrize(("choice", "growth", "days"), [("grows", 0.5, 90), ("month", None, 30), ("quarter", None, 90)])
def test_a_snooze_says_when_it_ends(here: Scene, choice: str, growth: float | None, days: int) -> None:
    here.fill("snooze", {"until": choose(choice)})
    here.answer()
    here.settle()
    now = standings(here.store, [here.theme()])[here.theme()]
    assert now.stage is Stage.SNOOZED and now.growth == growth and now.until is not None
    assert abs(now.until - here.clock.at - timedelta(days=days)) < timedelta(minutes=1)
    assert "💤 Snoozed by " in str(here.post["blocks"]) and buttons(here.post, here.theme()) == ["Bring back"]


def test_a_date_is_midnight_where_the_workspace_is(here: Scene) -> None:
    day = (here.clock.at + timedelta(days=9)).date()
    here.fill("snooze", {"until": choose("date"), "date": {"selected_date": day.isoformat()}})
    here.answer()
    until = standings(here.store, [here.theme()])[here.theme()].until
    assert until is not None and (until.date(), until.hour) == (day, 0)


def test_an_edit_is_what_the_issue_says_and_can_be_approved_in_one_go(here: Scene) -> None:
    approve = {"selected_options": [{"value": "approve"}]}
    values = {"title": {"value": "Export it all"}, "acceptance": {"value": "One\n\nTwo"}, "severity": choose("P0"),
              "notes_url": {"value": "https://notes.example/1"}, "approve": approve}  # fmt: skip
    here.fill("edit", values)
    (event,) = here.store.inbox.waiting()
    here.answer()
    here.settle()
    (issue,) = here.jira.issues
    assert issue.fields["summary"] == "Export it all" and "https://notes.example/1" in str(issue.fields)
    with here.store._database.writing() as connection:  # answered once more, after a crash that lost the word of it
        connection.exec_driver_sql("DELETE FROM inbox")
    here.store.inbox.receive(event.event_id, "view", event.payload)
    here.answer()
    here.settle()
    assert [d.verdict for d in here.store.decisions.of([here.theme()])[here.theme()]] == ["edit", "approve"]
    assert len(here.jira.issues) == 1


def test_who_saves_over_a_newer_draft_is_told_and_gets_their_words_back(here: Scene) -> None:
    before = dict(here.post)
    view = window(here, "edit").view(here.slack.click(before, "edit", "U0DANA", here.theme()))
    assert view is not None
    here.decide(Verdict.EDIT, actor="slack:U0LEE", payload={"title": "Lee's title"})
    here.slack.views.append(dict(view))
    body = here.slack.submission({"title": {"value": "Dana's title"}}, "U0DANA")
    here.store.inbox.receive(event_id(body), "view", body)
    here.answer()
    (told,) = here.whispers("U0DANA")
    assert "changed since" in told and "Dana's title" in told
    assert len(here.store.decisions.of([here.theme()])[here.theme()]) == 1


def test_a_window_sent_off_by_who_may_not_decide_does_nothing(here: Scene) -> None:
    here.fill("not_a_theme", {"reason": choose("known")}, person="U0SAM")
    here.answer()
    assert here.stage() == "open" and "limited" in here.whispers("U0SAM")[0]
    assert here.store.audit.recent()[0].action == "denied"
