"""Jira, Productboard and Dovetail on stand-ins behind one approval."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from bot.acts import Effect, Verdict
from bot.decisions import Result, Wish, decide
from bot.effects import Ledger
from bot.tracker.sinks import Sinks
from tests.databases import WORKSPACE
from tests.servers.dovetail import DovetailServer
from tests.servers.productboard import ProductboardServer
from tests.spine import RUN, Scene, scene
from tests.test_dovetail import dovetail
from tests.test_productboard import productboard


@dataclass
class Chain:
    scene: Scene
    productboard: ProductboardServer
    dovetail: DovetailServer

    def __post_init__(self) -> None:
        assert self.scene.sink is not None
        shown = self.scene.store.runs.ticket
        others = {
            "productboard": productboard(self.productboard, timeout=2.5),
            "dovetail": dovetail(self.dovetail, transcripts=shown, timeout=2.5),
        }
        self.sinks = Sinks(self.scene.sink, others)
        self.ledger = Ledger(self.scene.store, {"jira": self.sinks, **dict.fromkeys(others, self.sinks)})

    def approve(self) -> str:
        theme = self.scene.theme(7)  # the smallest
        self.decide(Verdict.APPROVE, theme)
        return theme

    def decide(self, verdict: Verdict, theme: str, run: str = RUN, **more: Any) -> Result:
        return decide(self.scene.store, self.sinks, WORKSPACE, Wish(verdict, theme, run, "cli:dana", **more)).result

    def settle(self) -> None:
        while self.ledger.attend_due():
            pass

    def effects(self, theme: str, kind: str) -> list[Effect]:
        return [e for e in self.scene.store.effects.of_theme(theme) if e.act.kind.startswith(kind)]


Beside = tuple[ProductboardServer, DovetailServer]


@pytest.fixture(scope="module")
def beside() -> Iterator[Beside]:
    with ProductboardServer() as board, DovetailServer() as tail:
        assert isinstance(board, ProductboardServer) and isinstance(tail, DovetailServer)
        yield board, tail


@pytest.fixture
def chain(tmp_path: Path, beside: Beside) -> Iterator[Chain]:
    board, tail = beside
    board.clean()
    tail.clean()
    with scene(tmp_path) as there:
        there.conclude(post=False)
        yield Chain(there, board, tail)
