"""The guide, as pages of the web app."""

from fastapi import APIRouter

from lightly_ray.platform.services import guide_pages

router = APIRouter(prefix="/app/guide")


@router.get("")
def list_pages() -> list[guide_pages.Entry]:
    """The pages."""
    return list(guide_pages.listing())


@router.get("/{name}")
def read_page(name: str) -> guide_pages.Page:
    """One page as HTML."""
    return guide_pages.read(name)
