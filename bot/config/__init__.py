"""YAML and environment -> Config. Says what is wrong, where, and how to mend it. Nothing is read at import."""

from __future__ import annotations

import copy
import hashlib
import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

import yaml
from pydantic import Field, SecretStr, ValidationError, field_validator, model_validator

from bot.acts import Finding
from bot.config import computing, faults
from bot.config.computing import ComputeStanza
from bot.config.connections import (
    SECRETS,
    DovetailStanza,
    IntercomDesk,
    JiraStanza,
    LlmStanza,
    Network,
    ProductboardStanza,
    Retention,
    Schedule,
    Server,
    SignalsStanza,
    SlackStanza,
    SpikeStanza,
    Stanza,
    Storage,
    ZendeskDesk,
    is_address,
    is_metadata,
    is_public,
)
from bot.config.faults import PREFIX, Origins
from bot.domain import Severity
from bot.ports import Refused
from bot.synthesis.rules import DEFAULT_SEVERITY_RULES, WEIGHTS, Rules, SeverityRule

# Where things are read, kept and sent does not shape what a digest says.
_NOT_SHAPING = {
    "output",
    "sources",
    "slack",
    "jira",
    "productboard",
    "dovetail",
    "signals",
    "schedule",
    "storage",
    "retention",
    "server",
    "network",
    "llm",
    "spikes",
    "compute",
}
_LLM_SHAPING = {"use", "base_url", "model", "strong_model", "tickets", "embedding_model"}  # where one is used
_SIGNALS_SHAPING = {"vendor", "project", "base_url"}
_BESIDE = ("productboard", "dovetail")
_ADDRESSES = (
    *("sources.zendesk.base_url", "sources.intercom.base_url", "slack.base_url", "jira.site", "server.ping_url"),
    *(f"{name}.base_url" for name in (*_BESIDE, "signals")),
)
_OUTSIDE = ("slack", "jira", "llm", "compute", "sources.zendesk", "sources.intercom", "signals", *_BESIDE)
_ROUNDS = 20  # of taking faults out, one below another; more is no config at all
# Environment names that are not configuration keys (DESIGN section 10).
RESERVED = frozenset(
    {
        f"{PREFIX}{name}"
        for name in ("CONFIG", "REQUIRE_ALL", "REQUIRE_BENCH", "REQUIRE_BROWSER", "REQUIRE_POSTGRES", "REQUIRE_RIG")
    }
)


class Workspace(Stanza):
    """Whose digest this is. The zone decides where a day and a month begin."""

    name: str = "default"
    timezone: str = "UTC"

    @field_validator("timezone")
    @classmethod
    def _known(cls, name: str) -> str:
        try:
            ZoneInfo(name)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            raise ValueError(
                f"{name!r} is not a time zone{faults.meant(name, sorted(available_timezones()))}"
            ) from None
        return name


class TicketFiles(Stanza):
    """Ticket files and, where a header has an unusual name, which column holds what."""

    paths: tuple[Path, ...] = ()
    columns: dict[str, str] = Field(default_factory=dict)


class Sources(Stanza):
    file: TicketFiles = TicketFiles()
    zendesk: ZendeskDesk | None = None
    intercom: IntercomDesk | None = None


class ThemeRule(Stanza):
    """The floors may be raised, never lowered: below them is an anecdote."""

    min_tickets: Annotated[int, Field(ge=5)] = 5
    min_customers: Annotated[int, Field(ge=3)] = 3


class Analysis(Stanza):
    theme: ThemeRule = ThemeRule()
    show: Annotated[int, Field(ge=5, le=8)] = 8
    small_sample: Annotated[int, Field(ge=30)] = 30
    embedder: Literal["builtin", "endpoint"] = "builtin"
    seed: Annotated[int, Field(ge=0)] = 0


class Customers(Stanza):
    """Mail domains of your own people: they are never customers."""

    internal_domains: tuple[str, ...] = ()


class SeverityWords(Stanza):
    severity: Severity
    about: str
    words: str

    @field_validator("words")
    @classmethod
    def _compiles(cls, words: str) -> str:
        try:
            re.compile(words)
        except re.error as error:
            raise ValueError(f"not a regular expression: {error}") from None
        return words


class Scoring(Stanza):
    severity_points: dict[Severity, Annotated[int, Field(ge=0)]] = Field(default_factory=lambda: dict(WEIGHTS))
    severity_share: Annotated[float, Field(gt=0, le=1)] = 0.2
    severity_customers: Annotated[int, Field(ge=1)] = 3
    severity_rules: tuple[SeverityWords, ...] | None = None


class Output(Stanza):
    """Where `run` writes. `cache` holds vectors by the hash of a text, never text; `cache_keeps`: so many."""

    dir: Path = Path("out")
    cache: Path | None = None
    cache_keeps: Annotated[int, Field(ge=1_000)] = 200_000


