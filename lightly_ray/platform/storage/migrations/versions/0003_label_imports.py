"""Labels come back: an import is a row, and the state of its source is a file."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

# Ordered by code point in both databases.
NAME = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
OBJECT = sa.JSON(none_as_null=True)


def upgrade() -> None:
    """Add a table."""
    op.create_table(
        "label_imports",
        sa.Column("id", sa.String(length=24), nullable=False),
        sa.Column("dataset_id", sa.String(length=24), nullable=False),
        sa.Column("source", NAME, nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("task", sa.String(length=20), nullable=False),
        sa.Column("file_key", sa.Text(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("samples", sa.BigInteger(), nullable=False),
        sa.Column("report", OBJECT, nullable=False),
        sa.Column("creator", NAME, nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("withdrawn_at", sa.BigInteger(), nullable=True),
        sa.Column("withdrawn_by", NAME, nullable=True),
        sa.ForeignKeyConstraint(
            ["dataset_id"], ["datasets.id"], name=op.f("fk_label_imports_dataset_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_label_imports")),
        sa.UniqueConstraint("dataset_id", "source", "version", name=op.f("uq_label_imports_dataset_id_source_version")),
    )
