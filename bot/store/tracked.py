"""What the tracker holds beside our themes: issues as they were last read, which of them a run's themes match, and what
became of those that a theme ended in."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, delete, insert, select, update

from bot.acts import EffectState, Issue, Likeness, Match
from bot.store import drawings, schema
from bot.store.database import Database, chunks, inserting

_MAKES = ("jira.issue", "jira.comment")  # acts whose receipt names an issue: "BILL-12", "BILL-12#30001"


@dataclass(frozen=True, slots=True)
class Looked:
    """When a run's themes were looked for in the tracker. `fault`: a sentence on why that failed, if it did."""

    at: datetime
    fault: str | None


@dataclass(frozen=True, slots=True)
class Outcome:
    """A theme's issue that was done. `known_at`: when we learned of it; what was forecast, and counted until then, is
    JSON: `low`, `high`, `per` of the deflection, `months` as `trends.told` tells them, `run`."""

    theme_id: str
    key: str
    known_at: datetime
    resolved_at: datetime | None
    reopened_at: datetime | None
    forecast: Mapping[str, Any]


class Tracked:
    def __init__(self, database: Database) -> None:
        self._database = database

    # --- what a run's themes match

    def keep(self, run_key: str, found: Mapping[str, Sequence[Match]]) -> None:
        """In place of what was found for the run before; its rows are drawn anew."""
        t = schema.run_issue
        rows = [
            {
                "run_key": run_key,
                "theme_id": theme_id,
                "key": m.issue.key,
                "likeness": m.likeness.value,
                "score": m.score,
            }
            for theme_id, matches in found.items()
            for m in matches
        ]
        with self._database.writing() as connection:
            at = self._database.now(connection)
            _keep(connection, (m.issue for matches in found.values() for m in matches), at)
            connection.execute(delete(t).where(t.c.run_key == run_key))
            if rows:
                connection.execute(insert(t), rows)
                drawings.outdated(connection, schema.drawing.c.run_key == run_key)
            _looked(connection, run_key, at, None)

    def failed(self, run_key: str, fault: str) -> None:
        with self._database.writing() as connection:
            _looked(connection, run_key, self._database.now(connection), fault)

    def looked(self, run_key: str) -> Looked | None:
        t = schema.run_backlog
        with self._database.reading() as connection:
            row = connection.execute(select(t.c.at, t.c.fault).where(t.c.run_key == run_key)).one_or_none()
        return None if row is None else Looked(*row)

    def matches(self, run_key: str) -> dict[str, list[Match]]:
        """By theme, the likest first, each issue as it was last read."""
        t, issue = schema.run_issue, schema.issue
        query = select(t.c.theme_id, t.c.likeness, t.c.score, issue.c.issue).join(issue, issue.c.key == t.c.key)
        found: dict[str, list[Match]] = {}
        with self._database.reading() as connection:
            for row in connection.execute(query.where(t.c.run_key == run_key).order_by(t.c.score.desc(), t.c.key)):
                found.setdefault(row.theme_id, []).append(Match(row.issue, Likeness(row.likeness), row.score))
        return found

    # --- issues as they are

    def issues(self, keys: Collection[str]) -> dict[str, Issue]:
        """Those that were read before, by key."""
        t, found = schema.issue, {}
        with self._database.reading() as connection:
            for some in chunks(sorted(keys)):
                rows = connection.execute(select(t.c.key, t.c.issue).where(t.c.key.in_(some)))
                found.update({row.key: row.issue for row in rows})
        return found

    def followed(self, since: datetime) -> dict[str, list[str]]:
        """Key -> themes, of the issues that were made, or had evidence attached, and of those that themes matched in a
        run that was looked at since then."""
        effect, run_issue, looked = schema.effect, schema.run_issue, schema.run_backlog
        made = select(effect.c.ref, effect.c.theme_id).where(
            effect.c.kind.in_(_MAKES), effect.c.state == EffectState.DONE.value, effect.c.theme_id.is_not(None)
        )
        near = select(run_issue.c.key, run_issue.c.theme_id).join(looked, looked.c.run_key == run_issue.c.run_key)
        found: dict[str, list[str]] = {}
        with self._database.reading() as connection:
            for ref, theme_id in [*connection.execute(made), *connection.execute(near.where(looked.c.at >= since))]:
                themes = found.setdefault(str(ref).partition("#")[0], [])
                themes += [] if theme_id in themes else [theme_id]
        return found

    def seen(self, issues: Sequence[Issue], themes: Mapping[str, Sequence[str]]) -> list[Issue]:
        """Keeps how they are now; those that changed since they were last read. `themes` of a changed one are drawn
        anew."""
        with self._database.writing() as connection:
            known = _known(connection, [issue.key for issue in issues])
            changed = [issue for issue in issues if known.get(issue.key) != _bare(issue)]
            _keep(connection, issues, self._database.now(connection))
            for issue in changed:
                for theme_id in themes.get(issue.key, ()):
                    drawings.touched(connection, theme_id)
        return changed

    # --- what a theme ended in

    def done(self, outcome: Outcome) -> bool:
        """Keeps that a theme's issue is done; False: that was known."""
        t = schema.outcome
        row = {
            "theme_id": outcome.theme_id,
            "key": outcome.key,
            "known_at": outcome.known_at,
            "resolved_at": outcome.resolved_at,
            "forecast": outcome.forecast,
        }
        with self._database.writing() as connection:
            new = inserting(connection, t).values(row).on_conflict_do_nothing().returning(t.c.key)
            return connection.scalars(new).one_or_none() is not None

    def reopened(self, key: str, at: datetime) -> None:
        """The issue is not done any more: what follows is nobody's return."""
        t = schema.outcome
        with self._database.writing() as connection:
            connection.execute(update(t).where(t.c.key == key, t.c.reopened_at.is_(None)).values(reopened_at=at))

    def outcomes(self, theme_ids: Collection[str] | None = None) -> list[Outcome]:
        """The first known first; of all themes without `theme_ids`."""
        t = schema.outcome
        query = select(t).order_by(t.c.known_at, t.c.theme_id, t.c.key)
        with self._database.reading() as connection:
            found = [_outcome(row) for row in connection.execute(query)]
        return [o for o in found if theme_ids is None or o.theme_id in theme_ids]

    def ended(self, before: datetime) -> dict[str, str]:
        """Theme -> its issue that was done, as it was known then: what a digest of that time could say of a return."""
        found = [o for o in self.outcomes() if o.known_at <= before]
        return {o.theme_id: o.key for o in found if o.reopened_at is None or o.reopened_at > before}


