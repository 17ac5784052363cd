"""The door: labels and predictions of one task -> how good the predictions are."""

from lightly_ray.data.labels.table import Labels
from lightly_ray.data.predictions.table import Predictions
from lightly_ray.errors import InvalidInputError
from lightly_ray.evaluation import classification, detection
from lightly_ray.evaluation.join import join
from lightly_ray.evaluation.result import Evaluation


def evaluate(labels: Labels, predictions: Predictions) -> Evaluation:
    """Measure predictions against labels, over the samples that have both, joined by file name.

    Samples that cannot be labelled are left out, and so are those without a label in a classification. Classes go by
    name. A class of the labels that the model does not know counts as one that it never predicts.

    Args:
        labels: of classification, one class per sample, or of detection; every row with its file name.
        predictions: of the same task; for detection with boxes.

    Raises:
        InvalidInputError: the tasks differ, there is no evaluation of the task, a sample has several classes, a row of
            the labels has no file name, no sample has both, or labels and predictions have no class in common.

    Example:
        >>> import pyarrow as pa
        >>> from lightly_ray.data.labels.table import SCHEMA, checked as checked_labels
        >>> from lightly_ray.data.predictions.table import checked as checked_predictions
        >>> rows = [{"filename": "a", "annotations": [{"class": "cat"}]}]
        >>> rows += [{"filename": "b", "annotations": [{"class": "dog"}]}]
        >>> labels = checked_labels("classification", pa.Table.from_pylist(rows, SCHEMA), "labels")
        >>> rows = [{"filename": "b", "probabilities": [0.3, 0.7]}, {"filename": "a", "probabilities": [0.2, 0.8]}]
        >>> table = pa.Table.from_pylist(rows)
        >>> predictions = checked_predictions("classification", table, "predictions", ["cat", "dog"])
        >>> evaluate(labels, predictions).metrics["accuracy"]
        0.5
    """
    if labels.task != predictions.task:
        raise InvalidInputError(f"the labels are of {labels.task}, the predictions of {predictions.task}")
    if labels.task not in ("classification", "detection"):
        raise InvalidInputError(f"{labels.task} cannot be evaluated yet: classification and detection can")
    joined = join(labels, predictions)
    return classification.evaluate(joined) if labels.task == "classification" else detection.evaluate(joined)
