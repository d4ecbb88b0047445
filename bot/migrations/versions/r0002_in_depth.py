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


def _progress_of_runs() -> None:
    """What a run is doing, what it waits for, and when it last moved on: for those who look from afar."""
    op.add_column("run", sa.Column("doing", sa.Text))
    op.add_column("run", sa.Column("waits", sa.Text))
    op.add_column("run", sa.Column("moved_at", sa.BigInteger))


def _warnings_of_sources() -> None:
    """What a source says of its own last reading, for the digests made from it."""
    op.add_column("source", sa.Column("warnings", sa.Text))
