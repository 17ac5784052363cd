"""How much each sample would teach: one formula, one pure function. No Ray, no objects.

    classification.py   least_confidence, margin, entropy             (N, C) -> (N,)
    alignment.py        put scores into the order of given filenames

Every score lies in [0, 1] and 1 is most wanted. float32 in: float32 arithmetic and result; float64
in: float64. A row's score depends on that row alone, so splitting the data changes no bit.
The functions assume clean arrays: ``data/predictions/checks.py`` is the door where they are checked.
"""

from lightly_ray.scores.alignment import align_scores
from lightly_ray.scores.classification import entropy, least_confidence, margin

__all__ = ["align_scores", "entropy", "least_confidence", "margin"]
