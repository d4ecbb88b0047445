"""What the second round of features remembers. Each part is a function of its own; none changes what is there."""

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Each table or column is made by the function of the feature that needs it."""
