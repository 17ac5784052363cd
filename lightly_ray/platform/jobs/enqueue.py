"""Queue a selection, a projection, a grouping or an evaluation.

What it works on is pinned here, so later uploads do not change it.

Dataset, tag name and body make a selection's identity: asked again, the same job answers, whether it waits, runs
or has ended with its tag. A job that failed holds no name, so asking again tries again.
"""

from functools import reduce

from sqlalchemy import Connection

from lightly_ray.bitmask import BitMask
from lightly_ray.errors import ConflictError, InvalidInputError, NotFoundError
from lightly_ray.methods import CANNOT_BE_LABELLED_TAG, needs_embeddings, needs_scores, takes_labels, takes_scores
from lightly_ray.platform import limits, log
from lightly_ray.platform.jobs.pinned import (
    Asker,
    PinnedEmbedding,
    PinnedEvaluation,
    PinnedGrouping,
    PinnedPredictions,
    PinnedProjection,
    PinnedScore,
    PinnedSelection,
    PinnedStored,
    PinnedTag,
)
from lightly_ray.platform.jobs.sampling_request import SamplingRequest
from lightly_ray.platform.services import groups, predictions
from lightly_ray.platform.storage import audit
from lightly_ray.platform.storage.store import (
    datasets,
    embeddings,
    jobs,
    label_imports,
    samples,
    scores,
    tags,
)
from lightly_ray.platform.storage.store import predictions as stored
from lightly_ray.platform.storage.store.records import Embedding, Json, Score, Tag

METHODS_2D = ("PCA", "TSNE", "UMAP")


def sampling(db: Connection, dataset_id: str, embedding_id: str | None, request: SamplingRequest) -> str:
    """Queue a selection, or find the job that was queued for the same request; return the job's id.

    Args:
        db: a transaction.
        dataset_id: where the samples are.
        embedding_id: None for a method that looks at none.
        request: as it came.

    Raises:
        ConflictError: the tag name is taken (TAG_NAME_EXISTS), the embedding not uploaded (EMBEDDING_NOT_READY), or
            none was named and the method needs one.
        InvalidInputError, NotFoundError: the request cannot be met.
    """
    limits.tag_name(request.new_tag_name)
    if request.new_tag_name == CANNOT_BE_LABELLED_TAG:
        raise InvalidInputError(f"the tag {CANNOT_BE_LABELLED_TAG!r} is not one that selections make")
    datasets.lock(db, dataset_id)
    identity = request.identity(embedding_id)
    same = _same_job(db, dataset_id, request.new_tag_name, identity)
    if same is not None:
        return same
    pinned = _pin(db, dataset_id, _embedding(db, dataset_id, embedding_id, request.method), request)
    name = request.new_tag_name
    job_id = jobs.add(db, dataset_id, "SAMPLING", name=name, request=identity, pinned=pinned.to_json())
    tags.reserve(db, dataset_id, name, job_id)
    audit.about(name)
    return job_id


def projection(db: Connection, dataset_id: str, embedding_id: str, method: str) -> str:
    """Queue a projection of the newest version, or find the live job for it; return the job's id.

    Raises:
        ConflictError: the embedding is not uploaded (EMBEDDING_NOT_READY).
        InvalidInputError: there is no such method.
    """
    if method not in METHODS_2D:
        raise InvalidInputError(f"dimensionalityReductionMethod is one of {', '.join(METHODS_2D)}; got {method[:60]!r}")
    datasets.lock(db, dataset_id)
    embedding = embeddings.read(db, dataset_id, embedding_id)
    embeddings.require_file(embedding)
    request = {"embeddingId": embedding_id, "method": method, "version": embedding.version}
    pinned = PinnedProjection(
        method=method,
        embedding=PinnedEmbedding.model_validate(embedding),
        request_id=log.request_id(),
        asked_by=Asker.current(),
    )
    return _live_or_new(db, dataset_id, "PROJECTION", request, pinned)


def grouping(db: Connection, dataset_id: str, embedding_id: str, within: float) -> str:
    """Queue the search for near duplicates in the newest version, or find the live job for it; return the job's id.

    Raises:
        ConflictError: the embedding is not uploaded (EMBEDDING_NOT_READY).
        InvalidInputError: ``within`` is no distance, or there are too many samples.
    """
    datasets.lock(db, dataset_id)
    embedding = embeddings.read(db, dataset_id, embedding_id)
    groups.require_possible(embedding, within)
    request = {"embeddingId": embedding_id, "within": within, "version": embedding.version}
    pinned = PinnedGrouping(
        within=within,
        embedding=PinnedEmbedding.model_validate(embedding),
        rows=embedding.rows or 0,
        request_id=log.request_id(),
        asked_by=Asker.current(),
    )
    return _live_or_new(db, dataset_id, "GROUPING", request, pinned)


def evaluation(db: Connection, dataset_id: str, predictions_key: str, source: str | None, tag_id: str | None) -> str:
    """Queue an evaluation of the newest version, or find the live job for it; return the job's id.

    Args:
        db: a transaction.
        dataset_id: where the samples are.
        predictions_key: id or name of stored predictions.
        source: of the labels; None: all sources together.
        tag_id: of the samples that are looked at; None: all.

    Raises:
        NotFoundError: there are no such predictions (PREDICTIONS_UNKNOWN), labels (LABELS_UNKNOWN), tag (TAG_UNKNOWN).
        InvalidInputError: labels and predictions are of different tasks.
    """
    datasets.lock(db, dataset_id)
    of = stored.read(db, dataset_id, predictions_key)
    imports = label_imports.current(db, dataset_id, source)
    if not imports:
        raise label_imports.unknown(db, dataset_id, source)
    if other := next((it for it in imports if it.task != of.task), None):
        raise InvalidInputError(
            f"the labels of the source {other.source!r} are of {other.task}, the predictions {of.name!r} of {of.task}"
        )
    tag = tags.initial(db, dataset_id) if tag_id is None else tags.read(db, dataset_id, tag_id)
    pinned = PinnedEvaluation(
        predictions=PinnedStored.model_validate(of),
        source=source,
        label_imports=[it.id for it in imports],
        tag=PinnedTag.model_validate(tag),
        request_id=log.request_id(),
        asked_by=Asker.current(),
    )
    request = pinned.model_dump(mode="json", exclude={"request_id", "asked_by"})
    return _live_or_new(db, dataset_id, "EVALUATION", request, pinned)


