"""What a project holds already: issues by the words in them, and issues by key as they are now. Reads only.

By words it is asked through the index, which knows stems and lags by seconds to minutes (VENDORS 4.2); which of the
candidates is about the same is not Jira's to say. By key it is read at once.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from bot.acts import Fate, Issue
from bot.ports import Refused, Unavailable
from connectors.jira import adf, reads
from connectors.jira.draft import WITHDRAWN
from connectors.jira.moves import DONE, declines
from connectors.jira.wire import Wire

_FIELDS = ["summary", "description", "status", "resolution", "resolutiondate", "labels"]
_MOST = 100  # candidates
_BLOCK = 100  # keys in one bulkfetch (Atlassian's description of the operation)
_STRAYS = 20  # keys that bulkfetch did not answer by, asked for one by one
_TEXT = 2_000  # characters of a description: more is no problem told but a log
_UNFIT = re.compile(r"[^\w]+")


def similar(wire: Wire, projects: Sequence[str], words: Sequence[str]) -> list[Issue]:
    """The issues of the projects that hold any of the words, the last changed first. What an undo of ours withdrew is
    no issue to be had. Raises Unavailable, Refused."""
    jql = query(projects, words)
    if not jql:
        return []
    body: dict[str, Any] = {"jql": jql, "maxResults": _MOST, "fields": _FIELDS}
    found: list[Issue] = []
    while len(found) < _MOST:
        data = wire.read("POST", "search/jql", body=body).data
        found += [_issue(wire, raw) for raw in _listed(data) if WITHDRAWN not in (raw["fields"].get("labels") or ())]
        token = data.get("nextPageToken")
        if not token or token == body.get("nextPageToken"):
            break
        body = {**body, "nextPageToken": token}
    return found[:_MOST]


def query(projects: Sequence[str], words: Sequence[str]) -> str:
    """JQL; empty where nothing is left to ask for. A word keeps its letters and digits alone, so that none of JQL's or
    of the text search's own signs is in it (support.atlassian.com, "Search syntax for text fields")."""
    plain = list(dict.fromkeys(word for word in (_UNFIT.sub("", said).casefold() for said in words) if len(word) > 2))
    if not plain or not projects:
        return ""
    where = ", ".join(f'"{project}"' for project in projects)
    told = " OR ".join(f'text ~ "{word}"' for word in plain)
    return f"project in ({where}) AND ({told}) ORDER BY updated DESC"


def issues(wire: Wire, keys: Sequence[str]) -> list[Issue]:
    """Each as it is now, under the key that it was asked by. Raises Unavailable, Refused."""
    wanted = list(dict.fromkeys(key for key in keys if reads.KEY.fullmatch(key)))
    found: dict[str, Issue] = {}
    for start in range(0, len(wanted), _BLOCK):
        asked = {"issueIdsOrKeys": wanted[start : start + _BLOCK], "fields": _FIELDS}
        answer = _listed(wire.read("POST", "issue/bulkfetch", body=asked).data)
        found |= {raw["key"]: _issue(wire, raw) for raw in answer}
    moved = [key for key in wanted if key not in found][:_STRAYS]
    found |= {key: issue for key in moved if (issue := _one(wire, key)) is not None}
    return [found[key] for key in wanted if key in found]


def _one(wire: Wire, key: str) -> Issue | None:
    """An issue that was moved answers to its old key, too; None: it is gone, or hidden."""
    try:
        raw = wire.read("GET", f"issue/{key}", params={"fields": ",".join(_FIELDS)}).data
    except Refused:
        return None
    made = [_issue(wire, one) for one in _listed({"issues": [raw]})]
    return replace(made[0], key=key) if made else None


def _listed(data: Any) -> list[Mapping[str, Any]]:
    if not isinstance(data, dict) or not isinstance(data.get("issues"), list):
        raise Unavailable("Jira's answer is not a list of issues")
    rows = [raw for raw in data["issues"] if isinstance(raw, dict) and reads.KEY.fullmatch(str(raw.get("key")))]
    return [{**raw, "fields": raw.get("fields") or {}} for raw in rows]


def _issue(wire: Wire, raw: Mapping[str, Any]) -> Issue:
    key, fields = str(raw["key"]), raw["fields"]
    status, resolution = fields.get("status") or {}, (fields.get("resolution") or {}).get("name")
    is_done = (status.get("statusCategory") or {}).get("key") == DONE
    declined = declines(str(resolution or "")) or declines(str(status.get("name") or ""))
    return Issue(
        key=key,
        url=reads.receipt(wire, key).url or "",
        summary=adf.clean(str(fields.get("summary") or "")),
        text=adf.clean("\n".join(_told(fields.get("description"))))[:_TEXT],
        fate=Fate.OPEN if not is_done else Fate.DECLINED if declined else Fate.DONE,
        status=adf.clean(str(status.get("name") or "")),
        resolution=adf.clean(str(resolution)) if resolution else None,
        resolved_at=_time(fields.get("resolutiondate")),
    )


def _told(node: Any) -> Iterator[str]:
    """The text of a document, a line for each paragraph; whoever wrote it, its marks and links say nothing here."""
    pending = ""
    for child in node.get("content") or () if isinstance(node, dict) else ():
        if isinstance(child, dict) and child.get("type") == "text":
            pending += str(child.get("text") or "")
        else:
            yield from _told(child)
    if pending:
        yield pending


def _time(said: object) -> datetime | None:
    try:
        at = datetime.fromisoformat(str(said))
    except ValueError:
        return None
    return at if at.tzinfo else None
