"""What every Outlet keeps that makes something outside, and every Sink, whoever wrote it.

    class TestJira(SinkContract):
        @pytest.fixture
        def place(self) -> Iterator[Place]:
            with JiraServer(...) as server:
                yield JiraPlace(server)

The outlet under test gets a short timeout, below two seconds, so that a hanging server is waited for only so long.
"""

from __future__ import annotations

import json
import logging
from abc import ABC, abstractmethod
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import pytest

from bot.acts import Absent, Act, Draft, Found, Undecided
from bot.domain import Digest
from bot.ports import Outlet, Refused, Sink, Unavailable, Unknown
from tests.digests import sample_digest
from tests.servers.base import Request, StandIn

NIGHTINGALE = "The word nightingale is in this ticket alone, and in no message of ours."


def draft_of(digest: Digest | None = None, number: int = 0, **more: Any) -> Draft:
    """An approved draft of the theme `number` of a digest, frozen as the approver saw it."""
    digest = digest or sample_digest(one_offs=3)
    theme = digest.themes[number]
    draft = Draft(
        workspace="acme",
        generation=1,
        run_key="acme:monthly:2026-10",
        theme=theme,
        item=digest.item_of(theme),
        window=digest.window,
        tickets_read=digest.totals.tickets_read,
        approved_by="slack:U0DANA",
        approved_at=datetime(2026, 11, 2, 9, 14, tzinfo=UTC),
        drafter=theme.words.made_by,
    )
    return replace(draft, **more)


def told_draft() -> Draft:
    """A draft whose texts can be recognised wherever they turn up."""
    draft = draft_of()
    words = replace(draft.theme.words, title=NIGHTINGALE, problem=NIGHTINGALE, user_story=NIGHTINGALE)
    return replace(draft, theme=replace(draft.theme, words=words))


class Place(ABC):
    """A stand-in for the other side, and the outlet under test pointed at it."""

    server: StandIn
    token: str  # the secret that the outlet was given
    writing: str  # a regular expression for the path of the request that makes the thing
    reading: str  # the same for those by which `find` looks
    method = "POST"  # of the request that makes the thing

    @abstractmethod
    def outlet(self, *, token: str | None = None, url: str | None = None) -> Outlet:
        """A new one each time, as another process would make it. Its proofs need no time to pass."""

    @abstractmethod
    def act(self) -> Act:
        """An act that is not repeatable; every call gives the same one, holding NIGHTINGALE."""

    @abstractmethod
    def made(self) -> list[str]:
        """The refs of all that the act made, in truth."""

    @abstractmethod
    def others(self, count: int) -> None:
        """Other people make things of the same sort, after all that was made before."""

    @abstractmethod
    def blind(self) -> None:
        """One of those things can't be seen any more by the outlet's account."""

    def writes(self, request: Request) -> bool:
        return request.method not in ("GET", "HEAD")


# What happens to the one request that writes, and whether the thing is made.
LOST = [
    {"kind": "lose"},
    {"kind": "fail", "status": 500},
    {"kind": "fail", "status": 502},
    {"kind": "fail", "status": 503, "headers": {"Retry-After": "1"}},
    {"kind": "fail", "status": 504},
    {"kind": "fail", "status": 408},
    {"kind": "hang", "seconds": 2.5},
    {"kind": "html"},
    {"kind": "truncate"},
]
NOT_DONE = [
    {"kind": "drop"},
    {"kind": "refuse", "status": 500},
    {"kind": "refuse", "status": 503, "headers": {"Retry-After": "1"}},
]
NO = [400, 401, 403, 404, 413, 422]


def _name(fault: dict[str, Any]) -> str:
    return f"{fault['kind']}-{fault.get('status', '')}"


