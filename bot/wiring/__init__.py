"""Config -> the running parts: what a run needs, who answers in Slack, who looks for spikes, who sends."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from bot import current
from bot.acts import Field
from bot.config import Config
from bot.config.connections import SlackStanza
from bot.effects import Ledger, Patience
from bot.linkback import Linkback
from bot.ports import Backlog, Channel, Formed, Outlet, Refused, Sink
from bot.runs import Parts, Request
from bot.runs.lookout import Lookout
from bot.serve import Desk, Draws
from bot.serve.scheduler import next_post
from bot.slack import choices
from bot.slack.alertboard import AlertBoard, AlertDesk
from bot.slack.board import Board
from bot.slack.clicks import Decider
from bot.slack.commands import Commands, Place
from bot.slack.copying import CopyWindow
from bot.slack.deciding import DecisionWindow
from bot.slack.home import Home
from bot.slack.linking import LinkbackDesk, LinkbackWindow
from bot.slack.ownership import Ownership
from bot.slack.reminder import Reminder
from bot.slack.rights import may
from bot.slack.run_window import RunWindow
from bot.slack.runboard import RunBoard
from bot.slack.windows import Window
from bot.spikes import Rule
from bot.store import Store
from bot.tracking import Tracking
from bot.wiring.outside import (
    beside,
    channel,
    cluster,
    desks,
    embedder,
    files,
    headers,
    linkbacks,
    mind,
    names,
    signals,
    sink,
    spread,
    ticket_files,
    tracker,
    usage,
    ways,
)


@dataclass(frozen=True, slots=True)
class Wired:
    """Everything that a config names, ready to be used. `channel` and `sink` are None where none is configured."""

    config: Config
    parts: Parts
    ledger: Ledger
    channel: Channel | None
    sink: Sink | None
    board: Board | None
    runboard: RunBoard | None = None
    alertboard: AlertBoard | None = None
    onlookers: dict[str, str] = field(default_factory=dict)  # of Home, see there

    @property
    def workspace(self) -> str:
        return self.config.workspace.name

    @property
    def linkback(self) -> Linkback:
        """Who offers to tell tickets of the issue that their theme ended in."""
        return Linkback(self.parts.store, self.workspace, ways(self.config))

    @property
    def tracking(self) -> Tracking | None:
        """Who looks into the tracker; None where there is none that can be asked what it holds."""
        sink = self.sink
        return Tracking(self.parts.store, sink, self.parts.embedder) if isinstance(sink, Backlog) else None

    @property
    def desks(self) -> Sequence[Desk]:
        """Who answers what is clicked in Slack; the first that knows a click has it."""
        slack = self.config.slack
        if self.channel is None or slack is None:
            return ()
        decider, home = self._decider(slack, self.channel), self._home
        alerts = AlertDesk(self.parts, self.channel, slack.channel, slack.approvers, _runners(slack))
        links, commands = LinkbackDesk(self.linkback, self.channel, self._may(slack), slack.channel), self.commands
        return (home, decider, links, alerts, commands) if commands and home else (decider, links, alerts)

    def _decider(self, slack: SlackStanza, to: Channel) -> Decider:
        zone = self.config.workspace.timezone
        return Decider(self.parts.store, to, self.sink, self.workspace, slack.channel, slack.approvers, zone)

    @property
    def _home(self) -> Home | None:
        slack, commands = self.config.slack, self.commands
        if self.channel is None or slack is None or commands is None:
            return None
        return Home(self._decider(slack, self.channel), commands, self.onlookers)

    @property
    def boards(self) -> Sequence[Draws]:
        """Who draws what is shown in Slack."""
        shown = (self.board, self.runboard, self.alertboard, self._reminder, self._home)
        return tuple(board for board in shown if board is not None)

    @property
    def _reminder(self) -> Reminder | None:
        slack = self.config.slack
        if self.channel is None or slack is None or not (slack.remind and slack.approvers):
            return None
        return Reminder(self.parts.store, self.channel, self.workspace, slack.approvers)

    @property
    def windows(self) -> Sequence[Window]:
        """What the door can open at once."""
        commands = self.commands
        if commands is None:
            return ()
        place = commands.place
        run = RunWindow(commands.may_run, place.sources, place.timezone, self.parts.store.now)
        return (run, CopyWindow(self.parts.store, place.home), *self._decisions)

    @property
    def _decisions(self) -> Iterator[Window]:
        """Edit, Merge, Snooze, Not a theme: for approvers, in the channel of the digests."""
        slack = self.config.slack
        if slack is None or self.channel is None:
            return
        if self.linkback.ways:
            yield LinkbackWindow(self.linkback, self._may(slack), slack.channel)
        for action in choices.VERDICTS:
            yield DecisionWindow(
                action,
                self.parts.store,
                self._may(slack),
                slack.channel,
                self.config.workspace.timezone,
                self._needed,
            )

    def _may(self, slack: SlackStanza) -> Callable[[str], bool]:
        to = self.channel
        return lambda person: to is not None and may(to, slack.approvers, person)

    def _needed(self) -> tuple[Field, ...]:
        """What the tracker wants from a person, as far as it is known: a window waits for nobody."""
        sink: object = self.sink
        if not isinstance(sink, Formed):
            return ()
        try:
            return tuple(sink.form(wait=False))
        except Refused:  # a setting that is wrong: `doctor` says which
            return ()

    @property
    def commands(self) -> Commands | None:
        """The desk of /themes."""
        slack = self.config.slack
        if self.channel is None or slack is None or self.runboard is None:
            return None
        return Commands(self.parts.store, self.channel, self.parts, self.runboard, self._place(slack))

    def _place(self, slack: SlackStanza) -> Place:
        config = self.config
        files = tuple(str(path) for path in config.sources.file.paths)
        return Place(
            name=self.workspace,
            home=slack.channel,
            timezone=config.workspace.timezone,
            runners=_runners(slack),
            sources=(*self.parts.desks, *names([Path(path) for path in files])),
            files=files,
            contents=self.contents,
            post=self.announce,
            next_at=lambda now: next_post(config.schedule.monthly, now, config.workspace.timezone),
            usd=config.llm.max_cost_per_run if config.llm and config.llm.use else None,
        )

    @property
    def lookout(self) -> Lookout:
        """Who looks for spikes; alerts are kept where Slack is configured, and not switched off."""
        told = self.config.spikes
        rule = Rule(told.min_tickets, told.factor, frozenset(area.casefold() for area in told.mute))
        act = self.alertboard.act if self.alertboard and told.enabled else None
        return Lookout(self.parts, rule, act, auto_run=told.auto_run)

    def contents(self, request: Request) -> bytes:
        """What the request's files hold, as a hash: another file under the same name is another question."""
        told = hashlib.sha256()
        for path in request.files:
            told.update(path.encode() + b"\0")
            try:
                told.update(Path(path).read_bytes())
            except OSError as error:
                raise Refused(
                    f"{path} can't be read: {error.strerror}. Check the path, or name another file."
                ) from None
        return told.digest()

    def announce(self, run_key: str) -> None:
        """Plans the posts of a finished run; what was refused, or not sent yet, goes where the config says now.

        What was posted stays. Raises Refused where it can't be.
        """
        store = self.parts.store
        made = current.digest(store, run_key)
        if made is None:
            raise Refused(f"there is no digest of {run_key!r}: see groundswell history")
        if self.board is None:
            raise Refused("no channel is configured: see slack in config.example.yaml")
        store.effects.replan(self.board.announce(made, run_key), run_key=run_key)


