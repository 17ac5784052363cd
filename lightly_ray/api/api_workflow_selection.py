"""Scores and selections: upload scores of a query set, ask for a selection, wait for its tag."""

import io
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import ArrayLike, NDArray

from lightly_ray.api.api_workflow_tags import TagsMixin
from lightly_ray.api.api_workflow_upload_embeddings import EmbeddingsMixin
from lightly_ray.api.models import (
    JobStatusData,
    TagActiveLearningScoresData,
    TagData,
    created_id,
    parse,
    parse_list,
)
from lightly_ray.data.vectors import fixed_lists
from lightly_ray.errors import ApiError, InvalidInputError, JobFailedError, NotFoundError
from lightly_ray.methods import INITIAL_TAG, default_score, needs_embeddings, needs_scores, require_size, takes_scores
from lightly_ray.progress import Progress
from lightly_ray.sampler_config import SamplerConfig

_PENDING = ("UNKNOWN", "WAITING", "RUNNING")
_FIRST_POLL = 0.05  # seconds; small selections are done by then, and waits grow to what the platform asks for
_QUIET = 2.0  # seconds before the wait for a job shows itself
_PATIENCE = 60.0  # seconds that a platform may be away, restarting, while a job is waited for


class SelectionMixin(TagsMixin, EmbeddingsMixin):
    """The part of `ApiWorkflowClient` that handles scores and selections."""

    def upload_scores(self, al_scores: Mapping[str, ArrayLike], query_tag_id: str | None = None) -> None:
        """Upload scores of the samples of a tag; scores of the same name there are replaced.

        Args:
            al_scores: name of a score -> (N,) finite values, in the order of the tag's file names.
            query_tag_id: the tag; `initial-tag` by default.

        Raises:
            InvalidInputError: values are not finite, or not one number per sample.
        """
        checked = {name: _score_list(name, values) for name, values in al_scores.items()}
        tag_id = query_tag_id or self.get_tag_by_name(INITIAL_TAG).id
        for name, values in checked.items():
            body = {"scoreType": name, "scores": values}
            created_id(self.transport.post(self._at("tags", tag_id, "scores"), body, repeat=True))

    def upload_class_probabilities(
        self, filenames: Sequence[str], probabilities: NDArray[Any], labels: Mapping[str, int]
    ) -> str:
        """Upload class probabilities and labels, for a selection that looks at classes.

        Args:
            filenames: N samples, those that may be selected at least.
            probabilities: (N, C), each row a distribution.
            labels: true class (0 .. C - 1) by file name, of selected samples.

        Returns:
            The id by which `selection` takes them.

        Raises:
            InvalidInputError: a row is no distribution.
        """
        body = io.BytesIO()
        pq.write_table(_predictions_table(filenames, probabilities, labels), body)
        return created_id(self.transport.put_bytes(self._at("predictions"), body.getvalue()))

    def get_score_types(self, tag_id: str) -> list[str]:
        """Names of the scores of a tag, uploaded or computed of stored predictions, the oldest first."""
        return [score.score_type for score in sorted(self.get_score_data(tag_id), key=lambda score: score.created_at)]

    def get_score_data(self, tag_id: str) -> list[TagActiveLearningScoresData]:
        """The scores of a tag without their numbers, uploaded or of stored predictions; the newest at the end."""
        return parse_list(TagActiveLearningScoresData, self.transport.get(self._at("tags", tag_id, "scores")))

    def get_scores(self, tag_id: str, score_type: str) -> list[float]:
        """Scores, in the order of the tag's file names.

        Raises:
            NotFoundError: the tag has no scores of this name.
            InvalidInputError: they are those of stored predictions, and a sample has none.
        """
        for score in self.transport.get(self._at("tags", tag_id, "scores")):
            if score["scoreType"] == score_type:
                return list(self.transport.get(self._at("tags", tag_id, "scores", score["id"]))["scores"])
        raise NotFoundError(f"the tag has no scores {score_type!r}", code="SCORE_UNKNOWN")

    def selection(
        self,
        selection_config: SamplerConfig,
        preselected_tag_id: str | None = None,
        query_tag_id: str | None = None,
        *,
        embedding_id: str | None = None,
        predictions_id: str | None = None,
    ) -> TagData:
        """Select samples and wait for the tag that holds them.

        Args:
            selection_config: what to select.
            preselected_tag_id: samples that are selected already; the new tag holds them too.
            query_tag_id: what may be selected from; all samples by default.
            embedding_id: the embedding to use; the client's, else the newest, by default. RANDOM and ACTIVE_LEARNING
                look at none, and the dataset need not have any.
            predictions_id: what `upload_class_probabilities` returned; AUTO and COVERAGE then look at classes.

        Returns:
            The new tag: preselected samples and chosen ones.

        Raises:
            ConflictError: the tag name is taken, nothing was uploaded yet, or the method needs an embedding and there
                is none.
            JobFailedError: the selection failed; the message says why.
        """
        selection_config.check()
        tags = self._free_tag_name(selection_config.name)
        initial = next(tag for tag in tags if tag.name == INITIAL_TAG)
        body = _body(selection_config) | {"rowCount": tags[0].tot_size, "queryTagId": query_tag_id or initial.id}
        if preselected_tag_id is not None:
            body["preselectedTagId"] = preselected_tag_id
        method, score = selection_config.method, selection_config.score
        if needs_scores(method) or (takes_scores(method) and score is not None):
            body["scoreType"] = selection_config.score or self._default_score(body["queryTagId"])
        if predictions_id is not None:
            body["predictionsId"] = predictions_id
        looks = embedding_id is not None or needs_embeddings(method)
        where = self._at("embeddings", self._chosen(embedding_id), "sampling") if looks else self._at("sampling")
        # The same body for the same name is answered with the same job, so asking twice is harmless.
        answer = self.transport.post(where, body, repeat=True)
        if not isinstance(answer, dict) or "jobId" not in answer:
            raise ApiError("the platform answered a selection without the id of its job")
        return self.get_tag_by_id(self._tag_of_job(str(answer["jobId"]), str(selection_config.name)))

    def sampling(
        self,
        sampler_config: SamplerConfig,
        preselected_tag_id: str | None = None,
        query_tag_id: str | None = None,
        *,
        embedding_id: str | None = None,
    ) -> TagData:
        """The older name of `selection`."""
        return self.selection(sampler_config, preselected_tag_id, query_tag_id, embedding_id=embedding_id)

    def get_job(self, job_id: str) -> JobStatusData:
        """State of a job of the platform."""
        return parse(JobStatusData, self.transport.get(f"/v1/jobs/{job_id}"))

    def wait_for_selections(self) -> None:
        """Wait until no selection of the dataset waits or runs: also one that a process asked for which is gone since.

        The tag of such a selection is there afterwards, unless it failed.
        """
        jobs = parse_list(JobStatusData, self.transport.get("/v1/jobs", datasetId=self.dataset_id))
        for job in jobs:
            if job.job_type == "SAMPLING" and job.status in _PENDING:
                self._ended(job.id)

    def _ended(self, job_id: str) -> JobStatusData:
        """A job when it has ended; it is waited for."""
        return next(state for state in self._states(job_id) if state.status not in _PENDING)

    def _default_score(self, tag_id: str) -> str:
        names = self.get_score_types(tag_id)
        if not names:
            raise InvalidInputError("this method weighs samples by a score: upload scores for the query tag first")
        return default_score([names[-1], *names])

    def _tag_of_job(self, job_id: str, name: str) -> str:
        started = time.monotonic()
        with ExitStack() as stack:
            progress: Progress | None = None
            for job in self._states(job_id):
                if progress is None and time.monotonic() - started > _QUIET:
                    progress = stack.enter_context(Progress(f"select {name!r}", show=self.show_progress))
                if progress is not None and job.meta is not None:
                    progress.total = job.meta.total or None  # not known before the selection has begun
                    progress.to(job.meta.processed)
                if job.status not in _PENDING:
                    return _made_tag(job)
        raise AssertionError("states of a job do not end before its last")

    def _states(self, job_id: str) -> Iterator[JobStatusData]:
        """States of a job, polled more and more slowly; a platform that restarts is waited for."""
        wait, away_since = _FIRST_POLL, None
        while True:
            try:
                job, away_since = self.get_job(job_id), None
            except (ApiError, NotFoundError):
                away_since = away_since or time.monotonic()
                if time.monotonic() - away_since > _PATIENCE:
                    raise
                time.sleep(1)
                continue
            yield job
            time.sleep(wait)
            wait = min(2 * wait, max(job.wait_time_till_next_poll, _FIRST_POLL))


