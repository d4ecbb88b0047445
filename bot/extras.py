"""What an extra of the package is made of, as the command that installs it: from a wheel, a checkout, an image."""

from __future__ import annotations

import sys
from importlib.metadata import PackageNotFoundError, requires


def command(extra: str) -> str:
    """The exact command line that installs what `extra` needs into the Python that runs this."""
    return f"{sys.executable} -m pip install {' '.join(repr(need) for need in _needs(extra))}"


def _needs(extra: str) -> list[str]:
    """The extra's own requirements: they can be installed wherever Groundswell itself came from."""
    try:
        told = requires("groundswell") or []
    except PackageNotFoundError:  # run from its sources, never installed
        told = []
    parts = [line.partition(";") for line in told]
    found = [need.strip() for need, _, when in parts if f"extra == '{extra}'" in when.replace('"', "'")]
    return found or [f"groundswell[{extra}]"]
