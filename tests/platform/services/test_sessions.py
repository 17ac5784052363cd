"""Sign-ins of the web app: a code works once and not for long, a session ends with its token."""

import threading

import pytest
from sqlalchemy import select, update

from lightly_ray.errors import AuthenticationError
from lightly_ray.platform.services import sessions, tokens, users
from lightly_ray.platform.storage.database import Database
from lightly_ray.platform.storage.ids import now
from lightly_ray.platform.storage.schema import sign_ins


@pytest.fixture
def token(database: Database) -> str:
    with database.write() as db:
        return tokens.create(db, users.admin(db), "laptop")


def lifetime(database: Database) -> int:
    """Seconds for which the one sign-in that there is works."""
    with database.read() as db:
        row = db.execute(select(sign_ins.c.created_at, sign_ins.c.expires_at)).one()
    return int(row.expires_at - row.created_at) // 1000


def expire(database: Database) -> None:
    with database.write() as db:
        db.execute(update(sign_ins).values(expires_at=now() - 1))


def test_by_token__a_session_of_that_token(database: Database, token: str) -> None:
    with database.write() as db:
        session, who = sessions.by_token(db, token)
        assert who.name == "laptop"
        assert sessions.check(db, session) == who
        assert session not in str(db.execute(select(sign_ins)).all())
    assert lifetime(database) == 30 * 24 * 3600


def test_by_code__once(database: Database, token: str) -> None:
    with database.write() as db:
        code = sessions.make_code(db, token)
        assert code not in str(db.execute(select(sign_ins)).all())
    assert lifetime(database) == 15 * 60
    with database.write() as db:
        session, who = sessions.by_code(db, code)
        assert sessions.check(db, session) == who
        assert who.name == "laptop"
        with pytest.raises(AuthenticationError):
            sessions.by_code(db, code)


def test_by_code__two_at_the_same_time(database: Database, token: str) -> None:
    with database.write() as db:
        code = sessions.make_code(db, token)
    outcomes: list[str] = []

    def _sign_in() -> None:
        try:
            with database.write() as db:
                sessions.by_code(db, code)
            outcomes.append("in")
        except AuthenticationError:
            outcomes.append("refused")

    threads = [threading.Thread(target=_sign_in) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["in", *["refused"] * 5]


def test_by_code__too_old(database: Database, token: str) -> None:
    with database.write() as db:
        code = sessions.make_code(db, token)
    expire(database)
    with database.write() as db, pytest.raises(AuthenticationError, match="too old"):
        sessions.by_code(db, code)


def test_check__too_old_and_deleted_with_the_next(database: Database, token: str) -> None:
    with database.write() as db:
        session, _ = sessions.by_token(db, token)
    expire(database)
    with database.write() as db:
        with pytest.raises(AuthenticationError):
            sessions.check(db, session)
        sessions.make_code(db, token)
        assert len(db.execute(select(sign_ins)).all()) == 1


def test_kinds__are_kept_apart(database: Database, token: str) -> None:
    with database.write() as db:
        code, (session, _) = sessions.make_code(db, token), sessions.by_token(db, token)
        for wrong in (code, token, "", None, "ä"):
            with pytest.raises(AuthenticationError):
                sessions.check(db, wrong)
        for wrong in (session, token, ""):
            with pytest.raises(AuthenticationError):
                sessions.by_code(db, wrong)
        for wrong in (session, code):
            with pytest.raises(AuthenticationError):
                sessions.by_token(db, wrong)
            with pytest.raises(AuthenticationError):
                sessions.make_code(db, wrong)


def test_end__that_session_alone(database: Database, token: str) -> None:
    with database.write() as db:
        (one, _), (other, who) = sessions.by_token(db, token), sessions.by_token(db, token)
        sessions.end(db, one)
        sessions.end(db, one)
        with pytest.raises(AuthenticationError):
            sessions.check(db, one)
        assert sessions.check(db, other) == who


def test_revoke__ends_the_sessions_of_that_token(database: Database, token: str) -> None:
    with database.write() as db:
        second = tokens.create(db, users.admin(db), "desktop")
        code, (session, _) = sessions.make_code(db, token), sessions.by_token(db, token)
        (other, who) = sessions.by_token(db, second)
        tokens.revoke(db, users.admin(db), "laptop")
        with pytest.raises(AuthenticationError):
            sessions.check(db, session)
        with pytest.raises(AuthenticationError):
            sessions.by_code(db, code)
        assert sessions.check(db, other) == who