def _body(config: SamplerConfig) -> dict[str, Any]:
    stop = {"nSamples": require_size(config.n_samples), "minDistance": float(config.min_distance)}
    return {
        "newTagName": config.name,
        "method": config.method.upper(),
        "config": {"stoppingCondition": stop},
        "seed": config.seed,
        "randomShare": float(str(config.random_share)),
        "normalize": config.normalization,
    }


def _predictions_table(filenames: Sequence[str], probabilities: NDArray[Any], labels: Mapping[str, int]) -> pa.Table:
    """The form of the platform: every file name that has a prediction or a label."""
    given = fixed_lists(np.ascontiguousarray(probabilities))
    others = sorted(set(labels).difference(filenames))
    names = [*filenames, *others]
    return pa.table(
        {
            "filename": pa.array(names, pa.string()),
            "probabilities": pa.concat_arrays([given, pa.nulls(len(others), given.type)]),
            "label": pa.array([labels.get(name) for name in names], pa.int64()),
        }
    )


def _made_tag(job: JobStatusData) -> str:
    if job.status != "FINISHED" or job.result is None or job.result.data is None:
        raise JobFailedError(f"the selection failed: {job.error or f'its job ended {job.status} without a tag'}")
    return job.result.data


def _score_list(name: str, values: ArrayLike) -> list[float]:
    array = np.asarray(values)
    if array.ndim != 1 or array.dtype.kind not in "fiub":
        raise InvalidInputError(f"scores {name!r} must be one number per sample, got an array {array.shape}")
    bad = np.flatnonzero(~np.isfinite(array))
    if bad.size:
        raise InvalidInputError(f"{bad.size} scores {name!r} are not finite, the first at row {bad[0]}")
    return [float(value) for value in array.astype(np.float64)]
