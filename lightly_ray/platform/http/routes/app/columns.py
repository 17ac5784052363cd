"""Columns and file names: what the browser filters, sorts and draws by."""

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from lightly_ray.platform.http.dependencies import Here
from lightly_ray.platform.http.routes.app import answers
from lightly_ray.platform.services.columns import catalog, samples
from lightly_ray.platform.services.columns.summary import Summary

router = APIRouter(prefix="/app", tags=["web app"])

Version = Annotated[str | None, Query(alias="v")]


@router.get("/datasets/{dataset_id}/columns", response_model=list[Summary])
def list_columns(dataset_id: str, platform: Here) -> Response:
    """All columns, without their values. The first time after a change this takes a scan over the samples."""
    return answers.as_json(catalog.list_columns(platform, dataset_id))


@router.get("/datasets/{dataset_id}/column", response_class=Response)
def read_column(request: Request, dataset_id: str, key: str, platform: Here, version: Version = None) -> Response:
    """Values by row: float32, NaN where missing; or uint16, a position in the column's values, 65535 where missing."""
    now, content = catalog.read_column(platform, dataset_id, key)
    return answers.binary_kept(request, content, answers.caching(now, version))


@router.get("/datasets/{dataset_id}/names", response_class=Response)
def read_names(request: Request, dataset_id: str, platform: Here, version: Version = None) -> Response:
    """File names by row: uint32[n + 1] where each begins, then UTF-8."""
    names = samples.read_names(platform, dataset_id)
    return answers.binary_kept(request, names.content, answers.caching(names.version, version))