class Config(Stanza):
    version: Literal[1] = 1
    workspace: Workspace = Workspace()
    sources: Sources = Sources()
    analysis: Analysis = Analysis()
    customers: Customers = Customers()
    scoring: Scoring = Scoring()
    output: Output = Output()
    slack: SlackStanza | None = None
    spikes: SpikeStanza = SpikeStanza()
    jira: JiraStanza | None = None
    productboard: ProductboardStanza | None = None
    dovetail: DovetailStanza | None = None
    signals: SignalsStanza | None = None
    llm: LlmStanza | None = None
    schedule: Schedule = Schedule()
    storage: Storage = Storage()
    retention: Retention = Retention()
    server: Server = Server()
    network: Network = Network()
    compute: ComputeStanza = ComputeStanza()

    @model_validator(mode="after")
    def _whole(self) -> Config:
        if crossed := "; ".join(f.message for _, f in _crossed(self.model_dump())):
            raise ValueError(crossed)
        return self

    @property
    def rules(self) -> Rules:
        a, s = self.analysis, self.scoring
        own = s.severity_rules
        return Rules(
            min_tickets=a.theme.min_tickets,
            min_customers=a.theme.min_customers,
            show=a.show,
            small_sample=a.small_sample,
            timezone=self.workspace.timezone,
            seed=a.seed,
            severity_share=s.severity_share,
            severity_customers=s.severity_customers,
            severity_rules=DEFAULT_SEVERITY_RULES
            if own is None
            else tuple(SeverityRule(r.severity, r.about, r.words) for r in own),
            weights={**WEIGHTS, **s.severity_points},
        )

    @property
    def digest(self) -> str:
        """12 hex that change when anything that shapes a digest does."""
        shaping = self.model_dump(mode="json", exclude=_NOT_SHAPING)
        if self.llm and (self.llm.use or self.analysis.embedder == "endpoint"):
            shaping["llm"] = self.llm.model_dump(mode="json", include=_LLM_SHAPING)
        if self.signals:  # who is asked; of what, `bot.runs.Parts.shaping` adds, with what people tied to themes
            shaping["signals"] = self.signals.model_dump(mode="json", include=_SIGNALS_SHAPING)
        return hashlib.sha256(json.dumps(shaping, sort_keys=True).encode()).hexdigest()[:12]


@dataclass(frozen=True, slots=True)
class Read:
    """A config as it was found. With `faults`, `config` is what is right of it: a stanza with a fault isn't in it."""

    config: Config
    faults: tuple[Finding, ...]
    origins: Origins


def load(path: Path | None, environment: Mapping[str, str]) -> Config:
    """The config at `path` (none: defaults) with the environment over it. Raises Refused with all faults and mends."""
    found = read(path, environment)
    if found.faults:
        where = str(path) if path else "the environment"
        raise Refused(f"{where}: " + "; ".join(f.message for f in found.faults))
    return found.config


def read(path: Path | None, environment: Mapping[str, str]) -> Read:
    """The same, with every fault told apart and what is right kept. Raises Refused when the file can't be read."""
    return judged(_from_file(path) if path else {}, environment, str(path))


def judged(told: dict[str, Any], environment: Mapping[str, str], by: str = "") -> Read:
    """The same for a config that stands in no file (yet); `by` names who told it. Raises Refused, too."""
    told = copy.deepcopy(told)
    origins = dict.fromkeys(_leaves(told), by)
    for name, value in sorted(_named(environment)):
        keys = name.removeprefix(PREFIX).lower().split("__")
        origins[".".join(keys)] = name
        _put(told, keys, value)
    try:
        return Read(Config.model_validate(told), (), origins)
    except ValidationError as error:
        found = [*faults.told(error, Config, origins), *(f for _, f in _crossed(told, origins))]
        return Read(_sound(told), tuple(found), origins)


