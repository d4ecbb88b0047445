"""Corrections: what they make of a digest bears the same checks as any, binds, and leaves no trace once taken back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from functools import cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.acts import Decision, Stage, Verdict
from bot.corrections import correcting, fold
from bot.corrections.corrected import corrected
from bot.corrections.correcting import Asked
from bot.corrections.entered import NotPossible
from bot.digest import Reading
from bot.domain import Digest, shown_ids
from bot.report.document import document
from bot.synthesis.rules import Rules
from bot.verify import problems
from tests.runs import demo

MONTH = "2026-10"
_WAYS = (Verdict.MERGE, Verdict.SPLIT, Verdict.MOVE, Verdict.RENAME, Verdict.EDIT, Verdict.REJECT, Verdict.SNOOZE)


@cache
def found() -> tuple[Digest, Reading]:
    made = demo(MONTH)
    return made.digest, made.reading


class People:
    """A log of corrections on the demo's month. `before`: they were made before it, so that it must honour them."""

    def __init__(self, *, before: bool = False) -> None:
        self.digest, self.reading = found()
        self.clock = self.digest.making.made_at + timedelta(days=-9 if before else 1)
        self.logs: dict[str, list[Decision]] = {}

    def says(self, theme_id: str, verdict: Verdict, **given: object) -> Decision:
        """Raises NotPossible as `decide` would refuse it."""
        shown = self.shown()
        theme = next(t for t in (*shown.themes, *shown.snoozed_themes) if t.id == theme_id)
        stands = {t.id: fold.standing(t.id, self.logs.get(t.id, []), {}) for t in shown.themes}
        asked = Asked(verdict, theme, shown, self.reading, stands, self.clock, given)
        return self.writes(theme_id, verdict, **correcting.payload(asked))

    def writes(self, theme_id: str, verdict: Verdict, **payload: object) -> Decision:
        self.clock += timedelta(minutes=1)
        log = self.logs.setdefault(theme_id, [])
        log.append(Decision(theme_id, len(log) + 1, verdict, "cli:dana", self.clock, "r", payload=payload))
        return log[-1]

    def shown(self) -> Digest:
        return corrected(self.digest, self.reading, fold.corrections(self.logs.values()), Rules())

    def wrong(self) -> list[str]:
        """What a count of the corrected digest from its tickets would find."""
        shown = self.shown()
        told = document(shown)["data"]
        tickets, customers = self.reading.everything, self.reading.customers
        return problems(told, tickets, customers, shown.window, Rules())

    def places(self) -> dict[str, str]:
        """Ticket -> the theme it is in."""
        shown = self.shown()
        themes = (*shown.themes, *shown.further_themes, *shown.snoozed_themes)
        return {i: t.id for t in themes for i in t.members}

    def own(self, shown_id: str) -> str:
        return next(i for i, s in shown_ids(self.reading.everything).items() if s == shown_id)


def anyones(people: People, draw: st.DataObject) -> Decision | None:
    """A correction that somebody may make of what is shown now; None where it is refused."""
    shown = people.shown()
    if not shown.themes:
        return None
    theme = draw.draw(st.sampled_from(shown.themes))
    verdict = draw.draw(st.sampled_from(_WAYS))
    other = draw.draw(st.sampled_from([None, *(t.id for t in shown.themes), theme.id]))
    some = draw.draw(st.lists(st.sampled_from(theme.members), min_size=1, max_size=6, unique=True))
    loose = [x.ticket_id for x in shown.not_a_theme if x.reason == "one-off"][:4]
    given: dict[Verdict, dict[str, object]] = {
        Verdict.MERGE: {"into": other},
        Verdict.SPLIT: {"tickets": some},
        Verdict.MOVE: {"tickets": loose[:2] if other == theme.id else some, "into": other},
        Verdict.RENAME: {"to": draw.draw(st.sampled_from(["Late exports", "VAT <b>", "Ünïcode ☂"]))},
        Verdict.EDIT: {"title": "What we do", "severity": draw.draw(st.sampled_from(["P0", "P4"]))},
        Verdict.REJECT: {"reason": "known"},
        Verdict.SNOOZE: {},
    }
    try:
        return people.says(theme.id, verdict, **given[verdict])
    except NotPossible:
        return None


@settings(deadline=None, max_examples=10)
@given(st.booleans(), st.data())
def test_whatever_is_corrected_bears_counting_again_and_undone_leaves_no_trace(
    before: bool, draw: st.DataObject
) -> None:
    people = People(before=before)
    states = [people.shown()]
    for _ in range(draw.draw(st.integers(1, 6))):
        made = anyones(people, draw)
        if made is not None:
            states.append(people.shown())
            assert people.wrong() == []
            assert len(people.places()) == states[-1].totals.in_themes
    while len(states) > 1:
        states.pop()
        last = fold.corrections(people.logs.values())[-1]
        people.writes(last.theme_id, Verdict.UNDO, undoes=last.number)
        assert people.shown() == states[-1]
    assert people.shown() == people.digest
    assert all(fold.standing(t, log, {}).stage is Stage.OPEN for t, log in people.logs.items())


