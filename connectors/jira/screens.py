"""What a project asks for when an issue is made, and a draft's wishes in its terms.

Drafts are planned without a network, so they hold what people call things: "P1", "Component: Billing". What Jira calls
them is read from the create metadata (VENDORS 4.2) just before the issue is made, once a day for each issue type. What
is required and not given is named before anything is sent.
"""

from __future__ import annotations

import math
import re
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bot import phrases
from bot.acts import Field
from bot.domain import Severity
from bot.ports import Refused, Unavailable
from connectors.jira import adf
from connectors.jira.wire import Wire

ALWAYS = frozenset({"project", "issuetype", "summary", "description", "labels"})  # what every draft fills
_SELF_MADE = frozenset({"reporter"})  # whoever signs in, unless somebody is named
_KEPT = 86_400.0  # seconds
_PAGES = 20
_DATE = re.compile(r"\d{4}-\d\d-\d\d")

Meta = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Screen:
    """The create screen of an issue type. `fields` by id, as Jira tells them."""

    project: str
    issue_type: str
    fields: Mapping[str, Meta]

    def named(self, name: str) -> str:
        """The id of the field that people, or the settings, call `name`. Raises Refused."""
        if name in self.fields:
            return name
        found = [key for key, meta in self.fields.items() if _same(meta.get("name"), name)]
        if len(found) == 1:
            return found[0]
        if found:
            told = " or ".join(found)
            raise Refused(f"{self.project} has {len(found)} fields called {_shown(name)}: say {told}.")
        raise Refused(
            f"{self.project} has no field {_shown(name)} on the create screen of {self.issue_type}: "
            "mend the name, or add it to that screen."
        )

    def missing(self, given: Sequence[str]) -> list[str]:
        """The ids of what is required, has no default and is not among the ids `given`."""
        return [
            key
            for key, meta in self.fields.items()
            if meta.get("required") and not meta.get("hasDefaultValue") and key not in {*given, *ALWAYS, *_SELF_MADE}
        ]

    def label(self, key: str) -> str:
        return phrases.heading(str(self.fields[key].get("name") or key))


class Screens:
    """The create screens of one project, read when they are asked for and kept for a day."""

    def __init__(self, wire: Wire, project: str, now: Callable[[], float] = time.monotonic) -> None:
        self._wire, self._project, self._now = wire, project, now
        self._kept: dict[str, tuple[float, Screen]] = {}

    def of(self, issue_type: str) -> Screen:
        """By name or id. Raises Unavailable, and Refused when the project has no such type."""
        screen = self.kept(issue_type)
        if screen is None:
            screen = read(self._wire, self._project, issue_type, types(self._wire, self._project))
            self._kept[issue_type] = (self._now(), screen)
        return screen

    def kept(self, issue_type: str) -> Screen | None:
        """What is known of it without asking."""
        at, screen = self._kept.get(issue_type, (-math.inf, None))
        return screen if self._now() - at <= _KEPT else None

    def forget(self) -> None:
        """Jira refused what they allow: somebody has changed them."""
        self._kept.clear()


def types(wire: Wire, project: str) -> dict[str, str]:
    """id -> name of the issue types that this account may make there. Raises Unavailable or Refused."""
    listed = _all(wire, f"issue/createmeta/{project}/issuetypes", "issueTypes")
    return {str(t.get("id")): str(t.get("name")) for t in listed}


def read(wire: Wire, project: str, issue_type: str, offered: Mapping[str, str]) -> Screen:
    """Raises Unavailable, and Refused when `issue_type` is none of those `offered`."""
    number = issue_type if issue_type in offered else next((n for n, t in offered.items() if t == issue_type), None)
    if number is None:
        there = ", ".join(sorted(offered.values())) or "none that this account may make"
        raise Refused(f"{project} has no issue type {issue_type!r}; it has {there}. Set jira.issue_types to those.")
    listed = _all(wire, f"issue/createmeta/{project}/issuetypes/{number}", "fields")
    return Screen(project, offered[number], {str(f.get("fieldId") or f.get("key")): f for f in listed})


def _all(wire: Wire, path: str, items: str) -> Iterator[Meta]:
    """Pages by offset, at most 200 a page."""
    start = 0
    for _ in range(_PAGES):
        data = wire.read("GET", path, params={"startAt": start, "maxResults": 200}).data
        page = data.get(items) if isinstance(data, dict) else None
        if not isinstance(page, list):
            raise Unavailable("Jira's answer does not list what a project asks for")
        yield from page
        start += len(page)
        if not page or start >= int(data.get("total") or 0):
            return


# --- a draft's wishes in Jira's terms


def filled(payload: Mapping[str, Any], screen: Screen) -> dict[str, Any]:
    """What is sent to make the issue. Pure. Raises Refused, naming what is missing or can't be meant."""
    wanted = payload["wanted"]
    fields = {**payload["fields"], **given(screen, wanted["fields"])}
    if (severity := wanted.get("severity")) and "priority" not in fields:
        if "priority" in screen.fields:
            names = {Severity(s): str(name) for s, name in (wanted.get("priorities") or {}).items()}
            number = priority(screen, Severity(severity), names)
            fields |= {"priority": {"id": number}} if number else {}
        else:
            fields["labels"] = [*fields["labels"], f"groundswell-sev-{severity.lower()}"]
    if lacking := screen.missing(tuple(fields)):
        raise Refused(lacks(screen, lacking))
    return {"fields": fields, "properties": payload["properties"]}


