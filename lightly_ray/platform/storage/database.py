"""One database, SQLite or PostgreSQL, and its two kinds of transactions.

`read` sees one consistent state. `write` commits when its block ends well and rolls back otherwise; on
SQLite it takes the write lock at its start (BEGIN IMMEDIATE), since a transaction that reads first and
locks later fails where another one wrote in between. On PostgreSQL, store functions lock the dataset
they change. Store functions never commit.

What was committed survives a power cut: SQLite syncs its log at every commit (synchronous = FULL, which its WAL mode
does not need to stay whole, but to keep the last commits), PostgreSQL does by default.
"""

import math
import select
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event, text
from sqlalchemy.exc import DBAPIError, InvalidatePoolError

from lightly_ray.errors import ConflictError, MissingExtraError, missing_extra
from lightly_ray.platform.storage import audit

_BUSY_MS = 30_000
_UNASKED = 10.0  # seconds that a connection to PostgreSQL may lie unused before it is asked whether it is there
_PG_DISK_FULL = "53100"
_ALONE = 0x6C726179  # any number that all our servers agree on


class Database:
    """An engine and the transactions on it. Safe to share between threads."""

    def __init__(self, url: URL) -> None:
        self.is_sqlite = url.get_backend_name() == "sqlite"
        # Writers of one process queue here, in order: SQLite's own waiting polls, and is unfair.
        self._writers = threading.Lock() if self.is_sqlite else nullcontext()
        self.engine = _sqlite(url) if self.is_sqlite else _postgresql(url)
        # In PostgreSQL's default level each statement of a transaction may see another state.
        level: dict[str, Any] = {} if self.is_sqlite else {"isolation_level": "REPEATABLE READ"}
        self._reading = self.engine.execution_options(**level)
        self._writing = self.engine.execution_options(immediate=True)

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A transaction that reads one state and changes nothing."""
        with self._reading.connect() as connection:
            yield connection
            connection.rollback()

    @contextmanager
    def write(self, *, alone: bool = False) -> Iterator[Connection]:
        """A transaction that is committed at the end of the block, or not at all.

        Args:
            alone: no other ``alone`` transaction of any server runs at the same time; on SQLite, no other write at all.
        """
        audit.require_writer()
        with self._writers, self._writing.begin() as connection:
            if alone and not self.is_sqlite:
                connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _ALONE})
            yield connection
            audit.keep(connection)

    @contextmanager
    def rebuild(self) -> Iterator[Connection]:
        """As `write`, alone, for a new schema: SQLite replaces whole tables, and nothing that refers to them goes too.

        Raises:
            ConflictError: a row would refer to one that is not there.
        """
        if not self.is_sqlite:
            with self.write(alone=True) as connection:
                yield connection
            return
        with self._writers, self._writing.connect() as connection:
            _foreign_keys(connection, "OFF")  # outside of a transaction, where alone that works
            try:
                with connection.begin():
                    yield connection
                    if broken := connection.exec_driver_sql("PRAGMA foreign_key_check").all():
                        raise ConflictError(f"the database has rows that refer to nothing: {broken[:3]}")
            finally:
                _foreign_keys(connection, "ON")

    def close(self) -> None:
        """Close the pooled connections."""
        self.engine.dispose()


def _foreign_keys(connection: Connection, state: str) -> None:
    driver: Any = connection.connection.driver_connection
    driver.execute(f"PRAGMA foreign_keys = {state}").close()


def database_is_full(error: DBAPIError) -> bool:
    """Whether a database had no room for what was written; that transaction has changed nothing."""
    of_sqlite = getattr(error.orig, "sqlite_errorcode", None)
    return of_sqlite == sqlite3.SQLITE_FULL or getattr(error.orig, "sqlstate", None) == _PG_DISK_FULL


def _sqlite(url: URL) -> Engine:
    engine = create_engine(url, pool_size=48, connect_args={"timeout": _BUSY_MS / 1000, "check_same_thread": False})

    @event.listens_for(engine, "connect")
    def _connect(connection: Any, _record: object) -> None:
        connection.isolation_level = None  # the module's own BEGIN comes too late: see `_begin`
        _into_wal(connection)
        for pragma in ("synchronous = FULL", "foreign_keys = ON", f"busy_timeout = {_BUSY_MS}"):
            connection.execute(f"PRAGMA {pragma}").close()

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        immediate = connection.get_execution_options().get("immediate", False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if immediate else "BEGIN")

    return engine


def _into_wal(connection: sqlite3.Connection) -> None:
    """Have readers beside a writer. A new file is changed once, and SQLite does not wait for others that do it too."""
    until = time.monotonic() + _BUSY_MS / 1000
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL").close()
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_BUSY or time.monotonic() > until:
                raise
            time.sleep(0.01)
        else:
            return


def _postgresql(url: URL) -> Engine:
    try:
        engine = create_engine(url, pool_size=8, max_overflow=24)
    except ModuleNotFoundError as error:
        raise MissingExtraError(missing_extra("PostgreSQL needs its driver", "postgres")) from error

    @event.listens_for(engine, "checkin")
    def _checkin(_connection: object, record: Any) -> None:
        record.info["used"] = time.monotonic()

    @event.listens_for(engine, "checkout")
    def _checkout(connection: Any, record: Any, _fairy: object) -> None:
        # A server that was restarted costs no request but those under way: it closed its end, which can be read here.
        # Asking before every use, as `pool_pre_ping` does, makes two of the nine ways there and back of a request.
        heard = select.poll()
        heard.register(connection.fileno(), select.POLLIN)
        if heard.poll(0) or time.monotonic() - record.info.get("used", math.inf) > _UNASKED:
            try:
                engine.dialect.do_ping(connection)
            except engine.dialect.loaded_dbapi.Error as error:
                raise InvalidatePoolError from error

    return engine