def _named(environment: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """The variables that are ours; an empty secret is none. NAME_FILE of a secret names the file that holds it: how
    containers hand them out."""
    for name, value in environment.items():
        if not name.startswith(PREFIX) or name in RESERVED:
            continue
        bare = name.removesuffix("_FILE")
        secret = bare.rpartition("__")[2].lower() in SECRETS
        if secret and not value:
            continue
        if bare == name or not secret:
            yield name, value
        elif bare not in environment:
            try:
                yield bare, Path(value).read_text(encoding="utf-8").strip()
            except (OSError, UnicodeDecodeError):
                raise Refused(f"{name} names a file that can't be read as text: make it readable for us") from None


def _crossed(told: Mapping[str, Any], by: Origins | None = None) -> Iterator[tuple[str, Finding]]:
    """What is wrong between keys, with the stanza that can't be used then. `told` may be wrong in itself."""

    def at(path: str) -> Any:
        value: Any = told
        for part in path.split("."):
            value = value.get(part) if isinstance(value, Mapping) else None
        return value

    def fault(key: str, message: str, mend: str) -> tuple[str, Finding]:
        return key.rpartition(".")[0], faults.fault_of(key, message, (by or {}).get(key, ""), mend)

    yield from _misled(at, fault)
    if at("slack.mode") == "http" and not at("slack.signing_secret"):
        mend = f"Set {faults.variable('slack.signing_secret')}, from Basic Information of the Slack app."
        yield fault("slack.signing_secret", "slack.mode http needs it: without it anybody could click", mend)
    for name in _BESIDE:
        if at(name) and not at("jira"):
            mend = f"Configure jira as well (see config.example.yaml), or take {name} out."
            yield fault(f"{name}.token", f"{name} stands beside Jira: an approved item is made there first", mend)
    if at("analysis.embedder") == "endpoint" and not at("llm.embedding_model"):
        mend = "Name the endpoint's embeddings model there, or set analysis.embedder: builtin."
        yield fault("llm.embedding_model", "analysis.embedder endpoint needs the name of an embeddings model", mend)


def _misled(
    at: Callable[[str], Any], fault: Callable[[str, str, str], tuple[str, Finding]]
) -> Iterator[tuple[str, Finding]]:
    """What is wrong with where addresses lead, as they are written."""
    for key in (*_ADDRESSES, "llm.base_url"):
        url = at(key)
        url = url.get_secret_value() if isinstance(url, SecretStr) else url
        if not isinstance(url, str) or not is_address(url):
            continue
        if is_metadata(urlsplit(url).hostname or ""):
            yield fault(key, "it names a cloud's metadata, which no address may", "Write the address that was meant.")
        elif key in _ADDRESSES and not is_public(url) and at("network.allow_private") is not True:
            mend = "Write an https address; for a server of your own, set network.allow_private: true."
            yield fault(key, "it must be https and public, or network.allow_private: true must say otherwise", mend)
    for key, message, mend in computing.wrong(at("compute"), allow_private=at("network.allow_private") is True):
        yield fault(f"compute.{key}", message, mend)


def _sound(told: dict[str, Any]) -> Config:
    """What is right of it. A stanza of something outside goes whole, lest another server be asked than was meant."""
    for _ in range(_ROUNDS):
        try:
            return Config.model_validate(told)
        except ValidationError as error:
            for fault in error.errors(include_url=False, include_input=False):
                _drop(told, _stanza(fault["loc"], unknown=fault["type"] == "extra_forbidden"))
            for stanza, _ in _crossed(told):
                _drop(told, stanza.split("."))
    return Config()


def _stanza(path: Sequence[int | str], *, unknown: bool) -> Sequence[int | str]:
    depth = 2 if path[:1] == ("sources",) else 1
    return path[:depth] if faults.named(path[:depth]) in _OUTSIDE and not unknown else path


def _drop(told: Any, path: Sequence[int | str]) -> None:
    """Takes the key at `path` out, or what stands there in place of a mapping that would hold it."""
    for part in path[:-1]:
        if not isinstance(told.get(part), dict):
            path = (part,)
            break
        told = told[part]
    if path:
        told.pop(path[-1], None)


def _leaves(told: Mapping[str, Any], above: str = "") -> Iterator[str]:
    for key, value in told.items():
        yield f"{above}{key}"
        if isinstance(value, Mapping):
            yield from _leaves(value, f"{above}{key}.")


def _from_file(path: Path) -> dict[str, Any]:
    try:
        told = yaml.safe_load(path.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise Refused(f"{path} can't be read: {error.strerror}. Name another file with --config.") from None
    except yaml.MarkedYAMLError as error:  # its own message quotes the line, which may hold a token
        mark = error.problem_mark
        where = f" in line {mark.line + 1}, column {mark.column + 1}" if mark else ""
        raise Refused(f"{path} is not YAML{where}: {error.problem or error.context}") from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise Refused(f"{path} is not YAML: it holds what is no text ({type(error).__name__})") from None
    if told is None:
        return {}
    if not isinstance(told, dict):
        raise Refused(f"{path} must hold keys and values, see config.example.yaml")
    return told


def _put(told: dict[str, Any], keys: list[str], value: str) -> None:
    for key in keys[:-1]:
        below = told.setdefault(key, {})
        if not isinstance(below, dict):
            return
        told = below
    if keys[-1] in SECRETS:
        told[keys[-1]] = value  # a token of digits is still a text
        return
    try:
        told[keys[-1]] = yaml.safe_load(value) if value.strip() else value
    except yaml.YAMLError:
        told[keys[-1]] = value  # "@acme" is no YAML, and a fine name
