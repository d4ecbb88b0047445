"""Two `groundswell serve` on one PostgreSQL: one digest, one click at both doors, one issue, and one of them killed.

    python -m tests.scenarios.two_replicas

A PostgreSQL of its own from Debian's package, and stand-ins on loopback. Not in CI: tests/crash kills three there.
"""

from __future__ import annotations

import shutil
import signal
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tests.databases import Server, _room, _started
from tests.scenarios.served import Served, wait
from tests.servers.town import Town, last_month


def main() -> None:
    began = time.monotonic()
    with _postgresql() as server, tempfile.TemporaryDirectory() as name, Town() as town:
        folder = Path(name)
        print(f"{town.fill(last_month(datetime.now(UTC)))} tickets of last month at two help desks")
        config = town.config(folder, storage={"database": server.fresh()}, schedule={"monthly": "day 1 00:00"})
        replicas = [Served(config, folder / "cache") for _ in range(2)]
        try:
            _together([replica.start for replica in replicas])
            digest, theme = wait("the digest", lambda: _approvable(town))
            print(f"{time.monotonic() - began:5.1f} s  both serve; digests posted: {len(town.slack.posted())}")
            click = town.slack.click(digest, "approve", "U0DANA", theme)
            _together([lambda r=replica: r.press(click) for replica in replicas])
            wait("the issue", lambda: town.jira.issues)
            replicas[0].kill()
            assert replicas[1].press(town.slack.click(digest, "approve", "U0LEE", theme)) == 200
            time.sleep(3)
            print(
                f"{time.monotonic() - began:5.1f} s  one click at both doors, kill -9 of one, another's at what is left"
            )
            assert replicas[1].stop() == 0
        finally:
            for replica in replicas:
                if replica.process and replica.process.poll() is None:
                    replica.kill()
        assert len(town.jira.issues) == 1, f"{len(town.jira.issues)} issues"
        assert len(town.slack.posted()) == 1, f"{len(town.slack.posted())} digests"
        assert not any("Traceback" in line for replica in replicas for line in replica.said)
        print(f"{time.monotonic() - began:5.1f} s  1 digest, 1 issue; the replica that was left ended with 0")


@contextmanager
def _postgresql() -> Iterator[Server]:
    programs = max(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda p: int(p.parts[-3])).parent
    folder = Path(tempfile.mkdtemp(prefix="gs-pg-", dir=_room()))
    server = _started(programs, folder)
    try:
        yield server
    finally:
        server.process.send_signal(signal.SIGQUIT)
        server.process.wait()
        shutil.rmtree(folder, ignore_errors=True)


def _together(do: list[Any]) -> None:
    threads = [threading.Thread(target=work) for work in do]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def _approvable(town: Town) -> tuple[dict[str, Any], str] | None:
    """The digest, when its first Approve is there, and that theme."""
    for message in town.slack.posted():
        for block in message["blocks"]:
            if any(e.get("action_id") == "approve" for e in block.get("elements", [])):
                return message, str(block["block_id"].split("|")[2])
    return None


if __name__ == "__main__":
    main()
