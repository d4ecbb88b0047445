"""Which flow of the product a person tied to a theme, as a log. A theme's id is bound, so a rename changes nothing."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, insert, select

from bot.ports import Flow
from bot.store import schema
from bot.store.database import Database
from bot.store.records import noted

_T = schema.theme_flow


@dataclass(frozen=True, slots=True)
class Tied:
    """`flow` of `theme_id`, confirmed by `actor`."""

    theme_id: str
    flow: Flow
    actor: str
    at: datetime


class Flows:
    def __init__(self, database: Database) -> None:
        self._database = database

    def tie(self, theme_id: str, flow: Flow | None, actor: str) -> None:
        """In place of what was tied to the theme before; None unties it. Kept with who and when."""
        with self._database.writing() as connection:
            at = self._database.now(connection)
            connection.execute(insert(_T).values(theme_id=theme_id, flow=flow, actor=actor, at=at))
            told = {"flow": flow.name if flow else None}
            noted(connection, at, actor, "flow tied" if flow else "flow untied", theme_id, told)

    def tied(self) -> list[Tied]:
        """One for each theme that has a flow, the first confirmed first."""
        last = select(func.max(_T.c.number)).group_by(_T.c.theme_id)
        query = select(_T).where(_T.c.number.in_(last)).order_by(_T.c.number)
        with self._database.reading() as connection:
            rows = connection.execute(query).all()
        return [Tied(row.theme_id, row.flow, row.actor, row.at) for row in rows if row.flow is not None]
