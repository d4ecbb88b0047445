"""The stanzas of what Groundswell talks to: help desks, Slack, Jira, the database. Secrets are SecretStr from here."""

from __future__ import annotations

import ipaddress
import re
from datetime import date
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    SecretStr,
    field_validator,
    model_validator,
)

from bot.domain import Kind, Severity

# Keys whose values are never shown, not even in a message that says they are wrong.
SECRETS = frozenset({"token", "app_token", "signing_secret", "api_key", "ping_url"})


class Stanza(BaseModel):
    """A part of the config: unknown keys are errors, values don't change."""

    model_config = ConfigDict(extra="forbid", frozen=True)


def is_address(url: str) -> bool:
    """No login in a URL, and no scheme but http(s). Whether http or a private host may be used, `network` says."""
    try:
        parts = urlsplit(url)
        return bool(parts.scheme in {"https", "http"} and parts.hostname and not parts.username and not parts.password)
    except ValueError:  # "https://[half-an-address"
        return False


def _https(url: str) -> str:
    if not is_address(url):  # what it is instead may be a token, so it isn't shown
        raise ValueError("it is not an address: write it as https://acme.atlassian.net")
    return url.rstrip("/")


Url = Annotated[str, AfterValidator(_https)]


def is_public(url: str) -> bool:
    """https, and not a host that only this machine or this network knows."""
    parts = urlsplit(url)
    host = (parts.hostname or "").casefold().rstrip(".")
    if parts.scheme != "https":
        return False
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        # No top-level domain has a digit in front: "127.1" and "0x7f.1" are addresses, as resolvers write them, too.
        named = "." in host and not host.rpartition(".")[2][:1].isdigit()
        return named and not host.endswith((".local", ".internal", ".localhost"))
    mapped = getattr(address, "ipv4_mapped", None)
    return bool((mapped or address).is_global)


# Link-local, where clouds hand out credentials, and the two that stand elsewhere (AWS over IPv6, Alibaba).
_METADATA = tuple(map(ipaddress.ip_network, ("169.254.0.0/16", "fe80::/10", "fd00:ec2::254/128", "100.100.100.200/32")))


def is_metadata(host: str) -> bool:
    """A host that no configured URL may name, not even with network.allow_private. Other names: `reach`."""
    if host.casefold().rstrip(".") == "metadata.google.internal":
        return True
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return False
    told = getattr(address, "ipv4_mapped", None) or address
    return any(told in network for network in _METADATA if network.version == told.version)


class Network(Stanza):
    """`allow_private`: addresses of this machine or network may be configured (tests, an own Jira)."""

    allow_private: bool = False


class LlmStanza(Stanza):
    """A language model that reads tickets, behind any OpenAI-compatible endpoint. `use`: also without --llm.

    `prices` in USD for a million tokens; `tickets`: how many are read, the rest is carried over.
    """

    use: bool = False
    base_url: Url = "https://api.openai.com/v1"
    model: str
    strong_model: str | None = None
    api_key: SecretStr | None = None
    send_text_out: Literal["local-only", "allow"] = "local-only"
    timeout: Annotated[float, Field(gt=0, le=900)] = 300.0  # a thinking model takes minutes over a month of tickets
    at_once: Annotated[int, Field(ge=1, le=32)] = 4
    tickets: Annotated[int, Field(ge=100)] | None = None
    price_in: Annotated[float, Field(ge=0)] = 2.5
    price_out: Annotated[float, Field(ge=0)] = 10.0
    max_cost_per_run: Annotated[float, Field(ge=0)] = 2.0
    embedding_model: str | None = None


Linkback = Annotated[Literal["off", "internal-note", "tag"], BeforeValidator(lambda v: "off" if v is False else v)]
"""How a ticket may be told of the issue that its theme ended in; YAML reads a bare `off` as false."""


