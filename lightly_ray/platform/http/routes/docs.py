"""The OpenAPI page. Its script and style come from an installed package, so no browser asks another host.

The page itself holds nothing secret; the description behind it wants the token, which the page takes from its own
address: /docs?token=...
"""

from importlib.resources import files

from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse, JSONResponse

from lightly_ray.errors import NotFoundError

public = APIRouter(include_in_schema=False)
router = APIRouter(include_in_schema=False)

_ASSETS = {"swagger-ui-bundle.js": "text/javascript", "swagger-ui.css": "text/css", "docs.js": "text/javascript"}
_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>lightly_ray platform</title>
<link rel="icon" href="data:,"><link rel="stylesheet" href="docs/assets/swagger-ui.css"></head>
<body><div id="page"></div>
<script src="docs/assets/swagger-ui-bundle.js"></script><script src="docs/assets/docs.js"></script>
</body></html>
"""
_SCRIPT = """const token = new URLSearchParams(location.search).get("token") || prompt("Token of this server");
const withToken = (request) => {
  request.headers["Authorization"] = "Bearer " + token;
  return request;
};
SwaggerUIBundle({ url: "openapi.json", dom_id: "#page", requestInterceptor: withToken });
"""
_POLICY = "default-src 'self'; img-src 'self' data:; style-src 'self' 'unsafe-inline'"


@public.get("/docs")
def page() -> HTMLResponse:
    """The page."""
    return HTMLResponse(_PAGE, headers={"content-security-policy": _POLICY, "referrer-policy": "no-referrer"})


@public.get("/docs/assets/{name}")
def asset(name: str) -> Response:
    """What the page needs."""
    if name not in _ASSETS:
        raise NotFoundError(f"there is no {name[:60]!r} here")
    if name == "docs.js":
        return Response(_SCRIPT, media_type=_ASSETS[name])
    try:
        content = (files("fastapi_swagger") / "resources" / name).read_bytes()
    except ModuleNotFoundError as error:
        raise NotFoundError("the page needs the package fastapi-swagger on the server") from error
    return Response(content, media_type=_ASSETS[name], headers={"cache-control": "max-age=86400"})


@router.get("/openapi.json")
def description(request: Request) -> JSONResponse:
    """The OpenAPI description of all routes."""
    return JSONResponse(request.app.openapi())
