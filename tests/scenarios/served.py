"""`groundswell serve` as a real process, which can be killed from outside and started again."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from tests.servers.slack import signed
from tests.servers.town import SECRET

ROOT = Path(__file__).resolve().parents[2]


class Served:
    """One `serve`. `start` waits until its door is open; what it says on stderr is in `said`."""

    def __init__(self, config: Path, cache: Path, **environment: str) -> None:
        self.config, self._cache, self._environment = config, cache, environment
        self.process: subprocess.Popen[str] | None = None
        self.said: list[str] = []
        self.url = ""

    def start(self, patience: float = 30.0) -> None:
        known = {k: v for k, v in os.environ.items() if not k.startswith("GROUNDSWELL_")}
        self.process = subprocess.Popen(
            self.command(),
            cwd=self.config.parent,
            env={**known, "PYTHONPATH": str(ROOT), "XDG_CACHE_HOME": str(self._cache), **self._environment},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )
        opened = threading.Event()
        threading.Thread(target=self._listen, args=(self.process, opened), daemon=True).start()
        if not opened.wait(patience):
            raise AssertionError("serve did not open its door: " + "".join(self.said[-20:]))

    def command(self) -> list[str]:
        code = "import sys; sys.argv[0] = 'groundswell'; from bot.cli import main; main()"
        return [sys.executable, "-c", code, "serve", "--config", str(self.config)]

    def _listen(self, process: subprocess.Popen[str], opened: threading.Event) -> None:
        assert process.stderr is not None
        with process.stderr as said:
            for line in said:
                self.said.append(line)
                if found := re.search(r"listening on (http://\S+)", line):
                    self.url = found[1]
                    opened.set()

    def kill(self) -> None:
        """kill -9: nothing of it gets to say goodbye."""
        assert self.process is not None
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def stop(self, patience: float = 30.0) -> int:
        assert self.process is not None
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(patience)

    def press(self, payload: Mapping[str, Any], secret: str = SECRET) -> int:
        """Posts a click as Slack does, signed; the status, or 0 when nobody answered."""
        headers, body = signed(secret, payload)
        request = urllib.request.Request(f"{self.url}/slack/events", data=body, headers=headers)
        try:
            with urllib.request.urlopen(request, timeout=5) as answer:
                return int(answer.status)
        except urllib.error.HTTPError as refused:
            return int(refused.code)
        except OSError:
            return 0


def wait(what: str, happened: Callable[[], Any], patience: float = 60.0, pause: float = 0.1) -> Any:
    """The first true answer of `happened`; AssertionError when none came in `patience` seconds."""
    until = time.monotonic() + patience
    while time.monotonic() < until:
        if found := happened():
            return found
        time.sleep(pause)
    raise AssertionError(f"waited {patience:.0f} s for: {what}")
