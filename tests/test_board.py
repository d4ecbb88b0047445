"""The channel's messages: posted once, drawn from the store, with a line for each decision and no more."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

from bot.acts import EffectState, Verdict
from bot.decisions import CLOSED_AFTER
from tests.digests import HOSTILE, with_text
from tests.spine import RUN, Scene, buttons, scene

CREATE = r"/rest/api/3/issue$"
S = EffectState


def row(here: Scene, rank: int = 1) -> str:
    """What the digest says of a theme, as text."""
    theme = here.theme(rank)
    return str(next(b for b in here.post["blocks"] if f"row.{theme}" in b.get("block_id", "")))


def evidence(here: Scene, rank: int = 1) -> dict[str, Any]:
    return here.slack.thread(here.post["ts"])[rank - 1]


# --- posting


def test_a_run_is_one_message_with_its_evidence_in_the_thread(here: Scene) -> None:
    made = here.store.runs.digest(RUN)
    assert made is not None
    assert len(here.lines()) == len(made.themes) + 1
    here.store.effects.replan(here.board.announce(made, RUN), run_key=RUN)  # said twice
    here.settle()
    assert len(here.slack.posted()) == 1 and len(here.lines()) == len(made.themes) + 1


def test_hostile_words_stand_there_as_words(tmp_path: Path) -> None:
    with scene(tmp_path) as here:
        here.conclude(digest=with_text(HOSTILE))
        here.settle()
        assert here.kinds(S.FAILED) == [] and "<!channel>" not in here.post["text"]


def test_a_run_that_was_concluded_unposted_and_is_posted_later_is_drawn_anew_all_the_same(tmp_path: Path) -> None:
    with scene(tmp_path) as here:
        made = here.conclude(post=False)
        here.store.effects.replan(here.board.announce(made, RUN), run_key=RUN)
        here.settle()
        here.decide(Verdict.APPROVE)
        here.settle()
        assert here.jira.issues[0].key in row(here)


# --- drawing anew


def test_a_row_says_what_became_of_its_theme_at_each_step(here: Scene) -> None:
    assert buttons(here.post, here.theme()) == ["Approve to Jira", "Edit…"]
    here.decide(Verdict.APPROVE, actor="slack:U0DANA")
    here.board.redraw()
    assert "Creating" in row(here) and buttons(here.post, here.theme()) == []
    here.settle()
    key = here.jira.issues[0].key
    assert key in row(here) and "U0DANA" in row(here)
    assert buttons(here.post, here.theme()) == [f"Open {key}", "Undo"]
    assert buttons(evidence(here)) == [f"Open {key}", "Undo"]
    assert buttons(here.post, here.theme(2)) == ["Approve to Jira", "Edit…"]  # the others stay as they are


def test_when_the_ten_minutes_are_over_the_row_is_drawn_anew_by_itself_and_once(here: Scene) -> None:
    here.decide(Verdict.APPROVE, actor="slack:U0DANA")
    here.settle()
    key = here.jira.issues[0].key
    here.clock.passes(9 * 60)
    assert list(here.ledger.verify()) == [] and here.board.redraw() == 0
    here.clock.passes(90)
    assert list(here.ledger.verify()) == [] and here.board.redraw() == 2  # the digest, and the reply about the theme
    assert buttons(here.post, here.theme()) == buttons(evidence(here)) == [f"Open {key}"]
    assert "Change it in Jira" in row(here)
    here.clock.passes(600)
    assert list(here.ledger.verify()) == [] and here.board.redraw() == 0


def test_what_the_tracker_said_stands_in_the_row(here: Scene) -> None:
    here.jira.screen["components"]["required"] = True
    here.decide(Verdict.APPROVE)
    here.settle()
    assert "Components" in row(here) and "Nothing was created" in row(here)
    assert buttons(here.post, here.theme()) == ["Fix and retry…", "Try again", "Undo", "Copy as Markdown…"]


def test_while_nobody_knows_there_is_nothing_to_click(here: Scene) -> None:
    here.decide(Verdict.APPROVE)
    here.jira.fail("lose", CREATE, method="POST")
    here.settle()
    assert "may or may not exist" in row(here) and buttons(here.post, here.theme()) == []


def test_only_what_changed_is_drawn(here: Scene) -> None:
    before = len(here.slack.sent("POST", "chat.update"))
    here.decide(Verdict.REJECT)
    here.settle()
    assert len(here.slack.sent("POST", "chat.update")) - before == 2  # the digest and the theme's evidence
    here.settle()
    assert len(here.slack.sent("POST", "chat.update")) - before == 2


def test_what_is_in_no_theme_stays_what_it_is_whatever_is_decided(here: Scene) -> None:
    before = here.slack.thread(here.post["ts"])[-1]
    assert "Not a theme" in before["text"]
    blocks = str(before["blocks"])
    here.decide(Verdict.APPROVE)
    here.settle()
    after = next(m for m in here.slack.thread(here.post["ts"]) if m["ts"] == before["ts"])
    assert str(after["blocks"]) == blocks


def test_the_same_theme_in_an_older_digest_is_drawn_there_too(here: Scene) -> None:
    here.conclude("monthly:2026-11")
    here.settle()
    here.decide(Verdict.APPROVE, run="monthly:2026-11")
    here.settle()
    for message in here.slack.posted():
        assert here.jira.issues[0].key in str(message["blocks"])


def test_who_draws_over_a_newer_drawing_has_it_drawn_again(here: Scene) -> None:
    """Two processes: the slower one read less and draws last."""
    here.decide(Verdict.REJECT)
    slow = next(d for d in here.store.drawings.due() if d.theme_id is None)
    here.decide(Verdict.UNDO)
    here.board.redraw()
    here.store.drawings.drawn(slow.effect_key, slow.wanted)
    assert [d.effect_key for d in here.store.drawings.due()] == [slow.effect_key]
    here.settle()
    assert here.store.drawings.due() == []


def test_another_process_draws_the_same(here: Scene) -> None:
    here.decide(Verdict.APPROVE)
    here.ledger.attend_due()
    here.again().settle()
    drawn = here.post["blocks"]
    here.store.drawings.touch(here.theme())
    here.settle()
    assert here.post["blocks"] == drawn


# --- Slack is away, or says no


def test_while_slack_is_away_it_is_left_in_peace_and_drawn_when_it_is_back(here: Scene) -> None:
    for rank in (1, 2, 3, 4):
        here.decide(Verdict.REJECT, here.theme(rank))
    here.slack.fail("refuse", "chat.update", status=503, times=1000)
    before = len(here.slack.sent("POST", "chat.update"))
    for _ in range(5):
        assert here.board.redraw() == 0
    assert len(here.slack.sent("POST", "chat.update")) - before == 1
    here.slack.faults.clear()
    here.clock.passes(6)
    here.settle()
    assert all("Marked not a theme" in row(here, rank) for rank in (1, 2, 3, 4))


def test_a_message_that_somebody_deleted_is_drawn_no_more_and_noted(here: Scene) -> None:
    here.slack.rooms["C0PRODUCT1"].messages.remove(evidence(here))
    here.decide(Verdict.REJECT)
    here.settle()
    assert here.store.drawings.due() == [] and "Marked not a theme" in row(here)
    assert "not redrawn" in [e.action for e in here.store.audit.recent()]


def test_a_post_that_was_not_made_yet_is_not_drawn_anew(tmp_path: Path) -> None:
    with scene(tmp_path) as here:
        here.conclude()
        here.slack.fail("refuse", "chat.postMessage", status=503, times=1)
        here.ledger.attend_due()
        here.decide(Verdict.REJECT)
        assert here.board.redraw() == 0
        here.clock.passes(600)
        here.settle()
        assert "Marked not a theme" in row(here)


# --- a line for each decision


def test_each_decision_leaves_one_line_in_the_thread_and_none_in_the_channel(here: Scene) -> None:
    quiet = len(here.lines())
    here.decide(Verdict.APPROVE, actor="slack:U0DANA")
    here.settle()
    here.decide(Verdict.UNDO, actor="slack:U0LEE")
    here.settle()
    here.store.drawings.touch(here.theme())
    here.settle()
    said = here.lines()[quiet:]
    assert len(said) == 2
    assert here.jira.issues[0].key in said[0] and "U0DANA" in said[0]
    assert "ndone" in said[1] and "U0LEE" in said[1]
    assert len(here.slack.posted()) == 1


def test_the_line_goes_to_the_digest_that_was_decided_on(here: Scene) -> None:
    here.conclude("monthly:2026-11")
    here.settle()
    first, second = here.slack.posted()
    before = len(here.slack.thread(first["ts"])), len(here.slack.thread(second["ts"]))
    here.decide(Verdict.REJECT, run="monthly:2026-11")
    here.settle()
    after = len(here.slack.thread(first["ts"])), len(here.slack.thread(second["ts"]))
    assert after == (before[0], before[1] + 1)


# --- what is offered


def test_where_no_tracker_is_configured_no_button_speaks_of_one(tmp_path: Path) -> None:
    with scene(tmp_path, tracker=False) as here:
        here.conclude()
        here.settle()
        assert buttons(here.post, here.theme()) == ["Approve", "Edit…"]
        assert buttons(evidence(here)) == ["Approve", "Edit…", "Merge…", "Snooze…", "Not a theme…", "Copy as Markdown…"]
        here.decide(Verdict.APPROVE)
        here.settle()
        assert "No issue tracker is configured" in row(here) and buttons(here.post, here.theme()) == [
            "Copy as Markdown…",
            "Undo",
        ]


def test_where_nobody_may_decide_there_is_no_button_in_the_digest_nor_in_its_thread(tmp_path: Path) -> None:
    with scene(tmp_path, deciders=False) as here:
        here.conclude()
        here.settle()
        assert [buttons(m) for m in (here.post, *here.slack.thread(here.post["ts"]))] == [[]] * (len(here.lines()) + 1)


def test_a_digest_that_is_too_old_loses_its_buttons_when_it_is_next_drawn(here: Scene) -> None:
    assert buttons(here.post) and buttons(evidence(here))
    here.clock.at += CLOSED_AFTER + timedelta(seconds=1)
    here.store.drawings.touch(here.theme())
    here.settle()
    assert buttons(here.post) == [] and buttons(evidence(here)) == []


def test_a_theme_whose_words_were_withdrawn_is_shown_without_them(here: Scene) -> None:
    """What `forget` takes out of the store goes out of the channel as well."""
    made = here.store.runs.digest(RUN)
    assert made is not None
    quote = made.themes[0].quotes[0]
    assert quote.text in str(evidence(here)["blocks"])
    with here.store._database.writing() as connection:
        from sqlalchemy import update

        from bot.store import schema
        from bot.store.withdrawal import without

        kept, _ = without(made, {quote.ticket_id})
        connection.execute(update(schema.digest).where(schema.digest.c.run_key == RUN).values(digest=kept))
    here.store.drawings.touch(here.theme())
    here.settle()
    assert quote.text not in str(evidence(here)["blocks"]) and "withdrawn on request" in str(evidence(here)["blocks"])


def test_the_digests_links_lead_to_its_evidence_once_it_is_drawn_again(here: Scene) -> None:
    here.decide(Verdict.REJECT, here.theme(7))
    here.settle()
    assert str(here.post["blocks"]).count("See evidence") == len(here.store.runs.digest(RUN).themes)  # type: ignore[union-attr]
