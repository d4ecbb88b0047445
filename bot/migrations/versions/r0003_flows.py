"""Flows of the product that people tied to themes, as a log: who tied or untied what, and when."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "theme_flow",
        sa.Column("number", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), primary_key=True),
        sa.Column("theme_id", sa.Text, nullable=False),
        sa.Column("flow", sa.Text),
        sa.Column("actor", sa.Text, nullable=False),
        sa.Column("at", sa.BigInteger, nullable=False),
    )
    op.create_index("ix_theme_flow_theme_id", "theme_flow", ["theme_id"])
