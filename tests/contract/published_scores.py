"""Scores of made-up predictions of every task, by the package named: ``published_scores.py PACKAGE OUTPUT.npz``.

Run by the interpreter of a published client, which has neither this project nor its tests.
"""

import importlib
import sys
from typing import Any

import numpy as np


def all_scores(package: str) -> dict[str, Any]:
    """Score name with its task in front -> (N,) scores, from the same random predictions each time."""
    scorers = importlib.import_module(f"{package}.active_learning.scorers")
    utils = importlib.import_module(f"{package}.active_learning.utils")
    keypoints = importlib.import_module(f"{package}.active_learning.scorers.keypoint_detection")
    points = importlib.import_module(f"{package}.active_learning.utils.keypoint_predictions")
    rng = np.random.default_rng(5)
    box = utils.BoundingBox(0, 0, 1, 1)

    classes = rng.dirichlet(np.full(7, 0.3), 200)
    counts = rng.integers(0, 6, 150)
    given = [
        utils.ObjectDetectionOutput([box] * n, rng.random(n).tolist(), rng.dirichlet(np.ones(5), n).tolist())
        for n in counts.tolist()
    ]
    confident = [
        utils.ObjectDetectionOutput.from_scores([box] * n, rng.random(n).tolist(), rng.integers(0, 6, n).tolist())
        for n in counts.tolist()
    ]
    maps = [rng.dirichlet(np.ones(3), (height, 4)) for height in (1, 5, 2, 3)]
    people = [
        points.KeypointPrediction(
            [points.KeypointInstancePrediction(rng.random(3 * int(size)).tolist()) for size in rng.integers(0, 4, n)]
        )
        for n in rng.integers(0, 4, 60)
    ]
    config = {"frequency_penalty": 0.4, "min_score": 0.7}
    found = {
        "classification": scorers.ScorerClassification(classes).calculate_scores(),
        "raw": scorers.ScorerClassification(classes).calculate_scores(normalize_to_0_1=False),
        "binary": scorers.ScorerClassification(classes[:, :1]).calculate_scores(),
        "detection": scorers.ScorerObjectDetection(given, config).calculate_scores(),
        "confident": scorers.ScorerObjectDetection(confident, config).calculate_scores(),
        "segmentation": scorers.ScorerSemanticSegmentation(maps).calculate_scores(),
        "keypoints": keypoints.ScorerKeypointDetection(people).calculate_scores(),
    }
    return {f"{task}/{name}": values for task, scores in found.items() for name, values in scores.items()}


if __name__ == "__main__":
    np.savez(sys.argv[2], **all_scores(sys.argv[1]))
