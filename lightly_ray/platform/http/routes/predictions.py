"""What models predict: by name and version; and class probabilities beside labels, for selections that look at both."""

from fastapi import APIRouter, Request, Response
from starlette.concurrency import run_in_threadpool

from lightly_ray.platform.http import views
from lightly_ray.platform.http.dependencies import Caller, Here
from lightly_ray.platform.http.received import received
from lightly_ray.platform.http.schemas import Created, PredictionsData
from lightly_ray.platform.services import predictions, stored_predictions
from lightly_ray.platform.storage.store import datasets
from lightly_ray.platform.storage.store import predictions as stored

router = APIRouter(prefix="/v1/datasets/{dataset_id}/predictions", tags=["predictions"])


@router.put("")
async def put_predictions(request: Request, dataset_id: str, platform: Here) -> Created:
    """Keep predictions and labels (Parquet); a selection names the id that this answers as its predictionsId."""
    body = await request.body()
    return {"id": await run_in_threadpool(predictions.upload, platform, dataset_id, body)}


@router.put("/{name}")
async def put_named_predictions(
    request: Request, dataset_id: str, name: str, platform: Here, caller: Caller
) -> PredictionsData:
    """Store predictions (Parquet) as the newest version of a name; the same again changes nothing."""
    async with received(request) as path:
        return views.predictions(
            await run_in_threadpool(stored_predictions.upload, platform, dataset_id, name, path, caller.user.name)
        )


@router.get("")
def list_predictions(dataset_id: str, platform: Here) -> list[PredictionsData]:
    """The predictions that are stored, those uploaded last at the end."""
    with platform.database.read() as db:
        datasets.read(db, dataset_id)
        return [views.predictions(one) for one in stored.listing(db, dataset_id)]


@router.get("/{name}", response_class=Response)
def read_predictions(dataset_id: str, name: str, platform: Here) -> Response:
    """The newest version of predictions, by name or id: a Parquet file."""
    with platform.database.read() as db:
        one = stored.read(db, dataset_id, name)
    return Response(platform.blobs.read(one.file_key), media_type="application/vnd.apache.parquet")
