"""Who is behind a page of tickets: side-loaded where they came along, else asked for, a hundred at a time."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Literal

from connectors.zendesk.rows import Row, key_of, row
from connectors.zendesk.wire import Line, promised

_AT_ONCE = 100  # show_many takes no more
_Kind = Literal["user", "organization"]


class People:
    """Users and organisations by id. What Zendesk has no longer is asked for once, and then unknown ({})."""

    def __init__(self, line: Line) -> None:
        self._line = line
        self._gone: set[tuple[_Kind, int]] = set()

    def prepare(self, tickets: Sequence[Row]) -> None:
        """Asks for those whom the page names and who did not come along. Raises Declined, Unavailable."""
        self._ask("user", (key_of(t, role) for t in tickets for role in ("requester_id", "submitter_id")))
        self._ask("organization", (self._organization_id(t) for t in tickets))

    def user(self, key: int | None) -> Row:
        return row(self._line.zenpy.cache.get("user", key))

    def organization(self, ticket: Row) -> Row:
        return row(self._line.zenpy.cache.get("organization", self._organization_id(ticket)))

    def _organization_id(self, ticket: Row) -> int | None:
        return key_of(ticket, "organization_id") or key_of(self.user(key_of(ticket, "requester_id")), "organization_id")

    def _ask(self, kind: _Kind, keys: Iterable[int | None]) -> None:
        cache, api = self._line.zenpy.cache, getattr(self._line.zenpy, f"{kind}s")
        named = sorted({k for k in keys if k is not None and k > 0})  # -1 is Zendesk itself
        missing = [k for k in named if (kind, k) not in self._gone and cache.get(kind, k) is None]
        for start in range(0, len(missing), _AT_ONCE):
            some = missing[start : start + _AT_ONCE]
            with promised():
                api(ids=some)  # into zenpy's cache
            self._gone.update((kind, k) for k in some if cache.get(kind, k) is None)
