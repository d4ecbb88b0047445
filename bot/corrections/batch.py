"""What a digest was made from, as far as corrections need it: its tickets by the ids that people see. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

from bot.digest import Reading
from bot.domain import (
    Digest,
    Evidence,
    Theme,
    Ticket,
    shown_ids,
)
from bot.synthesis.clean import Cleaned, cleaned
from bot.synthesis.evidence import gist
from bot.synthesis.rules import Rules
from bot.synthesis.words import Vocabulary


def everything(digest: Digest) -> tuple[Theme, ...]:
    return (*digest.themes, *digest.further_themes)


@dataclass(frozen=True)
class Batch:
    """What was read, by the ids that people see, and the tickets' own words where they are needed."""

    digest: Digest
    reading: Reading
    rules: Rules

    @cached_property
    def shown(self) -> dict[str, str]:
        return shown_ids(self.reading.everything)

    @cached_property
    def tickets(self) -> dict[str, Ticket]:
        return {self.shown[t.id]: t for t in self.reading.everything}

    @cached_property
    def found(self) -> dict[str, Theme]:
        return {t.id: t for t in everything(self.digest)}

    @cached_property
    def kept(self) -> list[Ticket]:
        """What was grouped, in the order of the map's dots."""
        gone = {r.ticket_id for r in self.digest.removed}
        return sorted((t for t in self.reading.tickets if self.shown[t.id] not in gone), key=lambda t: t.id)

    @cached_property
    def clean(self) -> dict[str, Cleaned]:
        said = cleaned([(t.subject, t.body) for t in self.kept])
        return {t.id: c for t, c in zip(self.kept, said, strict=True)}

    @cached_property
    def vocabulary(self) -> Vocabulary:
        return Vocabulary.of(c.sentences for c in self.clean.values())

    def own(self, tickets: Iterable[Ticket]) -> list[str]:
        return [" ".join(self.clean[t.id].sentences) for t in tickets]

    def of(self, ids: Iterable[str]) -> list[Ticket]:
        return [self.tickets[i] for i in ids]

    def evidence(self, shown: str) -> Evidence:
        """Of a ticket that somebody put where the method had not: its fit to the theme is not known."""
        ticket = self.tickets[shown]
        customer = self.reading.customers[ticket.id]
        quote = gist(self.clean[ticket.id].sentences, ticket)
        name = customer.name if customer.identified else None
        return Evidence(shown, ticket.url, ticket.created_at, name, ticket.source, quote, 0.0)
