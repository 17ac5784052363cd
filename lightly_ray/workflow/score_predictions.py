"""The job that scores: predictions of a model -> one Parquet file, and scores of a tag where a platform is given.

OUTPUT    the column of names and one column per score, in no particular order; with on_error=skip also ``error``,
          which says for each sample without scores why
"""

import sys
from collections.abc import Iterable, Iterator
from itertools import chain
from pathlib import Path
from typing import Any, Self, cast

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray
from pydantic import Field, model_validator

from lightly_ray.active_learning.agents import ActiveLearningAgent
from lightly_ray.active_learning.scorers.scorer import FILENAME, Scorer
from lightly_ray.api import ApiWorkflowClient
from lightly_ray.data.outputs import ParquetOutput, fingerprint_files, finished
from lightly_ray.data.paths import locate, shown
from lightly_ray.data.predictions.files import find_format
from lightly_ray.errors import InvalidInputError
from lightly_ray.parallel.cluster import connected
from lightly_ray.parallel.score import ERROR, OnError, plain_errors, score
from lightly_ray.progress import Progress
from lightly_ray.scores.tasks import SCORE_NAMES, Task
from lightly_ray.settings import Settings, read_token

_LISTED = 100  # skipped samples that the result names; the output has all of them


class ScorePredictionsSettings(Settings):
    """Score predictions of a model, and upload the scores where a platform is given."""

    predictions: str = Field(
        min_length=1,
        description="Parquet (file, folder, pattern), .npy of class probabilities, COCO results .json, folder of YOLO "
        ".txt files or of .npy segmentation maps; a path, or a URI (s3://...)",
    )
    task: Task = Field(description="what the model predicts")
    output: str = Field(min_length=1, description="Parquet file to write: a path, or a URI")
    id_column: str = Field(default="filename", description="column of the file names in Parquet, and in the output")
    prediction_column: str | None = Field(
        default=None, description="column of the predictions in Parquet, where it is not called as in the schema"
    )
    images: str | None = Field(
        default=None,
        description="what names the images: COCO annotation file, folder of images, or text file with a name a line",
    )
    on_error: OnError = Field(default="raise", description="what a prediction that cannot be used does")
    frequency_penalty: float = Field(
        default=0.25, ge=0, le=1, description="detection: what each further object of a class counts"
    )
    min_score: float = Field(
        default=0.9, ge=0, le=1, description="detection: object_frequency of the image with the fewest objects"
    )
    server: str | None = Field(default=None, description="URL of a platform that gets the scores")
    token_file: Path | None = Field(default=None, description="file that holds the token for server")
    dataset_id: str | None = Field(default=None, description="dataset on server that the file names belong to")
    tag: str = Field(default="initial-tag", description="tag that the scores are for; they must cover it")

    @model_validator(mode="after")
    def _whole_destination(self) -> Self:
        given = [value is not None for value in (self.server, self.token_file, self.dataset_id)]
        if any(given) and not all(given):
            raise ValueError("server, token_file and dataset_id belong together: give all or none")
        return self


def run_score_predictions(settings: ScorePredictionsSettings) -> dict[str, object]:
    """Score, write the result, and upload it.

    Run again when finished, this returns the same result without scoring again; an upload is repeated, which
    changes nothing where it was complete.

    Raises:
        InvalidInputError, NotFoundError: an input or a setting cannot be used.
        ConflictError: something else is at ``output``.
    """
    agent = _agent(settings)
    result = _scored(settings)
    if agent is None:
        return result
    agent.upload_scores(_Scored(_read(settings)))
    return result | {"dataset_id": settings.dataset_id, "tag": settings.tag}


class _Scored(Scorer):
    """Scores that are there already: a table of file names and scores."""

    def calculate_scores(self) -> dict[str, NDArray[Any]]:
        return {name: self.model_output[name].to_numpy() for name in self.model_output.column_names if name != FILENAME}


def _read(settings: ScorePredictionsSettings) -> pa.Table:
    system, inside = locate(settings.output)
    names = [settings.id_column, *SCORE_NAMES[settings.task]]
    table = pq.read_table(inside, filesystem=system, columns=names)
    # Without the skipped ones: the agent then says that they are missing.
    return table.filter(pc.is_valid(table[names[1]])).rename_columns([FILENAME, *names[1:]])