@settings(deadline=None, max_examples=10)
@given(st.data())
def test_a_theme_keeps_its_number_whatever_is_corrected_afterwards(draw: st.DataObject) -> None:
    people = People()
    known = {t.id: t.rank for t in people.shown().themes}
    for _ in range(draw.draw(st.integers(1, 4))):
        anyones(people, draw)
        shown = people.shown()
        now = {t.id: t.number for t in shown.themes}
        assert all(now[i] == number for i, number in known.items() if i in now)
        assert len(set(now.values())) == len(now) and [t.rank for t in shown.themes] == list(range(1, len(now) + 1))
        known |= now


def test_a_digest_that_honours_earlier_corrections_is_numbered_without_gaps() -> None:
    people = People(before=True)
    people.says(people.shown().themes[1].id, Verdict.REJECT, reason="known")
    assert [t.number for t in people.shown().themes] == list(range(1, len(people.shown().themes) + 1))


def test_merged_themes_count_a_customer_once_and_a_split_gives_back_each_ticket() -> None:
    people = People()
    first, second = people.digest.themes[:2]
    merge = people.says(second.id, Verdict.MERGE, into=first.id)
    both = next(t for t in people.shown().themes if t.id == first.id)
    assert set(both.members) == {*first.members, *second.members}
    ids = {i: t for t in people.reading.everything for i in [shown_ids(people.reading.everything)[t.id]]}
    customers = {people.reading.customers[ids[i].id].id for i in both.members}
    assert (both.counts.tickets, both.counts.customers) == (len(both.members), len(customers))
    assert both.counts.customers < first.counts.customers + second.counts.customers  # some wrote about both
    assert both.words.name == first.words.name and [t.rank for t in people.shown().themes] == [1, 2, 3, 4, 5, 6]
    people.writes(second.id, Verdict.UNDO, undoes=merge.number)
    assert people.shown() == people.digest


@pytest.mark.parametrize("many", [4, 5])
def test_what_is_split_off_is_a_theme_only_if_it_passes_the_rule(many: int) -> None:
    people = People()
    theme = people.digest.themes[0]
    part = people.says(theme.id, Verdict.SPLIT, tickets=theme.members[:many]).payload["part"]
    shown = people.shown()
    is_theme = any(t.id == part for t in (*shown.themes, *shown.further_themes))
    left = {x.ticket_id: x.reason for x in shown.not_a_theme}
    assert is_theme == (many == 5) and people.wrong() == []
    assert {left.get(i) for i in theme.members[:many]} == ({None} if is_theme else {"anecdote"})


def test_moved_tickets_stay_where_they_were_put_whatever_the_next_run_finds() -> None:
    """Must-link and cannot-link: the decisions are replayed on a digest made after them."""
    people = People(before=True)
    first, second = people.digest.themes[:2]
    out, loose = first.members[:3], [x.ticket_id for x in people.digest.not_a_theme if x.reason == "one-off"][:2]
    people.says(first.id, Verdict.MOVE, tickets=out, into=second.id)
    people.says(second.id, Verdict.MOVE, tickets=loose, into=second.id)
    places = people.places()
    assert {places[i] for i in (*out, *loose)} == {second.id}
    assert [h.code for h in people.shown().honoured] == ["move", "move"] and people.wrong() == []


def test_what_was_marked_as_no_theme_is_left_out_of_later_digests_and_said_to_be() -> None:
    people = People(before=True)
    theme = people.digest.themes[2]
    people.says(theme.id, Verdict.REJECT, reason="internal")
    shown = people.shown()
    assert theme.id not in {t.id for t in shown.themes} and people.wrong() == []
    muted = [x for x in shown.not_a_theme if x.reason == "muted"]
    assert {x.ticket_id for x in muted} == set(theme.members) and theme.words.name in muted[0].detail
    (said,) = shown.honoured
    assert "is left out as not a theme (of our own making, or from our own people), marked by dana on " in said.message


def test_in_the_digest_it_was_said_of_a_theme_that_is_none_keeps_its_row() -> None:
    people = People()
    people.says(people.digest.themes[0].id, Verdict.REJECT)
    assert people.shown() == people.digest


@pytest.mark.parametrize(("grown", "awake"), [(1.49, False), (1.51, True)])
def test_a_snoozed_theme_wakes_when_it_has_grown_by_what_was_agreed(grown: float, awake: bool) -> None:
    people = People(before=True)
    theme = people.digest.themes[0]
    days = people.digest.window.days
    assert days is not None
    rate = theme.counts.tickets / days / grown
    people.writes(theme.id, Verdict.SNOOZE, name="x", until=None, growth=0.5, rate=rate)
    shown = people.shown()
    assert (theme.id in {t.id for t in shown.themes}) is awake
    assert (theme.id in {t.id for t in shown.snoozed_themes}) is not awake
    assert people.wrong() == [] and shown.totals.in_themes == people.digest.totals.in_themes


