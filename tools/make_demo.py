"""Owns bot/demo: two months of tickets of an invented product, as a Zendesk CSV and an Intercom JSON export, with gold.

python tools/make_demo.py        writes bot/demo anew; the same bytes each time
"""

from __future__ import annotations

import csv
import io
import json
import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from demo_texts import (
    ANECDOTES,
    AUTO_REPLIES,
    DETAILS,
    HOSTILE,
    LONG_TAILS,
    NAMES,
    ONE_OFFS,
    OPENINGS,
    PEOPLE,
    PRIVATE,
    SIZES,
    SMALL,
    SUFFIXES,
    THEMES,
    TWO_PROBLEMS,
)

OUT = Path(__file__).resolve().parent.parent / "bot" / "demo"
COLUMNS = (
    "Ticket ID,Subject,Description,Requester name,Requester email,Organization,Created at,Status,Priority,Tags"
    ",Product area,Ticket URL"
).split(",")
STATUSES, PRIORITIES = ("Open", "Solved", "Closed", "Pending"), ("Low", "Normal", "Normal", "High")
EMPTY_SUBJECTS = ("Question", "Help needed", "Problem", "Urgent", "Lumenboard support")
AREAS = {
    "export_timeout": "Export",
    "export_encoding": "Export",
    "sso_loop": "Sign-in",
    "double_charge": "Billing",
    "report_late": "Reports",
    "guest_access": "Sharing",
    "teams_alerts": "Alerts",
    "widget_blank": "Dashboards",
}


@dataclass
class Account:
    name: str
    suffix: str
    domain: str
    people: list[tuple[str, str]] = field(default_factory=list)  # name, mail

    def spelled(self, chance: random.Random) -> str:
        """As one of the people who fill in the form would write it."""
        bare = self.name
        ways = (bare, bare, f"{bare} {self.suffix}", bare.upper(), f"{bare}, {self.suffix}", bare.lower(), f" {bare} ")
        return chance.choice(ways)


@dataclass
class Written:
    """One ticket before it is dressed up as a vendor's row. `label` None: not of a theme."""

    subject: str
    body: str
    account: Account
    label: str | None
    when: datetime
    area: str = ""
    noise: bool = False


def accounts(chance: random.Random) -> list[Account]:
    made = []
    for i, name in enumerate(NAMES):
        domain = f"{''.join(c for c in name.lower() if c.isalpha())}.example"
        account = Account(name, SUFFIXES[i % len(SUFFIXES)], domain)
        for person in chance.sample(PEOPLE, 3):
            account.people.append((person, f"{person.lower().replace(' ', '.')}@{domain}"))
        made.append(account)
    return made


def moment(month: str, chance: random.Random, *, first: int = 1, last: int = 30) -> datetime:
    year, number = map(int, month.split("-"))
    day = chance.randint(first, last)
    return datetime(year, number, day, chance.randint(6, 18), chance.randint(0, 59), tzinfo=UTC)


def themed(month: str, people: list[Account], chance: random.Random) -> Iterator[Written]:
    for theme, size in SIZES[month].items():
        openings = [*OPENINGS[theme]]
        chance.shuffle(openings)
        hit = chance.sample(people, min(len(people), max(3, round(size * 0.75))))
        for i in range(size):
            subject, first = openings[i % len(openings)]
            told_before = i >= len(openings)
            details = chance.sample(DETAILS[theme], chance.choice((1, 2) if told_before else (0, 1, 1, 2)))
            account = hit[i] if i < len(hit) else chance.choice(hit)
            first_day = 14 if theme == "sso_loop" and month == "2026-10" else 1
            when = moment(month, chance, first=first_day)
            yield Written(subject, " ".join([first, *details]), account, theme, when, AREAS[theme])


def untold(month: str, people: list[Account], chance: random.Random) -> Iterator[Written]:
    """What is no theme: one loud customer each, small groups, single tickets, hostile ones."""
    by_name = {a.name: a for a in people}
    rest = people[2:]
    for name, tickets in ANECDOTES.items():
        for subject, body in tickets:
            yield Written(subject, body, by_name[name], None, moment(month, chance))
    for tickets in SMALL.values():
        chosen = chance.sample(rest, 2)
        for i, (subject, body) in enumerate(tickets):
            yield Written(subject, body, chosen[i % 2], None, moment(month, chance))
    half = ONE_OFFS[0::2] if month == "2026-09" else ONE_OFFS[1::2]
    for subject, body in half:
        yield Written(subject, body, chance.choice(rest), None, moment(month, chance))
    subject, body = HOSTILE[0 if month == "2026-09" else 1]
    yield Written(subject, body, chance.choice(rest), None, moment(month, chance))
    if month == "2026-10":
        yield Written(*HOSTILE[0], chance.choice(rest), None, moment(month, chance))


