"""Slack's Socket Mode for the stand-in: a WebSocket (RFC 6455) that hands over envelopes and takes acknowledgements."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import json
import socket
import struct
import threading
import uuid
from collections.abc import Mapping
from types import TracebackType
from typing import Any

_MAGIC = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"  # RFC 6455, section 1.3
_TEXT, _CLOSE, _PING, _PONG = 0x1, 0x8, 0x9, 0xA


class SocketMode:
    """Listens on loopback. `deliver` sends to the newest connection; `acks` is what came back, by envelope id."""

    def __init__(self) -> None:
        self.acks: dict[str, Any] = {}
        self.connections: list[socket.socket] = []
        self._listening = socket.create_server(("127.0.0.1", 0))
        self._lock = threading.Lock()
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def url(self) -> str:
        return f"ws://127.0.0.1:{self._listening.getsockname()[1]}/link/?ticket=of-the-stand-in"

    def __enter__(self) -> SocketMode:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._listening.close()
        self.drop()

    def deliver(self, payload: Mapping[str, Any], envelope_id: str | None = None) -> str:
        """An interaction or a command, as Slack wraps it; the envelope's id."""
        envelope = envelope_id or str(uuid.uuid4())
        kind = "slash_commands" if "command" in payload else "interactive"
        told = {"envelope_id": envelope, "type": kind, "accepts_response_payload": True, "payload": payload}
        _send(self.connections[-1], _TEXT, json.dumps(told).encode())
        return envelope

    def drop(self) -> None:
        """All connections break, as they do several times a day."""
        with self._lock:
            for connection in self.connections:
                with contextlib.suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)
                connection.close()
            self.connections.clear()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listening.accept()
            except OSError:
                return
            threading.Thread(target=self._talk, args=(connection,), daemon=True).start()

    def _talk(self, connection: socket.socket) -> None:
        with contextlib.suppress(OSError, ValueError, struct.error):
            _shake_hands(connection)
            hello = {"type": "hello", "num_connections": 1, "connection_info": {"app_id": "A0GROUND"}}
            _send(connection, _TEXT, json.dumps(hello).encode())
            with self._lock:
                self.connections.append(connection)
            while True:
                kind, body = _receive(connection)
                if kind == _PING:
                    _send(connection, _PONG, body)
                elif kind == _CLOSE:
                    return
                elif kind == _TEXT:
                    told = json.loads(body)
                    self.acks[told["envelope_id"]] = told.get("payload")


def _shake_hands(connection: socket.socket) -> None:
    head = b""
    while b"\r\n\r\n" not in head:
        head += connection.recv(1024)
    lines = (line.partition(":") for line in head.decode().split("\r\n")[1:])
    key = next(value.strip() for name, _, value in lines if name.lower() == "sec-websocket-key")
    accepted = base64.b64encode(hashlib.sha1((key + _MAGIC).encode()).digest()).decode()
    connection.sendall(
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        f"Sec-WebSocket-Accept: {accepted}\r\n\r\n".encode()
    )


def _send(connection: socket.socket, kind: int, body: bytes) -> None:
    size = struct.pack("!B", len(body)) if len(body) < 126 else struct.pack("!BH", 126, len(body))
    if len(body) > 0xFFFF:
        size = struct.pack("!BQ", 127, len(body))
    connection.sendall(struct.pack("!B", 0x80 | kind) + size + body)


def _receive(connection: socket.socket) -> tuple[int, bytes]:
    first, second = _exactly(connection, 2)
    size = second & 0x7F
    if size == 126:
        (size,) = struct.unpack("!H", _exactly(connection, 2))
    elif size == 127:
        (size,) = struct.unpack("!Q", _exactly(connection, 8))
    mask = _exactly(connection, 4) if second & 0x80 else bytes(4)
    body = _exactly(connection, size)
    return first & 0x0F, bytes(b ^ mask[i % 4] for i, b in enumerate(body))


def _exactly(connection: socket.socket, size: int) -> bytes:
    read = b""
    while len(read) < size:
        piece = connection.recv(size - len(read))
        if not piece:
            raise ValueError("closed")
        read += piece
    return read