class OutletContract:
    """Each test makes its own place: see the head of this file."""

    # --- done, and found

    def test_what_was_done_is_found_by_another_process(self, place: Place) -> None:
        place.others(3)
        act = place.act()
        hint = json.loads(json.dumps(place.outlet().mark(act)))
        receipt = place.outlet().do(act)
        assert place.made() == [receipt.ref] and receipt.url
        place.others(3)
        assert place.outlet().find(act, hint) == Found(receipt)

    def test_a_send_is_one_request(self, place: Place) -> None:
        outlet, act = place.outlet(), place.act()
        outlet.mark(act)
        before = len(place.server.requests)
        outlet.do(act)
        assert len(place.server.requests) == before + 1

    @pytest.mark.parametrize("fault", LOST, ids=_name)
    def test_a_lost_answer_is_unknown_and_the_thing_is_found_and_sent_once(
        self, place: Place, fault: dict[str, Any]
    ) -> None:
        outlet, act = place.outlet(), place.act()
        hint = outlet.mark(act)
        place.server.fail(**fault, path=place.writing, method=place.method)
        with pytest.raises(Unknown):
            outlet.do(act)
        place.others(2)
        seen = place.outlet().find(act, hint)
        assert isinstance(seen, Found) and [seen.receipt.ref] == place.made()
        assert len(place.server.sent(place.method, place.writing)) == 1

    @pytest.mark.parametrize("fault", NOT_DONE, ids=_name)
    def test_a_request_that_came_to_nothing_is_unknown_and_absent_once_others_came_after_it(
        self, place: Place, fault: dict[str, Any]
    ) -> None:
        outlet, act = place.outlet(), place.act()
        hint = outlet.mark(act)
        place.server.fail(**fault, path=place.writing, method=place.method)
        with pytest.raises(Unknown):
            outlet.do(act)
        place.others(2)
        assert outlet.find(act, hint) == Absent()
        assert place.made() == [] and len(place.server.sent(place.method, place.writing)) == 1

    def test_a_redirect_of_a_write_is_unknown_and_not_followed(self, place: Place) -> None:
        for status in (301, 302, 303, 307, 308):
            with StandIn() as elsewhere:
                elsewhere.routes = []
                place.server.fail(
                    "refuse", path=place.writing, status=status, headers={"Location": f"{elsewhere.url}/taken"}
                )
                with pytest.raises(Unknown):
                    place.outlet().do(place.act())
                assert not elsewhere.requests
        assert place.made() == []

    # --- never sure without a proof

    def test_what_can_not_be_seen_is_no_proof(self, place: Place) -> None:
        act = place.act()
        hint = place.outlet().mark(act)
        place.others(3)
        place.blind()
        place.others(1)
        assert isinstance(place.outlet().find(act, hint), Undecided)

    def test_a_refusal_to_read_is_no_proof(self, place: Place) -> None:
        act = place.act()
        hint = place.outlet().mark(act)
        place.others(1)
        for status in (400, 401, 403, 404):
            place.server.fail("refuse", path=place.reading, status=status, times=1_000)
            assert isinstance(place.outlet().find(act, hint), Undecided)
            place.server.faults.clear()

    @pytest.mark.parametrize("kind", ["refuse", "drop", "html", "truncate"])
    def test_looking_while_the_other_side_is_away_is_unavailable(self, place: Place, kind: str) -> None:
        act = place.act()
        hint = place.outlet().mark(act)
        place.server.fail(kind, path=place.reading, times=1_000)
        for look in (
            lambda: place.outlet().find(act, hint),
            lambda: place.outlet().twins(act),
            lambda: place.outlet().mark(act),
        ):
            with pytest.raises(Unavailable):
                look()

    def test_marking_and_looking_only_read(self, place: Place) -> None:
        outlet, act = place.outlet(), place.act()
        hint = outlet.mark(act)
        outlet.find(act, hint)
        outlet.twins(act)
        assert place.made() == [] and not place.server.sent(place.method, place.writing)
        assert not [r for r in place.server.requests if r.method in ("PUT", "DELETE", "PATCH")]

    # --- duplicates

    def test_twins_are_all_that_the_act_made_the_first_first(self, place: Place) -> None:
        outlet, act = place.outlet(), place.act()
        assert list(outlet.twins(act)) == []
        first = outlet.do(act)
        assert list(outlet.twins(act)) == [first]
        place.others(1)
        second = outlet.do(act)
        assert list(outlet.twins(act)) == [first, second] and place.made() == [first.ref, second.ref]

    # --- nothing was done, and it is said so

    @pytest.mark.parametrize(
        ("retry_after", "wait"),
        [
            ("7", 7.0),
            ("-3", 1.0),
            ("0", 1.0),
            ("1000000000", 900.0),
            ("soon", None),
            ("nan", None),
            ("", None),
            (None, None),
            ("DATE", 30.0),
            ("LONG AGO", 1.0),
        ],
    )
    def test_too_many_requests_is_unavailable_for_as_long_as_it_asks_within_reason(
        self, place: Place, retry_after: str | None, wait: float | None
    ) -> None:
        dates = {"DATE": 30, "LONG AGO": -86_400}
        if retry_after in dates:
            at = datetime.now(UTC) + timedelta(seconds=dates[retry_after])
            retry_after = format_datetime(at, usegmt=True)
        headers = {} if retry_after is None else {"Retry-After": retry_after}
        place.server.fail("refuse", path=place.writing, status=429, headers=headers)
        with pytest.raises(Unavailable) as away:
            place.outlet().do(place.act())
        assert place.made() == []
        told = away.value.retry_after
        assert told == wait if wait in (None, 1.0, 7.0, 900.0) else told is not None and abs(told - 30) <= 2

    def test_nobody_at_the_address_is_unavailable(self, place: Place) -> None:
        with StandIn() as gone:
            url = gone.url
        for send in (place.outlet(url=url).do, place.outlet(url=url).mark, place.outlet(url=url).twins):
            with pytest.raises(Unavailable):
                send(place.act())

    @pytest.mark.parametrize("status", NO)
    def test_a_no_is_refused_with_a_sentence_and_nothing_is_made(self, place: Place, status: int) -> None:
        place.server.fail("refuse", path=place.writing, status=status)
        with pytest.raises(Refused) as refused:
            place.outlet().do(place.act())
        assert place.made() == [] and str(refused.value).endswith(".")

    def test_a_wrong_token_is_refused_and_says_which_setting(self, place: Place) -> None:
        for send in (place.outlet(token="of-somebody-else").do, place.outlet(token="of-somebody-else").mark):
            with pytest.raises(Refused, match="token"):
                send(place.act())

    # --- nothing leaks

    def test_neither_token_nor_text_is_in_any_message_repr_or_log(
        self, place: Place, caplog: pytest.LogCaptureFixture
    ) -> None:
        caplog.set_level(logging.DEBUG)
        outlet, act = place.outlet(), place.act()
        said = [repr(outlet), str(outlet), repr(vars(outlet)), repr(outlet.mark(act))]
        for fault in (*LOST, *NOT_DONE, *({"kind": "refuse", "status": status} for status in NO)):
            place.server.fail(**fault, path=place.writing, method=place.method)
            with pytest.raises((Unknown, Refused)) as failure:
                outlet.do(act)
            said += _everything(failure.value)
        said.append(repr(outlet.do(act)))
        everything = "\n".join([*said, caplog.text])
        assert place.token not in everything and "nightingale" not in everything


