"""A dataset is deleted at once, its samples and files behind that; the bytes of its files are counted as they come in.

Samples no longer refer to their dataset by a foreign key: they outlive it until they are swept.
"""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Add a table and a column, count what is there, and drop a foreign key."""
    op.create_table(
        "deletions",
        sa.Column("dataset_id", sa.String(length=24), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("dataset_id", name=op.f("pk_deletions")),
    )
    op.add_column("datasets", sa.Column("size_in_bytes", sa.BigInteger(), nullable=False, server_default="0"))
    op.execute(
        "UPDATE datasets SET size_in_bytes = (SELECT coalesce(sum(coalesce(full_bytes, 0) + coalesce(thumb_bytes, 0)), "
        "0) FROM samples WHERE samples.dataset_id = datasets.id)"
    )
    # SQLite has no way to drop one: there the table is copied.
    with op.batch_alter_table("samples") as batch:
        batch.drop_constraint("fk_samples_dataset_id", type_="foreignkey")