def noise(month: str, people: list[Account], chance: random.Random) -> Iterator[Written]:
    for subject, body in AUTO_REPLIES:
        yield Written(subject, body, chance.choice(people), None, moment(month, chance), noise=True)
    yield Written("", "", chance.choice(people), None, moment(month, chance), noise=True)


def dressed(written: Written, person: tuple[str, str], chance: random.Random) -> str:
    """The body as mail has it: greeting, signature, quoted mail, and now and then something private."""
    if written.noise or not written.body:
        return written.body
    name, mail = person
    text = written.body
    if chance.random() < 0.15:
        text += " " + chance.choice(PRIVATE).format(n=chance.randint(10, 250), mail=mail)
    style = chance.random()
    if style < 0.4:
        return text
    greeting = chance.choice(("Hi,", "Hello Lumenboard team,", "Hi there,", "Dear support,", "Good morning,", "Hallo,"))
    bye = chance.choice(("Thanks,", "Best regards,", "Kind regards,", "Many thanks", "Cheers,", "Viele Grüße"))
    text = f"{greeting}\n\n{text}\n\n{bye}\n{name}"
    if style > 0.7:
        company = f"{written.account.name} {written.account.suffix}"
        text += f"\n\n--\n{name}\n{company}\nPhone: +49 30 23125 {chance.randint(100, 999)}"
    if style > 0.88:
        text += (
            "\n\nOn Mon, 7 Sep 2026 at 09:12, Lumenboard Support <support@lumenboard.example> wrote:\n"
            "> Thank you for writing to us. Your request has been received.\n> We answer within one working day."
        )
    elif style > 0.8:
        text += "\n\nSent from my iPhone"
    return text


def month_of(month: str, people: list[Account], chance: random.Random) -> list[Written]:
    tickets = [*themed(month, people[2:], chance), *untold(month, people, chance), *noise(month, people, chance)]
    for theme, subject, second in TWO_PROBLEMS:
        mine = next((t for t in tickets if t.label == theme and t.subject), None)
        if mine and SIZES[month][theme] >= 5:
            mine.subject, mine.body = subject, f"{mine.body} {second}"
    for tail, theme in zip(LONG_TAILS, ("export_timeout", "report_late"), strict=True):
        mine = [t for t in tickets if t.label == theme][-1]
        mine.body = f"{mine.body}\n\n{tail}"
    for ticket in tickets:
        if not ticket.subject and not ticket.noise:
            ticket.subject = chance.choice(EMPTY_SUBJECTS)
    tickets.sort(key=lambda t: (t.when, t.subject, t.body))
    return tickets


def zendesk(rows: list[tuple[str, Written, tuple[str, str]]], chance: random.Random) -> str:
    """A view's CSV export, with the columns that Zendesk's explorer gives."""
    out = io.StringIO()
    table = csv.writer(out, lineterminator="\r\n")
    table.writerow(COLUMNS)
    for key, t, (name, mail) in rows:
        organisation = t.account.spelled(chance) if chance.random() < 0.8 else ""
        body = dressed(t, (name, mail), chance)
        status, priority = chance.choice(STATUSES), chance.choice(PRIORITIES)
        when, url = f"{t.when:%Y-%m-%d %H:%M:%S UTC}", f"https://lumenboard.zendesk.example/agent/tickets/{key}"
        tag = t.area.lower().replace("-", "_")
        table.writerow((key, t.subject, body, name, mail, organisation, when, status, priority, tag, t.area, url))
    return out.getvalue()


def intercom(rows: list[tuple[str, Written, tuple[str, str]]], chance: random.Random) -> str:
    """Conversations as the Intercom API lists them: HTML bodies, seconds since 1970."""
    return json.dumps(
        {"type": "conversation.list", "conversations": [_conversation(*row, chance) for row in rows]},
        indent=1,
        ensure_ascii=False,
    )


