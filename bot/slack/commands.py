"""`/themes`, the Run window, and the buttons of their answers: from the inbox to a run that is asked for, and a word.

All of them are one thing here: a text in the grammar, from somebody, who is answered where they typed it.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from bot import __version__, current
from bot.acts import EffectState, Message, Stage
from bot.decisions import stands
from bot.domain import Digest, Window
from bot.ports import Channel, Refused, Unavailable
from bot.runs import MONTHLY, SYNC, Parts, Request, ask, manual_key
from bot.slack import answers, progress, replies, rights, run_window
from bot.slack.grammar import HistoryOrder, Misread, NoOrder, RunOrder, StatusOrder, read
from bot.slack.runboard import RunBoard
from bot.store import Event, Run, RunState, Store

MOST_DAYS, MOST_TICKETS = 90, 20_000  # a larger run asks once more (SURFACES 1.10)
_JUST_NOW = timedelta(minutes=10)  # for so long the same question has the same answer
_ORDERS = (replies.AGAIN, replies.CONFIRM, replies.ANEW, replies.COMMANDS)
_BUTTONS = (*_ORDERS, replies.POST, progress.RETRY, progress.WITHOUT)
_ENTITIES = (("&lt;", "<"), ("&gt;", ">"), ("&amp;", "&"))  # all that Slack escapes in what was typed
_WORKS = " These work for you: /themes status, /themes history, /themes help."
_LOOKED_THROUGH = 50  # runs among which those that are done are found


@dataclass(frozen=True, slots=True)
class Place:
    """What the command must know of its workspace.

    `runners`: ids of people and user groups. `sources`: names that `--source` takes. `files` are read with every run;
    `contents` is what they hold now, for the run's key. `post` plans the posts of a run's digest, or raises Refused.
    `next_at`: when the next digest is due, as of a moment. `usd`: the most that a language model may cost in one run,
    None where none is used.
    """

    name: str
    home: str
    timezone: str
    runners: Collection[str]
    sources: Collection[str]
    files: tuple[str, ...]
    contents: Callable[[Request], bytes]
    post: Callable[[str], None]
    next_at: Callable[[datetime], datetime | None]
    usd: float | None = None


@dataclass(frozen=True, slots=True)
class _Asked:
    """Who asked for what, when, and where they are answered. `action`: the button, where one was pressed."""

    event: str
    at: datetime
    person: str
    text: str
    url: str | None = None
    channel: str | None = None
    action: str | None = None


@dataclass(frozen=True, slots=True)
class Commands:
    """The desk of `/themes`."""

    store: Store
    channel: Channel
    parts: Parts
    board: RunBoard
    place: Place

    def answer(self, event: Event) -> bool:
        asked = _asked(event)
        if asked is None:
            return False
        self._say(asked, self._answered(asked))
        self.store.inbox.answered(event.event_id, "answered")
        return True

    def may_run(self, person: str) -> bool:
        """Raises Unavailable where that can't be told now."""
        return rights.may(self.channel, self.place.runners, person)

    def _answered(self, asked: _Asked) -> Message:
        if asked.action in (progress.RETRY, progress.WITHOUT):
            return self._retried(asked)
        if asked.action == replies.POST:
            return self._posted(asked)
        try:
            order = read(asked.text, asked.at, self.place.timezone)
        except Misread as misread:
            return replies.misread(misread)
        if isinstance(order, RunOrder):
            return self._run(asked, order)
        if isinstance(order, StatusOrder):
            return replies.status(self.status())
        if isinstance(order, HistoryOrder):
            return replies.history(list(self._past(order.runs)))
        return replies.usage(None if isinstance(order, NoOrder) else order.about)

    # --- run

    def _run(self, asked: _Asked, order: RunOrder) -> Message:
        if not self.may_run(asked.person):
            return self._denied(asked)
        if unknown := [s for s in order.sources if s not in self.place.sources]:
            known = ", ".join(sorted(self.place.sources)) or "none is configured"
            return replies.impossible(f"I don't know the source \u201c{unknown[0][:40]}\u201d. There are: {known}.")
        if not self.place.sources:
            return replies.impossible("No help desk and no ticket file is configured, so there is nothing to read.")
        if order.dry:
            return replies.dry(order, order.sources or sorted(self.place.sources), self._estimate(order))
        request = self._request(asked, order)
        if asked.action not in (replies.CONFIRM, replies.ANEW):
            if (posted := self._posted_before(request)) is not None:
                return replies.posted_before(posted.label, posted.at, posted.url, order)
            if self._is_large(order):
                return replies.confirm(order, self._estimate(order))
        return self._started(asked, request)

    def _posted_before(self, request: Request) -> replies.Past | None:
        """The newest digest in the channel of the same days, as long as they were over when it was made."""
        window = request.window
        if request.areas or request.sources or request.to or window is None or window.end is None:
            return None
        for run in self._shown():
            narrow = run.asked.get("areas") or run.asked.get("sources")
            if narrow or run.asked.get("event") == request.event or not self.board.digest_url(run.key):
                continue
            digest = current.digest(self.store, run.key)
            if digest and _days(digest.window) == _days(window) and window.end <= digest.making.made_at:
                return self._told(run, digest)
        return None

    def _request(self, asked: _Asked, order: RunOrder) -> Request:
        to = asked.person if order.private else None
        by = f"slack:{asked.person}"
        areas, sources, files = order.areas, order.sources, self.place.files
        return Request(order.window, areas, sources, files, post=True, to=to, by=by, event=asked.event)

    def _started(self, asked: _Asked, request: Request) -> Message:
        """Asks for the run, or joins the one that answers the same question; never the month's."""
        label = request.window.label if request.window else ""
        if request.to and (why := self._unreachable(request.to)):
            return replies.impossible(why)
        key, before = self._run_for(request)
        if before is not None and before.asked.get("event") != asked.event:
            if before.state in (RunState.WAITING, RunState.RUNNING):
                return replies.joined(self.board.going(before))
            if before.state is RunState.DONE:
                return replies.done_before(label, before.finished_at or before.asked_at, self.board.digest_url(key))
        ask(self.store, key, "manual", request)
        self.board.follow(key)
        self.store.audit.write(request.by or "", "run asked for", key, {"window": label, "private": bool(request.to)})
        return replies.started(label, self.place.home, private=request.to is not None)

    def _unreachable(self, person: str) -> str | None:
        """Why nothing can be sent to the person: said before a run is made for them that nobody would see."""
        there = self.channel.to(person)
        try:
            there.mark(there.note("", "progress", Message("")))
        except Refused as refused:
            return f"I can't write to you, so nothing was started. {refused}"
        return None

    def _run_for(self, request: Request) -> tuple[str, Run | None]:
        """The key of the question, and what was asked under it; one that was answered a while ago is asked anew."""
        first = key = manual_key(request, self.parts, self.place.contents(request))
        number = 1
        while (run := self.store.runs.get(key)) is not None and self._is_over(run, request):
            number += 1
            key = f"{first}.{number}"
        return key, run

    def _is_over(self, run: Run, request: Request) -> bool:
        """Answered long ago. What this very command asked for is its own answer, however late it is read again."""
        ended = run.finished_at
        if run.state not in (RunState.DONE, RunState.CANCELLED) or run.asked.get("event") == request.event:
            return False
        return ended is None or self.store.now() - ended > _JUST_NOW or run.state is RunState.CANCELLED

    def _retried(self, asked: _Asked) -> Message:
        """The same run once more, from its last whole step; or a new one without the sources that failed."""
        key, _, without = asked.text.partition("|")
        run = self.store.runs.get(key)
        if run is None:
            return replies.impossible("That run is not known here any more.")
        if not self.may_run(asked.person):
            return self._denied(asked)
        request = Request.of(run.asked)
        if asked.action == progress.WITHOUT:
            left = sorted(set(self.place.sources) - set(without.split(",")))
            if not left:
                return replies.impossible("No source would be left to read.")
            return self._started(
                asked, replace(request, sources=tuple(left), by=f"slack:{asked.person}", event=asked.event)
            )
        if run.state is not RunState.FAILED:
            return replies.joined(self.board.going(run)) if run.state is not RunState.DONE else self._there(run)
        ask(self.store, key, run.kind, request)
        self.board.follow(key)
        label = request.window.label if request.window else ""
        return replies.started(label, self.place.home, private=request.to is not None)

    def _posted(self, asked: _Asked) -> Message:
        """A month that was held back because of another digest, by somebody's word."""
        if not self.may_run(asked.person):
            return self._denied(asked)
        try:
            self.place.post(asked.text)
        except Refused as refused:
            return replies.impossible(str(refused))
        run = self.store.runs.get(asked.text)
        return replies.planned(self.board.going(run).label if run else asked.text)

    def _there(self, run: Run) -> Message:
        return replies.done_before(
            self.board.going(run).label, run.finished_at or run.asked_at, self.board.digest_url(run.key)
        )

    def _denied(self, asked: _Asked) -> Message:
        self.store.audit.write(f"slack:{asked.person}", "denied", "run", {"action": asked.action or "command"})
        return answers.denied(self.place.runners, what="starting a run", key="slack.runners", works=_WORKS)

    def _is_large(self, order: RunOrder) -> bool:
        return (order.window.days or 0) > MOST_DAYS + 0.1 or self._tickets(order) > MOST_TICKETS

    def _tickets(self, order: RunOrder) -> int:
        return self.store.tickets.created(order.window.start, order.window.end, order.sources)

    def _estimate(self, order: RunOrder) -> replies.Estimate:
        tickets, pace = self._tickets(order), self._pace()
        return replies.Estimate(tickets, None if pace is None else max(10.0, pace * tickets), self.place.usd)

    def _pace(self) -> float | None:
        """Seconds for a ticket in the newest run that is done."""
        run = self.store.runs.latest(but=SYNC)
        digest = self.store.runs.digest(run.key) if run else None
        if run is None or digest is None or not digest.totals.tickets_read or not run.started_at or not run.finished_at:
            return None
        return (run.finished_at - run.started_at).total_seconds() / digest.totals.tickets_read

    # --- status and history

    def status(self) -> replies.Status:
        """What runs, what was last and is next, and what needs somebody."""
        now, runs = self.store.now(), self.store.runs.recent(_LOOKED_THROUGH, but=SYNC)
        running = [self.board.going(r) for r in runs if r.state in (RunState.WAITING, RunState.RUNNING)]
        newest = next((r for r in runs if r.state is RunState.DONE), None)
        month = self.month()
        places = {name: self.store.tickets.place(name) for name in sorted(self.parts.desks)}
        sources = [replies.Kept(n, p.updated_at if p else None, p.error if p else None) for n, p in places.items()]
        return replies.Status(
            running=running[:5],
            last=next(self._past(1), None),
            waiting=self._told(month, digest) if month and (digest := current.digest(self.store, month.key)) else None,
            next_at=self.place.next_at(now),
            sources=sources,
            unsure=len(self.store.effects.in_state(EffectState.UNSURE)),
            version=__version__,
            now=now,
            backlog=looked.fault if newest and (looked := self.store.tracked.looked(newest.key)) else None,
        )

    def _past(self, most: int) -> Iterator[replies.Past]:
        for run in self._shown()[:most]:
            digest = current.digest(self.store, run.key)
            if digest is not None:
                yield self._told(run, digest)

    def _shown(self) -> list[Run]:
        """The runs that are done, newest first, but those that went to one person alone."""
        runs = self.store.runs.recent(_LOOKED_THROUGH, but=SYNC)
        return [r for r in runs if r.state is RunState.DONE and not r.asked.get("to")]

    def _told(self, run: Run, digest: Digest) -> replies.Past:
        now = stands(self.store, digest)
        decided = sum(now[t.id].stage is not Stage.OPEN for t in digest.themes)
        counts = digest.totals.tickets_read, len(digest.themes), decided
        return replies.Past(
            digest.window.label, run.finished_at or run.asked_at, *counts, self.board.digest_url(run.key)
        )

    def month(self) -> Run | None:
        """What people decide on now: the newest month, else the newest run whose digest is in the channel."""
        monthly = self.store.runs.latest(MONTHLY)
        return monthly or next((r for r in self._shown() if self.board.digest_url(r.key)), None)

    # --- answering

    def _say(self, asked: _Asked, message: Message) -> None:
        """Words for one person may be lost; what was asked for may not, so a fault here changes nothing."""
        try:
            if asked.url:
                self.channel.respond(asked.url, message)
            else:
                self.channel.tell(asked.channel or self.place.home, asked.person, message)
        except (Unavailable, Refused) as lost:
            self.store.audit.write("groundswell", "not told", asked.person, {"why": str(lost)})


