"""CONTRIBUTING's new source, taken from there word for word and held to the suite of all sources."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any

import pytest

from bot.ports import Source
from connectors.patience import Patience
from tests.contract.sources import Clock, Desk, SourceContract
from tests.runs import ROOT
from tests.servers.base import Answer, Request, StandIn

_PAGE = 3


def code() -> str:
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    (found,) = re.findall(r"^## A new source\n.*?^```python\n(.*?)^```", text, flags=re.MULTILINE | re.DOTALL)
    return str(found)


class PlainviewServer(StandIn):
    """One list of changes, each ticket where it changed last."""

    name = "plainview"

    def __init__(self, token: str, clock: Clock) -> None:
        super().__init__()
        self.token, self.clock, self.items = token, clock, list[dict[str, Any]]()
        self._last = 0
        self.routes = [("GET", r"/v1/changes", self._changes)]

    def put(self, key: int, **changes: Any) -> None:
        """A ticket is made or changed, and goes to the end of the list."""
        with self.lock:
            was = next((i for i in self.items if i["id"] == key), {"opened": self.clock().isoformat()})
            self._last += 1
            new = {"id": key, "title": "A subject", "person": 7, "email": "ada@quill.example", "name": "Ada Quill"}
            new |= {"deleted": False, **was, **changes, "changed": self.clock().isoformat(), "number": self._last}
            self.items = [*(i for i in self.items if i["id"] != key), new]

    def _changes(self, request: Request) -> Answer:
        if request.headers.get("authorization") != f"Bearer {self.token}":
            return Answer(401, {"error": "who are you"})
        since = datetime.fromisoformat(request.arg("since") or datetime.min.replace(tzinfo=UTC).isoformat())
        after = int(request.arg("after", "0"))
        rest = [i for i in self.items if i["number"] > after and datetime.fromisoformat(i["changed"]) >= since]
        page = rest[:_PAGE]
        last = page[-1]["number"] if page else after
        return Answer(200, {"items": page, "last": last, "more": len(rest) > _PAGE})


class PlainviewDesk(Desk):
    name = "plainview"
    listing = "v1/changes"
    token = "plainview-secret"

    def __init__(self, kind: Any) -> None:
        self.kind, self.clock, self.told = kind, Clock(), []
        self.server = self.plainview = PlainviewServer(self.token, self.clock)

    def source(self, *, token: str | None = None) -> Source:
        patience = Patience(self.patience, now=self.clock, sleep=self.clock.sleep, tell=self.told.append)
        made: Source = self.kind(token=token or self.token, base_url=self.server.url, patience=patience)
        return made

    def write(self, text: str) -> str:
        key = len(self.plainview.items) + 1
        self.plainview.put(key, text=text)
        return f"plainview:{key}"

    def edit(self, ticket_id: str, text: str) -> None:
        self.plainview.put(int(ticket_id.partition(":")[2]), text=text)

    def delete(self, ticket_id: str) -> None:
        self.plainview.put(int(ticket_id.partition(":")[2]), deleted=True)


@pytest.fixture(scope="module")
def followed(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """The class, from a module that holds what CONTRIBUTING says and nothing else."""
    path: Path = tmp_path_factory.mktemp("followed") / "plainview.py"
    path.write_text(code(), encoding="utf-8")
    spec = spec_from_file_location("plainview", path)
    assert spec is not None and spec.loader is not None
    module = module_from_spec(spec)
    sys.modules["plainview"] = module
    spec.loader.exec_module(module)
    return module.Plainview


class TestPlainview(SourceContract):
    @pytest.fixture
    def desk(self, followed: Any) -> Iterator[Desk]:
        desk = PlainviewDesk(followed)
        with desk.server:
            yield desk


def test_it_takes_under_sixty_lines_and_nothing_but_what_a_connector_may_know() -> None:
    lines = [line for line in code().splitlines() if line.strip()]
    assert len(lines) < 60 and max(map(len, lines)) <= 120
    known = set(re.findall(r"^from ((?:bot|connectors)[\w.]*)", code(), flags=re.MULTILINE))
    assert known <= {"bot.acts", "bot.domain", "bot.ports", "connectors.patience"}
