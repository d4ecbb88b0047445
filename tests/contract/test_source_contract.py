"""The suite of `sources.py` against Zendesk: by the export, and by search where the token is not an admin's."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest

from bot.ports import Source
from connectors.zendesk import Zendesk
from tests.contract.sources import Clock, Desk, SourceContract, ids, read
from tests.servers.zendesk import ZendeskServer


class ZendeskDesk(Desk):
    name = "zendesk"
    listing = "incremental/tickets/cursor"

    def __init__(self, role: str = "admin") -> None:
        self.clock = Clock()
        self.told: list[str] = []
        self.token = "zendesk-secret"
        self.zendesk = ZendeskServer(token=self.token, role=role, clock=self.clock)
        self.zendesk.page_limit = self.page_size
        self.server = self.zendesk
        self._customer = self.zendesk.add_user("Ada Quill", "ada@quill.example")

    def source(self, *, token: str | None = None) -> Source:
        return Zendesk(
            subdomain="acme",
            token=token or self.token,
            email="bot@acme.example",
            base_url=self.zendesk.url,
            now=self.clock,
            patience=self.patience,
            sleep=self.clock.sleep,
            tell=self.told.append,
        )

    def write(self, text: str) -> str:
        return f"zendesk:{self.zendesk.add_ticket(self._customer, 'A subject', text)}"

    def edit(self, ticket_id: str, text: str) -> None:
        self.zendesk.edit(int(ticket_id.partition(":")[2]), description=text)

    def delete(self, ticket_id: str) -> None:
        self.zendesk.delete(int(ticket_id.partition(":")[2]))


class AgentsZendeskDesk(ZendeskDesk):
    """What an agent's token sees: the export is forbidden, and the search is behind."""

    listing = "search/export"

    def __init__(self) -> None:
        super().__init__(role="agent")

    def settle(self) -> None:
        self.clock.at += timedelta(minutes=15)


class TestZendesk(SourceContract):
    @pytest.fixture
    def desk(self) -> Iterator[Desk]:
        desk = ZendeskDesk()
        with desk.server:
            yield desk


class TestZendeskForAnAgent(SourceContract):
    @pytest.fixture
    def desk(self) -> Iterator[Desk]:
        desk = AgentsZendeskDesk()
        with desk.server:
            yield desk

    def test_a_deleted_ticket_becomes_a_tombstone_and_is_no_ticket(self, desk: Desk) -> None:
        """It can't: search knows nothing of the deleted. So the first page says it, and check does."""
        written = desk.written(2)
        desk.delete(written[1])
        desk.settle()
        pages = read(desk)
        assert ids(pages) == written[:1]
        assert [w.code for w in pages[0].warnings] == ["zendesk_search_only"]
        assert "deleted" in pages[0].warnings[0].message
        assert [f.state for f in desk.source().check()] == ["ok", "warn"]