def _days(window: Window) -> tuple[datetime | None, datetime | None]:
    return window.start, window.end


def _asked(event: Event) -> _Asked | None:
    """None for what is another desk's."""
    payload = event.payload
    try:
        if event.kind == "command":
            return _typed(event, payload)
        if event.kind == "view" and payload["view"]["callback_id"] == run_window.CALLBACK:
            view = payload["view"]
            url, text = run_window.response_url(view), run_window.typed(view)
            return _Asked(event.event_id, event.received_at, str(payload["user"]["id"]), text, url)
        if event.kind == "click" and payload["actions"][0]["action_id"] in _BUTTONS:
            return _pressed(event, payload)
    except (KeyError, IndexError, TypeError):
        return None
    return None


def _typed(event: Event, payload: Mapping[str, Any]) -> _Asked:
    text = str(payload.get("text") or "")
    for entity, meant in _ENTITIES:
        text = text.replace(entity, meant)
    url, channel = payload.get("response_url"), str(payload["channel_id"])
    return _Asked(event.event_id, event.received_at, str(payload["user_id"]), text, url, channel)


def _pressed(event: Event, payload: Mapping[str, Any]) -> _Asked:
    action, url = payload["actions"][0], payload.get("response_url")
    person, channel = str(payload["user"]["id"]), str((payload.get("channel") or {}).get("id") or "") or None
    return _Asked(
        event.event_id, event.received_at, person, str(action["value"]), url, channel, str(action["action_id"])
    )
