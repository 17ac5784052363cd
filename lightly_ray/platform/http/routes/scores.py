"""Scores of the samples of a tag."""

from fastapi import APIRouter
from fastapi.responses import JSONResponse

from lightly_ray.platform.http import views
from lightly_ray.platform.http.dependencies import Here
from lightly_ray.platform.http.schemas import Created, ScoreData, ScoresBody
from lightly_ray.platform.services import scoring
from lightly_ray.platform.storage.store import scores, tags

router = APIRouter(prefix="/v1/datasets/{dataset_id}/tags/{tag_id}/scores", tags=["scores"])


@router.post("", status_code=201)
def put_scores(dataset_id: str, tag_id: str, body: ScoresBody, platform: Here) -> Created:
    """Upload scores, one per sample of the tag in mappings order; a further upload of a type replaces it."""
    return {"id": scoring.upload(platform, (dataset_id, tag_id), body.score_type, body.scores)}


@router.get("")
def list_scores(dataset_id: str, tag_id: str, platform: Here) -> list[ScoreData]:
    """The scores of a tag without their numbers, uploaded or computed of stored predictions, the newest at the end."""
    with platform.database.read() as db:
        tags.read(db, dataset_id, tag_id)
        return [views.score(one) for one in scores.listing(db, tag_id)]


@router.get("/{score_id}", response_model=ScoreData)
def read_scores(dataset_id: str, tag_id: str, score_id: str, platform: Here) -> JSONResponse:
    """Scores with their numbers."""
    with platform.database.read() as db:
        tag = tags.read(db, dataset_id, tag_id)
        score = scores.read(db, tag_id, score_id)
    return JSONResponse({**views.score(score), "scores": scoring.read_all(platform, tag, score).tolist()})
