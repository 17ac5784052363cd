"""Bring a database to the newest schema: all missing migrations, or none."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util.exc import CommandError
from sqlalchemy import Connection

from lightly_ray.errors import ConflictError
from lightly_ray.platform.storage.database import Database


def migrate(database: Database) -> None:
    """Apply the migrations that this database lacks. Servers that start together take turns."""
    if _revision(database) == head():  # as at nearly every start: nothing to lock, nothing to check
        return
    with database.rebuild() as connection:
        _upgrade(connection)


def require_newest(database: Database) -> None:
    """Refuse a database that has not the newest schema, without changing it.

    Raises:
        ConflictError: it has another.
    """
    found = _revision(database)
    if found != head():
        raise ConflictError(
            f"the database has the schema {found}, this version of lightly_ray has {head()}: use the version that "
            "serves it, or let that version's successor start once"
        )


def head() -> str:
    """The newest schema, the one that this version works with."""
    return str(ScriptDirectory.from_config(_config()).get_current_head())


def _revision(database: Database) -> str | None:
    with database.read() as db:
        return MigrationContext.configure(db).get_current_revision()


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations").replace("%", "%%"))
    return config


def _upgrade(connection: Connection, revision: str = "head") -> None:
    config = _config()
    config.attributes["connection"] = connection
    try:
        command.upgrade(config, revision)
    except CommandError as error:
        raise ConflictError(f"the database was made by a newer lightly_ray than this one: {error}") from error
