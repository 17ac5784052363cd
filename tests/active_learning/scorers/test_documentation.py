"""The examples in the documentation of scorers and of what they are given."""

import doctest
import importlib

import numpy as np
import pytest

from lightly_ray.active_learning import scorers, utils


@pytest.mark.parametrize(
    "module",
    [
        "scorers.scorer",
        "scorers.classification",
        "scorers.semantic_segmentation",
        "utils.bounding_box",
        "utils.object_detection_output",
        "utils.keypoint_predictions",
    ],
)
def test_examples__run_as_shown(module: str) -> None:
    names = {**vars(utils), **vars(scorers), "np": np}
    found = importlib.import_module(f"lightly_ray.active_learning.{module}")
    failed, tried = doctest.testmod(found, extraglobs=names)
    assert tried > 0
    assert failed == 0
