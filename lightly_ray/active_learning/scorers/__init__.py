"""Scorers: what a model predicted -> how much each sample would teach it.

    scorer.py           Scorer, the base, and how to write one of your own
    classification.py   ScorerClassification

For the agent: ``scorer.calculate_scores()`` is {score name: (N,) array}; ``scorer.filenames`` names
the N samples, or is None where predictions came by position (then N must be the size of the query
set); ``lightly_ray.scores.align_scores(scores, scorer.filenames, query_set)`` puts them into the
order of the query set and names the first missing, unknown or duplicate file.
"""

from lightly_ray.active_learning.scorers.classification import ScorerClassification
from lightly_ray.active_learning.scorers.scorer import Scorer

__all__ = ["Scorer", "ScorerClassification"]
