"""A classifier against labels: one class per sample.

References:
    Guo, Pleiss, Sun, Weinberger. On Calibration of Modern Neural Networks. ICML 2017, equations 2 and 3.
"""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from lightly_ray.data.predictions import classification
from lightly_ray.errors import InvalidInputError
from lightly_ray.evaluation.join import Joined
from lightly_ray.evaluation.label_errors import label_errors
from lightly_ray.evaluation.result import Bin, ClassResult, Evaluation
from lightly_ray.methods import LABEL_ERROR, PREDICTION_ERROR

BINS = 15  # as in the paper


def evaluate(joined: Joined) -> Evaluation:
    """Accuracy, precision, recall, F1, confusion and calibration, and the scores of each sample.

        prediction_error = 1 - p_label       label_error: `label_errors`

    The predicted class is the likeliest, the first among equals.

    Raises:
        InvalidInputError: a sample has more than one class.
    """
    labels = _labels(joined)
    probabilities = _matrix(joined.predictions.table)
    width = probabilities.shape[1]
    predicted = probabilities.argmax(axis=1)
    confidence = np.take_along_axis(probabilities, predicted[:, None], axis=1)[:, 0]
    known = labels < width
    given = np.where(known, np.take_along_axis(probabilities, np.minimum(labels, width - 1)[:, None], axis=1)[:, 0], 0)
    right = predicted == labels
    classes = class_results(labels, predicted, joined.classes)
    bins = calibration(confidence, right)
    return Evaluation(
        task="classification",
        classes=classes,
        counts=joined.counts,
        metrics={
            "accuracy": float(right.mean()),
            "macro_f1": float(np.mean([one.f1 for one in classes if one.support or one.predicted])),
            "expected_calibration_error": calibration_error(bins),
        },
        filenames=joined.filenames,
        scores={PREDICTION_ERROR: 1 - given, LABEL_ERROR: label_errors(probabilities, labels, given)},
        confusion=confusion(labels, predicted),
        calibration=bins,
    )


def class_results(
    labels: NDArray[np.int64], predicted: NDArray[np.int64], names: tuple[str, ...]
) -> tuple[ClassResult, ...]:
    """How each class went.

        precision = tp / predicted,   recall = tp / support,   F1 = 2 tp / (support + predicted)

    with tp the samples that are both labelled and predicted as the class.

    Args:
        labels: (n,) positions in ``names``.
        predicted: (n,) likewise.
        names: of the classes.
    """
    count = len(names)
    support, guessed = np.bincount(labels, minlength=count), np.bincount(predicted, minlength=count)
    hits = np.bincount(labels[labels == predicted], minlength=count)
    with np.errstate(invalid="ignore"):
        precision, recall, f1 = hits / guessed, hits / support, 2 * hits / (support + guessed)
    return tuple(
        ClassResult(name, int(support[k]), int(guessed[k]), float(precision[k]), float(recall[k]), float(f1[k]))
        for k, name in enumerate(names)
    )


def confusion(labels: NDArray[np.int64], predicted: NDArray[np.int64]) -> NDArray[np.int64]:
    """(k, 3) label, prediction, count: the entries above 0 of the confusion matrix, which may be too large itself."""
    width = int(max(labels.max(initial=0), predicted.max(initial=0))) + 1
    pairs, counts = np.unique(labels * width + predicted, return_counts=True)
    return np.column_stack([pairs // width, pairs % width, counts]).astype(np.int64)


def calibration(confidence: NDArray[np.floating], right: NDArray[np.bool_]) -> tuple[Bin, ...]:
    """The samples in `BINS` bins of equal width, ((m - 1) / M, m / M]; a confidence of 0 is in the first."""
    confidence = np.asarray(confidence, dtype=np.float64)
    of_bin = np.clip(np.ceil(confidence * BINS).astype(np.int64) - 1, 0, BINS - 1)
    counts = np.bincount(of_bin, minlength=BINS)
    with np.errstate(invalid="ignore"):
        means = np.bincount(of_bin, confidence, BINS) / counts
        shares = np.bincount(of_bin, right, BINS) / counts
    return tuple(Bin(int(n), float(mean), float(share)) for n, mean, share in zip(counts, means, shares, strict=True))


def calibration_error(bins: tuple[Bin, ...]) -> float:
    """Expected calibration error: sum_m (n_m / n) |accuracy_m - confidence_m|."""
    total = sum(one.count for one in bins)
    return sum(one.count / total * abs(one.accuracy - one.confidence) for one in bins if one.count)


def _labels(joined: Joined) -> NDArray[np.int64]:
    several = np.flatnonzero(np.asarray(pc.list_value_length(joined.labels["annotations"])) > 1)
    if len(several):
        raise InvalidInputError(
            f"{len(several)} of {len(joined.filenames)} samples have more than one class, first: "
            f"{joined.filenames[int(several[0])].as_py()!r}; a distribution over classes is measured against one"
        )
    return joined.annotations()[1]


def _matrix(table: pa.Table) -> NDArray[np.floating]:
    rows = [classification.read(batch)[0].values for batch in table.to_batches()]
    return np.concatenate(rows).reshape(len(table), -1)
