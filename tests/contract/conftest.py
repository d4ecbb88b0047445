"""The contract-test rig: vendors' own API descriptions, served on loopback (shared/specs/README.md).

Each vendor's stand-in is a process that reads a description for a while, so it begins when a test first asks for it:
where test files are shared out among processes, each begins only what its own files want.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from tests.contract import mended

RIG = Path(__file__).parents[3] / "shared" / "specs" / "rig"  # shared/ lies beside the project


def _required() -> bool:
    return os.environ.get("GROUNDSWELL_REQUIRE_RIG") == "1"


def _unavailable(reason: str) -> None:
    if _required():
        pytest.fail(f"contract rig required but {reason}", pytrace=False)
    pytest.skip(f"contract rig: {reason}")


class Rig(dict[str, str]):
    """Vendor name -> base URL of its stand-in, begun when it is first looked up and ended by `close`."""

    def __init__(self) -> None:
        super().__init__()
        self._open = ExitStack()
        self._tried: set[str] = set()  # once is enough: a start that fails may take minutes

    def __missing__(self, vendor: str) -> str:
        line = "" if vendor in self._tried else self._begun(vendor)
        self._tried.add(vendor)
        if not line:
            pytest.fail(f"the contract rig did not start {vendor}; see stderr", pytrace=False)
        self[vendor] = str(json.loads(line)[vendor])
        return self[vendor]

    def close(self) -> None:
        self._open.close()

    def _begun(self, vendor: str) -> str:
        """The line that it says when it is ready; "" where it ended instead."""
        env = {**os.environ, "RIG_PYTHON": sys.executable, "RIG_PORT": "auto", "RIG_SERVICES": vendor}
        if vendor in mended.MENDS:
            folder = self._open.enter_context(TemporaryDirectory(prefix="rig-"))
            env["RIG_HOME"] = str(mended.home(Path(folder), RIG, env, vendor))
        # The rig ends at the end of its stdin: with this process, whatever becomes of it.
        process = subprocess.Popen([RIG], env=env, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self._open.callback(_ended, process)
        assert process.stdout
        return process.stdout.readline()


def _ended(process: subprocess.Popen[str]) -> None:
    assert process.stdin and process.stdout
    process.stdin.close()
    process.wait(timeout=15)
    process.stdout.close()


@pytest.fixture(scope="session")
def rig() -> Iterator[Rig]:
    """Vendor name -> base URL of its stand-in. A rig that should start and doesn't is a failure, never a skip."""
    if not RIG.exists():
        _unavailable("shared/specs is not in this checkout")
    if not _required():  # never download behind a developer's back
        env = {**os.environ, "RIG_PYTHON": sys.executable}
        check = subprocess.run(
            [RIG, "--check"], env=env, capture_output=True, text=True, stdin=subprocess.DEVNULL, check=False
        )
        if check.returncode:
            _unavailable(check.stderr.strip().replace("\n", "; "))
    rig = Rig()
    try:
        yield rig
    finally:
        rig.close()
