"""Looking for an issue that may have been made. Reads only.

What an unknown create became is asked in two ways. By key: issues get the numbers of their project one after another,
so whatever was made since a mark has a number above it, and `issue/bulkfetch` reads by key and not from the search
index. By label, from the index, which lags behind by seconds to minutes.

An issue is ours when its property holds the act's full key, wherever it was moved. The label alone is not enough: a
clone carries the labels of its original, and no properties.

When is it proven that nothing was made? An issue can be there and not be seen: a security level hides it, it was moved
or deleted, or a read lags behind the write. So "nothing visible" proves nothing by itself. The proof asks for

1. numbers without a gap: every number from the mark to the newest visible issue is read, and is another issue. A
   hidden, moved or deleted issue leaves a gap there, and then nothing is proven.
2. time: `settle` seconds have passed since the mark, on Jira's own clock, so that what was sent is no longer under way.
   The ledger sends within its window after the mark; the rest is for Jira's gateway and its queue.
3. that ours would not be beyond the newest one, unseen. Either a witness: the newest issue is itself younger than the
   mark by `settle`, so ours, made earlier, would have a smaller number, and all of those are read. Or a precedent, when
   the project was quiet: this account reads back an issue that it made here before, so what it makes it can see, and
   reading by key does not lag by `settle`. The precedent leaves one hole: somebody moved or deleted the issue,
   beyond this account's sight, within these seconds.

All else is Undecided, and a person looks.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from bot.acts import Absent, Act, Found, Hint, Receipt, Sighting, Undecided
from bot.ports import Unavailable
from connectors.jira.draft import PROPERTY, op_label
from connectors.jira.wire import Wire

KEY = re.compile(r"([A-Z][A-Z0-9_]+)-([1-9][0-9]{0,17})")
_BLOCK = 100  # keys in one bulkfetch (Atlassian's description of the operation)
_BLOCKS = 20  # 2,000 issues since a mark: more is no busy project but a fault
_EMPTY = 2  # blocks without a visible issue, after which nothing is expected any more
_PAGES = 10


@dataclass(frozen=True, slots=True)
class Seen:
    """What is looked at of an issue. `op` is the key of the act that made it, if one of ours did."""

    id: int
    key: str
    created: datetime | None
    labels: tuple[str, ...]
    op: str | None


@dataclass(frozen=True, slots=True)
class Range:
    """All that can be read above a mark. `whole`: every number up to `newest`, and the end was reached."""

    issues: tuple[Seen, ...]
    newest: Seen | None
    whole: bool
    at: datetime | None


def mark(wire: Wire, project: str) -> Hint:
    """The project's highest issue number now, and the time by Jira's clock. Raises Unavailable or Refused."""
    jql = f'project = "{project}" ORDER BY key DESC'
    newest = next(iter(_search(wire, jql, pages=1, size=1)), None)
    prefix, above = _number(newest.key) if newest else (project, 0)
    # The index may not know the newest ones yet: count on by key until none come any more.
    tail = above_mark(wire, prefix, above)
    if tail.at is None:
        raise Unavailable("Jira's answer has no Date header, by which a later look could be trusted")
    return {
        "project": prefix,
        "above": _number(tail.newest.key)[1] if tail.newest else above,
        "at": tail.at.isoformat(),
    }


def sighting(wire: Wire, act: Act, hint: Hint, settle: float) -> Sighting:
    """What became of a create. See the head of this module. Raises Unavailable or Refused."""
    marked = {"project", "above", "at"} <= hint.keys()
    tail = above_mark(wire, str(hint["project"]), int(hint["above"])) if marked else None
    if tail and (ours := _made_by(tail.issues, act)):
        return Found(receipt(wire, ours[0].key))
    indexed = labelled(wire, act)
    if ours := _made_by(indexed, act):
        return Found(receipt(wire, ours[0].key))
    for seen in (*(tail.issues if tail else ()), *indexed):
        if op_label(act.marker) in seen.labels:
            return Undecided(f"{seen.key} has the label {op_label(act.marker)}, but was not made by this approval")
    if tail is None:
        return Undecided("no mark was taken before it was sent, and the search alone can't prove it absent")
    settled = datetime.fromisoformat(str(hint["at"])) + timedelta(seconds=settle)
    why = _doubt(wire, act.target, tail, settled)
    return Undecided(why) if why else Absent()


def _made_by(issues: Sequence[Seen], act: Act) -> list[Seen]:
    """Those that the act made, the first made first; each once."""
    ours = {seen.id: seen for seen in issues if seen.op == act.key}
    return [ours[number] for number in sorted(ours)]


def _doubt(wire: Wire, project: str, tail: Range, settled: datetime) -> str | None:
    """Why what was read is no proof, None when it is one."""
    if not tail.whole:
        return "some issue numbers made since can't be read: hidden, moved or deleted, and one may be ours"
    if tail.at is None or tail.at < settled:
        return "it was sent too recently to be ruled out"
    if tail.newest and tail.newest.created and tail.newest.created >= settled:
        return None  # the witness
    if next(iter(_search(wire, f'project = "{project}" AND creator = currentUser()', pages=1, size=1)), None):
        return None  # the precedent
    return "nothing newer is visible, and this account has made nothing here before: it may not see what it makes"


def above_mark(wire: Wire, project: str, above: int) -> Range:
    """Every visible issue with a number above `above`, up to 200 numbers that hold none."""
    found: dict[str, Seen] = {}
    at, whole, empty = None, True, 0
    for block in range(_BLOCKS):
        first = above + 1 + block * _BLOCK
        keys = [f"{project}-{number}" for number in range(first, first + _BLOCK)]
        request = {"issueIdsOrKeys": keys, "fields": ["labels", "created"], "properties": [PROPERTY]}
        reply = wire.read("POST", "issue/bulkfetch", body=request)
        issues = _issues(reply.data)
        found |= {seen.key: seen for seen in issues}
        at, whole = reply.at, whole and not reply.data.get("issueErrors")  # those are there, and could not be read
        empty = 0 if any(seen.key in keys for seen in issues) else empty + 1
        if empty == _EMPTY:
            break
    numbers = {n: seen for prefix, n, seen in ((*_number(s.key), s) for s in found.values()) if prefix == project}
    newest = max(numbers, default=above)
    # An issue that was moved away comes back under its new key: its number here is a gap.
    whole = whole and empty == _EMPTY and all(n in numbers for n in range(above + 1, newest + 1))
    return Range(tuple(found.values()), numbers.get(newest), whole, at)


def labelled(wire: Wire, act: Act) -> Sequence[Seen]:
    """Every issue with the act's label that the search index knows, in any project."""
    return list(_search(wire, f'labels = "{op_label(act.marker)}"', pages=_PAGES, size=_BLOCK))


