"""The application: routes, who may use them, and what surrounds them."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import APIRouter, Depends, FastAPI

from lightly_ray import __version__
from lightly_ray.platform.context import Platform
from lightly_ray.platform.http import errors
from lightly_ray.platform.http.dependencies import require_own_page, require_session, require_token
from lightly_ray.platform.http.measured import Measurements
from lightly_ray.platform.http.middleware import Edge
from lightly_ray.platform.http.routes import app as web_app
from lightly_ray.platform.http.routes import (
    batch,
    datasets,
    docs,
    embeddings,
    evaluations,
    exports,
    health,
    jobs,
    labels,
    metrics,
    people,
    predictions,
    reports,
    samples,
    scores,
    signed,
    tags,
)
from lightly_ray.platform.http.web_answers import WebAnswers
from lightly_ray.platform.services.sweeping import sweeping

# The batch stands before the samples: `/samples/batch` must not be taken for a sample's id.
WITH_TOKEN: list[APIRouter] = [
    health.router,
    datasets.router,
    batch.router,
    samples.router,
    tags.router,
    embeddings.router,
    scores.router,
    predictions.router,
    evaluations.router,
    labels.router,
    jobs.router,
    exports.router,
    reports.router,
    docs.router,
    metrics.router,
    people.v1,
]
# Nothing but versions, health, the API page, and URLs that carry their own signature.
WITHOUT_TOKEN: list[APIRouter] = [health.public, signed.router, signed.preflight, docs.public]


def create_app(platform: Platform) -> FastAPI:
    """The ASGI application that serves a platform."""

    @asynccontextmanager
    async def _lifespan(_app: FastAPI) -> AsyncIterator[None]:
        with sweeping(platform):
            yield

    app = FastAPI(
        lifespan=_lifespan,
        title="lightly_ray platform",
        version=__version__,
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        redirect_slashes=False,  # a redirect would drop bodies, and show tokens in a second log line
    )
    app.state.platform = platform
    app.state.measurements = Measurements()
    errors.install(app)
    for router in WITHOUT_TOKEN:
        app.include_router(router, responses=errors.DOCUMENTED)
    for router in WITH_TOKEN:
        app.include_router(router, dependencies=[Depends(require_token)], responses=errors.DOCUMENTED)
    # Not in the description, which is that of the protocol: a token does not open these.
    for router in web_app.WITHOUT_SESSION:
        app.include_router(router, include_in_schema=False)
    for router in web_app.WITH_SESSION:
        guards = [Depends(require_own_page), Depends(require_session)]
        app.include_router(router, dependencies=guards, include_in_schema=False)
    app.add_middleware(WebAnswers)
    app.add_middleware(Edge)
    return app
