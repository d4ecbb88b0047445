"""In CI a skipped test is a failure: what is skipped there is tested nowhere."""

from __future__ import annotations

import os
import shutil
import tempfile

import pytest
from hypothesis import settings

from tests.chains import beside, chain  # noqa: F401 - one approval and three trackers
from tests.databases import (  # noqa: F401 - the databases, for every test that asks for one
    _migrated_database,
    database,
    postgres,
    unmade,
)
from tests.runs import VECTORS
from tests.spine import here  # noqa: F401 - a digest that stands in the channel

# Here every run tries other examples; in CI the same ones, so that a change is judged by what it changed.
settings.register_profile("ci", derandomize=True, deadline=None, max_examples=60)
if os.environ.get("CI"):
    settings.load_profile("ci")


def pytest_configure(config: pytest.Config) -> None:
    """One folder of vectors for the whole session: what one process embedded, the others need not."""
    if VECTORS not in os.environ:
        os.environ[VECTORS] = tempfile.mkdtemp(prefix="groundswell-tests-")
        config.add_cleanup(lambda: shutil.rmtree(os.environ.pop(VECTORS), ignore_errors=True))


def pytest_sessionfinish(session: pytest.Session) -> None:
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    skipped = reporter.stats.get("skipped", []) if reporter else []
    if skipped and os.environ.get("GROUNDSWELL_REQUIRE_ALL") == "1":
        for report in skipped:
            reporter.write_line(f"skipped where nothing may be: {report.nodeid} {report.longrepr}", red=True)
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