@pytest.mark.parametrize(("until", "awake"), [(-1, True), (1, False)])
def test_a_snooze_ends_on_its_date(until: int, awake: bool) -> None:
    people = People(before=True)
    theme, end = people.digest.themes[0], people.digest.making.made_at + timedelta(days=until)
    people.writes(theme.id, Verdict.SNOOZE, name="x", until=end.isoformat(), growth=None, rate=None)
    assert (theme.id in {t.id for t in people.shown().themes}) is awake


def test_a_merge_for_once_binds_the_digest_it_was_made_on_alone() -> None:
    people = People(before=True)
    first, second = people.digest.themes[:2]
    people.says(second.id, Verdict.MERGE, into=first.id, once=True)
    assert people.shown() == people.digest  # it was made on another run, "r"
    here = replace(people.digest, making=replace(people.digest.making, run_id="r"))
    assert len(corrected(here, people.reading, fold.corrections(people.logs.values()), Rules()).themes) == 6


def test_merged_into_a_theme_that_did_not_come_this_month_it_goes_by_that_ones_name() -> None:
    people = People(before=True)
    theme = people.digest.themes[0]
    people.writes(theme.id, Verdict.MERGE, name="x", into="t-elsewhere", into_name="Exports")
    shown = people.shown()
    assert [t.words.name for t in shown.themes if t.id == "t-elsewhere"] == ["Exports"] and people.wrong() == []


def test_themes_that_swallowed_each_other_lose_no_ticket() -> None:
    people = People(before=True)
    first, second = people.digest.themes[:2]
    people.writes(first.id, Verdict.MERGE, name="x", into=second.id, into_name="y")
    people.writes(second.id, Verdict.MERGE, name="y", into=first.id, into_name="x")
    assert people.wrong() == [] and people.shown().totals.in_themes == people.digest.totals.in_themes


def test_an_edit_changes_words_and_severity_and_no_count() -> None:
    people = People()
    theme = people.digest.themes[0]
    people.says(theme.id, Verdict.EDIT, title="Do it well", severity="P4", acceptance=["One", "Two"])
    people.says(theme.id, Verdict.RENAME, to="Exports, all of them")
    shown = people.shown()
    changed = next(t for t in shown.themes if t.id == theme.id)
    item, before = shown.item_of(changed), people.digest.item_of(theme)
    assert (changed.counts, changed.members) == (theme.counts, theme.members)
    assert (changed.words.name, changed.words.title, changed.words.acceptance) == (
        "Exports, all of them",
        "Do it well",
        ("One", "Two"),
    )
    assert (item.severity.value, item.revision, item.deflection) == ("P4", 3, before.deflection)
    assert item.severity_reason.startswith("set by dana on ") and people.wrong() == []


WRONG: Sequence[tuple[Verdict, dict[str, object], str]] = [
    (Verdict.MERGE, {"into": "t-none"}, "no such theme"),
    (Verdict.MERGE, {"into": "SELF"}, "into itself"),
    (Verdict.SPLIT, {"tickets": []}, "Name the tickets"),
    (Verdict.SPLIT, {"tickets": ["nobody-1"]}, "not read by this digest"),
    (Verdict.SPLIT, {"tickets": "ALL"}, "all of its tickets"),
    (Verdict.SPLIT, {"tickets": "OTHERS"}, "not in"),
    (Verdict.MOVE, {"tickets": "OTHERS", "into": "SELF"}, "not under NOT A THEME"),
    (Verdict.RENAME, {"to": " "}, "empty"),
    (Verdict.RENAME, {"to": "x" * 121}, "at most 120"),
    (Verdict.RENAME, {"to": "OWN"}, "already"),
    (Verdict.EDIT, {}, "Nothing of the draft was changed"),
    (Verdict.EDIT, {"severity": "P9"}, "no severity"),
    (Verdict.EDIT, {"notes_url": "javascript:alert(1)"}, "http(s) address"),
    (Verdict.EDIT, {"acceptance": ["a"] * 21}, "At most 20"),
    (Verdict.REJECT, {"reason": "because"}, "none of the reasons"),
    (Verdict.SNOOZE, {"growth": float("nan")}, "share between 0 and 10"),
    (Verdict.SNOOZE, {"growth": -1.0}, "share between 0 and 10"),
]


@pytest.mark.parametrize(("verdict", "given", "why"), WRONG)
def test_what_can_not_be_is_said_in_a_sentence(verdict: Verdict, given: dict[str, object], why: str) -> None:
    people = People()
    theme, other = people.digest.themes[:2]
    stand_in = {"SELF": theme.id, "ALL": theme.members, "OTHERS": other.members[:2], "OWN": theme.words.name}
    told = {k: stand_in.get(v, v) if isinstance(v, str) else v for k, v in given.items()}
    with pytest.raises(NotPossible, match=why.replace("(", r"\(").replace(")", r"\)")) as said:
        people.says(theme.id, verdict, **told)
    assert str(said.value).endswith(".") and people.logs == {}
