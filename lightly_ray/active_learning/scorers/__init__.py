"""Scorers: what a model predicted -> how much each sample would teach it.

    scorer.py                 Scorer, the base, and how to write one of your own
    classification.py         ScorerClassification
    detection.py              ScorerObjectDetection
    semantic_segmentation.py  ScorerSemanticSegmentation
    keypoint_detection.py     ScorerKeypointDetection

Predictions come by position, in the order of the agent's query set, or with the file names they belong
to: ``{filename: prediction}``, or ``from_dataset(dataset, id_column="filename")``.

For the agent: ``scorer.calculate_scores()`` is {score name: (N,) array}; ``scorer.filenames`` names the N
samples, or is None where predictions came by position (then N must be the size of the query set);
``lightly_ray.scores.align_scores(scores, scorer.filenames, query_set)`` puts them into the order of the
query set and names the first missing, unknown or duplicate file.
"""

from lightly_ray.active_learning.scorers.classification import ScorerClassification
from lightly_ray.active_learning.scorers.detection import ScorerObjectDetection
from lightly_ray.active_learning.scorers.keypoint_detection import ScorerKeypointDetection
from lightly_ray.active_learning.scorers.scorer import Scorer
from lightly_ray.active_learning.scorers.semantic_segmentation import ScorerSemanticSegmentation

__all__ = [
    "Scorer",
    "ScorerClassification",
    "ScorerKeypointDetection",
    "ScorerObjectDetection",
    "ScorerSemanticSegmentation",
]
