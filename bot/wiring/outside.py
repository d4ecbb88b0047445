"""Config -> what stands behind each port. The only module that knows which connector and which embedder that is."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from bot import extras
from bot.config import Config
from bot.config.connections import LlmStanza
from bot.embedding import Cached, MiniLM
from bot.ports import Channel, Embedder, Flow, Linkback, Refused, Signals, Sink, Source, Spread, in_turn
from bot.runs import Request
from bot.runs.answers import Answers, Recalling
from bot.runs.pipeline import Mind
from bot.signals.usage import Usage
from bot.spread import Threads
from bot.spread.cluster import Certificates, Cluster
from bot.synthesis import Plan
from bot.tracker.linkback import Way
from bot.tracker.sinks import Sinks, Tracker, Transcripts, textless
from connectors import load

if TYPE_CHECKING:
    from bot.llm import Endpoint


_VENDORS = ("zendesk", "intercom")
_NEAR, _FAR = 256, 4_096  # texts that are embedded between two moments at which vectors are saved


def embedder(cache: Path | None, config: Config | None = None) -> Embedder:
    """The built-in model, or the endpoint that `config` names, behind a cache of vectors where there is a place."""
    told, far = config or Config(), cluster(config) if config else None
    model: Embedder = MiniLM(told.compute.threads, spread=far)
    if told.analysis.embedder == "endpoint" and told.llm and told.llm.embedding_model:
        from bot.llm import EndpointEmbedder

        model = EndpointEmbedder(_endpoint(told.llm), told.llm.embedding_model)
    # Before anything is saved, a cluster must have enough to do for all of its workers.
    at_once = _FAR if far else _NEAR
    return Cached(model, cache.expanduser(), keep=told.output.cache_keeps, at_once=at_once) if cache else model


def spread(config: Config) -> Spread:
    """Where resamples are grouped: in turn on one machine, since the matrix products in them use all of it already."""
    return cluster(config) or in_turn


def cluster(config: Config) -> Cluster | None:
    """The Dask cluster of the config; nothing is connected yet."""
    told = config.compute
    if told.backend != "dask" or told.scheduler is None:
        return None
    secured = None
    if told.tls_ca and told.tls_cert and told.tls_key:
        secured = Certificates(*(str(file.expanduser()) for file in (told.tls_ca, told.tls_cert, told.tls_key)))
    return Cluster(told.scheduler, Threads(told.threads), secured)


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
            given = {k: v for k, v in stanza.model_dump(exclude={"token", "linkback"}).items() if v is not None}
            token = stanza.token.get_secret_value()
            found[name] = _loaded(name)(token=token, now=_now, tell=tell, **given)
    return found


_HOW: Mapping[str, Literal["note", "tag"]] = {"internal-note": "note", "tag": "tag"}
_INTERCOM = {"us": "app", "eu": "app.eu", "au": "app.au"}  # where its people open a conversation (VENDORS 3.2)


def ways(config: Config) -> dict[str, Way]:
    """How tickets are told of the issue that their theme ended in, by help desk; empty where nobody opted in."""
    zendesk, intercom = config.sources.zendesk, config.sources.intercom
    found: dict[str, Way] = {}
    if zendesk and zendesk.linkback != "off":
        under = f"https://{zendesk.subdomain}.zendesk.com/agent/tickets/"
        found["zendesk"] = Way(_HOW[zendesk.linkback], under)
    if intercom and intercom.linkback != "off":
        found["intercom"] = Way(_HOW[intercom.linkback], f"https://{_INTERCOM[intercom.region]}.intercom.com/")
    return found


def linkbacks(config: Config) -> dict[str, Linkback]:
    """The help desks that are written to, by name: those of `ways`. Raises Refused."""
    found: dict[str, Linkback] = {}
    for name in ways(config):
        stanza = getattr(config.sources, name)
        wanted = {"zendesk": {"subdomain", "email", "base_url"}, "intercom": {"region", "base_url"}}[name]
        try:
            found[name] = _loaded(f"{name}-linkback")(
                token=stanza.token.get_secret_value(), **stanza.model_dump(include=wanted)
            )
        except ValueError as wrong:
            raise Refused(str(wrong)) from None
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


def usage(config: Config, confirmed: Callable[[], Sequence[Flow]] = lambda: ()) -> Usage | None:
    """Who is asked what usage says of themes, and of which flows; None where no analytics is configured."""
    analytics = signals(config)
    if analytics is None or config.signals is None:
        return None
    return Usage(analytics, tuple(Flow(**flow.model_dump()) for flow in config.signals.flows), confirmed)


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


def _loaded(kind: str) -> Callable[..., Any]:
    """A kind whose SDK is an extra says how to install it."""
    try:
        made: Callable[..., Any] = load(kind)
    except ModuleNotFoundError as missing:
        raise Refused(
            f"{kind} needs {missing.name}, which is not installed: {extras.command(kind.partition('-')[0])}"
        ) from None
    return made


def _now() -> datetime:
    return datetime.now(UTC)


def files(request: Request, config: Config, now: datetime) -> Sequence[Source]:
    paths = [Path(p) for p in request.files]
    return ticket_files(paths, dict(request.columns), config, now, request.day_first) if paths else []


def headers(paths: Sequence[Path]) -> tuple[str, ...]:
    """What the columns of the files are called, of all together and in order. Raises Refused."""
    kind = load("file")
    return tuple(sorted({header for path in paths for header in kind(path, now=_now()).headers()}))


def ticket_files(
    paths: Sequence[Path],
    columns: Mapping[str, str],
    config: Config,
    now: datetime,
    day_first: bool | None = None,
) -> list[Source]:
    """One source for each file. Several files are told apart by name, so that their ids can't collide."""
    kind = load("file")
    return [
        kind(
            path,
            columns={**config.sources.file.columns, **columns},
            timezone=config.workspace.timezone,
            now=now,
            source=name,
            day_first=day_first,
        )
        for path, name in zip(paths, names(paths), strict=True)
    ]


def names(paths: Sequence[Path]) -> list[str]:
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
