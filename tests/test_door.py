"""The HTTP door: is it alive, is it ready, Slack's clicks, and nothing else."""

from __future__ import annotations

import http.client
import json
import socket
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from typing import Any

import pytest

from bot.ports import Refused
from bot.serve.door import Door

READY = {"database": True, "scheduler": True}


@contextmanager
def door(ready: Mapping[str, bool] = READY, slack: Any = None) -> Iterator[Door]:
    opened = Door("127.0.0.1", 0, lambda: ready, slack)
    opened.open()
    try:
        yield opened
    finally:
        opened.close()


def asked(at: Door, method: str, path: str, body: bytes | None = None) -> tuple[int, Any]:
    with closing(http.client.HTTPConnection("127.0.0.1", at.port, timeout=10)) as connection:
        connection.request(method, path, body)
        answer = connection.getresponse()
        raw = answer.read()
        assert "server" not in {name.lower() for name, _ in answer.getheaders()}
        return answer.status, json.loads(raw) if raw.startswith(b"{") else raw.decode()


def test_it_says_that_it_is_alive_whatever_else_is_wrong() -> None:
    with door({"database": False, "scheduler": False}) as at:
        assert asked(at, "GET", "/healthz") == (200, {"alive": True})


@pytest.mark.parametrize("part", ["database", "scheduler"])
def test_it_is_not_ready_while_a_part_is_not_and_says_which(part: str) -> None:
    with door() as at:
        assert asked(at, "GET", "/readyz") == (200, READY)
    with door({**READY, part: False}) as at:
        assert asked(at, "GET", "/readyz") == (503, {**READY, part: False})


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/"),
        ("GET", "/slack/events"),
        ("POST", "/slack/events"),  # Socket Mode: nobody listens there
        ("POST", "/healthz"),
        ("GET", "/healthz/../../etc/passwd"),
        ("GET", "/readyz/"),
        ("PUT", "/slack/events"),
        ("OPTIONS", "*"),
    ],
)
def test_nothing_else_is_there(method: str, path: str) -> None:
    with door() as at:
        assert asked(at, method, path)[0] == 404


def test_slack_is_handed_what_it_posted_and_nothing_else() -> None:
    came: list[tuple[str, bytes]] = []

    def slack(environ: dict[str, Any], start: Any) -> list[bytes]:
        came.append((environ["REQUEST_METHOD"], environ["wsgi.input"].read()))
        start("200 OK", [("Content-Type", "text/plain")])
        return [b"taken"]

    with door(slack=slack) as at:
        assert asked(at, "POST", "/slack/events", b"payload=1") == (200, "taken")
        assert asked(at, "GET", "/slack/events")[0] == 404
        assert asked(at, "POST", "/slack/events/more", b"x")[0] == 404
    assert came == [("POST", b"payload=1")]


def test_a_body_that_no_click_has_is_refused_unread() -> None:
    def slack(environ: dict[str, Any], start: Any) -> list[bytes]:
        raise AssertionError("never handed over")

    with door(slack=slack) as at:
        status = 0
        with closing(http.client.HTTPConnection("127.0.0.1", at.port, timeout=10)) as connection:
            try:
                connection.request("POST", "/slack/events", b"x" * 1_100_000)
                status = connection.getresponse().status
            except (BrokenPipeError, ConnectionResetError):
                status = 413  # it hung up in the middle of it
        assert status == 413
        assert asked(at, "GET", "/healthz")[0] == 200


def test_a_place_that_is_taken_is_said_with_the_key_to_change() -> None:
    with closing(socket.socket()) as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(Refused, match=rf"can't listen on 127\.0\.0\.1:{port}: .*Set server\.host or server\.port"):
            Door("127.0.0.1", port, lambda: READY)


def test_once_it_is_closed_nobody_answers() -> None:
    with door() as at:
        port = at.port
        assert asked(at, "GET", "/healthz")[0] == 200
    with pytest.raises(OSError), closing(socket.create_connection(("127.0.0.1", port), timeout=2)) as connection:
        connection.sendall(b"GET /healthz HTTP/1.0\r\n\r\n")
        if not connection.recv(1):
            raise ConnectionResetError
