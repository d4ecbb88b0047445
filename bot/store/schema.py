"""The tables, as the code uses them. `bot/migrations` makes them; a test holds the two against each other."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
)

from bot.acts import Issue
from bot.domain import Customer, Digest, Measured, Reject, Ticket, Warned, Window
from bot.ports import Flow
from bot.spikes import Hour, Spike
from bot.store.encoding import Instant, Json, Said, Valued
from bot.synthesis.rules import Rules

metadata = MetaData()
_Number = BigInteger().with_variant(Integer, "sqlite")  # only INTEGER PRIMARY KEY counts up by itself there


def _of_run(key: bool = True) -> Column[str]:
    return Column("run_key", Said, ForeignKey("run.key"), primary_key=key, nullable=False)


# One database belongs to one workspace, so that no other table needs to say whose a row is and no query can forget to.
workspace = Table(
    "workspace",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("name", Said, nullable=False),
    Column("salt", LargeBinary, nullable=False),
    Column("created_at", Instant, nullable=False),
)

# --- tickets

source = Table(
    "source",
    metadata,
    Column("name", Said, primary_key=True),
    Column("cursor", Said),
    Column("since", Instant),
    Column("high_water", Instant),
    Column("updated_at", Instant, nullable=False),
    Column("error", Said),
    Column("warnings", Valued(tuple[Warned, ...])),
)

# A ticket's text stands apart: an edit at the vendor changes no stored run, a version is stored once, and erasing a
# ticket is one delete.
text = Table(
    "text",
    metadata,
    Column("ticket_id", Said, primary_key=True),
    Column("hash", Said, primary_key=True),
    Column("subject", Said, nullable=False),
    Column("body", Said, nullable=False),
)

ticket = Table(
    "ticket",
    metadata,
    Column("id", Said, primary_key=True),
    Column("source", Said, nullable=False),
    Column("created_at", Instant, index=True),
    Column("updated_at", Instant),
    Column("hash", Said, nullable=False),
    Column("facts", Valued(Ticket), nullable=False),  # all but subject and body
    Column("deleted_at", Instant),
    Index("ix_ticket_source", "source"),
)

# No text of these is ever taken in again, whatever their source says.
withdrawn = Table(
    "withdrawn",
    metadata,
    Column("ticket_id", Said, primary_key=True),
    Column("at", Instant, nullable=False),
)

# --- runs

run = Table(
    "run",
    metadata,
    Column("number", _Number, primary_key=True),
    Column("key", Said, nullable=False, unique=True),
    Column("kind", Said, nullable=False),
    Column("asked", Json, nullable=False),
    Column("state", Said, nullable=False),
    Column("step", Said, nullable=False, default=""),
    Column("owner", Said),
    Column("fence", BigInteger, nullable=False, default=0),
    Column("lease_until", Instant),
    Column("attempt", Integer, nullable=False, default=0),
    Column("error", Said),
    Column("asked_at", Instant, nullable=False),
    Column("started_at", Instant),
    Column("finished_at", Instant),
    Column("window_end", Instant),
    Column("doing", Said),
    Column("waits", Said),
    Column("moved_at", Instant),
)

run_frame = Table(
    "run_frame",
    metadata,
    _of_run(),
    Column("period", Valued(Window), nullable=False),
    Column("rejects", Valued(tuple[Reject, ...]), nullable=False),
    Column("warnings", Valued(tuple[Warned, ...]), nullable=False),
    Column("rules", Valued(Rules), nullable=False),
    Column("detail", Json, nullable=False),
)

run_customer = Table(
    "run_customer",
    metadata,
    _of_run(),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("customer", Valued(Customer), nullable=False),
)

run_ticket = Table(
    "run_ticket",
    metadata,
    _of_run(),
    Column("ticket_id", Said, primary_key=True),
    Column("position", Integer, nullable=False),
    Column("shown", Said, nullable=False),  # the id that people and the digest use
    Column("hash", Said, nullable=False),
    Column("facts", Valued(Ticket), nullable=False),
    Column("left_out", Said),  # why a filter took it out
    Column("customer", Integer),
    Column("theme_id", Said),
    Column("place", Integer),  # in its theme, nearest to the centre first
    Index("ix_run_ticket_ticket_id", "ticket_id"),
)

digest = Table("digest", metadata, _of_run(), Column("digest", Valued(Digest), nullable=False))

run_theme = Table(
    "run_theme",
    metadata,
    _of_run(),
    Column("theme_id", Said, primary_key=True),
    Column("rank", Integer, nullable=False),
    Column("name", Said, nullable=False),
    Column("tickets", Integer, nullable=False),
    Column("customers", Integer, nullable=False),
    Column("centroid", LargeBinary, nullable=False),  # doubles, little-endian
    Index("ix_run_theme_theme_id", "theme_id"),
)

# Groups below the rule, without names or tickets: the next digest says which of them grew.
run_anecdote = Table(
    "run_anecdote",
    metadata,
    _of_run(),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("tickets", Integer, nullable=False),
    Column("customers", Integer, nullable=False),
    Column("centroid", LargeBinary, nullable=False),
)

# --- deciding and doing

effect = Table(
    "effect",
    metadata,
    Column("number", _Number, primary_key=True),
    Column("key", Said, nullable=False, unique=True),
    Column("kind", Said, nullable=False),
    Column("target", Said, nullable=False),
    Column("payload", Json, nullable=False),
    Column("after", Said),
    Column("repeatable", Boolean, nullable=False),
    Column("state", Said, nullable=False),
    Column("attempts", Integer, nullable=False, default=0),
    Column("sent", Boolean, nullable=False, default=False),
    Column("looks", Integer, nullable=False, default=0),
    Column("send_deadline", Instant),
    Column("next_at", Instant),
    Column("hint", Json),
    Column("ref", Said),
    Column("url", Said),
    Column("error", Said),
    Column("run_key", Said, index=True),
    Column("theme_id", Said, index=True),
    Column("updated_at", Instant, nullable=False),
    Column("verified_at", Instant),
    Index("ix_effect_state", "state"),
)

decision = Table(
    "decision",
    metadata,
    Column("theme_id", Said, primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("verdict", Said, nullable=False),
    Column("actor", Said, nullable=False),
    Column("at", Instant, nullable=False),
    Column("run_key", Said, nullable=False),
    Column("revision", Integer, nullable=False),
    Column("note", Said, nullable=False),
    Column("payload", Json, nullable=False),
)

drawing = Table(
    "drawing",
    metadata,
    Column("effect_key", Said, primary_key=True),
    Column("run_key", Said, nullable=False, index=True),
    Column("theme_id", Said, index=True),
    Column("wanted", Integer, nullable=False, default=0),
    Column("drawn", Integer, nullable=False, default=0),
)

spike = Table(
    "spike",
    metadata,
    Column("number", _Number, primary_key=True),
    Column("key", Said, nullable=False, unique=True),
    Column("area", Said, nullable=False, index=True),  # "": all of them
    Column("opened_at", Instant, nullable=False),
    Column("since", Instant, nullable=False),
    Column("seen_at", Instant, nullable=False),
    Column("updated_at", Instant, nullable=False),
    Column("closed_at", Instant),
    Column("spikes", Valued(tuple[Spike, ...]), nullable=False),
    Column("timeline", Valued(tuple[Hour, ...]), nullable=False),
    Column("dismissed_by", Said),
    Column("muted_by", Said),
    Column("muted_until", Instant),
    Column("run_key", Said),
    Column("run_by", Said),
    Column("run_told", Said),  # what the message last said of the run
)

# --- what the tracker holds beside that

issue = Table(
    "issue",
    metadata,
    Column("key", Said, primary_key=True),
    Column("issue", Valued(Issue), nullable=False),  # without its description
    Column("seen_at", Instant, nullable=False),
)

# Which issues a run's themes match; without a row in run_backlog nobody looked yet.
run_issue = Table(
    "run_issue",
    metadata,
    _of_run(),
    Column("theme_id", Said, primary_key=True),
    Column("key", Said, primary_key=True),
    Column("likeness", Said, nullable=False),
    Column("score", Float, nullable=False),
)

run_backlog = Table(
    "run_backlog",
    metadata,
    _of_run(),
    Column("at", Instant, nullable=False),
    Column("fault", Said),
)

outcome = Table(
    "outcome",
    metadata,
    Column("theme_id", Said, primary_key=True),
    Column("key", Said, primary_key=True),
    Column("known_at", Instant, nullable=False),
    Column("resolved_at", Instant),
    Column("reopened_at", Instant),
    Column("forecast", Json, nullable=False),
)

# What a digest measured of fixes, without words: the record by which later forecasts are corrected.
run_outcome = Table(
    "run_outcome",
    metadata,
    _of_run(),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("measured", Valued(Measured), nullable=False),
)

# Which flow of the product a person tied to a theme, line by line: the last one of a theme holds, none unties it.
theme_flow = Table(
    "theme_flow",
    metadata,
    Column("number", _Number, primary_key=True),
    Column("theme_id", Said, nullable=False, index=True),
    Column("flow", Valued(Flow)),
    Column("actor", Said, nullable=False),
    Column("at", Instant, nullable=False),
)

# --- what comes in, what was paid for, what was done

inbox = Table(
    "inbox",
    metadata,
    Column("number", _Number, primary_key=True),
    Column("event_id", Said, nullable=False, unique=True),
    Column("kind", Said, nullable=False),
    Column("payload", Json, nullable=False),
    Column("received_at", Instant, nullable=False),
    Column("outcome", Said),
    Column("answered_at", Instant, index=True),
)

answer = Table(
    "answer",
    metadata,
    Column("key", Said, primary_key=True),
    Column("model", Said, nullable=False),
    Column("response", Said, nullable=False),
    Column("tokens_in", Integer, nullable=False),
    Column("tokens_out", Integer, nullable=False),
    Column("cost", Float, nullable=False),
    Column("at", Instant, nullable=False, index=True),
)

audit = Table(
    "audit",
    metadata,
    Column("number", _Number, primary_key=True),
    Column("at", Instant, nullable=False),
    Column("actor", Said, nullable=False),
    Column("action", Said, nullable=False),
    Column("object", Said, nullable=False),
    Column("detail", Json, nullable=False),
)
