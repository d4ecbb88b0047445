"""What is wrong with a config, in words: each fault with its key, who told it, and the mend. Pure."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, get_args

from pydantic import BaseModel, ValidationError

from bot.acts import Finding
from bot.config.connections import SECRETS

Origins = Mapping[str, str]  # "slack.channel" -> "config.yaml", or the name of an environment variable
PREFIX = "GROUNDSWELL_"

_MENDS = {
    "workspace.timezone": "Write a name of the time zone database, such as Europe/London.",
    "slack.channel": "Write the channel's id, such as C0PRODUCT1: it stands at the end of the channel's details.",
    "jira.project": "Write the project's key, such as BILL: what its issues begin with.",
    "jira.site": "Write the address that people open, such as https://acme.atlassian.net.",
    "sources.zendesk.subdomain": "Write the name before .zendesk.com alone, such as acme.",
    "analysis.theme.min_tickets": "Write 5 or more: what is less is an anecdote.",
    "analysis.theme.min_customers": "Write 3 or more: what is less is an anecdote.",
}


def named(path: Sequence[int | str]) -> str:
    return ".".join(str(part) for part in path)


def variable(key: str) -> str:
    """The environment variable of a key: "jira.token" -> "GROUNDSWELL_JIRA__TOKEN"."""
    return PREFIX + key.replace(".", "__").upper()


def told(error: ValidationError, model: type[BaseModel], origins: Origins) -> Iterator[Finding]:
    """One for each fault of a key. No secret is in it, nor a whole stanza or an address, which may hold one."""
    for fault in error.errors(include_url=False):
        path = fault["loc"]
        if not path:  # of the whole: `bot.config` tells these one by one
            continue
        by = origins.get(named(path), "")
        where = f" in {by}" if by.startswith(PREFIX) else ""
        if fault["type"] == "extra_forbidden":
            yield _unknown(path, _keys(model, path[:-1]), where)
        else:
            message = "not set" if fault["type"] == "missing" else fault["msg"].removeprefix("Value error, ")
            told_already = isinstance(fault["input"], str) and repr(fault["input"]) in message
            found = "" if told_already else _found(path, fault["input"], fault["type"])
            yield fault_of(named(path), f"{message}{found}{where}", by)


def fault_of(key: str, message: str, by: str = "", mend: str = "") -> Finding:
    """A fault of one key; without a `mend`, the one that belongs to the key."""
    if key.rpartition(".")[2] in SECRETS:
        name = variable(key)
        mend = mend or f"Set {name} in the environment or in .env beside the config, or {name}_FILE to a file with it."
    usual = f"Change {key} in {by}" if by else f"Give {key} a value"
    return Finding(
        "config",
        "fail",
        f"{key}: {message}",
        mend or _MENDS.get(key) or f"{usual}; config.example.yaml shows how it is written.",
    )


def meant(name: str, known: Sequence[str]) -> str:
    """ ", did you mean X?" of one name of many, by its whole or by what stands after the last "/"; else nothing."""
    last = {k.rpartition("/")[2].casefold(): k for k in known}
    near = difflib.get_close_matches(name, known, n=1, cutoff=0.8)
    near = near or [last[n] for n in difflib.get_close_matches(name.casefold(), last, n=1, cutoff=0.8)]
    return f", did you mean {near[0]!r}?" if near else ""


def _unknown(path: Sequence[int | str], known: Sequence[str], where: str) -> Finding:
    near = difflib.get_close_matches(str(path[-1]), known, n=1, cutoff=0.5)
    if near:
        return Finding(
            "config",
            "fail",
            f"unknown key {named(path)!r}{where}, did you mean {near[0]!r}?",
            "Correct it, or take it out.",
        )
    there = ", ".join(known)
    return Finding("config", "fail", f"unknown key {named(path)!r}{where} (known here: {there})", "Take it out.")


def _found(path: Sequence[int | str], value: Any, kind: str) -> str:
    plain = not isinstance(value, dict | list) and SECRETS.isdisjoint(map(str, path)) and "://" not in str(value)
    return f" (found {value!r})" if plain and kind != "missing" else ""


def _keys(model: type[BaseModel], path: Sequence[int | str]) -> list[str]:
    for part in path:
        field = model.model_fields.get(str(part))
        kinds = [field.annotation, *get_args(field.annotation)] if field else []
        below = next((k for k in kinds if isinstance(k, type) and issubclass(k, BaseModel)), None)
        if below is None:
            return []
        model = below
    return sorted(model.model_fields)
