"""Who is signed in to the web app: a token, or a code that works once, becomes a session that a browser keeps.

Both hold 192 random bits and are kept as their SHA-256 alone, as tokens are. Both belong to a token, go when that is
revoked, and open nothing when it has expired. A row that has expired opens nothing; the next sign-in deletes it.
"""

import secrets

from sqlalchemy import ColumnElement, Connection, delete, select

from lightly_ray.errors import AuthenticationError
from lightly_ray.platform.services import tokens
from lightly_ray.platform.services.tokens import Token, digest_of
from lightly_ray.platform.storage.ids import new_id, now
from lightly_ray.platform.storage.schema import sign_ins

CODE_SECONDS = 15 * 60
SESSION_SECONDS = 30 * 24 * 3600
_SIGN_IN = "sign in first"


def make_code(db: Connection, token: str | None) -> str:
    """A code that signs in once, within `CODE_SECONDS`. What is returned is its only copy.

    Raises:
        AuthenticationError: the token is missing or unknown.
    """
    return _add(db, tokens.check(db, token).id, "CODE", CODE_SECONDS)


def by_token(db: Connection, token: str) -> tuple[str, Token]:
    """Sign in with a token: the session, whose only copy this is, and what is known of the token.

    Raises:
        AuthenticationError: the token is unknown.
    """
    known = tokens.check(db, token)
    return _add(db, known.id, "SESSION", SESSION_SECONDS), known


def by_code(db: Connection, code: str) -> tuple[str, Token]:
    """Sign in with a code, which is worth nothing from then on.

    Raises:
        AuthenticationError: the code is unknown, was used, or is too old.
    """
    # Deleted and read in one statement: of two who come with one code at the same time, one is let in.
    mine = (sign_ins.c.digest == digest_of(code), sign_ins.c.kind == "CODE", sign_ins.c.expires_at > now())
    token_id = db.scalar(delete(sign_ins).where(*mine).returning(sign_ins.c.token_id))
    token = tokens.of_id(db, token_id)
    if token is None:
        raise AuthenticationError("this link was used already, or is too old: ask for a new one, or give a token")
    return _add(db, token.id, "SESSION", SESSION_SECONDS), token


def check(db: Connection, session: str | None) -> Token:
    """Let a session pass; what is known of the token that signed in.

    Raises:
        AuthenticationError: there is none, or it has ended.
    """
    if not session:
        raise AuthenticationError(_SIGN_IN)
    query = select(sign_ins.c.token_id).where(*_is_session(session), sign_ins.c.expires_at > now())
    token = tokens.of_id(db, db.scalar(query))
    if token is None:
        raise AuthenticationError(_SIGN_IN)
    return token


def end(db: Connection, session: str) -> None:
    """Make a session worthless; one that has ended already stays so."""
    db.execute(delete(sign_ins).where(*_is_session(session)))


def _add(db: Connection, token_id: str, kind: str, seconds: int) -> str:
    secret, at = secrets.token_hex(24), now()
    db.execute(delete(sign_ins).where(sign_ins.c.expires_at <= at))
    values = {"id": new_id(), "token_id": token_id, "digest": digest_of(secret), "kind": kind}
    db.execute(sign_ins.insert().values(**values, created_at=at, expires_at=at + seconds * 1000))
    return secret


def _is_session(session: str) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    return sign_ins.c.digest == digest_of(session), sign_ins.c.kind == "SESSION"
