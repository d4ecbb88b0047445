"""YAML and environment -> Config. Says what is wrong, where, and how to mend it. Nothing is read at import."""

from __future__ import annotations

import difflib
import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, get_args
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import yaml
from pydantic import Field, ValidationError, field_validator, model_validator

from bot.connections import (
    SECRETS,
    IntercomDesk,
    JiraStanza,
    LlmStanza,
    Network,
    Schedule,
    Server,
    SlackStanza,
    Stanza,
    Storage,
    ZendeskDesk,
    is_public,
)
from bot.domain import Severity
from bot.ports import Refused
from bot.synthesis.rules import DEFAULT_SEVERITY_RULES, WEIGHTS, Rules, SeverityRule

PREFIX = "GROUNDSWELL_"
# Where things are read, kept and sent does not shape what a digest says.
_NOT_SHAPING = {"output", "sources", "slack", "jira", "schedule", "storage", "server", "network", "llm"}
_LLM_SHAPING = {"use", "base_url", "model", "strong_model", "tickets", "embedding_model"}  # where one is used
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
            raise ValueError(f"{name!r} is not a time zone: write it as Europe/London") from None
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
    """Where `run` writes. `cache` holds vectors by the hash of a text, never text."""

    dir: Path = Path("out")
    cache: Path | None = None


class Config(Stanza):
    version: Literal[1] = 1
    workspace: Workspace = Workspace()
    sources: Sources = Sources()
    analysis: Analysis = Analysis()
    customers: Customers = Customers()
    scoring: Scoring = Scoring()
    output: Output = Output()
    slack: SlackStanza | None = None
    jira: JiraStanza | None = None
    llm: LlmStanza | None = None
    schedule: Schedule = Schedule()
    storage: Storage = Storage()
    server: Server = Server()
    network: Network = Network()

    @model_validator(mode="after")
    def _reachable(self) -> Config:
        """A configured address is https and public, or `network.allow_private` says that it need not be."""
        told = {
            "sources.zendesk.base_url": self.sources.zendesk and self.sources.zendesk.base_url,
            "sources.intercom.base_url": self.sources.intercom and self.sources.intercom.base_url,
            "slack.base_url": self.slack and self.slack.base_url,
            "jira.site": self.jira and self.jira.site,
        }
        for where, url in told.items():
            if url and not is_public(url) and not self.network.allow_private:
                raise ValueError(f"{where} must be https and public; set network.allow_private: true for an own server")
        if self.slack and self.slack.mode == "http" and not self.slack.signing_secret:
            raise ValueError("slack.mode http needs slack.signing_secret: without it anybody could click")
        if self.analysis.embedder == "endpoint" and not (self.llm and self.llm.embedding_model):
            raise ValueError("analysis.embedder endpoint needs llm.embedding_model: the name of an embeddings model")
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
        return hashlib.sha256(json.dumps(shaping, sort_keys=True).encode()).hexdigest()[:12]


def load(path: Path | None, environment: Mapping[str, str]) -> Config:
    """The config at `path` (none: defaults) with the environment over it. Raises Refused with all faults and mends."""
    told = _from_file(path) if path else {}
    for name, value in sorted(environment.items()):
        if name.startswith(PREFIX) and name not in RESERVED:
            _put(told, name.removeprefix(PREFIX).lower().split("__"), value)
    try:
        return Config.model_validate(told)
    except ValidationError as error:
        where = str(path) if path else "the environment"
        raise Refused(f"{where}: " + "; ".join(_faults(error))) from None


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


def _faults(error: ValidationError) -> Iterator[str]:
    for fault in error.errors():
        path = ".".join(str(p) for p in fault["loc"])
        if fault["type"] == "extra_forbidden":
            known = _keys(Config, fault["loc"][:-1])
            near = difflib.get_close_matches(str(fault["loc"][-1]), known, n=1, cutoff=0.5)
            yield f"unknown key {path!r}" + (
                f", did you mean {near[0]!r}?" if near else f" (known here: {', '.join(known)})"
            )
        else:
            told = fault["msg"].removeprefix("Value error, ")
            # What was found may be a secret, a whole stanza that holds one, or an address with a password in it.
            found = fault["input"]
            plain = not isinstance(found, dict | list) and SECRETS.isdisjoint(map(str, fault["loc"]))
            plain = plain and "://" not in str(found)
            yield (f"{path}: " if path else "") + told + (f" (found {found!r})" if plain else "")


def _keys(model: type[Stanza], path: tuple[int | str, ...]) -> list[str]:
    for part in path:
        field = model.model_fields.get(str(part))
        kinds = [field.annotation, *get_args(field.annotation)] if field else []
        below = next((k for k in kinds if isinstance(k, type) and issubclass(k, Stanza)), None)
        if below is None:
            return []
        model = below
    return sorted(model.model_fields)
