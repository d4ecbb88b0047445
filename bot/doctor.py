"""Looks at everything that a config names, all at once and each for some seconds: how it is, and for a fault the mend.

Reads only; a fault of one thing hides no other's.
"""

from __future__ import annotations

import http.client
import os
import re
import shutil
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from sqlalchemy.engine import make_url

from bot import phrases, wiring
from bot.acts import Finding
from bot.config import Config, Read, dotenv
from bot.config.reach import astray
from bot.embedding import MiniLM
from bot.ports import Checked, Refused, Unavailable
from bot.store.opening import absent

Look = Callable[[], Sequence[Finding]]

LIMIT = 8.0  # seconds that one thing may take; all are looked at side by side
OUTSIDE = ("zendesk", "intercom", "slack", "jira", "productboard", "dovetail", "signals")
_ALWAYS = ("config", "database")
_SKEW = 60.0  # seconds; Slack refuses what is signed more than 300 s away (VENDORS section 3)
_LITTLE, _TOO_LITTLE = 2e9, 2e8  # bytes of room; a month of 10,000 tickets takes some 50 MB
_LATELY, _LISTED = timedelta(days=30), 250  # Mixpanel lists 255 names at most
_LATER = "Try again later; if it lasts, look at the network between, and at the vendor's status page."


def examined(looks: Mapping[str, Look], limit: float = LIMIT) -> list[Finding]:
    """What each look found, in the order of `looks`, within `limit` seconds; one that takes longer is a fault."""
    found: dict[str, Sequence[Finding]] = {}

    def look(name: str) -> None:
        found[name] = list(_told(name, looks[name]))

    threads = [threading.Thread(target=look, args=(name,), daemon=True) for name in looks]
    for thread in threads:
        thread.start()
    until = time.monotonic() + limit
    for thread in threads:
        thread.join(max(0.0, until - time.monotonic()))
    return [f for name in looks for f in found.get(name) or [_late(name, limit)]]


def looks(read: Read, folder: Path, names: Sequence[str] = ()) -> dict[str, Look]:
    """What there is to look at; `folder` is where the config stands. `names`: these, beside config and database."""
    config = read.config
    faulty = stanzas(read.faults)
    all_of_them: dict[str, Look] = {
        "config": lambda: list(read.faults) or _settings(read, folder),
        "database": lambda: _database(config),
        "file": lambda: list(_files(config)),
        **{name: _outside(config, name, name in faulty) for name in OUTSIDE},
        "model": _model,
        "compute": lambda: _compute(config),
        "llm": lambda: _llm(config),
        "addresses": lambda: _leading(config),
        "clock": lambda: _clock(config),
        "disk": lambda: _disk(config),
    }
    unknown = {name: _not_there(name) for name in names if name not in all_of_them}
    return {n: look for n, look in all_of_them.items() if not names or n in names or n in _ALWAYS} | unknown


def stanzas(faults: Sequence[Finding]) -> set[str]:
    """The words of the keys that faults of a config are about: "slack" of "slack.token: not set"."""
    return {word for f in faults for word in re.findall(r"\w+", f.message.partition(":")[0])}


def reading_failed(why: Refused, folder: Path) -> dict[str, Look]:
    """The looks when the config can't be read at all: the machine alone."""
    fault = Finding("config", "fail", str(why), "Write it anew with: groundswell init, or see config.example.yaml.")
    whole = looks(Read(Config(), (), {}), folder)
    return {"config": lambda: [fault], "model": whole["model"], "disk": whole["disk"]}


# --- one look each


def _told(name: str, look: Look) -> Iterator[Finding]:
    try:
        yield from look()
    except Refused as refused:
        what, _, mend = str(refused).partition(": ")  # "zendesk needs one more package: pip install ..."
        yield Finding(name, "fail", what, mend or "The sentence names it; then: groundswell doctor.")
    except Unavailable as away:
        yield Finding(name, "fail", str(away), _LATER)


def _late(name: str, limit: float) -> Finding:
    return Finding(name, "fail", f"{name} did not answer within {limit:.0f} seconds.", _LATER)


def _not_there(name: str) -> Look:
    return lambda: [Finding(name, "skip", "not configured")]


def _settings(read: Read, folder: Path) -> list[Finding]:
    set_by = len(set(read.origins.values()))
    keys, places = phrases.count(len(read.origins), "key"), phrases.count(set_by, "place")
    told = f"valid; {keys} set in {places}" if read.origins else "nothing is set: all defaults"
    found = [Finding("config", "ok", told)]
    exposed = dotenv.open_to_others(folder)
    return [
        *found,
        *(Finding("config", "warn", f"other users may read {p}, where tokens are", f"chmod 600 {p}") for p in exposed),
    ]


