"""One batch of predictions of any task -> its scores, and what is wrong with each sample.

``evaluate`` is what runs on every block of a data set; ``finish_scores`` is what remains to be done when
all blocks are known.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, assert_never

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from lightly_ray.data.predictions import classification, detection, keypoints, segmentation
from lightly_ray.data.predictions.checks import Faults, PredictionFault, checked_distributions, require_no_fault
from lightly_ray.scores.classification import UNCERTAINTIES, uncertainties
from lightly_ray.scores.detection import (
    DETECTION_SCORES,
    FREQUENCY,
    Extent,
    FrequencyConfig,
    detection_scores,
    finish,
    summarize,
)
from lightly_ray.scores.keypoints import KEYPOINT_SCORES, mean_uncertainty
from lightly_ray.scores.segmentation import pixel_uncertainties

Task = Literal["classification", "detection", "segmentation", "keypoints"]

SCORE_NAMES: dict[Task, tuple[str, ...]] = {
    "classification": UNCERTAINTIES,
    "detection": DETECTION_SCORES,
    "segmentation": UNCERTAINTIES,
    "keypoints": KEYPOINT_SCORES,
}


@dataclass(frozen=True, slots=True, eq=False)
class Evaluation:
    """Scores of N samples.

    Attributes:
        scores: score name -> (N,) values, NaN for a sample with a fault; ``object_frequency`` is still
            a count.
        faults: (N,) codes.
        reasons: row -> what is wrong with it, where that says more than its code.
    """

    scores: dict[str, NDArray[Any]]
    faults: Faults
    reasons: Mapping[int, str] = field(default_factory=dict)

    def reason(self, row: int) -> str | None:
        """What is wrong with a sample, in words that complete "it has ..."; None where nothing is."""
        code = PredictionFault(self.faults[row])
        return self.reasons.get(row, str(code)) if code else None


def count_classes(task: Task, batch: pa.RecordBatch) -> int:
    """How many classes all samples must have, as the first of a batch shows; 0 where none does, or may differ."""
    return classification.count_classes(classification.rows(batch)) if task == "classification" else 0


def evaluate(task: Task, batch: pa.RecordBatch, config: FrequencyConfig, classes: int = 0) -> Evaluation:
    """Score a batch of predictions.

    Args:
        task: which schema the batch has, see ``lightly_ray.data.predictions``.
        batch: N predictions.
        config: used by detection.
        classes: see `count_classes`; 0: that of the batch itself.

    Raises:
        InvalidInputError: a column is missing or has the wrong type.
    """
    # Samples with a fault are calculated like the others, and thrown away: what overflows there is of no interest.
    with np.errstate(all="ignore"):
        match task:
            case "classification":
                evaluated = _classification(batch, classes)
            case "detection":
                evaluated = _detection(batch, config.frequency_penalty)
            case "segmentation":
                evaluated = _segmentation(batch)
            case "keypoints":
                evaluated = _keypoints(batch)
            case unknown:
                assert_never(unknown)
    if evaluated.faults.any():
        for values in evaluated.scores.values():
            values[evaluated.faults != 0] = np.nan
    return evaluated


def finish_scores(
    scores: Mapping[str, NDArray[Any]], extent: Extent, config: FrequencyConfig
) -> dict[str, NDArray[Any]]:
    """Turn counts into scores once the extent over all batches is known; other scores stay as they are."""
    finished = dict(scores)
    if FREQUENCY in finished:
        finished[FREQUENCY] = finish(finished[FREQUENCY], extent, config.min_score)
    return finished


def score_table(
    task: Task, table: pa.Table, config: FrequencyConfig, filenames: Sequence[str] | None = None
) -> dict[str, NDArray[Any]]:
    """Score a whole table of predictions.

    Args:
        task: which schema the table has.
        table: N predictions.
        config: used by detection.
        filenames: N names for messages; None names the row.

    Returns:
        Score name -> (N,) scores.

    Raises:
        InvalidInputError: a column is missing or has the wrong type, or a prediction cannot be used.
    """
    # Batch by batch, since joining the chunks of a table would copy it.
    batches = table.to_batches() or [pa.RecordBatch.from_pylist([], schema=table.schema)]
    classes = next((found for found in (count_classes(task, batch) for batch in batches) if found), 0)
    done = [evaluate(task, batch, config, classes) for batch in batches]
    starts = np.cumsum([0, *(len(one.faults) for one in done)]).tolist()
    reasons = {start + row: text for start, one in zip(starts, done, strict=False) for row, text in one.reasons.items()}
    require_no_fault(np.concatenate([one.faults for one in done]), filenames, reasons=reasons)
    scores = {name: np.concatenate([one.scores[name] for one in done]) for name in SCORE_NAMES[task]}
    return finish_scores(scores, summarize_scores(scores), config)


def summarize_scores(scores: Mapping[str, NDArray[Any]]) -> Extent:
    """What ``finish_scores`` needs to know of these scores; samples with a fault do not count."""
    counts = scores.get(FREQUENCY, np.empty(0))
    return summarize(counts[~np.isnan(counts)])


def _classification(batch: pa.RecordBatch, classes: int) -> Evaluation:
    rows, faults = classification.read(batch, classes)
    return Evaluation(uncertainties(rows), faults)


def _keypoints(batch: pa.RecordBatch) -> Evaluation:
    found, faults = keypoints.read(batch)
    return Evaluation(dict(zip(KEYPOINT_SCORES, [mean_uncertainty(found)], strict=True)), faults)


def _detection(batch: pa.RecordBatch, penalty: float) -> Evaluation:
    faults = detection.structure_faults(batch)
    sound = faults == 0
    boxes = detection.read(batch if sound.all() else batch.filter(pa.array(sound)))
    boxes, faults[sound] = detection.checked(boxes)
    scores = {}
    for name, values in detection_scores(boxes, penalty).items():
        scores[name] = np.empty(len(faults), values.dtype)
        scores[name][sound] = values
    mislabelled = np.flatnonzero(faults == PredictionFault.LABEL).tolist()
    return Evaluation(scores, faults, {row: detection.label_reason(batch, row) for row in mislabelled})


def _segmentation(batch: pa.RecordBatch) -> Evaluation:
    faults = np.zeros(batch.num_rows, np.int8)
    kind = np.dtype(np.float32)
    values = np.zeros((len(UNCERTAINTIES), batch.num_rows))
    for row, found in enumerate(segmentation.maps(batch)):
        if isinstance(found, PredictionFault):
            faults[row] = found
            continue
        pixels, pixel_faults = checked_distributions(segmentation.pixels(found))
        kind = np.promote_types(kind, pixels.values.dtype)
        faults[row] = pixel_faults.max()
        values[:, row] = list(pixel_uncertainties(pixels).values())
    return Evaluation(dict(zip(UNCERTAINTIES, values.astype(kind), strict=True)), faults)
