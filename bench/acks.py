"""How fast Slack is answered, and a row drawn anew, while the same `serve` works on ten thousand tickets.

    python bench/acks.py [tickets]

Four stand-ins on loopback, one `serve` on SQLite, signed HTTP as Slack sends it. A digest stands in the channel; then a
run over the tickets of a file (each of its own words, so that nothing comes from the vectors' cache) is asked for by
/themes, and while it goes on somebody decides and takes it back, again and again. Printed: how long Slack waited for
each answer, and how long the row took to show it (the stand-ins share the machine with what is measured).
"""

from __future__ import annotations

import json
import random
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))

from tests.scenarios.served import Served, wait
from tests.scenarios.shown import row, themes, whole
from tests.servers.town import Town, last_month

WORDS = "export report login invoice map alert sync share guest chart filter upload search token webhook email".split()


def tickets(count: int, month: datetime, to: Path) -> Path:
    chance = random.Random(7)
    with to.open("w", encoding="utf-8") as file:
        for n in range(count):
            said = " ".join(chance.choices(WORDS, k=12))
            at = month + timedelta(minutes=n * 4 % 40_000)
            told = {"id": f"f{n}", "subject": f"{said[:30]} {n}", "body": f"Our {said} fails since {n} days, case {n}.",
                    "email": f"u{n % 900}@c{n % 300}.example", "created": at.isoformat()}  # fmt: skip
            file.write(json.dumps(told) + "\n")
    return to


def main() -> int:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000
    with tempfile.TemporaryDirectory() as name, Town() as town:
        folder, month = Path(name), last_month(datetime.now(UTC))
        town.fill(month)
        served = Served(town.config(folder), folder / "cache")
        served.start()
        wait("the digest", lambda: whole(town, 8))
        served.stop()
        path = tickets(count, month, folder / "large.jsonl")
        served = Served(town.config(folder, sources=_sources(town, path)), folder / "cache")
        served.start()
        asked = town.slack.command(f"run {month:%Y-%m}-01..{month:%Y-%m}-27")
        assert served.press(asked) == 200
        began, acks, drawn = time.monotonic(), [], []
        while not _over(town) and time.monotonic() - began < 900:
            for what, shown in (("reject", "Marked not a theme"), ("undo", "Approve")):
                ack, seen = _clicked(served, town, what, shown)
                acks.append(ack)
                drawn += [seen] if seen is not None else []
            time.sleep(0.2)
        took = time.monotonic() - began
        served.stop()
    print(f"{count:,} tickets: the run took {took:.0f} s; {len(acks)} clicks meanwhile")
    for what, times in (("answer", acks), ("row drawn", drawn)):
        times.sort()
        at = {share: times[min(len(times) - 1, int(share * len(times)))] for share in (0.5, 0.95, 0.99)}
        print(
            f"{what:<10} median {at[0.5]:.2f} s   95% {at[0.95]:.2f} s   99% {at[0.99]:.2f} s   worst {times[-1]:.2f} s"
        )
    return 0


def _sources(town: Town, path: Path) -> dict[str, object]:
    desk = town.zendesk
    zendesk = {"subdomain": "lumenboard", "email": desk.email, "token": desk.token, "base_url": desk.url}
    intercom = {"token": town.intercom.token, "base_url": town.intercom.url}
    return {"zendesk": zendesk, "intercom": intercom, "file": {"paths": [str(path)]}}


def _clicked(served: Served, town: Town, what: str, shown: str) -> tuple[float, float | None]:
    wanted = "Approve" if what == "reject" else "Restore"
    digest = wait("a whole digest", lambda: _with(town, wanted), 30)
    theme = themes(digest)[1]
    began = time.monotonic()
    status = served.press(town.slack.click(digest, what, "U0DANA", theme))
    ack = time.monotonic() - began
    if status != 200:
        return ack, None
    until = began + 15
    while time.monotonic() < until:
        if shown in row(town.slack.posted()[0], theme):
            return ack, time.monotonic() - began
        time.sleep(0.02)
    return ack, 15.0


def _with(town: Town, button: str) -> dict[str, Any] | None:
    """The digest, once its second row shows the button (the stand-in may be drawing it just now)."""
    digest = town.slack.posted()[0]
    return digest if "blocks" in digest and button in row(digest, themes(digest)[1]) else None


def _over(town: Town) -> bool:
    digests = [m for m in town.slack.posted() if str(m["text"]).startswith(("Support themes", "No support tickets"))]
    failed = any("failed" in str(m["text"]) for m in town.slack.posted())
    return len(digests) > 1 or failed


if __name__ == "__main__":
    sys.exit(main())
