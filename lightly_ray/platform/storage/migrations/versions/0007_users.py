"""Users own datasets and tokens, and share datasets; who changed what is kept. All there is belongs to one admin."""

import secrets
import time

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"

ID = sa.String(length=24)
TIME = sa.BigInteger()
# Ordered by code point in both databases.
NAME = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    """Add three tables, and an owner to datasets and tokens, whose names are unique per owner from now on."""
    op.create_table(
        "users",
        sa.Column("id", ID, nullable=False),
        sa.Column("name", NAME, nullable=False),
        sa.Column("role", sa.String(length=10), nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_users")),
        sa.UniqueConstraint("name", name=op.f("uq_users_name")),
    )
    admin = _admin()
    with op.batch_alter_table("tokens") as table:
        table.add_column(sa.Column("user_id", ID, nullable=False, server_default=admin))
        table.add_column(sa.Column("expires_at", TIME, nullable=True))
        table.add_column(sa.Column("last_used_at", TIME, nullable=True))
        table.create_foreign_key(op.f("fk_tokens_user_id"), "users", ["user_id"], ["id"], ondelete="CASCADE")
        table.drop_constraint("uq_tokens_name", type_="unique")
        table.create_unique_constraint(op.f("uq_tokens_user_id_name"), ["user_id", "name"])
    with op.batch_alter_table("datasets") as table:
        table.add_column(sa.Column("owner_id", ID, nullable=False, server_default=admin))
        table.create_foreign_key(op.f("fk_datasets_owner_id"), "users", ["owner_id"], ["id"])
        table.drop_constraint("uq_datasets_name", type_="unique")
        table.create_unique_constraint(op.f("uq_datasets_owner_id_name"), ["owner_id", "name"])
    # Whoever adds a row from now on says whose it is.
    for name, column in (("tokens", "user_id"), ("datasets", "owner_id")):
        with op.batch_alter_table(name) as table:
            table.alter_column(column, existing_type=ID, existing_nullable=False, server_default=None)
    _add_shares()
    _add_audit()


def _admin() -> str:
    db = op.get_bind()
    known = db.execute(sa.text("SELECT value FROM server_state WHERE name = 'user_id'")).scalar()
    at = time.time_ns() // 1_000_000
    admin = str(known or f"{(at << 48) | secrets.randbits(47):024x}")
    if known is None:
        db.execute(sa.text("INSERT INTO server_state (name, value) VALUES ('user_id', :id)"), {"id": admin})
    insert = "INSERT INTO users (id, name, role, created_at) VALUES (:id, 'admin', 'admin', :at)"
    db.execute(sa.text(insert), {"id": admin, "at": at})
    return admin


def _add_shares() -> None:
    op.create_table(
        "shares",
        sa.Column("dataset_id", ID, nullable=False),
        sa.Column("user_id", ID, nullable=False),
        sa.Column("writes", sa.Boolean(), nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.ForeignKeyConstraint(["dataset_id"], ["datasets.id"], name=op.f("fk_shares_dataset_id"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_shares_user_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("dataset_id", "user_id", name=op.f("pk_shares")),
    )
    op.create_index("ix_shares_user_id", "shares", ["user_id"])


def _add_audit() -> None:
    op.create_table(
        "audit",
        sa.Column("id", ID, nullable=False),
        sa.Column("key", sa.String(length=64), nullable=False),
        sa.Column("at", TIME, nullable=False),
        sa.Column("last_at", TIME, nullable=False),
        sa.Column("count", sa.BigInteger(), nullable=False),
        sa.Column("user_id", ID, nullable=True),
        sa.Column("user_name", NAME, nullable=False),
        sa.Column("token", NAME, nullable=False),
        sa.Column("action", NAME, nullable=False),
        sa.Column("dataset_id", ID, nullable=True),
        sa.Column("dataset_name", NAME, nullable=True),
        sa.Column("subject", NAME, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit")),
        sa.UniqueConstraint("key", name=op.f("uq_audit_key")),
    )
    op.create_index("ix_audit_dataset_id", "audit", ["dataset_id", "id"])
    op.create_index("ix_audit_user_id", "audit", ["user_id", "id"])
