"""What is shown in the channel and must be drawn anew.

A number wanted and a number drawn, so that a change in the middle of a drawing is not lost: it wants one more.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Connection, and_, exists, or_, select, update

from bot.acts import Act, EffectState
from bot.store import schema
from bot.store.database import Database, chunks, inserting

DIGEST, REPLY = "slack.digest", "slack.reply"
# Notes that go on changing while what they tell of goes on: due from the start, until whoever draws them says `drawn`.
LIVE = ("slack.progress", "slack.alert")
_T = schema.drawing


@dataclass(frozen=True, slots=True)
class Drawing:
    """A message that stands in `target` as `ref` and shows less than is known. `theme_id` None: the digest itself."""

    effect_key: str
    run_key: str
    theme_id: str | None
    wanted: int
    target: str
    ref: str


class Drawings:
    def __init__(self, database: Database) -> None:
        self._database = database

    def due(self, *kinds: str) -> list[Drawing]:
        """Those that are out of date, oldest post first; a message that was not posted yet is not drawn anew.

        Of the given kinds of acts; without one, digests and the replies to them.
        """
        post = schema.effect
        query = (
            select(_T.c.effect_key, _T.c.run_key, _T.c.theme_id, _T.c.wanted, post.c.target, post.c.ref)
            .join(post, and_(post.c.key == _T.c.effect_key, post.c.state == EffectState.DONE.value))
            .where(_T.c.wanted > _T.c.drawn, post.c.kind.in_(kinds or (DIGEST, REPLY)))
            .order_by(post.c.number)
        )
        with self._database.reading() as connection:
            return [Drawing(*row) for row in connection.execute(query)]

    def drawn(self, effect_key: str, wanted: int) -> None:
        """It shows what was known when `wanted` was read. What was wanted since stays due.

        When somebody drew a newer state meanwhile, nobody knows which of the two came last: it is wanted once more.
        """
        mine = _T.c.effect_key == effect_key
        with self._database.writing() as connection:
            overtaken = update(_T).where(mine, _T.c.drawn > wanted).values(wanted=_T.c.wanted + 1)
            if connection.execute(overtaken).rowcount == 0:
                connection.execute(update(_T).where(mine).values(drawn=wanted))

    def want(self, effect_key: str) -> None:
        """That message is out of date; nothing happens where there is none."""
        with self._database.writing() as connection:
            outdated(connection, _T.c.effect_key == effect_key)

    def touch(self, theme_id: str) -> None:
        """The theme changed: its replies, and the posts of all runs that hold it, are out of date."""
        with self._database.writing() as connection:
            touched(connection, theme_id)


def touched(connection: Connection, theme_id: str, *, whole: bool = False) -> None:
    """`whole`: every message of the runs that hold it; a correction moves tickets and ranks of its neighbours, too."""
    holds = exists().where(schema.run_theme.c.run_key == _T.c.run_key, schema.run_theme.c.theme_id == theme_id)
    its = holds if whole else and_(_T.c.theme_id.is_(None), holds)
    outdated(connection, or_(_T.c.theme_id == theme_id, its))


def outdated(connection: Connection, which: ColumnElement[bool]) -> None:
    """Locked in one order, so that two changes at once wait for each other instead of failing (PostgreSQL)."""
    locked = select(_T.c.effect_key).where(which).order_by(_T.c.effect_key).with_for_update(of=_T)
    for some in chunks(connection.scalars(locked).all()):
        connection.execute(update(_T).where(_T.c.effect_key.in_(some)).values(wanted=_T.c.wanted + 1))


def shows(connection: Connection, effect_key: str) -> bool:
    """The effect is itself a message of ours: that it was posted changes nothing of what it shows."""
    return connection.scalars(select(_T.c.effect_key).where(_T.c.effect_key == effect_key)).one_or_none() is not None


def linked(connection: Connection, reply_key: str) -> None:
    """The reply stands in the thread, so the digest above it, which links to it, is out of date."""
    reply = _T.alias()
    run_key = select(reply.c.run_key).where(reply.c.effect_key == reply_key, reply.c.theme_id.is_not(None))
    outdated(connection, and_(_T.c.theme_id.is_(None), _T.c.run_key == run_key.scalar_subquery()))


def kept(connection: Connection, acts: Iterable[Act], run_key: str) -> None:
    """A drawing for each digest, live note, and reply about a theme, among `acts`; its first version is in the post.

    A reply about no theme (what is left over, the line of a decision) says what never changes.
    """
    rows = [
        {
            "effect_key": act.key,
            "run_key": run_key,
            "theme_id": act.payload.get("theme_id"),
            "wanted": int(act.kind in LIVE),
            "drawn": 0,
        }
        for act in acts
        if act.kind in (DIGEST, *LIVE) or (act.kind == REPLY and act.payload.get("theme_id"))
    ]
    if rows:
        connection.execute(inserting(connection, _T).on_conflict_do_nothing(), rows)
