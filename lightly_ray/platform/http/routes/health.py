"""Versions, quota, health."""

from typing import Annotated

from fastapi import APIRouter, Query, Response
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from lightly_ray.platform.http.dependencies import Here
from lightly_ray.platform.http.errors import answer

public = APIRouter(tags=["server"])
router = APIRouter(prefix="/v1", tags=["server"])


@public.get("/v1/versions/pip/latest")
def latest_version(current: Annotated[str, Query(alias="currentVersion")] = "1.0.0") -> str:
    """The newest client there is: the one that asks, since this server advertises none."""
    return current


@public.get("/v1/versions/pip/minimum")
def minimum_version() -> str:
    """The oldest client that this server works with."""
    return "1.0.0"


@public.get("/healthz")
def is_alive() -> dict[str, str]:
    """The process answers."""
    return {"status": "ok"}


@public.get("/readyz", response_model=None)
def is_ready(platform: Here) -> dict[str, str] | Response:
    """Database and storage answer too."""
    try:
        with platform.database.read() as db:
            db.execute(text("SELECT 1"))
        platform.blobs.check()
    except DBAPIError:
        return answer(503, "SERVICE_UNAVAILABLE", "the database cannot be reached")
    except OSError:
        return answer(503, "SERVICE_UNAVAILABLE", "the storage cannot be reached")
    return {"status": "ok"}


@router.get("/quota")
def quota(platform: Here) -> str:
    """How many samples a dataset may hold."""
    return str(platform.settings.max_samples)