def _conversation(key: str, t: Written, person: tuple[str, str], chance: random.Random) -> dict[str, Any]:
    name, mail = person
    body = "".join(f"<p>{line}</p>" for line in _html(t.body).split("\n") if line)
    seconds = int(t.when.timestamp())
    answer = {
        "type": "conversation_part",
        "part_type": "comment",
        "body": "<p>Thank you for your message, we are looking into it.</p>",
        "created_at": seconds + 3600,
        "author": {"type": "admin", "id": "77", "name": "Lumenboard Support", "email": "support@lumenboard.example"},
    }
    number = NAMES.index(t.account.name) + 1
    company = {"type": "company", "id": f"co-{number}", "name": t.account.spelled(chance).strip()}
    contact = {"type": "contact", "id": f"u-{mail}", "companies": [company]}
    return {
        "type": "conversation",
        "id": key,
        "created_at": seconds,
        "updated_at": int((t.when + timedelta(days=1)).timestamp()),
        "title": t.subject or None,
        "state": chance.choice(("open", "closed")),
        "source": {
            "type": "conversation",
            "subject": "",
            "body": body,
            "author": {"type": "user", "id": f"u-{mail}", "name": name, "email": mail},
        },
        "contacts": {"type": "contact.list", "contacts": [contact]},
        "tags": {"type": "tag.list", "tags": [{"type": "tag", "name": t.area}] if t.area else []},
        "conversation_parts": {"type": "conversation_part.list", "conversation_parts": [answer], "total_count": 1},
    }


def _html(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def gold(tickets: dict[str, Written]) -> dict[str, Any]:
    """In ThemeBench's shape, with each theme's kind, severity and name beside it."""
    groups: dict[str, list[str]] = {}
    for key, t in tickets.items():
        if t.label:
            groups.setdefault(t.label, []).append(key)
    themes = [
        {
            "intent": label,
            "ticket_ids": sorted(keys),
            "ticket_count": len(keys),
            "customer_count": len({tickets[k].account.name for k in keys}),
            "kind": THEMES[label][0],
            "severity": THEMES[label][1],
            "name": THEMES[label][2],
        }
        for label, keys in groups.items()
    ]
    themes = [t for t in themes if t["ticket_count"] >= 5 and t["customer_count"] >= 3]
    themes.sort(key=lambda t: (-t["ticket_count"], t["intent"]))
    real = {t["intent"] for t in themes}
    return {
        "labels": {k: t.label if t.label in real else None for k, t in sorted(tickets.items())},
        "themes": themes,
        "customers": {k: t.account.name for k, t in sorted(tickets.items())},
        "removed": sorted(k for k, t in tickets.items() if t.noise),
    }


def main() -> None:
    chance = random.Random("lumenboard")
    people = accounts(chance)
    OUT.mkdir(parents=True, exist_ok=True)
    golds = {}
    for month, zendesk_from, intercom_from in (("2026-09", 41003, 215473900011), ("2026-10", 43880, 215474100007)):
        everything = month_of(month, people, chance)
        mine: dict[str, list[tuple[str, Written, tuple[str, str]]]] = {"zendesk": [], "intercom": []}
        for ticket in everything:
            vendor = "zendesk" if chance.random() < 2 / 3 or ticket.noise else "intercom"
            start = zendesk_from if vendor == "zendesk" else intercom_from
            step = chance.randint(3, 11) if mine[vendor] else 0
            previous = int(mine[vendor][-1][0]) if mine[vendor] else start
            mine[vendor].append((str(previous + step), ticket, chance.choice(ticket.account.people)))
        (OUT / f"zendesk-{month}.csv").write_text(zendesk(mine["zendesk"], chance), encoding="utf-8", newline="")
        (OUT / f"intercom-{month}.json").write_text(intercom(mine["intercom"], chance) + "\n", encoding="utf-8")
        golds[month] = gold({key: t for rows in mine.values() for key, t, _ in rows})
        counts = {vendor: len(rows) for vendor, rows in mine.items()}
        print(month, counts, [(t["intent"], t["ticket_count"], t["customer_count"]) for t in golds[month]["themes"]])
    (OUT / "gold.json").write_text(json.dumps(golds, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
