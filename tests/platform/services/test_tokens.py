"""Tokens: shown once, kept as hashes, of a user, worthless when revoked or expired."""

import stat
import threading
import time
from pathlib import Path

import pytest
from sqlalchemy import select, update

from lightly_ray.errors import AuthenticationError, ConflictError, InvalidInputError, NotFoundError
from lightly_ray.platform.services import sessions, tokens, users
from lightly_ray.platform.storage.database import Database
from lightly_ray.platform.storage.ids import now
from lightly_ray.platform.storage.last_use import LastUse
from lightly_ray.platform.storage.schema import tokens as table


def test_create__only_its_hash_is_stored(database: Database) -> None:
    with database.write() as db:
        admin = users.admin(db)
        token = tokens.create(db, admin, "laptop")
        assert token not in str(db.execute(select(table)).all())
        assert len(token) * 4 >= 128
        assert tokens.check(db, token).user == admin
        assert [one.name for one in tokens.listing(db, admin)] == ["laptop"]
        with pytest.raises(ConflictError, match="laptop"):
            tokens.create(db, admin, "laptop")


@pytest.mark.parametrize("token", [None, "", "nobody", "ä", "' OR 1=1 --"])
def test_check__other_tokens(database: Database, token: str | None) -> None:
    with database.write() as db:
        tokens.create(db, users.admin(db), "laptop")
        with pytest.raises(AuthenticationError):
            tokens.check(db, token)


def test_create__names_are_of_each_user(database: Database) -> None:
    with database.write() as db:
        of = {name: users.create(db, name) for name in ("ada", "bob")}
        made = {name: tokens.create(db, user, "laptop") for name, user in of.items()}
        tokens.revoke(db, of["bob"], "laptop")
        assert tokens.check(db, made["ada"]).user == of["ada"]
        with pytest.raises(AuthenticationError):
            tokens.check(db, made["bob"])
        assert [one.user.name for one in tokens.listing(db)] == ["ada"]


def test_revoke__from_now_on(database: Database) -> None:
    with database.write() as db:
        admin = users.admin(db)
        token = tokens.create(db, admin, "laptop")
        tokens.revoke(db, admin, "laptop")
        with pytest.raises(AuthenticationError):
            tokens.check(db, token)
        with pytest.raises(NotFoundError, match="laptop"):
            tokens.revoke(db, admin, "laptop")


@pytest.mark.parametrize(
    ("name", "days"), [("", 1), ("a\nb", 1), ("ok", 0), ("ok", -1), ("ok", 1e9), ("ok", float("nan"))]
)
def test_create__what_is_no_token(database: Database, name: str, days: float) -> None:
    with database.write() as db, pytest.raises(InvalidInputError):
        tokens.create(db, users.admin(db), name, days=days)


def test_check__expired(database: Database) -> None:
    with database.write() as db:
        token = tokens.create(db, users.admin(db), "short", days=1)
        known = tokens.check(db, token)
        assert known.expires_at == pytest.approx(now() + 24 * 3600 * 1000, abs=60_000)
        code, (session, _) = sessions.make_code(db, token), sessions.by_token(db, token)
        db.execute(update(table).values(expires_at=now() - 1))
        with pytest.raises(AuthenticationError, match="expired"):
            tokens.check(db, token)
        # What it has signed in ends with it.
        with pytest.raises(AuthenticationError):
            sessions.by_code(db, code)
        with pytest.raises(AuthenticationError):
            sessions.check(db, session)


def test_last_use__kept_once_a_minute_without_waiting_for_a_writer(database: Database) -> None:
    with database.write() as db:
        token = tokens.create(db, users.admin(db), "laptop")
        known = tokens.check(db, token)
    assert known.last_used_at is None
    last_use = LastUse(database)
    with database.write():  # a long import
        last_use.note(known.id, None)
    stored = _last_used(database, token)
    assert now() - 60_000 <= stored <= now()
    with database.write() as db:
        db.execute(update(table).values(last_used_at=5))
    last_use.note(known.id, None)
    _ended("last-use")
    assert _last_used(database, token) == 5


def _last_used(database: Database, token: str) -> int:
    until = time.monotonic() + 30
    while time.monotonic() < until:
        with database.read() as db:
            at = tokens.check(db, token).last_used_at
        if at is not None:
            return at
        time.sleep(0.01)
    raise AssertionError("the last use was not kept")


def _ended(name: str) -> None:
    for thread in [one for one in threading.enumerate() if one.name == name]:
        thread.join()


def test_ensure_admin__made_once_in_a_private_file(database: Database, tmp_path: Path) -> None:
    path = tmp_path / "admin-token"
    token = tokens.ensure_admin(database, path)
    assert path.read_text() == f"{token}\n"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert tokens.ensure_admin(database, path) is None
    with database.read() as db:
        assert tokens.check(db, token).user == users.admin(db)


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
