"""The job that scores: predictions of a model -> one Parquet file, and scores of a tag where a platform is given.

OUTPUT           the column of names and one column per score, in the order of the predictions, whatever the number of
                 workers; with on_error=skip also ``error``, which says for each sample without scores why
OUTPUT.parts/    finished parts while the job runs (there object_frequency is still a count); an interrupted job goes
                 on behind them, and reads nothing again that lies wholly before
"""

import sys
from collections.abc import Iterator, Mapping
from functools import reduce
from itertools import chain
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray
from pydantic import Field

from lightly_ray.active_learning.agents import ActiveLearningAgent
from lightly_ray.active_learning.scorers.scorer import FILENAME, Scorer
from lightly_ray.data.outputs import fingerprint_files, finished
from lightly_ray.data.predictions.files import find_format
from lightly_ray.data.resumable_output import ResumableOutput, remove_parts, whole_output
from lightly_ray.errors import InvalidInputError, UnreadableError
from lightly_ray.methods import INITIAL_TAG
from lightly_ray.parallel.cluster import connected
from lightly_ray.parallel.errors import plain_errors
from lightly_ray.parallel.scoring.execute import OnError, Scoring, first_classes, score_in_order
from lightly_ray.progress import Progress
from lightly_ray.scores.detection import FREQUENCY, Extent, FrequencyConfig, merge
from lightly_ray.scores.prediction_columns import Columns
from lightly_ray.scores.read_tasks import cut_predictions
from lightly_ray.scores.tables import extent_of, finish_table, require_no_error
from lightly_ray.scores.tasks import SCORE_NAMES, Task
from lightly_ray.workflow.destination import DatasetSettings
from lightly_ray.workflow.place import Place
from lightly_ray.workflow.score_summary import Summary


