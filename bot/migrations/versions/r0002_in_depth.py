"""What the second round of features remembers. Each part is a function of its own; none changes what is there."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Each table or column is made by the function of the feature that needs it."""
    _warnings_of_sources()


def _warnings_of_sources() -> None:
    """What a source says of its own last reading, for the digests made from it."""
    op.add_column("source", sa.Column("warnings", sa.Text))
