"""The first schema. Never edited once released: further changes are further files."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

# Ordered by code point in both databases.
NAME = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
OBJECT = sa.JSON(none_as_null=True)


def upgrade() -> None:
    """Make all tables."""
    op.create_table(
        "datasets",
        sa.Column("id", sa.String(length=24), nullable=False),
        sa.Column("name", NAME, nullable=False),
        sa.Column("type", sa.String(length=20), nullable=False),
        sa.Column("img_type", sa.String(length=20), nullable=True),
        sa.Column("total", sa.BigInteger(), nullable=False),
        sa.Column("n_samples", sa.BigInteger(), nullable=False),
        sa.Column("upload", OBJECT, nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("last_modified_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_datasets")),
        sa.UniqueConstraint("name", name=op.f("uq_datasets_name")),
    )
    op.create_table(
        "server_state",
        sa.Column("name", sa.String(length=40), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_server_state")),
    )
    op.create_table(
        "tokens",
        sa.Column("id", sa.String(length=24), nullable=False),
        sa.Column("name", NAME, nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tokens")),
        sa.UniqueConstraint("digest", name=op.f("uq_tokens_digest")),
        sa.UniqueConstraint("name", name=op.f("uq_tokens_name")),
    )
    op.create_table(
        "embeddings",
        sa.Column("id", sa.String(length=24), nullable=False),
        sa.Column("dataset_id", sa.String(length=24), nullable=False),
        sa.Column("name", NAME, nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("file_key", sa.Text(), nullable=True),
        sa.Column("sha256", sa.String(length=64), nullable=True),
        sa.Column("rows", sa.BigInteger(), nullable=True),
        sa.Column("dimension", sa.Integer(), nullable=True),
        sa.Column("descriptor_key", sa.Text(), nullable=True),
        sa.Column("descriptor_sha256", sa.String(length=64), nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("uploaded_at", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(
            ["dataset_id"], ["datasets.id"], name=op.f("fk_embeddings_dataset_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_embeddings")),
        sa.UniqueConstraint("dataset_id", "name", name=op.f("uq_embeddings_dataset_id_name")),
    )
    op.create_table(
        "jobs",
        sa.Column("id", sa.String(length=24), nullable=False),
        sa.Column("dataset_id", sa.String(length=24), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("name", NAME, nullable=True),
        sa.Column("request", OBJECT, nullable=False),
        sa.Column("pinned", OBJECT, nullable=False),
        sa.Column("status", sa.String(length=10), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("worker", sa.Text(), nullable=True),
        sa.Column("lease_until", sa.BigInteger(), nullable=True),
        sa.Column("cancelled", sa.Boolean(), nullable=False),
        sa.Column("processed", sa.BigInteger(), nullable=False),
        sa.Column("total", sa.BigInteger(), nullable=False),
        sa.Column("result", sa.String(length=24), nullable=True),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("finished_at", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["dataset_id"], ["datasets.id"], name=op.f("fk_jobs_dataset_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_jobs")),
    )
    op.create_index("ix_jobs_status_created_at", "jobs", ["status", "created_at"], unique=False)
    op.create_table(
        "samples",
        sa.Column("id", sa.String(length=24), nullable=False),
        sa.Column("dataset_id", sa.String(length=24), nullable=False),
        sa.Column("file_name", NAME, nullable=False),
        sa.Column("row", sa.BigInteger(), nullable=True),
        sa.Column("thumb_name", sa.Text(), nullable=True),
        sa.Column("exif", OBJECT, nullable=True),
        sa.Column("meta_data", OBJECT, nullable=True),
        sa.Column("custom_meta_data", OBJECT, nullable=True),
        sa.Column("full_expected", sa.Boolean(), nullable=False),
        sa.Column("full_key", sa.Text(), nullable=True),
        sa.Column("full_sha256", sa.String(length=64), nullable=True),
        sa.Column("full_bytes", sa.BigInteger(), nullable=True),
        sa.Column("thumb_key", sa.Text(), nullable=True),
        sa.Column("thumb_sha256", sa.String(length=64), nullable=True),
        sa.Column("thumb_bytes", sa.BigInteger(), nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("last_modified_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["dataset_id"], ["datasets.id"], name=op.f("fk_samples_dataset_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_samples")),
        sa.UniqueConstraint("dataset_id", "file_name", name=op.f("uq_samples_dataset_id_file_name")),
        sa.UniqueConstraint("dataset_id", "row", name=op.f("uq_samples_dataset_id_row")),
    )
    op.create_table(
        "tags",
        sa.Column("id", sa.String(length=24), nullable=False),
        sa.Column("dataset_id", sa.String(length=24), nullable=False),
        sa.Column("name", NAME, nullable=False),
        sa.Column("mask", sa.Text(), nullable=False),
        sa.Column("prev_tag_id", sa.String(length=24), nullable=True),
        sa.Column("query_tag_id", sa.String(length=24), nullable=True),
        sa.Column("preselected_tag_id", sa.String(length=24), nullable=True),
        sa.Column("creator", sa.String(length=40), nullable=False),
        sa.Column("provenance", OBJECT, nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("last_modified_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["dataset_id"], ["datasets.id"], name=op.f("fk_tags_dataset_id"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["prev_tag_id"], ["tags.id"], name=op.f("fk_tags_prev_tag_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tags")),
        sa.UniqueConstraint("dataset_id", "name", name=op.f("uq_tags_dataset_id_name")),
    )
    op.create_index("ix_tags_prev_tag_id", "tags", ["prev_tag_id"], unique=False)
    op.create_table(
        "projections",
        sa.Column("id", sa.String(length=24), nullable=False),
        sa.Column("embedding_id", sa.String(length=24), nullable=False),
        sa.Column("method", sa.String(length=20), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("file_key", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["embedding_id"], ["embeddings.id"], name=op.f("fk_projections_embedding_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_projections")),
        sa.UniqueConstraint("embedding_id", "method", name=op.f("uq_projections_embedding_id_method")),
    )
    op.create_table(
        "scores",
        sa.Column("id", sa.String(length=24), nullable=False),
        sa.Column("tag_id", sa.String(length=24), nullable=False),
        sa.Column("score_type", NAME, nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("file_key", sa.Text(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("count", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("uploaded_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["tag_id"], ["tags.id"], name=op.f("fk_scores_tag_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_scores")),
        sa.UniqueConstraint("tag_id", "score_type", name=op.f("uq_scores_tag_id_score_type")),
    )
    op.create_table(
        "tag_names",
        sa.Column("dataset_id", sa.String(length=24), nullable=False),
        sa.Column("name", NAME, nullable=False),
        sa.Column("tag_id", sa.String(length=24), nullable=True),
        sa.Column("job_id", sa.String(length=24), nullable=True),
        sa.ForeignKeyConstraint(
            ["dataset_id"], ["datasets.id"], name=op.f("fk_tag_names_dataset_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["job_id"], ["jobs.id"], name=op.f("fk_tag_names_job_id"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["tag_id"], ["tags.id"], name=op.f("fk_tag_names_tag_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("dataset_id", "name", name=op.f("pk_tag_names")),
    )