def _bare(issue: Issue) -> Issue:
    """A description is the tracker's: it is judged, and not kept."""
    return replace(issue, text="")


def _known(connection: Connection, keys: Sequence[str]) -> dict[str, Issue]:
    t, found = schema.issue, {}
    for some in chunks(keys):
        rows = connection.execute(select(t.c.key, t.c.issue).where(t.c.key.in_(some)))
        found.update({row.key: row.issue for row in rows})
    return found


def _keep(connection: Connection, issues: Iterable[Issue], at: datetime) -> None:
    t = schema.issue
    for key, issue in sorted({issue.key: _bare(issue) for issue in issues}.items()):
        new = inserting(connection, t).values(key=key, issue=issue, seen_at=at)
        connection.execute(new.on_conflict_do_update(index_elements=[t.c.key], set_={"issue": issue, "seen_at": at}))


def _looked(connection: Connection, run_key: str, at: datetime, fault: str | None) -> None:
    t = schema.run_backlog
    new = inserting(connection, t).values(run_key=run_key, at=at, fault=fault)
    connection.execute(new.on_conflict_do_update(index_elements=[t.c.run_key], set_={"at": at, "fault": fault}))


def _outcome(row: Row[Any]) -> Outcome:
    return Outcome(row.theme_id, row.key, row.known_at, row.resolved_at, row.reopened_at, row.forecast)
