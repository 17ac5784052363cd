"""How good predictions are, measured against labels; which samples went worst, which labels are likely wrong. No Ray.

    evaluate           labels and predictions -> `Evaluation`, joined by file name
    result             `Evaluation`: figures over all, per class and per sample, and their JSON
    join               the samples that have both
    classification     accuracy, precision, recall, F1, confusion, calibration
    label_errors       confident learning: labels that are likely wrong
    detection          average precision as COCO defines it
    matching           the compiled pass that matches boxes

Segmentation and keypoints are refused: nothing is reported that is not computed by a published definition.
"""

from lightly_ray.evaluation.evaluate import evaluate
from lightly_ray.evaluation.result import SCORES, ClassResult, Evaluation

__all__ = ["SCORES", "ClassResult", "Evaluation", "evaluate"]
