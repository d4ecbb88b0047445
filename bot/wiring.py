"""Config -> the running parts. The only module that knows which connector and which embedder stand behind a port."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from bot import current, extras
from bot.acts import Field
from bot.answers import Answers, Recalling
from bot.config import Config
from bot.connections import LlmStanza, SlackStanza
from bot.effects import Ledger, Patience
from bot.embedding import Cached, MiniLM
from bot.lookout import Lookout
from bot.pipeline import Mind
from bot.ports import Backlog, Channel, Embedder, Flow, Formed, Outlet, Refused, Signals, Sink, Source
from bot.runs import Parts, Request
from bot.scheduler import next_post
from bot.service import Desk, Draws
from bot.sinks import Sinks, Tracker, Transcripts, textless
from bot.slack import choices
from bot.slack.alertboard import AlertBoard, AlertDesk
from bot.slack.board import Board
from bot.slack.clicks import Decider
from bot.slack.commands import Commands, Place
from bot.slack.copying import CopyWindow
from bot.slack.deciding import DecisionWindow
from bot.slack.home import Home
from bot.slack.ownership import Ownership
from bot.slack.reminder import Reminder
from bot.slack.rights import may
from bot.slack.run_window import RunWindow
from bot.slack.runboard import RunBoard
from bot.slack.windows import Window
from bot.spikes import Rule
from bot.store import Store
from bot.synthesis import Plan
from bot.tracking import Tracking
from bot.usage import Usage
from connectors import load

if TYPE_CHECKING:
    from bot.llm import Endpoint

_VENDORS = ("zendesk", "intercom")


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

    @property
    def workspace(self) -> str:
        return self.config.workspace.name

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
        store, home, zone = self.parts.store, slack.channel, self.config.workspace.timezone
        decider = Decider(store, self.channel, self.sink, self.workspace, home, slack.approvers, zone)
        alerts = AlertDesk(self.parts, self.channel, slack.channel, slack.approvers, _runners(slack))
        commands = self.commands
        return (Home(decider, commands), decider, alerts, commands) if commands else (decider, alerts)

    @property
    def boards(self) -> Sequence[Draws]:
        """Who draws what is shown in Slack."""
        shown = (self.board, self.runboard, self.alertboard, self._reminder)
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
        slack, to = self.config.slack, self.channel
        if slack is None or to is None:
            return
        for action in choices.VERDICTS:
            yield DecisionWindow(
                action,
                self.parts.store,
                lambda person: may(to, slack.approvers, person),
                slack.channel,
                self.config.workspace.timezone,
                self._needed,
            )

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
            sources=(*self.parts.desks, *_names([Path(path) for path in files])),
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
            opened, to, config.workspace.name, deciders=bool(config.slack.approvers), tracker=into is not None
        )
    outlets: dict[str, Outlet] = {}
    if to is not None:
        outlets["slack"] = to
    if into is not None:
        outlets |= {"jira": into, **dict.fromkeys(beside(config), into)}  # each act goes to its own: `Sinks`
    parts = Parts(
        store=opened,
        desks=desks(config, tell),
        files=lambda request: _files(request, config, opened.now()),
        embedder=embedder(cache, config),
        standby=embedder(cache) if config.analysis.embedder == "endpoint" else None,
        mind=mind(config, opened.answers),
        rules=config.rules,
        internal_domains=config.customers.internal_domains,
        config_hash=config.digest,
        usage=usage(config),
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


def embedder(cache: Path | None, config: Config | None = None) -> Embedder:
    """The built-in model, or the endpoint that `config` names, behind a cache of vectors where there is a place."""
    model: Embedder = MiniLM()
    if config and config.analysis.embedder == "endpoint" and config.llm and config.llm.embedding_model:
        from bot.llm import EndpointEmbedder

        model = EndpointEmbedder(_endpoint(config.llm), config.llm.embedding_model)
    return Cached(model, cache.expanduser()) if cache else model


def mind(config: Config, answers: Answers) -> Mind | None:
    """The language model of the config, where it is to be used. Raises Refused when text may not go there."""
    llm = config.llm
    if llm is None or not llm.use:
        return None
    from bot.llm import ChatModel, Prices, Purse  # openai takes longer to import than `--help` may

    purse = Purse(llm.max_cost_per_run, Prices(llm.price_in, llm.price_out))
    reader = Recalling(ChatModel(_endpoint(llm), purse, llm.model, llm.strong_model), answers)
    return Mind(reader, Plan(reader.id, tickets=llm.tickets))


def _endpoint(llm: LlmStanza) -> Endpoint:
    from bot.llm import Endpoint, refusal

    made = Endpoint(llm.base_url, llm.api_key, llm.timeout, llm.at_once, llm.send_text_out)
    if why := refusal(made):
        raise Refused(why)
    return made


def desks(config: Config, tell: Callable[[str], None] = lambda _: None) -> dict[str, Source]:
    """The configured help desks, by name."""
    found: dict[str, Source] = {}
    for name in _VENDORS:
        stanza = getattr(config.sources, name)
        if stanza is not None:
            given = {k: v for k, v in stanza.model_dump(exclude={"token"}).items() if v is not None}
            token = stanza.token.get_secret_value()
            found[name] = _loaded(name)(token=token, now=_now, tell=tell, **given)
    return found


def channel(config: Config) -> Channel | None:
    slack = config.slack
    if slack is None:
        return None
    made: Channel = load("slack")(token=slack.token.get_secret_value(), channel=slack.channel, base_url=slack.base_url)
    return made


def sink(config: Config, transcripts: Transcripts = textless) -> Sink | None:
    """Where approved items go: the tracker, and what is configured beside it."""
    made, others = tracker(config), beside(config, transcripts)
    return Sinks(made, others) if made is not None and others else made


def beside(config: Config, transcripts: Transcripts = textless) -> dict[str, Sink]:
    """What keeps the evidence beside the tracker, by name."""
    found: dict[str, Sink] = {}
    for name, stanza in (("productboard", config.productboard), ("dovetail", config.dovetail)):
        if stanza is None:
            continue
        given = stanza.model_dump(exclude={"token"}) | ({"transcripts": transcripts} if name == "dovetail" else {})
        try:
            found[name] = load(name)(token=stanza.token.get_secret_value(), **given)
        except ValueError as wrong:
            raise Refused(str(wrong)) from None
    return found


def signals(config: Config) -> Signals | None:
    told = config.signals
    if told is None:
        return None
    user = {"user": told.user} if told.vendor == "mixpanel" else {}
    token = told.token.get_secret_value()
    made: Signals = load(told.vendor)(token=token, project=told.project, base_url=told.address, **user)
    return made


def usage(config: Config) -> Usage | None:
    """Who is asked what usage says of themes; None where no flow is tied to any."""
    analytics = signals(config)
    if analytics is None or config.signals is None or not config.signals.flows:
        return None
    return Usage(analytics, tuple(Flow(**flow.model_dump()) for flow in config.signals.flows))


def tracker(config: Config) -> Tracker | None:
    jira = config.jira
    if jira is None:
        return None
    try:
        made: Tracker = load("jira")(
            site=jira.site,
            email=jira.email,
            token=jira.token.get_secret_value(),
            project=jira.project,
            issue_types=jira.issue_types,
            labels=jira.labels,
            priorities=jira.priorities,
            fields=jira.fields,
            status=jira.status,
            look_in=jira.look_in,
        )
    except ValueError as wrong:
        raise Refused(str(wrong)) from None
    return made


def _loaded(kind: str) -> Callable[..., Source]:
    """A kind whose SDK is an extra says how to install it."""
    try:
        made: Callable[..., Source] = load(kind)
    except ModuleNotFoundError as missing:
        raise Refused(f"{kind} needs {missing.name}, which is not installed: {extras.command(kind)}") from None
    return made


def _now() -> datetime:
    return datetime.now(UTC)


def _files(request: Request, config: Config, now: datetime) -> Sequence[Source]:
    paths = [Path(p) for p in request.files]
    return ticket_files(paths, dict(request.columns), config, now) if paths else []


def ticket_files(paths: Sequence[Path], columns: Mapping[str, str], config: Config, now: datetime) -> list[Source]:
    """One source for each file. Several files are told apart by name, so that their ids can't collide."""
    kind = load("file")
    return [
        kind(
            path,
            columns={**config.sources.file.columns, **columns},
            timezone=config.workspace.timezone,
            now=now,
            source=name,
        )
        for path, name in zip(paths, _names(paths), strict=True)
    ]


def _names(paths: Sequence[Path]) -> list[str]:
    """ "zendesk-2026-10.csv" is of zendesk; other files of several are named after themselves; one alone is "file"."""
    names: list[str] = []
    for path in paths:
        vendor = next((v for v in _VENDORS if path.stem.lower().startswith(v)), None)
        stem = path.stem.lower()
        options = [
            vendor or ("file" if len(paths) == 1 else stem),
            stem,
            f"{path.absolute().parent.name.lower()}-{stem}",
        ]
        numbered = (f"{stem}-{n}" for n in range(2, len(paths) + 2))
        names.append(next(name for name in (*options, *numbered) if name not in names))
    return names
