"""The report of a tag, as a page or as figures."""

from typing import Annotated, Literal

from fastapi import APIRouter, Query, Response
from fastapi.responses import HTMLResponse, JSONResponse

from lightly_ray.platform.http.dependencies import Here
from lightly_ray.platform.services.reports import report
from lightly_ray.report.page import POLICY

router = APIRouter(prefix="/v1/datasets/{dataset_id}/tags/{tag_id}", tags=["reports"])

PAGE_HEADERS = {
    "content-security-policy": f"{POLICY}; frame-ancestors 'none'; sandbox",
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cache-control": "private, no-store",
}
"""A page with names and images of others in it: it may run nothing, ask for nothing, and be framed by nobody."""


@router.get("/report", response_class=Response)
def read_report(
    dataset_id: str, tag_id: str, platform: Here, form: Annotated[Literal["html", "json"], Query()] = "html"
) -> Response:
    """What a selection has come to, beside random draws: one page that holds all it shows, or its figures."""
    if form == "json":
        return JSONResponse(report.read(platform, dataset_id, tag_id))
    return HTMLResponse(report.html(platform, dataset_id, tag_id), headers=PAGE_HEADERS)