def lacks(screen: Screen, lacking: Sequence[str]) -> str:
    named = [screen.label(key) for key in lacking]
    told = " and ".join(named)
    ways = " ".join(f'--field "{name}=..."' for name in named)
    return (
        f"{screen.project} requires {told} for {screen.issue_type}: "
        f"give it with approve {ways}, in Edit, or under jira.fields."
    )


def given(screen: Screen, values: Mapping[str, Any]) -> dict[str, Any]:
    """{name or id: value} -> {id: value as Jira's API takes it}. Raises Refused."""
    return {key: coerced(screen, key, value) for key, value in ((screen.named(n), v) for n, v in values.items())}


def priority(screen: Screen, severity: Severity, names: Mapping[Severity, str]) -> str | None:
    """The id of a severity's priority: by the settings, or where they name none, by the site's own order."""
    allowed = screen.fields["priority"].get("allowedValues") or []
    if names:
        name = names.get(severity)
        return str(_option(screen, "priority", name).get("id")) if name else None
    return str(allowed[severity.level * len(allowed) // len(Severity)].get("id")) if allowed else None


def needed(screen: Screen, named: Iterable[str], ours: Sequence[str]) -> list[Field]:
    """What a person has to give beside what the settings name and what is `ours`, by id. Raises Refused."""
    return [described(screen, key) for key in screen.missing([*ours, *(screen.named(name) for name in named)])]


def described(screen: Screen, key: str) -> Field:
    meta = screen.fields[key]
    options = tuple(phrases.heading(_called(option)) for option in meta.get("allowedValues") or [])
    kind = str((meta.get("schema") or {}).get("type") or "string")
    return Field(screen.label(key), key, bool(meta.get("required")), options, kind)


def coerced(screen: Screen, key: str, value: Any) -> Any:
    """A value as people write it, as Jira takes it. What is written in Jira's own form passes. Raises Refused."""
    if isinstance(value, dict) or (isinstance(value, list) and any(isinstance(v, dict) for v in value)):
        return value
    kind, words = _kind(screen.fields[key]), [str(v).strip() for v in (value if isinstance(value, list) else [value])]
    one = words[0] if len(words) == 1 else ", ".join(words)
    if kind == "option":
        return {"id": str(_option(screen, key, one).get("id"))}
    if kind in ("options", "texts"):
        several = words if isinstance(value, list) else [w.strip() for w in one.split(",") if w.strip()]
        return [{"id": str(_option(screen, key, w).get("id"))} for w in several] if kind == "options" else several
    return _plain(screen, key, kind, one)


def _plain(screen: Screen, key: str, kind: str, said: str) -> Any:
    if kind == "number":
        try:
            number = float(said)
        except ValueError:
            number = math.nan
        if math.isfinite(number):
            return int(number) if number.is_integer() else number
        raise Refused(f"{screen.label(key)} is a number, not {_shown(said)}.")
    if kind == "date" and not _DATE.fullmatch(said):
        raise Refused(f"{screen.label(key)} is a date like 2026-11-30, not {_shown(said)}.")
    if kind == "other":
        what = phrases.heading(str((screen.fields[key].get("schema") or {}).get("type") or "something else"))
        raise Refused(
            f"{screen.label(key)} can't be given as text (it takes a value of the type {what}): "
            f"make it optional, give it a default in Jira, or write jira.fields.{key} as Jira's API takes it."
        )
    return adf.document([adf.paragraph(adf.lines(said))]) if _is_document(screen.fields[key]) else said


def _kind(meta: Meta) -> str:
    """What a person may write: "option", "options", "text", "texts", "number", "date" or "other"."""
    schema = meta.get("schema") or {}
    kind, items = schema.get("type"), schema.get("items")
    if kind == "option-with-child" or "user" in (kind, items) or "group" in (kind, items):
        return "other"
    if meta.get("allowedValues"):
        return "options" if kind == "array" else "option"
    if kind == "array":
        return "texts" if items == "string" else "other"
    return str(kind) if kind in ("number", "date") else "text" if kind in ("string", None) else "other"


def _is_document(meta: Meta) -> bool:
    """A text of several lines is ADF in REST v3, one of a single line is not."""
    schema = meta.get("schema") or {}
    return str(schema.get("custom") or "").endswith(":textarea") or schema.get("system") == "environment"


def _option(screen: Screen, key: str, name: str) -> Meta:
    allowed = screen.fields[key].get("allowedValues") or []
    found = next((o for o in allowed if name == str(o.get("id"))), None)
    found = found or next((o for o in allowed if _same(_called(o), name)), None)
    if found is None:
        there = ", ".join(phrases.heading(_called(o)) for o in allowed[:20])
        raise Refused(f"{screen.project} has no {screen.label(key)} {_shown(name)}; it has {there or 'none'}.")
    return found  # type: ignore[no-any-return]


def _called(option: Meta) -> str:
    return str(option.get("name") or option.get("value") or option.get("id"))


def _same(left: object, right: str) -> bool:
    """As people write: "component" is Jira's "Components", which once was "Component/s"."""
    return _folded(str(left)) == _folded(right)


def _folded(said: str) -> str:
    return " ".join(said.split()).casefold().removesuffix("s").removesuffix("/")


def _shown(said: str) -> str:
    return f"“{phrases.clip(phrases.line(said), 60)}”"
