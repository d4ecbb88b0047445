"""All four stand-ins as one small town: the demo's product, its help desks filled with the demo's tickets."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import TracebackType
from typing import Any

from bot.customers.organisations import folded_name
from tests.servers.intercom import IntercomServer
from tests.servers.jira import EMAIL, JiraServer
from tests.servers.slack import CHANNEL, TOKEN, SlackServer
from tests.servers.zendesk import ZendeskServer

DEMO = Path(__file__).resolve().parents[2] / "bot" / "demo"
SECRET = "signing-secret-of-the-town"
_MADE_IN = "2026-10"


def last_month(now: datetime) -> datetime:
    """The first moment of the month before `now`'s."""
    return (now.replace(day=1, hour=0, minute=0, second=0, microsecond=0) - timedelta(days=1)).replace(day=1)


class Town:
    """Zendesk, Intercom, Slack and Jira on loopback; `config(folder)` is what a user would write for them."""

    def __init__(self, log: Path | None = None) -> None:
        self.zendesk = ZendeskServer(log=log)
        self.intercom = IntercomServer(log=log)
        self.slack = SlackServer(log=log)
        self.jira = JiraServer(log=log)
        self._open = ExitStack()

    def __enter__(self) -> Town:
        for server in (self.zendesk, self.intercom, self.slack, self.jira):
            self._open.enter_context(server)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._open.close()

    def fill(self, month: datetime) -> int:
        """The demo's October, in another month; a day that the month does not have is its last one."""
        following = (month + timedelta(days=32)).replace(day=1)

        def moved(at: datetime) -> datetime:
            return min(month + (at - datetime(2026, 10, 1, tzinfo=UTC)), following - timedelta(minutes=1))

        return self._fill_zendesk(moved) + self._fill_intercom(moved)

    def _fill_zendesk(self, moved: Callable[[datetime], datetime]) -> int:
        organizations: dict[str, int] = {}
        people: dict[str, int] = {}
        with (DEMO / f"zendesk-{_MADE_IN}.csv").open(encoding="utf-8-sig", newline="") as file:
            rows = list(csv.DictReader(file))
        for row in rows:
            # A help desk has one organisation, however the export's rows spell it.
            company, mail = folded_name(row["Organization"]) or "", row["Requester email"]
            if company and company not in organizations:
                organizations[company] = self.zendesk.add_organization(row["Organization"])
            if mail not in people:
                role = "agent" if mail.endswith("@lumenboard.example") else "end-user"
                home = organizations.get(company)
                people[mail] = self.zendesk.add_user(row["Requester name"], mail, role=role, organization=home)
            at = moved(datetime.fromisoformat(row["Created at"].removesuffix(" UTC")).replace(tzinfo=UTC))
            tags = [t for t in row["Tags"].split(",") if t]
            self.zendesk.add_ticket(
                people[mail], row["Subject"], row["Description"], at=at, tags=tags, id=int(row["Ticket ID"])
            )
        return len(rows)

    def _fill_intercom(self, moved: Callable[[datetime], datetime]) -> int:
        told = json.loads((DEMO / f"intercom-{_MADE_IN}.json").read_text(encoding="utf-8"))
        companies: dict[str, str] = {}
        contacts: dict[str, str] = {}
        for row in told["conversations"]:
            author = row["source"]["author"]
            homes = []
            for company in row["contacts"]["contacts"][0].get("companies", []):
                if company["id"] not in companies:
                    made = self.intercom.add_company(company["name"], company_id=company["id"])
                    companies[company["id"]] = made
                homes.append(companies[company["id"]])
            if author["id"] not in contacts:
                contacts[author["id"]] = self.intercom.add_contact(
                    author.get("email"), author.get("name"), external_id=author["id"], companies=tuple(homes)
                )
            at = int(moved(datetime.fromtimestamp(row["created_at"], UTC)).timestamp())
            self.intercom.add_conversation(row["source"]["body"], contacts[author["id"]], at=at, title=row.get("title"))
        return len(told["conversations"])

    def config(self, folder: Path, **more: Any) -> Path:
        """config.yaml for this town (JSON is YAML); `more` goes over its stanzas."""
        told = {
            "workspace": {"name": "Lumenboard", "timezone": "UTC"},
            "sources": {
                "zendesk": {
                    "subdomain": "lumenboard",
                    "email": self.zendesk.email,
                    "token": self.zendesk.token,
                    "base_url": self.zendesk.url,
                },
                "intercom": {"token": self.intercom.token, "base_url": self.intercom.url},
            },
            "customers": {"internal_domains": ["lumenboard.example"]},
            "slack": {
                "token": TOKEN,
                "channel": CHANNEL,
                "mode": "http",
                "signing_secret": SECRET,
                "approvers": ["S0PMLEADS"],
                "base_url": self.slack.base_url,
            },
            "jira": {
                "site": self.jira.url,
                "email": EMAIL,
                "token": self.jira.token,
                "project": self.jira.project,
            },
            "storage": {"database": f"sqlite:///{folder / 'groundswell.db'}"},
            "output": {"dir": str(folder / "out")},
            "server": {"port": 0},
            "network": {"allow_private": True},
            **more,
        }
        path = folder / "config.yaml"
        path.write_text(json.dumps(told, indent=2), encoding="utf-8")
        path.chmod(0o600)
        return path
