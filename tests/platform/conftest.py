"""Real parts for the platform's tests: SQLite and PostgreSQL, an S3 protocol over HTTP, a served platform, a worker."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import Connection, create_engine, text

from lightly_ray.platform.context import Platform, Store
from lightly_ray.platform.jobs.worker import Worker
from lightly_ray.platform.settings import ServeSettings, WorkerSettings
from lightly_ray.platform.storage.blobs import Blobs
from lightly_ray.platform.storage.database import Database
from lightly_ray.platform.storage.ids import new_id
from lightly_ray.platform.storage.migrate import migrate
from tests.platform.browser import Browser
from tests.platform.served import Api, opened, over_http

NewDatabase = Callable[[], str | None]


@contextmanager
def administering(server: str) -> Iterator[Connection]:
    """A connection to PostgreSQL that makes and removes databases: each statement by itself."""
    engine = create_engine(server.replace("postgresql:", "postgresql+psycopg:"), isolation_level="AUTOCOMMIT")
    try:
        with engine.connect() as connection:
            yield connection
    finally:
        engine.dispose()


@pytest.fixture(scope="session", params=["sqlite", "postgresql"])
def new_database(request: pytest.FixtureRequest) -> NewDatabase:
    """Makes an empty database at each call: its URL, None for the SQLite of the data folder."""
    if request.param == "sqlite":
        return lambda: None
    server: str = request.getfixturevalue("postgresql_url")

    def _create() -> str:
        name = f"test_{new_id()}"
        with administering(server) as connection:
            connection.execute(text(f"CREATE DATABASE {name}"))
        return server.replace("/postgres?", f"/{name}?")

    return _create


@pytest.fixture
def database(new_database: NewDatabase, tmp_path: Path) -> Iterator[Database]:
    """A migrated database of one's own, on each kind."""
    database = Database(ServeSettings(data_dir=tmp_path, database=new_database()).database_url)
    migrate(database)
    yield database
    database.close()


@pytest.fixture(scope="session")
def platform(new_database: NewDatabase, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Platform]:
    """One platform per kind of database, for all tests that make their own dataset in it."""
    with opened(tmp_path_factory.mktemp("data"), new_database()) as platform:
        yield platform


@pytest.fixture(scope="session")
def api(platform: Platform) -> Iterator[Api]:
    """The platform over HTTP, without a worker."""
    with over_http(platform) as api:
        yield api


@pytest.fixture(scope="session")
def browser(api: Api) -> Browser:
    """The web app of that platform, signed in."""
    browser = Browser(api.url)
    browser.sign_in(token=api.token)
    return browser


@pytest.fixture(scope="session")
def worker(platform: Platform) -> Iterator[Worker]:
    """A worker that runs the platform's jobs, its runner a process of its own."""
    settings = WorkerSettings(**platform.settings.model_dump(include=set(WorkerSettings.model_fields)))
    worker = Worker(settings, Store(platform.database, platform.blobs))
    thread = threading.Thread(target=worker.run)
    thread.start()
    yield worker
    worker.stopping.set()
    thread.join()


@pytest.fixture(params=["local", "s3"])
def blobs(request: pytest.FixtureRequest, tmp_path: Path) -> Blobs:
    """Files of a platform, in a folder and in a store."""
    if request.param == "local":
        return Blobs(str(tmp_path / "blobs"))
    endpoint: str = request.getfixturevalue("s3_endpoint")
    return Blobs(f"s3://images/{new_id()}", endpoint)