class ScorePredictionsSettings(DatasetSettings):
    """Score predictions of a model, and upload the scores where a platform is given."""

    predictions: Place = Field(
        description="Parquet (file, folder, pattern), .npy of class probabilities, COCO results .json, folder of YOLO "
        ".txt files or of .npy segmentation maps; a path, or a URI (s3://...)",
    )
    task: Task = Field(description="what the model predicts")
    output: Place = Field(description="Parquet file to write: a path, or a URI")
    id_column: str = Field(default="filename", description="column of the file names in Parquet, and in the output")
    prediction_column: str | None = Field(
        default=None, description="column of the predictions in Parquet, where it is not called as in the schema"
    )
    images: Place | None = Field(
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
    tag: str = Field(default=INITIAL_TAG, description="tag that the scores are for; they must cover it")


def run_score_predictions(settings: ScorePredictionsSettings) -> dict[str, object]:
    """Score, write the result, and upload it.

    Run again when finished, this returns the same result without scoring again; when interrupted, it goes on. An
    upload is repeated, which changes nothing where it was complete.

    Raises:
        InvalidInputError, NotFoundError: an input or a setting cannot be used.
        ConflictError: something else is at ``output``, or an interrupted run left parts of something else there.
    """
    agent = _agent(settings)
    result = _scored(settings)
    if agent is None:
        return result
    agent.upload_scores(_Scored(_read(settings)))
    return result | {"dataset_id": agent.api_workflow_client.dataset_id, "tag": settings.tag}


class _Scored(Scorer):
    """Scores that are there already: a table of file names and scores."""

    def calculate_scores(self) -> dict[str, NDArray[Any]]:
        return {name: self.model_output[name].to_numpy() for name in self.model_output.column_names if name != FILENAME}


def _read(settings: ScorePredictionsSettings) -> pa.Table:
    names = [settings.id_column, *SCORE_NAMES[settings.task]]
    table = pq.read_table(settings.output.path, filesystem=settings.output.filesystem, columns=names)
    # Without the skipped ones: the agent then says that they are missing.
    return table.filter(pc.is_valid(table[names[1]])).rename_columns([FILENAME, *names[1:]])


def _agent(settings: ScorePredictionsSettings) -> ActiveLearningAgent | None:
    # Before anything is scored: a wrong token or tag should not cost the work.
    client = settings.dataset_client()
    return None if client is None else ActiveLearningAgent(client, query_tag_name=settings.tag)


def _scored(settings: ScorePredictionsSettings) -> dict[str, Any]:
    find_format(settings.predictions, settings.task)  # says what is wrong with the path before anything else does
    made_from = _made_from(settings)
    result = finished(settings.output, made_from)
    if result is None:
        resumable = ResumableOutput(settings.output, made_from)
        with connected():
            _score(settings, resumable)
        result = _join(settings, resumable, made_from)
    else:
        sys.stderr.write(f"{settings.output.shown} is finished already\n")
    remove_parts(settings.output)  # also those of a run that ended just before it could
    return result


def _made_from(settings: ScorePredictionsSettings) -> dict[str, object]:
    """The settings that decide the result, without secrets, and a digest of the inputs."""
    chosen = settings.model_dump(
        mode="json", exclude={"output", "server", "token_file", "dataset", "dataset_id", "tag"}
    )
    inputs = [place for place in (settings.predictions, settings.images) if place]
    return {"job": "score_predictions", **chosen, "files": {place.shown: fingerprint_files(place) for place in inputs}}


def _score(settings: ScorePredictionsSettings, resumable: ResumableOutput) -> None:
    try:
        with plain_errors():
            _score_rest(settings, resumable)
    except UnreadableError:
        raise  # a store that does not answer: what was done stays good
    except InvalidInputError:
        remove_parts(settings.output)  # the predictions have to be changed, and these parts are not of the new ones
        raise


def _score_rest(settings: ScorePredictionsSettings, resumable: ResumableOutput) -> None:
    columns = Columns(settings.task, settings.id_column, settings.prediction_column)
    read_tasks = cut_predictions(settings.predictions, columns, settings.images)
    if not read_tasks.rows:
        raise InvalidInputError(f"there are no predictions in {settings.predictions.shown!r}")
    if resumable.rows:
        sys.stderr.write(f"an earlier run scored {resumable.rows:,} samples, going on behind them\n")
    # Errors come as rows: the first in the order of the predictions is named, not the first that some worker met.
    if not resumable.rows:  # what an earlier run scored is not read again
        resumable.facts["classes"] = first_classes(read_tasks, columns)
    scoring = Scoring(columns, _config(settings), on_error="skip", classes=resumable.facts["classes"])
    with Progress("score", read_tasks.rows, unit="samples") as progress:
        progress.advance(resumable.rows)
        for scores in score_in_order(read_tasks, scoring, resumable.rows):
            resumable.add(scores if settings.on_error == "skip" else require_no_error(scores, settings.id_column))
            progress.advance(len(scores))
        resumable.write()


def _join(
    settings: ScorePredictionsSettings, resumable: ResumableOutput, made_from: Mapping[str, object]
) -> dict[str, Any]:
    summary = Summary(settings.id_column, SCORE_NAMES[settings.task])
    tables = _finished_tables(settings, resumable)
    first = next(tables)
    with whole_output(settings.output, first.schema) as output:
        for table in chain([first], tables):
            output.write(table)
            summary.add(table)
        result = {"output": settings.output.shown, "task": settings.task, **summary.result()}
        output.describe(made_from, result)
    return result


def _finished_tables(settings: ScorePredictionsSettings, resumable: ResumableOutput) -> Iterator[pa.Table]:
    if settings.task != "detection":
        return resumable.tables()
    extent = reduce(merge, map(extent_of, resumable.tables([FREQUENCY])), Extent())
    return (finish_table(table, extent, _config(settings)) for table in resumable.tables())


def _config(settings: ScorePredictionsSettings) -> FrequencyConfig:
    return FrequencyConfig(settings.frequency_penalty, settings.min_score)
