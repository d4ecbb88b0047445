"""What a new user answers -> a config and its secrets. Pure: nothing is asked, read or written here."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal
from urllib.parse import urlsplit

import yaml

from bot.config.faults import variable
from bot.ports import Refused

Where = Literal["zendesk", "intercom", "file"]
_HEAD = """\
# Made by groundswell init. Every other key, with its default: config.example.yaml, or groundswell config show --all
# Tokens stand in .env beside this file, for this user alone: keep that one out of version control.
"""


@dataclass(frozen=True, slots=True)
class Part:
    """One thing that was configured: `name` as `doctor` knows it, its stanza, and its secrets by their key."""

    name: str
    told: Mapping[str, Any]
    secrets: Mapping[str, str] = field(default_factory=dict)


def where(text: str) -> tuple[Where, str]:
    """What was meant by "acme.zendesk.com", "intercom eu" or "export.csv", and the rest of it."""
    words = text.strip().split()
    if words and words[0].casefold() == "intercom":
        return "intercom", words[1].casefold() if len(words) > 1 else "us"
    bare = re.sub(r"^https?://", "", text.strip()).split("/")[0].casefold()
    if bare.endswith(".zendesk.com"):
        return "zendesk", bare.removesuffix(".zendesk.com")
    return "file", text.strip()


def files(paths: Sequence[str]) -> Part:
    return Part("file", {"sources": {"file": {"paths": list(paths)}}})


def zendesk(subdomain: str, login: str | None, email: str | None = None) -> Part:
    """`login`: an OAuth token; or an API token, with `email` or written as Zendesk does, bot@acme.com/token:SECRET."""
    if login and (match := re.fullmatch(r"(\S+@\S+?)/token:(\S+)", login.strip())):
        email, login = match[1], match[2]
    told = {"subdomain": where(f"{subdomain.split('.zendesk.com')[0]}.zendesk.com")[1], "email": email}
    return Part("zendesk", {"sources": {"zendesk": _kept(told)}}, _secret("sources.zendesk.token", login))


def intercom(region: str, token: str | None) -> Part:
    return Part("intercom", {"sources": {"intercom": {"region": region}}}, _secret("sources.intercom.token", token))


def slack(channel: str, tokens: str | None, approvers: Sequence[str] = ()) -> Part:
    """`tokens`: xoxb-... for posting and, with a space between, xapp-... for the buttons."""
    told = {"channel": channel.strip(), "approvers": list(approvers)}
    words = (tokens or "").split()
    posting = next((w for w in words if not w.startswith("xapp-")), None)
    buttons = next((w for w in words if w.startswith("xapp-")), None)
    return Part("slack", {"slack": told}, _secret("slack.token", posting) | _secret("slack.app_token", buttons))


def jira(address: str, login: str | None, email: str | None = None) -> Part:
    """`address`: any page of the project. `login`: bot@acme.com:TOKEN, or the token alone. Raises Refused."""
    parts = urlsplit(address.strip())
    project = re.search(r"/(?:browse|projects)/([A-Za-z][A-Za-z0-9_]+)", parts.path)
    if not parts.hostname or not project:
        raise Refused("that names no Jira project: write it as https://acme.atlassian.net/browse/BILL")
    if login and (match := re.fullmatch(r"(\S+@[^\s:]+):(\S+)", login.strip())):
        email, login = match[1], match[2]
    elif login and re.fullmatch(r"[^@\s]+@[^@\s:]+\.[^@\s:]+:?", login.strip()):
        raise Refused("that is a mail address without its token: write both, as bot@acme.com:TOKEN")
    site = f"{parts.scheme}://{parts.hostname}" + (f":{parts.port}" if parts.port else "")
    told = _kept({"site": site, "email": email, "project": project[1].upper()})
    return Part("jira", {"jira": told}, _secret("jira.token", login))


def together(workspace: Mapping[str, Any], parts: Sequence[Part]) -> dict[str, Any]:
    told: dict[str, Any] = {"version": 1, "workspace": dict(workspace)}
    for part in parts:
        for key, stanza in part.told.items():
            told[key] = {**told.get(key, {}), **stanza} if isinstance(stanza, Mapping) else stanza
    return told


def secrets(parts: Sequence[Part]) -> dict[str, str]:
    """By the names under which `.env` holds them."""
    return {variable(key): value for part in parts for key, value in part.secrets.items()}


def text(told: Mapping[str, Any]) -> str:
    return _HEAD + yaml.safe_dump(dict(told), sort_keys=False, allow_unicode=True)


def _kept(told: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in told.items() if value}


def _secret(key: str, value: str | None) -> dict[str, str]:
    return {key: value.strip()} if value and value.strip() else {}
