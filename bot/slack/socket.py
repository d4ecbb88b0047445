"""Socket Mode: outbound only, so no public address is needed. Connects when it can, and again after every break."""

from __future__ import annotations

import threading
from collections.abc import Callable

import structlog
from slack_bolt import App
from slack_bolt.adapter.socket_mode import SocketModeHandler
from slack_sdk.errors import SlackApiError, SlackClientError

_AGAIN = 10.0  # seconds between two tries to connect
_PING = 3.0  # seconds; slack_sdk gives a broken connection up after five failed pings, its own ten seconds apart

_log = structlog.get_logger("groundswell")


class Line:
    """The connection of one `serve`. A Slack that is away at the start must not keep the rest from working."""

    def __init__(self, bolt: App, app_token: str, again: float = _AGAIN, ping: float = _PING) -> None:
        self._handler = SocketModeHandler(bolt, app_token, ping_interval=ping)
        self._over, self._again = threading.Event(), again
        self._thread = threading.Thread(target=self._connect, name="slack socket", daemon=True)

    def open(self) -> None:
        self._thread.start()

    @property
    def connected(self) -> bool:
        return bool(self._handler.client.is_connected())

    def close(self) -> None:
        self._over.set()
        self._thread.join(self._again)
        close: Callable[[], None] = self._handler.close
        close()

    def _connect(self) -> None:
        """Until it stands once; from then on slack_sdk reconnects by itself (VENDORS 5.2)."""
        while not self._over.is_set():
            try:
                connect: Callable[[], None] = self._handler.connect
                connect()
                return
            except SlackApiError as refused:  # a token that is wrong today may be mended tomorrow, without a restart
                _log.error("slack socket refused", why=str(refused.response.get("error")))
            except (SlackClientError, OSError) as away:
                _log.warning("slack socket waits", why=type(away).__name__)
            self._over.wait(self._again)