class ZendeskDesk(Stanza):
    """With `email` the token is an API token, without it an OAuth token with the scope `read` (and `write` for
    `linkback`)."""

    subdomain: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]*$")]
    email: str | None = None
    token: SecretStr
    area_field: str | None = None
    exclude_brands: tuple[str, ...] = ()
    exclude_tags: tuple[str, ...] = ()
    linkback: Linkback = "off"
    base_url: Url | None = None


class IntercomDesk(Stanza):
    token: SecretStr
    region: Literal["us", "eu", "au"] = "us"
    exclude_teams: tuple[str, ...] = ()
    exclude_tags: tuple[str, ...] = ()
    linkback: Linkback = "off"
    base_url: Url | None = None


class SlackStanza(Stanza):
    """`approvers`: ids of people (U...) and user groups (S...) who may decide; empty: nobody may.

    `runners`: those who may start a run with /themes; None: whoever may decide. `owner`: who answers for the digest, in
    words; `rival_note`: another synthesis that is posted there, in a sentence: the month's digest points at it then.
    `remind`: approvers get one message when a P0 or P1 of the month is undecided after a week.
    """

    token: SecretStr
    channel: Annotated[str, Field(pattern=r"^[CGD][A-Z0-9]+$")]
    mode: Literal["socket", "http"] = "socket"
    app_token: SecretStr | None = None
    signing_secret: SecretStr | None = None
    approvers: tuple[str, ...] = ()
    runners: tuple[str, ...] | None = None
    owner: str | None = None
    rival_note: str | None = None
    remind: bool = True
    base_url: Url | None = None


class SpikeStanza(Stanza):
    """Alerts in Slack when more tickets come than the same hours of earlier weeks explain.

    `factor`: of the usual; `mute`: areas that are never told of; `auto_run`: a run starts without a click.
    """

    enabled: bool = True  # where Slack is configured
    min_tickets: Annotated[int, Field(ge=5)] = 15
    factor: Annotated[float, Field(ge=1.5, le=100)] = 3.0
    auto_run: bool = False
    mute: tuple[str, ...] = ()


def _off(value: Any) -> Any:
    """YAML 1.1 reads a bare `off` as false."""
    return None if value is False or value == "off" else value


class JiraStanza(Stanza):
    """`priorities` by severity; empty: by the site's own order; off: none is set. `fields`: what the project requires
    beside that, by the name people see. `status`: where drafts are moved if they can be; off: they stay. `look_in`:
    projects beside its own that may hold an issue about the same."""

    site: Url
    email: str
    token: SecretStr
    project: Annotated[str, Field(pattern=r"^[A-Z][A-Z0-9_]+$")]
    issue_types: dict[Kind, str] = Field(
        default_factory=lambda: {Kind.BUG: "Bug", Kind.REQUEST: "Story", Kind.HOW_TO: "Task"}
    )
    labels: tuple[str, ...] = ()
    priorities: Annotated[dict[Severity, str] | None, BeforeValidator(_off)] = Field(default_factory=dict)
    fields: dict[str, Any] = Field(default_factory=dict)
    status: Annotated[str | None, BeforeValidator(_off)] = "To triage"
    look_in: tuple[Annotated[str, Field(pattern=r"^[A-Z][A-Z0-9_]+$")], ...] = ()


class ProductboardStanza(Stanza):
    """Beside Jira. `fields`: what of a theme is put into which field of a feature, by the name people see; a feature
    that holds the theme's id in the field for `theme` is linked to. `parent`: the id under which features are made."""

    token: SecretStr
    fields: dict[Literal["theme", "severity", "tickets", "customers", "deflection", "issue"], str] = Field(
        default_factory=dict
    )
    parent: str | None = None
    base_url: Url = "https://api.productboard.com/v2"


class DovetailStanza(Stanza):
    """Beside Jira. Ids of the project for docs and of the channel for tickets. `token_ends`: the day, where Dovetail
    does not tell it."""

    token: SecretStr
    project: str
    channel: Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]+$")]
    token_ends: date | None = None
    base_url: Url = "https://dovetail.com/api/v1"


