"""What the second round of features remembers. Each part is a function of its own; none changes what is there."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Each table or column is made by the function of the feature that needs it."""
    _progress_of_runs()
    _warnings_of_sources()
    _spikes()
    _anecdotes()
    _tracked()
    _measured()


def _progress_of_runs() -> None:
    """What a run is doing, what it waits for, and when it last moved on: for those who look from afar."""
    op.add_column("run", sa.Column("doing", sa.Text))
    op.add_column("run", sa.Column("waits", sa.Text))
    op.add_column("run", sa.Column("moved_at", sa.BigInteger))


def _warnings_of_sources() -> None:
    """What a source says of its own last reading, for the digests made from it."""
    op.add_column("source", sa.Column("warnings", sa.Text))


def _spikes() -> None:
    """Alerts of more tickets than usual: one a spike, with what people said of it."""
    op.create_table(
        "spike",
        sa.Column("number", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), primary_key=True),
        sa.Column("key", sa.Text, nullable=False, unique=True),
        sa.Column("area", sa.Text, nullable=False),
        sa.Column("opened_at", sa.BigInteger, nullable=False),
        sa.Column("since", sa.BigInteger, nullable=False),
        sa.Column("seen_at", sa.BigInteger, nullable=False),
        sa.Column("updated_at", sa.BigInteger, nullable=False),
        sa.Column("closed_at", sa.BigInteger),
        sa.Column("spikes", sa.Text, nullable=False),
        sa.Column("timeline", sa.Text, nullable=False),
        sa.Column("dismissed_by", sa.Text),
        sa.Column("muted_by", sa.Text),
        sa.Column("muted_until", sa.BigInteger),
        sa.Column("run_key", sa.Text),
        sa.Column("run_by", sa.Text),
        sa.Column("run_told", sa.Text),
    )
    op.create_index("ix_spike_area", "spike", ["area"])


def _anecdotes() -> None:
    """Where the groups below the rule were, and how large: by them the next digest knows which grew."""
    op.create_table(
        "run_anecdote",
        sa.Column("run_key", sa.Text, sa.ForeignKey("run.key"), primary_key=True),
        sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("tickets", sa.Integer, nullable=False),
        sa.Column("customers", sa.Integer, nullable=False),
        sa.Column("centroid", sa.LargeBinary, nullable=False),
    )


def _tracked() -> None:
    """What the tracker holds already, and what became of the issues of a theme."""
    op.create_table(
        "issue",
        sa.Column("key", sa.Text, primary_key=True),
        sa.Column("issue", sa.Text, nullable=False),
        sa.Column("seen_at", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "run_issue",
        sa.Column("run_key", sa.Text, sa.ForeignKey("run.key"), primary_key=True),
        sa.Column("theme_id", sa.Text, primary_key=True),
        sa.Column("key", sa.Text, primary_key=True),
        sa.Column("likeness", sa.Text, nullable=False),
        sa.Column("score", sa.Float, nullable=False),
    )
    op.create_table(
        "run_backlog",
        sa.Column("run_key", sa.Text, sa.ForeignKey("run.key"), primary_key=True),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("fault", sa.Text),
    )
    op.create_table(
        "outcome",
        sa.Column("theme_id", sa.Text, primary_key=True),
        sa.Column("key", sa.Text, primary_key=True),
        sa.Column("known_at", sa.BigInteger, nullable=False),
        sa.Column("resolved_at", sa.BigInteger),
        sa.Column("reopened_at", sa.BigInteger),
        sa.Column("forecast", sa.Text, nullable=False),
    )


def _measured() -> None:
    """What each digest measured of fixes, without words: the record by which later forecasts are corrected."""
    op.create_table(
        "run_outcome",
        sa.Column("run_key", sa.Text, sa.ForeignKey("run.key"), primary_key=True),
        sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("measured", sa.Text, nullable=False),
    )