def _database(config: Config) -> list[Finding]:
    try:
        missing = absent(config.storage.database)
        if missing is not None:
            return [_place(missing)]
        store = wiring.store(config)
    except Refused as refused:
        return [Finding("database", "fail", str(refused), "Change storage.database, or who owns that place.")]
    except Unavailable as away:
        return [Finding("database", "fail", str(away), _asleep(config.storage.database))]
    try:
        store.probe()
        return [Finding("database", "ok", f"{store.place} is open, up to date and can be written")]
    except Refused as refused:
        return [Finding("database", "fail", str(refused), "Make the file and its folder writable for this user.")]
    except Unavailable as away:
        return [Finding("database", "warn", str(away), "Wait for whoever is writing, then check again.")]
    finally:
        store.close()


def _place(missing: Path) -> Finding:
    """A look makes nothing: whether the first run can make the file is told by the folder that it would stand in."""
    folder = _existing(missing)
    if folder.is_dir() and os.access(folder, os.W_OK | os.X_OK):
        return Finding("database", "ok", f"{missing} is not there yet; the first run makes it")
    why = f"this user may not write in {folder}" if folder.is_dir() else f"{folder} is no folder"
    return Finding("database", "fail", f"{missing} can't be made: {why}", "Change storage.database, or that place.")


def _asleep(url: str) -> str:
    """The mend where nobody answers: a database of one's own has no vendor."""
    target = make_url(url)
    if target.get_backend_name() == "sqlite":
        return "Wait for whoever holds the file, then check again."
    at = f"-h {target.host or 'localhost'} -p {target.port or 5432}"
    return f"Start it, or correct the address; `pg_isready {at}` says whether it answers. Nothing is lost meanwhile."


def _files(config: Config) -> Iterator[Finding]:
    paths = config.sources.file.paths
    if not paths:
        yield Finding("file", "skip", "not configured")
    for path in paths:
        if not path.is_file():
            yield Finding("file", "fail", f"{path} is not there", "Correct sources.file.paths, or put the file there.")
        elif not os.access(path, os.R_OK):
            yield Finding(
                "file", "fail", f"{path} can't be read by this user", f"chmod u+r {path}, or change its owner"
            )
        else:
            yield Finding("file", "ok", f"{path} can be read")


def _outside(config: Config, name: str, faulty: bool) -> Look:
    def look() -> Sequence[Finding]:
        part = _part(config, name)
        if part is None:
            return [Finding(name, "skip", "not looked at: its settings have a fault" if faulty else "not configured")]
        found = part.check()
        more = {"slack": _buttons, "signals": _flows if all(f.state == "ok" for f in found) else _nothing}
        return [*found, *more.get(name, _nothing)(config), *_writes(config, name)]

    return look


def _nothing(_: Config) -> Iterator[Finding]:
    yield from ()


def _flows(config: Config) -> Iterator[Finding]:
    """Events that a flow of the config names and nothing of which was recorded lately: mostly a slip of the pen."""
    analytics, end = wiring.signals(config), datetime.now(UTC)
    if analytics is None or config.signals is None or not config.signals.flows:
        return
    recorded = {r.event for r in analytics.recorded(end - _LATELY, end)}
    if len(recorded) >= _LISTED:  # it lists the commonest alone: what is missing may be rare
        return
    mend = "Correct it under signals.flows; `groundswell signals map THEME` lists what there is."
    for flow in config.signals.flows:
        missing = [e for e in (flow.reach, flow.trouble, flow.goal) if e is not None and e not in recorded]
        if missing:
            told = " and ".join(map(phrases.heading, missing))
            yield Finding("signals flow", "warn", f"{flow.name}: {told} was not recorded in the last 30 days", mend)


def _buttons(config: Config) -> Iterator[Finding]:
    if config.slack and config.slack.mode == "socket" and not config.slack.app_token:
        mend = "Make one (xapp-...) under Basic Information > App-Level Tokens: GROUNDSWELL_SLACK__APP_TOKEN."
        yield Finding("slack buttons", "warn", "no slack.app_token: digests are posted, buttons don't work", mend)


def _writes(config: Config, name: str) -> Sequence[Finding]:
    """What putting the link to an issue on tickets needs, where somebody opted in; nothing is written."""
    return wiring.linkbacks(_alone(config, name))[name].check() if name in wiring.ways(config) else []


def _part(config: Config, name: str) -> Checked | None:
    """One part alone, so that what keeps another from being made (an SDK that isn't installed) is no fault of this."""
    if name == "slack":
        return wiring.channel(config)
    if name == "jira":
        return wiring.tracker(config)
    if name == "signals":
        return wiring.signals(config)
    if name in ("productboard", "dovetail"):
        alone = config.model_copy(update=dict.fromkeys({"productboard", "dovetail"} - {name}))
        return wiring.beside(alone).get(name)
    return wiring.desks(_alone(config, name)).get(name)


