"""The first tables. What a revision says stays as it is: changes come as revisions of their own."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

_NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    _tickets()
    _runs()
    _findings()
    _effects()
    _decisions()


def _tickets() -> None:
    op.create_table(
        "workspace",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("salt", sa.LargeBinary, nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "source",
        sa.Column("name", sa.Text, primary_key=True),
        sa.Column("cursor", sa.Text),
        sa.Column("since", sa.BigInteger),
        sa.Column("high_water", sa.BigInteger),
        sa.Column("updated_at", sa.BigInteger, nullable=False),
        sa.Column("error", sa.Text),
    )
    op.create_table(
        "text",
        sa.Column("ticket_id", sa.Text, primary_key=True),
        sa.Column("hash", sa.Text, primary_key=True),
        sa.Column("subject", sa.Text, nullable=False),
        sa.Column("body", sa.Text, nullable=False),
    )
    op.create_table(
        "ticket",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("source", sa.Text, nullable=False),
        sa.Column("created_at", sa.BigInteger),
        sa.Column("updated_at", sa.BigInteger),
        sa.Column("hash", sa.Text, nullable=False),
        sa.Column("facts", sa.Text, nullable=False),
        sa.Column("deleted_at", sa.BigInteger),
    )
    op.create_index("ix_ticket_created_at", "ticket", ["created_at"])
    op.create_index("ix_ticket_source", "ticket", ["source"])
    op.create_table(
        "withdrawn",
        sa.Column("ticket_id", sa.Text, primary_key=True),
        sa.Column("at", sa.BigInteger, nullable=False),
    )


def _runs() -> None:
    op.create_table(
        "run",
        sa.Column("number", _NUMBER, primary_key=True),
        sa.Column("key", sa.Text, nullable=False, unique=True),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("asked", sa.Text, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("step", sa.Text, nullable=False),
        sa.Column("owner", sa.Text),
        sa.Column("fence", sa.BigInteger, nullable=False),
        sa.Column("lease_until", sa.BigInteger),
        sa.Column("attempt", sa.Integer, nullable=False),
        sa.Column("error", sa.Text),
        sa.Column("asked_at", sa.BigInteger, nullable=False),
        sa.Column("started_at", sa.BigInteger),
        sa.Column("finished_at", sa.BigInteger),
        sa.Column("window_end", sa.BigInteger),
    )
    op.create_table(
        "run_frame",
        sa.Column("run_key", sa.Text, sa.ForeignKey("run.key"), primary_key=True),
        sa.Column("period", sa.Text, nullable=False),
        sa.Column("rejects", sa.Text, nullable=False),
        sa.Column("warnings", sa.Text, nullable=False),
        sa.Column("rules", sa.Text, nullable=False),
        sa.Column("detail", sa.Text, nullable=False),
    )
    op.create_table(
        "run_customer",
        sa.Column("run_key", sa.Text, sa.ForeignKey("run.key"), primary_key=True),
        sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("customer", sa.Text, nullable=False),
    )


def _findings() -> None:
    op.create_table(
        "run_ticket",
        sa.Column("run_key", sa.Text, sa.ForeignKey("run.key"), primary_key=True),
        sa.Column("ticket_id", sa.Text, primary_key=True),
        sa.Column("position", sa.Integer, nullable=False),
        sa.Column("shown", sa.Text, nullable=False),
        sa.Column("hash", sa.Text, nullable=False),
        sa.Column("facts", sa.Text, nullable=False),
        sa.Column("left_out", sa.Text),
        sa.Column("customer", sa.Integer),
        sa.Column("theme_id", sa.Text),
        sa.Column("place", sa.Integer),
    )
    op.create_index("ix_run_ticket_ticket_id", "run_ticket", ["ticket_id"])
    op.create_table(
        "digest",
        sa.Column("run_key", sa.Text, sa.ForeignKey("run.key"), primary_key=True),
        sa.Column("digest", sa.Text, nullable=False),
    )
    op.create_table(
        "run_theme",
        sa.Column("run_key", sa.Text, sa.ForeignKey("run.key"), primary_key=True),
        sa.Column("theme_id", sa.Text, primary_key=True),
        sa.Column("rank", sa.Integer, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("tickets", sa.Integer, nullable=False),
        sa.Column("customers", sa.Integer, nullable=False),
        sa.Column("centroid", sa.LargeBinary, nullable=False),
    )
    op.create_index("ix_run_theme_theme_id", "run_theme", ["theme_id"])


def _effects() -> None:
    op.create_table(
        "effect",
        sa.Column("number", _NUMBER, primary_key=True),
        sa.Column("key", sa.Text, nullable=False, unique=True),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("target", sa.Text, nullable=False),
        sa.Column("payload", sa.Text, nullable=False),
        sa.Column("after", sa.Text),
        sa.Column("repeatable", sa.Boolean, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("sent", sa.Boolean, nullable=False),
        sa.Column("looks", sa.Integer, nullable=False),
        sa.Column("send_deadline", sa.BigInteger),
        sa.Column("next_at", sa.BigInteger),
        sa.Column("hint", sa.Text),
        sa.Column("ref", sa.Text),
        sa.Column("url", sa.Text),
        sa.Column("error", sa.Text),
        sa.Column("run_key", sa.Text),
        sa.Column("theme_id", sa.Text),
        sa.Column("updated_at", sa.BigInteger, nullable=False),
        sa.Column("verified_at", sa.BigInteger),
    )
    op.create_index("ix_effect_run_key", "effect", ["run_key"])
    op.create_index("ix_effect_state", "effect", ["state"])
    op.create_index("ix_effect_theme_id", "effect", ["theme_id"])
    op.create_table(
        "drawing",
        sa.Column("effect_key", sa.Text, primary_key=True),
        sa.Column("run_key", sa.Text, nullable=False),
        sa.Column("theme_id", sa.Text),
        sa.Column("wanted", sa.Integer, nullable=False),
        sa.Column("drawn", sa.Integer, nullable=False),
    )
    op.create_index("ix_drawing_run_key", "drawing", ["run_key"])
    op.create_index("ix_drawing_theme_id", "drawing", ["theme_id"])


def _decisions() -> None:
    op.create_table(
        "decision",
        sa.Column("theme_id", sa.Text, primary_key=True),
        sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("verdict", sa.Text, nullable=False),
        sa.Column("actor", sa.Text, nullable=False),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("run_key", sa.Text, nullable=False),
        sa.Column("revision", sa.Integer, nullable=False),
        sa.Column("note", sa.Text, nullable=False),
        sa.Column("payload", sa.Text, nullable=False),
    )
    op.create_table(
        "inbox",
        sa.Column("number", _NUMBER, primary_key=True),
        sa.Column("event_id", sa.Text, nullable=False, unique=True),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("payload", sa.Text, nullable=False),
        sa.Column("received_at", sa.BigInteger, nullable=False),
        sa.Column("outcome", sa.Text),
        sa.Column("answered_at", sa.BigInteger),
    )
    op.create_index("ix_inbox_answered_at", "inbox", ["answered_at"])
    op.create_table(
        "answer",
        sa.Column("key", sa.Text, primary_key=True),
        sa.Column("model", sa.Text, nullable=False),
        sa.Column("response", sa.Text, nullable=False),
        sa.Column("tokens_in", sa.Integer, nullable=False),
        sa.Column("tokens_out", sa.Integer, nullable=False),
        sa.Column("cost", sa.Float, nullable=False),
        sa.Column("at", sa.BigInteger, nullable=False),
    )
    op.create_index("ix_answer_at", "answer", ["at"])
    op.create_table(
        "audit",
        sa.Column("number", _NUMBER, primary_key=True),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("actor", sa.Text, nullable=False),
        sa.Column("action", sa.Text, nullable=False),
        sa.Column("object", sa.Text, nullable=False),
        sa.Column("detail", sa.Text, nullable=False),
    )
