"""Predictions are kept by name and version, and what was measured with them is too."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"

# Ordered by code point in both databases.
NAME = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
OBJECT = sa.JSON(none_as_null=True)


def upgrade() -> None:
    """Add two tables."""
    op.create_table(
        "predictions",
        sa.Column("id", sa.String(length=24), nullable=False),
        sa.Column("dataset_id", sa.String(length=24), nullable=False),
        sa.Column("name", NAME, nullable=False),
        sa.Column("task", sa.String(length=20), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("file_key", sa.Text(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("rows", sa.BigInteger(), nullable=False),
        sa.Column("classes", OBJECT, nullable=False),
        sa.Column("creator", NAME, nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("uploaded_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["dataset_id"], ["datasets.id"], name=op.f("fk_predictions_dataset_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_predictions")),
        sa.UniqueConstraint("dataset_id", "name", name=op.f("uq_predictions_dataset_id_name")),
    )
    op.create_table(
        "evaluations",
        sa.Column("id", sa.String(length=24), nullable=False),
        sa.Column("dataset_id", sa.String(length=24), nullable=False),
        sa.Column("predictions_id", sa.String(length=24), nullable=False),
        sa.Column("predictions_version", sa.Integer(), nullable=False),
        sa.Column("source", NAME, nullable=True),
        sa.Column("label_imports", OBJECT, nullable=False),
        sa.Column("tag_id", sa.String(length=24), nullable=True),
        sa.Column("tag_name", NAME, nullable=False),
        sa.Column("metrics", OBJECT, nullable=False),
        sa.Column("file_key", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["dataset_id"], ["datasets.id"], name=op.f("fk_evaluations_dataset_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["predictions_id"], ["predictions.id"], name=op.f("fk_evaluations_predictions_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["tag_id"], ["tags.id"], name=op.f("fk_evaluations_tag_id"), ondelete="SET NULL"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_evaluations")),
    )