def _alone(config: Config, name: str) -> Config:
    """With one help desk, so that what keeps the other from being made is no fault of this."""
    others = {n: None for n in ("zendesk", "intercom") if n != name}
    return config.model_copy(update={"sources": config.sources.model_copy(update=others)})


def _model() -> list[Finding]:
    mend = "Install Groundswell again: its model's files are not as they were shipped."
    try:
        whole = bool(MiniLM().embed(["The export hangs."]).any())
    except Refused as refused:
        return [Finding("model", "fail", str(refused), mend)]
    if not whole:
        return [Finding("model", "fail", "the built-in model reads nothing", mend)]
    return [Finding("model", "ok", "the built-in model is whole and reads")]


def _compute(config: Config) -> Sequence[Finding]:
    cluster = wiring.cluster(config)
    return cluster.check() if cluster else [Finding("compute", "skip", "not configured: this machine does it all")]


def _llm(config: Config) -> Sequence[Finding]:
    llm = config.llm
    if llm is None:
        return [Finding("llm", "skip", "not configured: themes are found and worded without a language model")]
    from bot.llm import Endpoint
    from bot.llm.checks import findings

    endpoint = Endpoint(llm.base_url, llm.api_key, LIMIT - 2, 1, llm.send_text_out)
    return findings(endpoint, [m for m in (llm.model, llm.strong_model, llm.embedding_model) if m])


def _leading(config: Config) -> list[Finding]:
    where = list(astray(addresses(config), allow_private=config.network.allow_private))
    if not where:
        return [Finding("addresses", "ok", "every configured address leads where it may")]
    mend = "Correct the address, or who answers for its name; network.allow_private: true allows your own network."
    return [Finding("addresses", "fail", told, mend) for told in where]


def addresses(config: Config) -> list[str]:
    """What the config itself names; vendors' own addresses are in their connectors."""
    sources, llm = config.sources, config.llm
    stanzas = (sources.zendesk, sources.intercom, config.slack, config.productboard, config.dovetail, config.signals)
    ping = config.server.ping_url
    own = [*(s.base_url for s in stanzas if s), config.jira and config.jira.site, ping and ping.get_secret_value()]
    told = [url for url in own if url]
    return told if llm is None or llm.send_text_out == "local-only" else [*told, llm.base_url]


def _clock(config: Config) -> list[Finding]:
    for url in _addresses(config):
        there = _time_at(url)
        if there is None:
            continue
        off = (datetime.now(UTC) - there).total_seconds()
        host = urlsplit(url).hostname
        told = f"{abs(off):.0f} s {'ahead of' if off > 0 else 'behind'} {host}'s clock"
        if abs(off) < _SKEW:
            return [Finding("clock", "ok", f"within {_SKEW:.0f} s of {host}'s clock")]
        return [
            Finding("clock", "fail", told, "Set this machine's clock: timedatectl set-ntp true. Slack refuses 300 s.")
        ]
    return [Finding("clock", "skip", "nobody outside is configured, or nobody told the time")]


def _addresses(config: Config) -> Iterator[str]:
    sources = config.sources
    if config.slack:
        yield config.slack.base_url or "https://slack.com"
    if config.jira:
        yield config.jira.site
    if sources.zendesk:
        yield sources.zendesk.base_url or f"https://{sources.zendesk.subdomain}.zendesk.com"
    if sources.intercom:
        yield sources.intercom.base_url or "https://api.intercom.io"


def _time_at(url: str) -> datetime | None:
    """What a server's Date header says, whatever it answers else; no token is sent."""
    parts = urlsplit(url)
    kind: Any = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    connection = kind(parts.hostname, parts.port, timeout=LIMIT / 4)
    try:
        connection.request("HEAD", "/")
        told = parsedate_to_datetime(connection.getresponse().getheader("Date") or "")
    except (OSError, http.client.HTTPException, ValueError):
        return None
    finally:
        connection.close()
    return told if told.tzinfo else told.replace(tzinfo=UTC)


def _disk(config: Config) -> list[Finding]:
    places = {config.output.dir}
    try:
        url = make_url(config.storage.database)
        places |= {Path(str(url.database)).parent} if url.get_backend_name() == "sqlite" else set()
    except ValueError:
        pass  # the database's own finding
    place = min((_existing(p) for p in places), key=lambda p: shutil.disk_usage(p).free)
    free = shutil.disk_usage(place).free
    if free >= _LITTLE:
        return [Finding("disk", "ok", f"{free / 1e9:.0f} GB free at {place}")]
    state: Any = "fail" if free < _TOO_LITTLE else "warn"
    return [Finding("disk", state, f"{free / 1e9:.1f} GB free at {place}", "Make room, or move storage.database.")]


def _existing(path: Path) -> Path:
    path = path.expanduser().absolute()
    return next(p for p in (path, *path.parents) if p.exists())
