"""How much memory a long read of a help desk takes, and how long: it must not grow with the number of tickets.

    python bench/sources.py [zendesk | intercom] [count]

The stand-in runs in a process of its own; what is measured is the reader alone, after a tenth of the tickets and at the
end. Each source is read in a process of its own, too. On two shared cores, 50,000 Zendesk tickets of 1.5 kB at 1,000 a
page, 5,000 Intercom conversations of six messages at 150 a page: see bench/README.md.
"""

from __future__ import annotations

import resource
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from bot.ports import Source
from tests.servers.base import StandIn

NOW = datetime(2026, 11, 10, 9, 0, tzinfo=UTC)
WORDS = "the export of our monthly report stops at half and the file is empty when we open it again "
CUSTOMERS = 5_000


def zendesk_server(count: int) -> StandIn:
    from tests.servers.zendesk import ZendeskServer

    server = ZendeskServer(clock=lambda: NOW)
    organizations = [server.add_organization(f"Org {n}", f"org{n}.example") for n in range(CUSTOMERS // 5)]
    users = [
        server.add_user(f"User {n}", f"u{n}@org.example", organization=organizations[n // 5]) for n in range(CUSTOMERS)
    ]
    for n in range(count):
        at = NOW - timedelta(minutes=count - n + 5)
        server.add_ticket(users[n % CUSTOMERS], f"Export {n}", f"{n}: " + WORDS * 16, at=at, tags=["export"])
    return server


def zendesk_source(url: str) -> Source:
    from connectors.zendesk import Zendesk

    return Zendesk(subdomain="acme", token="zendesk-secret", email="bot@acme.example", base_url=url, now=lambda: NOW)


def intercom_server(count: int) -> StandIn:
    from tests.servers.intercom import IntercomServer

    server = IntercomServer(clock=lambda: NOW)
    companies = [server.add_company(f"Org {n}", company_id=f"org-{n}") for n in range(CUSTOMERS // 50)]
    people = [
        server.add_contact(f"u{n}@org{n // 5}.example", f"User {n}", companies=(companies[n // 5],))
        for n in range(CUSTOMERS // 10)
    ]
    for n in range(count):
        at = int((NOW - timedelta(minutes=count - n + 5)).timestamp())
        who = people[n % len(people)]
        said = {"body": f"<p>{WORDS * 3}</p>", "author": server.author(who)}
        server.add_conversation(f"{n}: " + WORDS * 4, who, at=at, parts=(said,) * 5)
    return server


def intercom_source(url: str) -> Source:
    from connectors.intercom import Intercom

    return Intercom(token="tok-intercom", base_url=url, now=lambda: NOW)


Maker = tuple[Callable[[int], StandIn], Callable[[str], Source], int]
DESKS: dict[str, Maker] = {
    "zendesk": (zendesk_server, zendesk_source, 50_000),
    "intercom": (intercom_server, intercom_source, 5_000),
}


def serve(name: str, count: int) -> None:
    """Until stdin ends; says its address first."""
    with DESKS[name][0](count) as server:
        print(server.url, flush=True)
        sys.stdin.read()


@contextmanager
def served(name: str, count: int) -> Iterator[str]:
    command = [sys.executable, __file__, "--serve", name, str(count)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin and process.stdout
        yield process.stdout.readline().strip()
        process.stdin.close()


def megabytes() -> float:
    """The most that this process has ever had."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def measure(name: str, count: int) -> None:
    with served(name, count) as url:
        source, seen, early, began = DESKS[name][1](url), 0, 0.0, time.perf_counter()
        for page in source.pages(since=datetime(2000, 1, 1, tzinfo=UTC)):
            seen += len(page.tickets)
            if not early and seen >= count // 10:
                early = megabytes()
        took = time.perf_counter() - began
    assert seen == count, f"{seen} of {count}"
    print(f"{name}: {seen:,} tickets in {took:.1f} s, {early:.0f} MB after a tenth, {megabytes():.0f} MB at the end")


if __name__ == "__main__":
    if sys.argv[1:2] == ["--serve"]:
        serve(sys.argv[2], int(sys.argv[3]))
    else:
        names = [a for a in sys.argv[1:] if a in DESKS]
        numbers = [int(a) for a in sys.argv[1:] if a.isdigit()]
        if len(names) == 1:
            measure(names[0], numbers[0] if numbers else DESKS[names[0]][2])
        else:
            for name in DESKS:
                subprocess.run([sys.executable, __file__, name], check=True)