def _runners(slack: SlackStanza) -> Sequence[str]:
    """Who may start a run: whoever may decide, unless others are named."""
    return slack.approvers if slack.runners is None else slack.runners


def store(config: Config, clock: Callable[[], datetime] | None = None) -> Store:
    return Store.open(config.storage.database, workspace=config.workspace.name, clock=clock)


def wired(
    config: Config,
    opened: Store,
    *,
    cache: Path | None,
    patience: Patience | None = None,
    tell: Callable[[str], None] = lambda _: None,
) -> Wired:
    """`cache`: where vectors wait for the next run. `tell` hears what a source waits for."""
    to, into = channel(config), sink(config, opened.runs.ticket)
    board = None
    if to is not None and config.slack is not None:
        board = Board(
            opened,
            to,
            config.workspace.name,
            deciders=bool(config.slack.approvers),
            tracker=into is not None,
            ways=ways(config),
        )
    outlets: dict[str, Outlet] = {}
    if to is not None:
        outlets["slack"] = to
    outlets |= linkbacks(config)
    if into is not None:
        outlets |= {"jira": into, **dict.fromkeys(beside(config), into)}  # each act goes to its own: `Sinks`
    parts = Parts(
        store=opened,
        desks=desks(config, tell),
        files=lambda request: files(request, config, opened.now()),
        embedder=embedder(cache, config),
        standby=embedder(cache) if config.analysis.embedder == "endpoint" else None,
        mind=mind(config, opened.answers),
        rules=config.rules,
        spread=spread(config),
        internal_domains=config.customers.internal_domains,
        config_hash=config.digest,
        usage=usage(config, lambda: current.flows(opened)),
        announce=owned.announce if (owned := _announcing(config, opened, to, board)) else None,
    )
    runboard = RunBoard(opened, to, config.workspace.name, tuple(parts.desks)) if to is not None else None
    alerts = _alertboard(config, opened, to)
    return Wired(config, parts, Ledger(opened, outlets, patience), to, into, board, runboard, alerts)


def _alertboard(config: Config, opened: Store, to: Channel | None) -> AlertBoard | None:
    if to is None or config.slack is None:
        return None
    deciders = bool(config.slack.approvers or config.slack.runners)
    return AlertBoard(opened, to, config.workspace.name, config.workspace.timezone, deciders=deciders)


def _announcing(config: Config, opened: Store, to: Channel | None, board: Board | None) -> Ownership | None:
    if to is None or board is None or config.slack is None:
        return None
    slack = config.slack
    return Ownership(opened, to, config.workspace.name, board, slack.owner, slack.rival_note)


__all__ = [
    "Wired",
    "beside",
    "channel",
    "cluster",
    "desks",
    "embedder",
    "headers",
    "linkbacks",
    "mind",
    "signals",
    "sink",
    "store",
    "ticket_files",
    "tracker",
    "usage",
    "ways",
    "wired",
]
