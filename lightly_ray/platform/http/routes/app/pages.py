"""The page of the web app, and its assets.

Addresses in the page are relative, so it works behind any path of a proxy. Those of assets hold a digest over all of
them: browsers keep them for good, and ask for others after an update.
"""

from fastapi import APIRouter, Response
from fastapi.responses import HTMLResponse

from lightly_ray.errors import NotFoundError
from lightly_ray.platform.http.assets import PAGE, web_assets

router = APIRouter()

_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
_SAFE = {
    "content-security-policy": _POLICY,
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
}


@router.get("/")
def page() -> HTMLResponse:
    """The page."""
    assets = web_assets()
    text = assets.files[PAGE].decode().replace("{{web}}", f"web/{assets.digest}")
    return HTMLResponse(text, headers={**_SAFE, "cache-control": "no-cache"})


@router.get("/web/{digest}/{path:path}")
def asset(digest: str, path: str) -> Response:
    """What the page needs."""
    assets = web_assets()
    if path not in assets.files or path == PAGE:
        raise NotFoundError(f"there is no {path[:60]!r} here")
    caching = "public, max-age=31536000, immutable" if digest == assets.digest else "no-cache"
    return Response(assets.files[path], media_type=assets.media_type(path), headers={**_SAFE, "cache-control": caching})
