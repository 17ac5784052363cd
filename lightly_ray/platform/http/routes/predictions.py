"""Class probabilities and labels, for selections that look at classes."""

from fastapi import APIRouter, Request
from starlette.concurrency import run_in_threadpool

from lightly_ray.platform.http.dependencies import Here
from lightly_ray.platform.http.schemas import Created
from lightly_ray.platform.services import predictions

router = APIRouter(prefix="/v1/datasets/{dataset_id}/predictions", tags=["predictions"])


@router.put("")
async def put_predictions(request: Request, dataset_id: str, platform: Here) -> Created:
    """Keep predictions and labels (Parquet); a selection names the id that this answers as its predictionsId."""
    body = await request.body()
    return {"id": await run_in_threadpool(predictions.upload, platform, dataset_id, body)}
