"""Settings of the platform's processes, as `lightly-ray serve` and `lightly-ray worker` take them."""

from pathlib import Path
from typing import Literal, Self

from pydantic import Field, model_validator
from sqlalchemy import URL, make_url
from sqlalchemy.exc import ArgumentError

from lightly_ray.platform import limits
from lightly_ray.settings import Settings

ADMIN_FILE = "admin-token"  # in data_dir


class StoreSettings(Settings):
    """Where the platform keeps what it knows. Every process on the same data needs the same values."""

    environment = "LIGHTLY_RAY_"
    settings_file: Path | None = Field(
        default=None,
        description="file of key=value lines that serve, worker and token share; passwords belong there or into the "
        "environment, since a process list shows the command line",
    )
    data_dir: Path = Field(description="folder for the database, the files and the admin token; made if missing")
    database: str | None = Field(
        default=None,
        description="postgresql://USER:PASSWORD@HOST/NAME (needs the extra `postgres`); default: SQLite in data_dir",
    )
    storage: str | None = Field(
        default=None,
        description="where images and embeddings go: s3://BUCKET/PREFIX or a folder; default: data_dir/blobs",
    )
    storage_endpoint: str | None = Field(
        default=None, description="URL of an S3-compatible server, where s3:// is not Amazon's"
    )

    @model_validator(mode="after")
    def _check_database(self) -> Self:
        try:
            url = self.database_url
        except ArgumentError:
            # The text may hold a password: it is not repeated.
            raise ValueError("database must be a URL such as postgresql://USER@HOST/NAME") from None
        if url.get_backend_name() not in {"sqlite", "postgresql"}:
            raise ValueError(f"database must be postgresql://... or sqlite:///..., got {url.get_backend_name()}://...")
        return self

    @property
    def database_url(self) -> URL:
        """The SQLAlchemy URL, with the driver that we test against."""
        if self.database is None:
            return URL.create("sqlite", database=str(self.data_dir.absolute() / "lightly_ray.db"))
        url = make_url(self.database)
        return url.set(drivername="postgresql+psycopg") if url.drivername == "postgresql" else url

    @property
    def storage_root(self) -> str:
        """A local folder or ``s3://...``, without a slash at the end."""
        return (self.storage or str(self.data_dir.absolute() / "blobs")).rstrip("/")


class WorkerSettings(StoreSettings):
    """Run selections and projections that were queued on the platform, one at a time."""

    ray_address: str | None = Field(
        default=None, description="Ray cluster for large selections; default: RAY_ADDRESS, else a local one"
    )
    lease: float = Field(
        default=10.0,
        ge=0.5,
        le=3600,
        description="seconds without a heartbeat after which a job is given to another worker",
    )
    log: Literal["debug", "info", "warning", "error"] = Field(
        default="info", description="what is written to standard error"
    )
    log_format: Literal["text", "json"] = Field(
        default="text", description="how: lines to read, or an object of JSON a line, with the ids of request and job"
    )


class ServeSettings(WorkerSettings):
    """Serve the platform over HTTP and run its jobs."""

    host: str = Field(default="127.0.0.1", description="address to listen on; 0.0.0.0 opens it to the network")
    port: int = Field(default=8000, ge=0, le=65535, description="port to listen on; 0 takes a free one")
    public_url: str | None = Field(
        default=None, description="how clients reach this server, used in signed URLs; default: as the request came in"
    )
    servers: int = Field(
        default=1, ge=1, le=64, description="processes that answer requests; a server of many users wants one per CPU"
    )
    workers: int = Field(default=1, ge=0, le=64, description="worker processes to start beside the server")
    url_lifetime: int = Field(
        default=24 * 3600, ge=1, le=7 * 24 * 3600, description="seconds for which a signed upload or read URL is valid"
    )
    max_samples: int = Field(default=100_000_000, ge=1, description="how many samples a dataset may hold")

    @model_validator(mode="after")
    def _check_public_url(self) -> Self:
        if self.public_url is not None and not self.public_url.startswith(("http://", "https://")):
            raise ValueError(f"public_url must start with http:// or https://, got {self.public_url!r}")
        return self


class TokenSettings(StoreSettings):
    """Make, list and revoke tokens. Without `create` or `revoke`: list them."""

    create: str | None = Field(
        default=None, min_length=1, max_length=100, description="name of a token to make; it is shown once"
    )
    revoke: str | None = Field(default=None, description="name of a token that is to be worthless from now on")
    user: str | None = Field(
        default=None, description="whose tokens; default: the admin that the platform begins with, or all in a list"
    )
    days: float | None = Field(
        default=None, gt=0, le=limits.TOKEN_DAYS, description="until the new token expires; default: never"
    )

    @model_validator(mode="after")
    def _check_one(self) -> Self:
        if self.create is not None and self.revoke is not None:
            raise ValueError("give either create or revoke, not both")
        return self


class UserSettings(StoreSettings):
    """Make, list and remove users. Without `create` or `remove`: list them."""

    create: str | None = Field(default=None, min_length=1, max_length=100, description="name of a user to make")
    role: Literal["admin", "member"] = Field(
        default="member", description="of the new user: an admin looks after users and may open every dataset"
    )
    remove: str | None = Field(default=None, description="name of a user to remove, with all tokens")

    @model_validator(mode="after")
    def _check_one(self) -> Self:
        if self.create is not None and self.remove is not None:
            raise ValueError("give either create or remove, not both")
        return self


class BackupSettings(StoreSettings):
    """Write one state of the platform into a folder, while it runs or not."""

    to: Path = Field(description="the folder to make; it appears when it is complete, and holds every token's digest")


class RestoreSettings(StoreSettings):
    """Fill an empty platform with what a backup holds. Its server is to be stopped meanwhile."""

    backup: Path = Field(description="the folder that `lightly-ray backup` has written")


class CheckSettings(StoreSettings):
    """Compare database, files and masks of a platform, while it runs or not."""

    repair: Literal["orphans"] | None = Field(
        default=None, description="orphans: delete files that nothing names and that are older than an hour"
    )
