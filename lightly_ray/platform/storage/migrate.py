"""Bring a database to the newest schema: all missing migrations, or none."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.util.exc import CommandError
from sqlalchemy import Connection

from lightly_ray.errors import ConflictError
from lightly_ray.platform.storage.database import Database


def migrate(database: Database) -> None:
    """Apply the migrations that this database lacks. Servers that start together take turns."""
    with database.write(alone=True) as connection:
        _upgrade(connection)


def _upgrade(connection: Connection, revision: str = "head") -> None:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations").replace("%", "%%"))
    config.attributes["connection"] = connection
    try:
        command.upgrade(config, revision)
    except CommandError as error:
        raise ConflictError(f"the database was made by a newer lightly_ray than this one: {error}") from error