def _everything(error: BaseException | None) -> list[str]:
    """An error and all that hangs on it, shown in a traceback or not."""
    said = []
    while error is not None:
        said += [repr(error), str(error)]
        error = error.__cause__ or error.__context__
    return said


class SinkContract(OutletContract):
    """On top: `place.outlet()` is a whole Sink."""

    def sink(self, place: Place) -> Sink:
        outlet = place.outlet()
        assert hasattr(outlet, "plan")
        return outlet  # type: ignore[return-value]

    def test_a_plan_is_pure_and_the_same_for_the_same_draft(self, place: Place) -> None:
        plan = [list(self.sink(place).plan(draft_of())) for _ in range(2)]
        assert plan[0] == plan[1] and not place.server.requests
        assert json.loads(json.dumps([a.payload for a in plan[0]])) == [a.payload for a in plan[0]]

    def test_the_first_act_makes_the_thing_and_the_others_hang_on_it(self, place: Place) -> None:
        first, *rest = self.sink(place).plan(draft_of())
        assert first.after is None and not first.repeatable
        assert rest and all(act.after == first.key for act in rest)
        keys = [act.key for act in (first, *rest)]
        assert len(set(keys)) == len(keys)

    def test_editing_a_draft_or_another_run_makes_no_second_thing_and_an_undo_does(self, place: Place) -> None:
        def key(draft: Draft) -> str:
            return self.sink(place).plan(draft)[0].key

        draft = draft_of()
        words = replace(draft.theme.words, title="Another title", made_by="a model")
        assert key(draft) == key(replace(draft, theme=replace(draft.theme, words=words), run_key="another"))
        assert key(draft) == key(replace(draft, item=replace(draft.item, revision=2), approved_by="cli:lee"))
        assert (
            len({key(draft), key(draft_of(generation=2)), key(draft_of(workspace="b")), key(draft_of(number=1))}) == 4
        )

    def test_everything_planned_can_be_done_twice_through_to_its_withdrawal(self, place: Place) -> None:
        sink, draft = self.sink(place), draft_of()
        first, *rest = sink.plan(draft)
        made = sink.do(first)
        for act in (replace(a, parent=made.ref) for a in (*rest, *sink.withdrawal(draft, made))):
            # What can't be repeated blindly is looked for, and its absence proven from a mark alone.
            assert isinstance(sink.find(act, {}), Absent if act.repeatable else Undecided)
            hint = json.loads(json.dumps(sink.mark(act)))
            assert sink.find(act, hint) == Absent()
            receipt = sink.do(act)
            assert sink.do(act) == receipt and sink.find(act, hint) == Found(receipt)
            assert list(sink.twins(act)) == [receipt]

    @pytest.mark.parametrize(
        "fault",
        [{"kind": "refuse", "status": s} for s in (400, 401, 403, 404, 429, 500)]
        + [{"kind": "drop"}, {"kind": "html"}, {"kind": "truncate"}],
        ids=_name,
    )
    def test_check_never_raises_only_reads_and_names_a_mend_for_each_fault(
        self, place: Place, fault: dict[str, Any]
    ) -> None:
        assert all(f.state == "ok" for f in self.sink(place).check())
        place.server.fail(**fault, times=10_000)
        failed = [f for f in self.sink(place).check() if f.state == "fail"]
        assert failed and all(f.mend and f.message for f in failed)
        assert all(r.method == "GET" for r in place.server.requests)
