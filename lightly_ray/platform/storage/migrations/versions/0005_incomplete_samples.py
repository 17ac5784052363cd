"""Samples whose files have not arrived have an index: whoever pages over the others need not look at each."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Add an index."""
    incomplete = sa.or_(
        sa.and_(sa.column("thumb_name").is_not(None), sa.column("thumb_key").is_(None)),
        sa.and_(sa.column("full_expected", sa.Boolean()).is_(True), sa.column("full_key").is_(None)),
    )
    op.create_index(
        "ix_samples_incomplete",
        "samples",
        ["dataset_id", "row"],
        unique=False,
        sqlite_where=incomplete,
        postgresql_where=incomplete,
    )
