"""Predictions of models: stored, and measured against labels."""

import io
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from lightly_ray._types import PathLike
from lightly_ray.api.api_workflow_selection import SelectionMixin
from lightly_ray.api.models import EvaluationData, PredictionsData, parse, parse_list
from lightly_ray.data.labels.table import Task
from lightly_ray.data.predictions.packed import read_packed, write_packed
from lightly_ray.data.predictions.table import Predictions, checked
from lightly_ray.errors import ApiError, JobFailedError
from lightly_ray.methods import INITIAL_TAG
from lightly_ray.scores.whole_tables import read_whole

if TYPE_CHECKING:
    import pyarrow as pa
    import ray.data
    from numpy.typing import NDArray
    from pandas import DataFrame


class EvaluationMixin(SelectionMixin):
    """The part of `ApiWorkflowClient` that handles predictions and how good they are."""

    def upload_predictions(
        self,
        task: Task,
        data: "Predictions | ray.data.Dataset | PathLike | pa.Table | DataFrame | NDArray[Any]",
        name: str,
        *,
        classes: Sequence[str] = (),
        images: PathLike | None = None,
    ) -> PredictionsData:
        """Store what a model predicts, of some samples of the dataset or of all, joined by file name.

        Every score of the task can then be selected by on every tag whose samples are predicted, without an upload of
        scores: `SamplerConfig(score="uncertainty_entropy")` computes it of the predictions uploaded last. Uploaded
        again by the same name they are a new version; the same predictions again change nothing.

        Args:
            task: classification, detection, segmentation or keypoints.
            data: as `lightly_ray.score` takes it, with the names in `filename`; for an evaluation of detection with
                `boxes`, x0, y0, x1, y1 relative to the width and height of the image.
            name: of the predictions, "round-1" or a model's: letters, digits, space and .:;=@_-.
            classes: names of the classes in the order of their numbers, as labels call them; by default those of a
                frame's columns, or of the categories of a COCO annotation file, else the numbers.
            images: what names the images where a file does not, as in `lightly_ray.score`.

        Raises:
            InvalidInputError: a prediction cannot be used, or is of no sample of the dataset; the first is named.
            NotFoundError: there is no such file.
            ConflictError: the name is that of predictions of another task.
        """
        if isinstance(data, Predictions):
            table, named = data.table, data.classes
        else:
            table, named = read_whole(task, data, images)
        body = io.BytesIO()
        write_packed(checked(task, table, "the predictions", classes or named), body)
        path = self._at("predictions", quote(name, safe=""))
        return parse(PredictionsData, self.transport.put_bytes(path, body.getvalue()))

    def predictions(self, name: str) -> Predictions:
        """The newest version of stored predictions, by name or id.

        Raises:
            NotFoundError: there are none.
        """
        content = self.transport.get_bytes(self._at("predictions", quote(name, safe="")))
        return read_packed(io.BytesIO(content), "what the platform answered")

    def get_predictions(self) -> list[PredictionsData]:
        """The predictions that are stored, without what they say; those uploaded last at the end."""
        return parse_list(PredictionsData, self.transport.get(self._at("predictions")))

    def evaluate(self, predictions: str, labels: str | None = None, tag: str = INITIAL_TAG) -> EvaluationData:
        """Measure stored predictions against labels, on the samples of a tag that have both.

        It is a job: what it works on is fixed when it is asked for. Afterwards the tag has the scores
        `prediction_error` (worst predicted) and `label_error` (likeliest labelled wrong), 0 for samples that were not
        evaluated, by which samples can be sorted and selected.

        Args:
            predictions: name or id, as `upload_predictions` stored them; the newest version counts.
            labels: a source of labels; by default all sources together.
            tag: name of the tag whose samples are looked at.

        Raises:
            NotFoundError: there are no such predictions, labels or tag.
            InvalidInputError: labels and predictions are of different tasks.
            JobFailedError: they cannot be measured; the message says why.
        """
        body = {"predictions": predictions, "source": labels, "tagId": self.get_tag_by_name(tag).id}
        answer = self.transport.post(self._at("evaluations"), body, repeat=True)
        if not isinstance(answer, dict) or "jobId" not in answer:
            raise ApiError("the platform answered an evaluation without the id of its job")
        job = self._ended(str(answer["jobId"]))
        if job.status != "FINISHED" or job.result is None or job.result.data is None:
            raise JobFailedError(f"the evaluation failed: {job.error or f'its job ended {job.status}'}")
        return self.evaluation(job.result.data)

    def evaluation(self, evaluation_id: str) -> EvaluationData:
        """One evaluation, with all that it says.

        Raises:
            NotFoundError: there is none of that id.
        """
        return parse(EvaluationData, self.transport.get(self._at("evaluations", evaluation_id)))

    def evaluations(self) -> list[EvaluationData]:
        """All evaluations with their figures over all, in the order in which they were first made: round by round."""
        return parse_list(EvaluationData, self.transport.get(self._at("evaluations")))