def _live_or_new(
    db: Connection,
    dataset_id: str,
    kind: str,
    request: Json,
    pinned: PinnedProjection | PinnedGrouping | PinnedEvaluation,
) -> str:
    """The id of the live job for a request, or of a new one."""
    same = next((job.id for job in jobs.live(db, dataset_id, kind) if job.request == request), None)
    return same or jobs.add(db, dataset_id, kind, name=None, request=request, pinned=pinned.to_json())


def _same_job(db: Connection, dataset_id: str, name: str, identity: Json) -> str | None:
    owner = tags.owner_of(db, dataset_id, name)
    if owner is None:
        return None
    _, job_id = owner
    if job_id is None or jobs.read(db, job_id).request != identity:
        raise tags.name_taken(name)
    return job_id


def _embedding(db: Connection, dataset_id: str, embedding_id: str | None, method: str) -> Embedding | None:
    if embedding_id is not None:
        return embeddings.read(db, dataset_id, embedding_id)
    if needs_embeddings(method):
        raise ConflictError(f"{method} needs an embedding: upload one, and name it", code="EMBEDDING_NOT_READY")
    return None


def _pin(db: Connection, dataset_id: str, embedding: Embedding | None, request: SamplingRequest) -> PinnedSelection:
    query_tag, preselected_tag = _tags(db, dataset_id, request)
    query = query_tag.mask
    preselected = BitMask() if preselected_tag is None else preselected_tag.mask
    marked, held_out = tags.cannot_be_labelled(db, dataset_id), tags.held_out(db, dataset_id)
    free = query - preselected
    left = reduce(BitMask.difference, (tag.mask for tag in (marked, *held_out) if tag is not None), free)
    if free.count and not left.count:
        or_held_out = " or held out for validation" if held_out else ""
        raise InvalidInputError(
            f"all {free.count} samples that could be selected are marked as cannot be labelled{or_held_out}"
        )
    n_samples, min_distance = request.limits(
        (left | preselected).count, preselected.count, left_out=free.count - left.count
    )
    score = _score(db, dataset_id, query_tag, query, request)
    if embedding is not None:
        embeddings.require_file(embedding)
    prev_tag = preselected_tag or tags.initial(db, dataset_id)
    return PinnedSelection(
        tag_name=request.new_tag_name,
        method=request.method,
        n_samples=n_samples,
        min_distance=min_distance,
        seed=request.seed,
        random_share=request.random_share,
        normalize=request.normalize,
        prev_tag_id=prev_tag.id,
        query=PinnedTag.model_validate(query_tag),
        preselected=None if preselected_tag is None else PinnedTag.model_validate(preselected_tag),
        embedding=None if embedding is None else PinnedEmbedding.model_validate(embedding),
        score=None if score is None else PinnedScore.model_validate(score),
        predictions=_predictions(dataset_id, request),
        cannot_be_labelled=None if marked is None else PinnedTag.model_validate(marked),
        held_out=tuple(map(PinnedTag.model_validate, held_out)),
        request_id=log.request_id(),
        asked_by=Asker.current(),
    )


def _predictions(dataset_id: str, request: SamplingRequest) -> PinnedPredictions | None:
    digest = request.predictions_id
    if digest is None:
        return None
    if not takes_labels(request.method):
        raise InvalidInputError(f"{request.method} does not look at classes, got predictionsId")
    return PinnedPredictions(file_key=predictions.key(dataset_id, digest), sha256=digest)


def _tags(db: Connection, dataset_id: str, request: SamplingRequest) -> tuple[Tag, Tag | None]:
    first = tags.initial(db, dataset_id)
    query_tag, preselected_tag = first, None
    if request.query_tag_id is not None:
        query_tag = tags.read(db, dataset_id, request.query_tag_id, code="TAG_QUERYTAG_NOT_IN_DATASET")
    if request.preselected_tag_id is not None:
        preselected_tag = tags.read(
            db, dataset_id, request.preselected_tag_id, code="TAG_PRESELECTEDTAG_NOT_IN_DATASET"
        )
    return query_tag, preselected_tag


def _score(db: Connection, dataset_id: str, query_tag: Tag, query: BitMask, request: SamplingRequest) -> Score | None:
    if not needs_scores(request.method) and (request.score_type is None or not takes_scores(request.method)):
        if request.score_type is not None:
            raise InvalidInputError(f"{request.method} uses no scores, got scoreType {request.score_type[:60]!r}")
        return None
    try:
        score = scores.choose(db, query_tag.id, request.score_type)
    except NotFoundError as error:
        raise NotFoundError(f"{request.method} needs scores: {error}", code=error.code) from error
    if score.count != query.count:
        # The initial tag grows when images are appended; its older scores cover its first samples.
        name = query.select(samples.mappings(db, dataset_id))[min(score.count, query.count - 1)]
        raise InvalidInputError(
            f"score {score.score_type!r} has {score.count} values for the {query.count} samples of tag "
            f"{query_tag.name!r}: {name!r} has none, upload the scores again"
        )
    return score
