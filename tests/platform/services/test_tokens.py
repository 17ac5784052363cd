"""Tokens: shown once, kept as hashes, revoked at once."""

import stat
from pathlib import Path

import pytest
from sqlalchemy import select

from lightly_ray.errors import AuthenticationError, ConflictError, InvalidInputError
from lightly_ray.platform.services import tokens
from lightly_ray.platform.storage.database import Database
from lightly_ray.platform.storage.schema import tokens as table


def test_create__only_its_hash_is_stored(database: Database) -> None:
    with database.write() as db:
        token = tokens.create(db, "laptop")
        assert token not in str(db.execute(select(table)).all())
        tokens.check(db, token)
        assert tokens.names(db) == ["laptop"]
        with pytest.raises(ConflictError, match="laptop"):
            tokens.create(db, "laptop")


@pytest.mark.parametrize("token", [None, "", "nobody", "ä", "' OR 1=1 --"])
def test_check__other_tokens(database: Database, token: str | None) -> None:
    with database.write() as db:
        tokens.create(db, "laptop")
        with pytest.raises(AuthenticationError):
            tokens.check(db, token)


def test_revoke__from_now_on(database: Database) -> None:
    with database.write() as db:
        token = tokens.create(db, "laptop")
        tokens.revoke(db, "laptop")
        with pytest.raises(AuthenticationError):
            tokens.check(db, token)
        with pytest.raises(InvalidInputError, match="laptop"):
            tokens.revoke(db, "laptop")


def test_ensure_admin__made_once_in_a_private_file(database: Database, tmp_path: Path) -> None:
    path = tmp_path / "admin-token"
    token = tokens.ensure_admin(database, path)
    assert path.read_text() == f"{token}\n"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert tokens.ensure_admin(database, path) is None
    with database.read() as db:
        tokens.check(db, token)


def test_ensure_admin__a_file_that_does_not_work_is_replaced(database: Database, tmp_path: Path) -> None:
    path = tmp_path / "admin-token"
    path.write_text("made by a start that was killed before its commit\n")
    token = tokens.ensure_admin(database, path)
    assert path.read_text() == f"{token}\n"


def test_ensure_admin__two_servers_on_one_database(database: Database, tmp_path: Path) -> None:
    made = [tokens.ensure_admin(database, tmp_path / name) for name in ("one", "two")]
    with database.read() as db:
        for token in made:
            tokens.check(db, token)
