"""The evidence chain from a theme to a measured fix, to be watched: `make demo-evidence`. The real commands; Jira,
Productboard, Dovetail and PostHog on loopback.

Dana ties a theme to the flow that it is about, once. The next month's digest says that usage bears it out; she approves
it, and the chain can be walked from the theme to every tool and back. The fix ships, and three months later the digest
says what became of the tickets, beside what was forecast and themes that nobody touched.
"""

from __future__ import annotations

import csv
import json
import shutil
import sys
import textwrap
import time
from collections.abc import Collection, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
from typer.testing import CliRunner

from bot import wiring
from bot.cli import app
from bot.config import Config, load
from bot.domain import Ticket, Worked
from tests.scenarios.served import ROOT
from tests.servers import dovetail as dt
from tests.servers import jira as jr
from tests.servers import posthog as ph
from tests.servers import productboard as pb

OUT = ROOT / "out" / "demo-evidence"
CONFIG = OUT / "config.json"
BEFORE, APPROVED, AFTER = "2026-06", "2026-07", ("2026-08", "2026-09", "2026-10")
DONE = datetime(2026, 8, 1, 10, tzinfo=UTC)
KEPT, LEFT = 0.9, 0.25  # of a month's tickets, so that months differ; of the theme's own, once it is fixed
HEADER = ("Ticket ID", "Subject", "Description", "Requester email", "Organization", "Created at", "Ticket URL")


@dataclass(frozen=True)
class Tools:
    jira: jr.JiraServer
    productboard: pb.ProductboardServer
    dovetail: dt.DovetailServer
    posthog: ph.PostHogServer


def main() -> int:
    began = time.monotonic()
    shutil.rmtree(OUT, ignore_errors=True)
    OUT.mkdir(parents=True)
    with ExitStack() as running:
        servers = (jr.JiraServer(), pb.ProductboardServer(), dt.DovetailServer(), ph.PostHogServer())
        tools = Tools(*(running.enter_context(server) for server in servers))  # type: ignore[arg-type]
        told = whole(tools)
        print(f"\n({time.monotonic() - began:.0f} s)")
        return 0 if told else 1


def whole(tools: Tools) -> bool:
    """The story; whether it ended as promised."""
    configure(tools)
    tools.posthog.events = list(usage())
    tickets = demo_tickets()
    say("June's digest. Nobody has said yet which part of the product a theme is about.")
    theme = month(BEFORE, tickets)["themes"][0]
    groundswell("list", lines=5)
    say("PostHog is asked what it records, and the likest flows are proposed. Dana confirms one, once.")
    groundswell("signals", "map", "1", lines=5)
    groundswell("signals", "map", "1", "--confirm", "1")
    say("July's digest holds the theme against the usage of that flow. Severity is not changed by it.")
    july = month(APPROVED, tickets)["themes"][0]
    print(f"     {july['rank']} {july['name']}: {july['ticket_count']} tickets from {july['customer_count']} customers")
    print(wrapped(f"  Usage: {july['signal']['message']}") + "\n")
    say("She approves it. Jira first; then Productboard and Dovetail have their part, by the same click.")
    groundswell("approve", "1", "--yes", lines=3)
    chain = groundswell("show", "1", "--evidence", lines=9, last=3)
    (issue,) = tools.jira.issues
    say("And back: from the issue, or from a ticket.")
    groundswell("show", issue.key, "--evidence", lines=4)
    groundswell("show", july["ticket_ids"][0], "--evidence", lines=6)
    ours = {i.partition("-")[2] for i in (*theme["ticket_ids"], *july["ticket_ids"])}
    outcome = three_months(tools, tickets, july["id"], ours)
    there = (issue.key, tools.productboard.of("feature")[0].id, tools.dovetail.docs[0].id)
    return (
        all(ref in chain for ref in there)
        and july["signal"]["verdict"] == "corroborated"
        and outcome["worked"] == Worked.LIKELY.value
        and outcome["days"] >= 85
        and (len(tools.jira.issues), len(tools.dovetail.docs)) == (1, 1)
    )


def three_months(tools: Tools, tickets: list[Ticket], theme_id: str, ours: Collection[str]) -> dict[str, Any]:
    """The fix ships early in August; what the digests of the next months make of it."""
    key = tools.jira.issues[0].key
    tools.jira.close(key, resolution="Done", at=DONE.timestamp())
    followed()
    say(f"{key} is Done on {DONE.day} {DONE:%B}, which `serve` reads. The next digests measure whether it worked.")
    for name in AFTER:
        made = month(name, tickets, fixed=ours)
        print(wrapped(f"{name}  {_in_digest()}") + "\n", flush=True)
    say("That is what the digests say, in Slack and in the report as well. The record of forecasts begins with it.")
    groundswell("outcomes", lines=0, last=1)
    return dict(next(m for m in made["outcomes"] if m["theme_id"] == theme_id))


def _in_digest() -> str:
    """What the digest.md that was just written says of the fix."""
    lines = (OUT / "report" / "digest.md").read_text(encoding="utf-8").splitlines()
    return lines[lines.index("## Did it work?") + 2].removeprefix("- ")


