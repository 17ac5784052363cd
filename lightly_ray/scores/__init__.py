"""How much each sample would teach: one formula, one pure function. No Ray, no objects.

    classification.py   least_confidence, margin, entropy
    detection.py        object_frequency (object_counts, summarize, merge, finish),
                        objectness_least_confidence, box_uncertainties
    segmentation.py     pixel_uncertainties
    keypoints.py        mean_uncertainty
    tasks.py            one Arrow batch of any task -> its scores, and what is wrong with each sample
    prediction_columns.py   which columns of a file are read, under which names
    read_tasks.py       a path of predictions -> tasks that read it apart from each other
    whole_tables.py     predictions wherever they are -> one table, for whoever needs all of them at once
    tables.py           scores as Arrow tables: errors as rows, object_frequency finished
    alignment.py        align_scores: put scores into the order of given file names
    kernels.py          the compiled passes under all of them

Every score lies in [0, 1] and 1 is most wanted. float32 in: float32 arithmetic and result; float64
in: float64. A sample's score depends on that sample alone (``object_frequency``: and on the extent of
the counts), so splitting the data changes no bit. The formulas assume clean arrays:
``data/predictions`` is the door where they are checked.
"""

from lightly_ray.scores.alignment import align_scores
from lightly_ray.scores.classification import entropy, least_confidence, margin
from lightly_ray.scores.detection import box_uncertainties, object_counts, objectness_least_confidence
from lightly_ray.scores.keypoints import mean_uncertainty
from lightly_ray.scores.segmentation import pixel_uncertainties

__all__ = [
    "align_scores",
    "box_uncertainties",
    "entropy",
    "least_confidence",
    "margin",
    "mean_uncertainty",
    "object_counts",
    "objectness_least_confidence",
    "pixel_uncertainties",
]