class FlowStanza(Stanza):
    """A step of your product and the theme (its id or whole name) whose tickets are about it. Exactly one of `trouble`,
    `goal`, `repeats` says who is stuck there; `usual`, what share of users may be with nothing wrong."""

    name: Annotated[str, Field(min_length=1, max_length=80)]
    theme: Annotated[str, Field(min_length=1)]
    reach: str = "$pageview"
    page: str | None = None
    trouble: str | None = None
    goal: str | None = None
    repeats: Annotated[int, Field(ge=2, le=100)] | None = None
    usual: Annotated[float, Field(ge=0.001, le=0.9)] | None = None

    @model_validator(mode="after")
    def _one(self) -> FlowStanza:
        if sum(x is not None for x in (self.trouble, self.goal, self.repeats)) != 1:
            raise ValueError("a flow needs exactly one of trouble, goal and repeats")
        return self


class SignalsStanza(Stanza):
    """Product analytics that a theme is held against. `token`: a personal API key of PostHog with query:read, or the
    secret of a Mixpanel service account, whose name is `user`."""

    vendor: Literal["posthog", "mixpanel"] = "posthog"
    token: SecretStr
    user: str | None = None
    project: Annotated[str, Field(pattern=r"^[0-9]+$")]
    base_url: Url | None = None
    flows: Annotated[tuple[FlowStanza, ...], Field(max_length=20)] = ()  # four requests each, of Mixpanel's 60 an hour

    @model_validator(mode="after")
    def _of_mixpanel(self) -> SignalsStanza:
        if self.vendor == "mixpanel" and not self.user:
            raise ValueError("signals.user is missing: the name of Mixpanel's service account")
        if self.vendor == "mixpanel" and any(f.page or f.repeats for f in self.flows):
            raise ValueError("Mixpanel can't tell repeats or pages of a flow: give it trouble or goal instead")
        return self

    @property
    def address(self) -> str:
        return self.base_url or {"posthog": "https://us.posthog.com", "mixpanel": "https://mixpanel.com"}[self.vendor]


class Storage(Stanza):
    """SQLite file or PostgreSQL URL; never SQLite on a network disk."""

    database: Annotated[str, Field(repr=False)] = "sqlite:///data/groundswell.db"  # a URL may hold a password


class Retention(Stanza):
    """Days after which it is let go: masked texts, a model's answers, answered clicks, payloads of what was sent."""

    texts: Annotated[int, Field(ge=70)] = 180  # a digest is of the month before, and is decided on for weeks
    answers: Annotated[int, Field(ge=1)] = 90
    clicks: Annotated[int, Field(ge=1)] = 7
    sent: Annotated[int, Field(ge=90)] = 395  # rows are drawn anew for 90 days


class Server(Stanza):
    """Where `serve` listens: health, and Slack's clicks when slack.mode is http.

    `ping_url`: a dead-man switch, pinged as <url>/start, <url> and <url>/fail. Whoever knows it can ping it.
    """

    host: str = "127.0.0.1"
    port: Annotated[int, Field(ge=0, le=65_535)] = 8080
    ping_url: SecretStr | None = None

    @field_validator("ping_url")
    @classmethod
    def _address(cls, url: SecretStr | None) -> SecretStr | None:
        if url is not None:
            _https(url.get_secret_value())
        return url


_SCHEDULE = re.compile(r"off|(?:first weekday|day ([1-9]|1\d|2[0-8])) ([01]\d|2[0-3]):([0-5]\d)")


def _scheduled(text: str) -> str:
    if not _SCHEDULE.fullmatch(text):
        raise ValueError(f"{text!r} is no schedule: write 'first weekday 09:00', 'day 3 08:30' or 'off'")
    return text


class Schedule(Stanza):
    """When `serve` makes the month's digest, in the workspace's zone, and how often it reads the help desks.

    `catch_up` False: a month that was due before the database was made is not posted by itself."""

    monthly: Annotated[str, AfterValidator(_scheduled)] = "first weekday 09:00"
    catch_up: bool = True
    sync_minutes: Annotated[int, Field(ge=5, le=1440)] = 60
