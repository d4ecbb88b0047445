"""The contract-test rig: vendors' own API descriptions, served on loopback (shared/specs/README.md)."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

RIG = Path(__file__).parents[3] / "shared" / "specs" / "rig"  # shared/ lies beside the project


def _required() -> bool:
    return os.environ.get("GROUNDSWELL_REQUIRE_RIG") == "1"


def _unavailable(reason: str) -> None:
    if _required():
        pytest.fail(f"contract rig required but {reason}", pytrace=False)
    pytest.skip(f"contract rig: {reason}")


@pytest.fixture(scope="session")
def rig() -> Iterator[dict[str, str]]:
    """Vendor name -> base URL of its stand-in. A rig that should start and doesn't is a failure, never a skip."""
    if not RIG.exists():
        _unavailable("shared/specs is not in this checkout")
    env = {**os.environ, "RIG_PYTHON": sys.executable, "RIG_PORT": "auto"}
    if not _required():  # never download behind a developer's back
        check = subprocess.run(
            [RIG, "--check"], env=env, capture_output=True, text=True, stdin=subprocess.DEVNULL, check=False
        )
        if check.returncode:
            _unavailable(check.stderr.strip().replace("\n", "; "))
    # The rig ends at the end of its stdin: with this process, whatever becomes of it.
    with subprocess.Popen([RIG], env=env, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin and process.stdout
        line = process.stdout.readline()
        if not line:
            pytest.fail("the contract rig did not start; see stderr", pytrace=False)
        yield json.loads(line)
        process.stdin.close()
        process.wait(timeout=15)