def wrapped(line: str) -> str:
    given = {"break_on_hyphens": False, "break_long_words": False}
    return textwrap.fill(line, 112, initial_indent="     ", subsequent_indent="       ", **given)


# --- what is typed, and what is not


def month(name: str, tickets: list[Ticket], fixed: Collection[str] = ()) -> dict[str, Any]:
    """The digest of a month, by the command; `fixed`: tickets whose like hardly comes any more."""
    path = OUT / f"zendesk-{name}.csv"
    write(path, name, tickets, fixed)
    groundswell("run", name, "--tickets", str(path), "-q", quiet=True)
    return dict(json.loads((OUT / "report" / "digest.json").read_text(encoding="utf-8"))["data"])


def followed() -> None:
    """What `serve` does every quarter of an hour: reads back how the issues are."""
    config = load(CONFIG, {})
    store = wiring.store(config)
    try:
        tracking = wiring.wired(config, store, cache=None).tracking
        assert tracking is not None and tracking.follow() == 1
    finally:
        store.close()


def groundswell(*words: str, lines: int = 99, last: int = 0, quiet: bool = False) -> str:
    """Runs the command and shows what it says: the first `lines` of it, and the `last`."""
    done = CliRunner(env={"USER": "dana", "LOGNAME": "dana", "COLUMNS": "118"}).invoke(
        app, [*words, "--config", str(CONFIG)]
    )
    if done.exit_code:
        raise SystemExit(f"groundswell {' '.join(words)} ended with {done.exit_code}: {done.output}")
    if not quiet:
        said = done.stdout.splitlines()
        cut = ["  ..."] if lines and len(said) > lines + last else []
        shown = (*said[:lines], *cut, *said[max(lines, len(said) - last) :])
        print(f"   $ groundswell {' '.join(words)}")
        print("".join(f"{wrapped(line) if len(line) > 112 else f'     {line}'}\n" for line in shown), flush=True)
    return done.stdout


def configure(tools: Tools) -> None:
    told: dict[str, Any] = {
        "workspace": {"name": "Lumenboard"},
        "customers": {"internal_domains": ["lumenboard.example"]},
        "jira": {"site": tools.jira.url, "email": jr.EMAIL, "token": jr.TOKEN, "project": "BILL"},
        "productboard": {"token": pb.TOKEN, "base_url": tools.productboard.base_url},
        "dovetail": {
            "token": dt.TOKEN,
            "base_url": tools.dovetail.base_url,
            "project": dt.PROJECT,
            "channel": dt.CHANNEL,
        },
        "signals": {"token": ph.TOKEN, "project": ph.PROJECT, "base_url": tools.posthog.url},
        "storage": {"database": f"sqlite:///{OUT / 'groundswell.db'}"},
        "output": {"dir": str(OUT / "report"), "cache": str(OUT / "vectors.db")},
        "network": {"allow_private": True},
    }
    CONFIG.write_text(json.dumps(told), encoding="utf-8")


# --- what happened in the product and at the help desk


def demo_tickets() -> list[Ticket]:
    """A month of an invented help desk."""
    paths = sorted((ROOT / "bot" / "demo").glob("*-2026-10.*"))
    sources = wiring.ticket_files(paths, {}, Config(), datetime.now(UTC))
    return [ticket for source in sources for page in source.pages() for ticket in page.tickets]


def write(path: Path, name: str, tickets: list[Ticket], fixed: Collection[str]) -> None:
    """The same kind of month again, in other days: most tickets come, each under a number of its own."""
    rng, start = np.random.default_rng(int(name[-2:])), datetime.fromisoformat(f"{name}-01T00:00:00+00:00")
    with path.open("w", newline="", encoding="utf-8") as file:
        out = csv.writer(file)
        out.writerow(HEADER)
        for t in tickets:
            if rng.uniform() < (LEFT if t.key in fixed else KEPT):
                at = start.replace(day=min(t.created_at.day, 30) if t.created_at else 1, hour=9)
                url = f"https://lumenboard.zendesk.example/agent/tickets/{name[-2:]}{t.key}"
                who = (t.requester.email or f"{t.requester.id}@unknown.example", t.account.name or "")
                out.writerow((f"{name[-2:]}-{t.key}", t.subject, t.body, *who, at.isoformat(), url))


def usage() -> Iterator[ph.Event]:
    """Of 1,600 people who export in a month 19 meet an error, and 58 in July. Everything else as ever."""
    others = "report_scheduled report_delivered login_started login_failed alert_created invite_sent".split()
    for number, failed in ((5, 19), (6, 19), (7, 58)):
        start = datetime(2026, number, 1, tzinfo=UTC)
        for n in range(1600):
            at = start + timedelta(hours=n % 700)
            yield ph.Event(f"u{n}", "csv_export_started", at)
            yield ph.Event(f"u{n}", "csv_export_failed" if n * 37 % 1600 < failed else "csv_export_completed", at)
        yield from (ph.Event(f"u{n}", name, start) for name in others for n in range(400))


def say(line: str) -> None:
    print(f"{time.strftime('%H:%M:%S')}  {line}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
