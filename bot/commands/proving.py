"""`doctor --live`: each connection does its work once, and takes back what it wrote."""

from __future__ import annotations

import secrets
import sys
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from bot.commands.common import actor, agreed, fail, opened

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from bot.acts import Finding
    from bot.config import Config
    from bot.ports import Proven


def agreed_on(config: Config, names: Sequence[str], yes: bool, *, as_json: bool) -> dict[str, Proven]:
    """The connections that are to be proven; says what that writes, and asks. Exits where it is not meant."""
    from bot import wiring
    from bot.ports import Proven, Refused

    try:
        parts: dict[str, object] = {**wiring.desks(config)}
        parts |= {"slack": wiring.channel(config), "jira": wiring.tracker(config)}
    except Refused as refused:
        fail("refused", str(refused), as_json=as_json)
    wanted = {n: part for n, part in parts.items() if isinstance(part, Proven) and (not names or n in names)}
    if written := _written(wanted):
        told = f"doctor --live {'; '.join(written)}."
        if yes:
            sys.stderr.write(f"groundswell: {told}\n")
        agreed(f"{told} Go on?", yes, as_json=as_json)
    return wanted


def proved(
    config: Config, parts: Mapping[str, Proven], checked: Sequence[Finding], *, as_json: bool
) -> Sequence[Finding]:
    """What became of each proof; one that was found at fault is not tried. What is written is noted before."""
    from bot.acts import Finding

    faulty = {f.name.partition(" ")[0] for f in checked if f.state == "fail"}
    if "database" in faulty:
        return [Finding(f"{name} live", "skip", "not tried: there is no database to note it in") for name in parts]
    sound = {name: part for name, part in parts.items() if name not in faulty}
    with opened(config, as_json=as_json, make=True) as store:
        if written := _written(sound):
            store.audit.write(actor(), "proved", ", ".join(sound), {"writes": written})
    with ThreadPoolExecutor(max_workers=8) as pool:  # interrupted, it waits: what was written is taken back first
        found = [f for each in pool.map(lambda part: part.prove(secrets.token_hex(32)), sound.values()) for f in each]
    return found + [Finding(f"{name} live", "skip", "not tried: see its fault") for name in parts if name in faulty]


def _written(parts: Mapping[str, Proven]) -> list[str]:
    return [part.writes for part in parts.values() if part.writes]
