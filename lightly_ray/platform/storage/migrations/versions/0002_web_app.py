"""What the web app needs: who is signed in, how often a dataset and its samples have changed, which jobs ended last."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Add a table, two columns and an index."""
    op.create_table(
        "sign_ins",
        sa.Column("id", sa.String(length=24), nullable=False),
        sa.Column("token_id", sa.String(length=24), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("kind", sa.String(length=10), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["token_id"], ["tokens.id"], name=op.f("fk_sign_ins_token_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sign_ins")),
        sa.UniqueConstraint("digest", name=op.f("uq_sign_ins_digest")),
    )
    op.add_column("datasets", sa.Column("changes", sa.BigInteger(), nullable=False, server_default="0"))
    op.add_column("datasets", sa.Column("descriptions", sa.BigInteger(), nullable=False, server_default="0"))
    op.create_index("ix_jobs_finished_at", "jobs", ["finished_at"], unique=False)