class _Summary:
    """What the result says about the scores, block by block."""

    def __init__(self, id_column: str, scores: tuple[str, ...]) -> None:
        self._id_column = id_column
        self._samples = 0
        self._skipped: dict[str, str] = {}
        self._skipped_count = 0
        self._values: dict[str, tuple[float, float, float]] = dict.fromkeys(scores, (np.inf, 0.0, -np.inf))

    def add(self, block: pa.Table) -> None:
        """Count a block of scores."""
        skipped = block.filter(pc.is_valid(block[ERROR])) if ERROR in block.column_names else block.slice(0, 0)
        for name, reason in zip(skipped[self._id_column], skipped[ERROR] if len(skipped) else [], strict=True):
            sys.stderr.write(f"skipped: {name} has {reason}\n")
            if len(self._skipped) < _LISTED:
                self._skipped[str(name)] = str(reason)
        self._skipped_count += len(skipped)
        self._samples += len(block) - len(skipped)
        for name, (low, total, high) in self._values.items():
            values = block[name].drop_null().to_numpy().astype(np.float64)
            self._values[name] = (
                min(low, values.min(initial=np.inf)),
                total + float(values.sum()),
                max(high, values.max(initial=-np.inf)),
            )

    def result(self) -> dict[str, Any]:
        """Counts, and the extent and mean of each score."""
        scores = {
            name: {"min": float(low), "mean": total / self._samples, "max": float(high)}
            for name, (low, total, high) in self._values.items()
            if self._samples
        }
        return {
            "samples": self._samples,
            "skipped": self._skipped_count,
            "skipped_samples": self._skipped,
            "scores": scores,
        }


def _agent(settings: ScorePredictionsSettings) -> ActiveLearningAgent | None:
    # Before anything is scored: a wrong token or tag should not cost the work.
    if settings.server is None or settings.token_file is None:
        return None
    client = ApiWorkflowClient(read_token(settings.token_file), settings.dataset_id, server=settings.server)
    return ActiveLearningAgent(client, query_tag_name=settings.tag)


def _scored(settings: ScorePredictionsSettings) -> dict[str, Any]:
    find_format(settings.predictions, settings.task)  # says what is wrong with the path before anything else does
    chosen = settings.model_dump(mode="json", exclude={"output", "server", "token_file", "dataset_id", "tag"})
    chosen = {key: shown(value) if isinstance(value, str) else value for key, value in chosen.items()}
    made_from = {"job": "score_predictions", **chosen, "files": fingerprint_files(settings.predictions)}
    known = finished(settings.output, made_from)
    if known is not None:
        sys.stderr.write(f"{shown(settings.output)} is finished already\n")
        return known
    with connected(), plain_errors():
        return _write(settings, made_from)


def _blocks(settings: ScorePredictionsSettings) -> Iterator[pa.Table]:
    dataset = score(
        settings.predictions,
        task=settings.task,
        id_column=settings.id_column,
        prediction_column=settings.prediction_column,
        images=settings.images,
        config={"frequency_penalty": settings.frequency_penalty, "min_score": settings.min_score},
        on_error=settings.on_error,
    )
    blocks = dataset.iter_batches(batch_format="pyarrow", batch_size=None)
    return (block for block in cast("Iterable[pa.Table]", blocks) if len(block))


def _write(settings: ScorePredictionsSettings, made_from: dict[str, object]) -> dict[str, Any]:
    blocks = _blocks(settings)
    first = next(blocks, None)
    if first is None:
        raise InvalidInputError(f"there are no predictions in {shown(settings.predictions)!r}")
    summary = _Summary(settings.id_column, SCORE_NAMES[settings.task])
    with ParquetOutput(settings.output, first.schema) as output, Progress("score", unit="samples") as progress:
        for block in chain([first], blocks):
            output.write(block.cast(first.schema))
            summary.add(block)
            progress.advance(len(block))
        result = {"output": shown(settings.output), "task": settings.task, **summary.result()}
        output.describe(made_from, result)
    return result