def twins(wire: Wire, act: Act) -> Sequence[Receipt]:
    """Every issue that the act made, by the search index: asked when it had time to catch up."""
    return [receipt(wire, seen.key) for seen in _made_by(labelled(wire, act), act)]


def remote_link(wire: Wire, key: str, global_id: str) -> str | None:
    """The id of the link with that globalId, None if the issue has none. All links come in one answer."""
    listed = wire.read("GET", f"issue/{key}/remotelink").data
    if not isinstance(listed, list):
        raise Unavailable("Jira's answer is not a list of links")
    return next((str(link.get("id")) for link in listed if link.get("globalId") == global_id), None)


def attachments(wire: Wire, key: str, name: str) -> list[str]:
    """The ids of the files with that name on the issue, the first made first."""
    listed = _fields(wire, key, "attachment").get("attachment") or []
    return sorted((str(a.get("id")) for a in listed if a.get("filename") == name), key=lambda n: (len(n), n))


def is_gone(wire: Wire, key: str) -> bool:
    """Whether the account sees no such issue, rather than being refused altogether. Raises Unavailable or Refused."""
    body = {"issueIdsOrKeys": [key], "fields": ["labels"]}
    left = wire.read("POST", "issue/bulkfetch", body=body).data
    return isinstance(left, dict) and left.get("issues") == [] and not left.get("issueErrors")


def labels(wire: Wire, key: str) -> frozenset[str]:
    return frozenset(_fields(wire, key, "labels").get("labels") or ())


def clock(wire: Wire, key: str) -> datetime:
    """The time by Jira's clock, told beside an issue that is there. Raises Unavailable or Refused."""
    at = wire.read("GET", f"issue/{key}", params={"fields": "labels"}).at
    if at is None:
        raise Unavailable("Jira's answer has no Date header, by which a later look could be trusted")
    return at


def settled(wire: Wire, key: str, hint: Hint, settle: float) -> Undecided | None:
    """Why a look at the issue, done from now on, is no proof that a request since `hint` came to nothing; None: it is.

    An issue is read by key and not from the index: what had `settle` seconds to arrive, and isn't there, isn't.
    """
    if "at" not in hint:
        return Undecided("no time was taken before it was sent")
    due = datetime.fromisoformat(str(hint["at"])) + timedelta(seconds=settle)
    return None if clock(wire, key) >= due else Undecided("it was sent too recently to be ruled out")


def _fields(wire: Wire, key: str, names: str) -> Mapping[str, Any]:
    data = wire.read("GET", f"issue/{key}", params={"fields": names}).data
    fields = data.get("fields") if isinstance(data, dict) else None
    return fields if isinstance(fields, dict) else {}


def receipt(wire: Wire, key: str) -> Receipt:
    return Receipt(key, f"{wire.site}/browse/{key}")


def _search(wire: Wire, jql: str, *, pages: int, size: int) -> Iterator[Seen]:
    """Enhanced search. `fields` and the bound are named: by default it gives ids, and refuses an unbounded query."""
    params = {"jql": jql, "maxResults": size, "fields": "labels,created", "properties": PROPERTY}
    token: str | None = None
    for _ in range(pages):
        reply = wire.read("GET", "search/jql", params={**params, **({"nextPageToken": token} if token else {})})
        yield from _issues(reply.data)
        before, token = token, reply.data.get("nextPageToken")
        if not token or token == before:
            return


def _issues(data: Any) -> list[Seen]:
    if not isinstance(data, dict) or not isinstance(data.get("issues"), list):
        raise Unavailable("Jira's answer is not a list of issues")
    return [_seen(issue) for issue in data["issues"] if KEY.fullmatch(str(issue.get("key")))]


def _seen(issue: Any) -> Seen:
    fields, ours = issue.get("fields") or {}, (issue.get("properties") or {}).get(PROPERTY)
    op = ours.get("key") if isinstance(ours, dict) else None
    return Seen(
        id=int(issue["id"]),
        key=str(issue["key"]),
        created=_time(fields.get("created")),
        labels=tuple(str(label) for label in fields.get("labels") or ()),
        op=str(op) if op else None,
    )


def _time(said: object) -> datetime | None:
    """ "2026-11-23T10:00:00.000+0000", as Jira writes it."""
    try:
        at = datetime.fromisoformat(str(said))
    except ValueError:
        return None
    return at if at.tzinfo else None


def _number(key: str) -> tuple[str, int]:
    prefix, _, number = key.rpartition("-")
    return prefix, int(number)
