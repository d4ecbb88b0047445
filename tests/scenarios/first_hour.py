"""A new user's first hour in two minutes: an installed wheel, `init` by options, `doctor`, `run`, a minute of `serve`.

    python -m tests.scenarios.first_hour /path/to/venv/bin/groundswell

Everything outside is on loopback, and nothing of this repository is on the command's path but what the wheel brought.
"""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tests.scenarios.served import Served, wait
from tests.servers.jira import EMAIL
from tests.servers.slack import CHANNEL, TOKEN
from tests.servers.town import SECRET, Town, last_month

SERVES = 60.0  # seconds


class Installed(Served):
    """`serve` as the wheel installed it."""

    def __init__(self, groundswell: Path, folder: Path, **environment: str) -> None:
        super().__init__(folder / "config.yaml", folder / "cache", **environment)
        self._groundswell = groundswell

    def command(self) -> list[str]:
        return [str(self._groundswell), "serve", "--config", str(self.config)]


def main(groundswell: Path) -> int:
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as name, Town() as town:
        folder = Path(name)
        town.fill(last_month(datetime.now(UTC)))
        around = _around(town, folder)
        _says(groundswell, folder, around, "--version")
        _begins(groundswell, folder, around, town)
        _reads(groundswell, folder, around)
        _serves(groundswell, folder, around, town)
        for path in folder.rglob("*"):
            if path.is_file() and path.name != ".env":
                held = [t for t in _tokens(town).values() if t.encode() in path.read_bytes()]
                assert not held, f"{path} holds a token"
    print(f"first hour: {time.monotonic() - began:.0f} s")
    return 0


def _tokens(town: Town) -> dict[str, str]:
    """In the environment under names of the user's own; no command line ever has one."""
    return {"MY_INTERCOM": town.intercom.token, "MY_SLACK": TOKEN, "MY_JIRA": town.jira.token}


def _around(town: Town, folder: Path) -> dict[str, str]:
    known = {k: v for k, v in os.environ.items() if not k.startswith(("GROUNDSWELL_", "PYTHON"))}
    told = {
        "NETWORK__ALLOW_PRIVATE": "true",
        "SOURCES__INTERCOM__BASE_URL": town.intercom.url,
        "SLACK__BASE_URL": town.slack.base_url,
        "SLACK__MODE": "http",
        "SLACK__SIGNING_SECRET": SECRET,
        "SERVER__PORT": "0",
        "CUSTOMERS__INTERNAL_DOMAINS": "[lumenboard.example]",
    }
    home = {"HOME": str(folder), "XDG_CACHE_HOME": str(folder / "cache")}
    return {**known, **home, **{f"GROUNDSWELL_{k}": v for k, v in told.items()}, **_tokens(town)}


def _says(groundswell: Path, folder: Path, around: dict[str, str], *words: str, status: int = 0) -> str:
    """The command's stdout; on its stderr nothing that a user would stumble over."""
    began = time.monotonic()
    done = subprocess.run(
        [groundswell, *words], cwd=folder, env=around, capture_output=True, text=True, timeout=120, check=False
    )
    print(f"  groundswell {' '.join(words)[:70]:<70} {done.returncode}  {time.monotonic() - began:4.1f} s", flush=True)
    assert done.returncode == status, f"{words}: {done.returncode}\n{done.stdout}\n{done.stderr}"
    assert "Traceback" not in done.stderr
    return done.stdout if status == 0 else done.stderr


def _begins(groundswell: Path, folder: Path, around: dict[str, str], town: Town) -> None:
    zendesk = ["--zendesk", "lumenboard", "--zendesk-token", "MY_JIRA", "--config", "elsewhere.yaml"]
    assert "-m pip install 'zenpy" in _says(groundswell, folder, around, "init", *zendesk, status=4)
    words = ["--intercom", "us", "--intercom-token", "MY_INTERCOM", "--workspace", "Lumenboard"]
    words += ["--slack", CHANNEL, "--slack-token", "MY_SLACK", "--approver", "U0DANA"]
    words += ["--jira", f"{town.jira.url}/browse/{town.jira.project}", "--jira-email", EMAIL, "--jira-token", "MY_JIRA"]
    said = _says(groundswell, folder, around, "init", *words)
    assert "0 failures" in said and "A dry run of the demo" in said and (folder / "out/demo/report.html").is_file()
    assert stat.S_IMODE((folder / ".env").stat().st_mode) == 0o600
    assert not (folder / "elsewhere.yaml").exists()


def _reads(groundswell: Path, folder: Path, around: dict[str, str]) -> None:
    began = time.monotonic()
    told = json.loads(_says(groundswell, folder, around, "doctor", "--json"))["data"]["findings"]
    assert {f["name"] for f in told if f["state"] == "ok"} >= {
        "config",
        "database",
        "intercom",
        "slack",
        "jira",
        "model",
    }
    assert time.monotonic() - began < 15  # 10 s and the start of a cold Python
    _says(groundswell, folder, around, "run", "last-month", "--quiet")
    assert (folder / "out" / "report.html").stat().st_size > 10_000
    _says(groundswell, folder, around, "verify")
    _says(groundswell, folder, around, "db", "backup", "copy.db")


def _serves(groundswell: Path, folder: Path, around: dict[str, str], town: Town) -> None:
    served = Installed(groundswell, folder, **around, PYTHONPATH="")
    began = time.monotonic()
    served.start()
    try:
        _clicked(groundswell, folder, around, town, served)
        time.sleep(max(0.0, SERVES - (time.monotonic() - began)))
        assert served.stop(patience=15) == 0, "".join(served.said)
    finally:
        served.kill()
    assert len(town.jira.issues) == 1
    assert not any("Traceback" in line for line in served.said)
    print(f"  groundswell serve: a digest, a click, an issue, SIGTERM, 0   {time.monotonic() - began:.1f} s")


def _clicked(groundswell: Path, folder: Path, around: dict[str, str], town: Town, served: Served) -> None:
    at = {**around, "GROUNDSWELL_SERVER__PORT": served.url.rpartition(":")[2]}
    digest, theme = wait("the digest of last month", lambda: _approvable(town))
    assert served.press(town.slack.click(digest, "approve", "U0DANA", theme)) == 200
    wait("the issue", lambda: town.jira.issues)
    _says(groundswell, folder, at, "health")


def _approvable(town: Town) -> tuple[dict[str, Any], str] | None:
    """The digest, when it is there with its buttons, and the theme of the first that approves."""
    for message in town.slack.posted():
        for block in message["blocks"]:
            if any(e.get("action_id") == "approve" for e in block.get("elements", [])):
                return message, str(block["block_id"].split("|")[2])
    return None


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]).absolute()))
