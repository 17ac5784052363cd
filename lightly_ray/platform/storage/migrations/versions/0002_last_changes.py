"""When samples and tags last changed is read by an index: pages that are open ask for it every few seconds."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Make both indexes, of samples only over those that have a row."""
    with_row: Any = {f"{kind}_where": sa.text("row IS NOT NULL") for kind in ("sqlite", "postgresql")}
    op.create_index("ix_samples_dataset_id_last_modified_at", "samples", ["dataset_id", "last_modified_at"], **with_row)
    op.create_index("ix_tags_dataset_id_last_modified_at", "tags", ["dataset_id", "last_modified_at"])
