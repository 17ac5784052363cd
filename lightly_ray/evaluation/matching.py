"""Which predicted box finds which labelled one, as COCO matches them; compiled."""

import numpy as np
from numpy.typing import NDArray

from lightly_ray.compiled import compiled

Boxes = NDArray[np.float64]
"""(B, 4) x0, y0, x1, y1."""


@compiled(error_model="numpy")
def match(
    found: Boxes,
    found_offsets: NDArray[np.int64],
    true: Boxes,
    true_ranges: NDArray[np.int64],
    thresholds: NDArray[np.float64],
) -> NDArray[np.bool_]:
    """Match the predictions of each group, one class in one image, from the first to the last.

    A prediction takes the labelled box with the largest IoU among those that are free, if that reaches the threshold;
    of equal ones the last, as in COCO's own evaluation.

    Args:
        found: predicted boxes, those of one group by falling score.
        found_offsets: (g + 1,) group i holds the predictions ``found_offsets[i]:found_offsets[i + 1]``.
        true: labelled boxes.
        true_ranges: (g, 2) group i holds the labels from the one to before the other.
        thresholds: (T,) of IoU.

    Returns:
        (B, T) whether a prediction has a label.
    """
    matched = np.zeros((len(found), len(thresholds)), dtype=np.bool_)
    for group in range(len(true_ranges)):
        first, last = true_ranges[group]
        taken = np.zeros((len(thresholds), last - first), dtype=np.bool_)
        overlaps = np.empty(last - first)
        for at in range(found_offsets[group], found_offsets[group + 1]):
            for other in range(first, last):
                overlaps[other - first] = _iou(found[at], true[other])
            for level in range(len(thresholds)):
                matched[at, level] = _take(overlaps, taken[level], thresholds[level])
    return matched


@compiled(error_model="numpy")
def _take(overlaps: NDArray[np.float64], taken: NDArray[np.bool_], threshold: float) -> bool:
    """Take the free label with the largest overlap; whether one reaches the threshold."""
    best, place = min(threshold, 1 - 1e-10), -1
    for other in range(len(overlaps)):
        if not taken[other] and overlaps[other] >= best:
            best, place = overlaps[other], other
    if place >= 0:
        taken[place] = True
    return place >= 0


@compiled(error_model="numpy")
def _iou(one: NDArray[np.float64], other: NDArray[np.float64]) -> float:
    width = min(one[2], other[2]) - max(one[0], other[0])
    height = min(one[3], other[3]) - max(one[1], other[1])
    if width <= 0 or height <= 0:
        return 0.0
    common = width * height
    areas = (one[2] - one[0]) * (one[3] - one[1]) + (other[2] - other[0]) * (other[3] - other[1])
    return float(common / (areas - common))
