"""What a monitoring system asks for."""

from typing import cast

from fastapi import APIRouter, Depends, Request, Response
from prometheus_client import CONTENT_TYPE_PLAIN_0_0_4

from lightly_ray.platform.http.dependencies import Here, require_admin
from lightly_ray.platform.http.measured import Measurements

router = APIRouter(tags=["server"])


@router.get("/metrics", response_class=Response, dependencies=[Depends(require_admin)])
def metrics(request: Request, platform: Here) -> Response:
    """Requests by route and status, their times, jobs by state, samples: Prometheus' text format. For admins."""
    measurements = cast("Measurements", request.app.state.measurements)
    with platform.database.read() as db:
        return Response(measurements.exposition(db), media_type=CONTENT_TYPE_PLAIN_0_0_4)
