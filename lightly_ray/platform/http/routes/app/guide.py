"""The guide, as pages of the web app."""

from fastapi import APIRouter, Response

from lightly_ray.platform.http.routes.app import answers
from lightly_ray.platform.services import guide_pages

router = APIRouter(prefix="/app/guide")


@router.get("")
def list_pages() -> list[guide_pages.Entry]:
    """The pages."""
    return list(guide_pages.listing())


@router.get("/pictures/{name}", response_class=Response)
def read_picture(name: str) -> Response:
    """A picture of a page."""
    return Response(guide_pages.picture(name), media_type="image/png", headers=answers.SAFE)


@router.get("/{name}")
def read_page(name: str) -> guide_pages.Page:
    """One page as HTML."""
    return guide_pages.read(name)
