"""Selections: which methods there are, and asking for one."""

from fastapi import APIRouter
from typing_extensions import TypedDict

from lightly_ray import methods
from lightly_ray.errors import InvalidInputError
from lightly_ray.platform.http.dependencies import Here
from lightly_ray.platform.http.routes.app.views import QueuedJob
from lightly_ray.platform.http.schemas import Body
from lightly_ray.platform.jobs import enqueue
from lightly_ray.platform.jobs.sampling_request import Method, SamplingConfig, SamplingRequest, StoppingCondition

router = APIRouter(prefix="/app")


class MethodData(TypedDict):
    """A method, and what it asks for."""

    name: str
    summary: str
    needsEmbedding: bool
    needsScores: bool
    takesScores: bool
    takesMinDistance: bool


class NewSelection(Body):
    """Select samples and make a tag of them.

    Attributes:
        name: of the tag.
        method: one of `GET methods`.
        samples: of the tag, preselected included; a float up to 1 is a share; null: as many as ``min_distance`` lets.
        embedding, query, preselected: ids.
        score: the type of scores on the query tag.
        min_distance: samples nearer than that to the selection are not taken.
        seed: of what is drawn at random.
    """

    name: str
    method: Method
    samples: int | float | None = None
    embedding: str | None = None
    query: str | None = None
    preselected: str | None = None
    score: str | None = None
    min_distance: float | None = None
    seed: int = 0


@router.get("/methods")
def list_methods() -> list[MethodData]:
    """The selection methods."""
    return [
        {
            "name": name,
            "summary": summary,
            "needsEmbedding": methods.needs_embeddings(name),
            "needsScores": methods.needs_scores(name),
            "takesScores": methods.takes_scores(name),
            "takesMinDistance": methods.takes_min_distance(name),
        }
        for name, summary in methods.SUMMARIES.items()
    ]


@router.post("/datasets/{dataset_id}/selections")
def start_selection(dataset_id: str, body: NewSelection, platform: Here) -> QueuedJob:
    """Queue a selection, whose tag is named already; the same request again answers the same job."""
    request = _request(body)
    with platform.database.write() as db:
        return {"job": enqueue.sampling(db, dataset_id, body.embedding, request)}


def _request(body: NewSelection) -> SamplingRequest:
    distance = body.min_distance or 0.0
    if body.samples is None and distance <= 0:
        raise InvalidInputError("samples is missing: how many, or a smallest distance that ends the selection")
    if distance > 0 and not methods.takes_min_distance(body.method):
        raise InvalidInputError(f"{body.method} does not pick by distances, got minDistance {distance:g}")
    size = methods.OPEN_END if body.samples is None else body.samples
    stop = StoppingCondition(n_samples=size, min_distance=distance if distance > 0 else -1.0)
    return SamplingRequest(
        new_tag_name=body.name,
        method=body.method,
        config=SamplingConfig(stopping_condition=stop),
        query_tag_id=body.query,
        preselected_tag_id=body.preselected,
        score_type=body.score,
        seed=body.seed,
        normalize=methods.default_normalize(body.method, distance),
    )
