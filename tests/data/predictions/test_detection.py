import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from lightly_ray.active_learning.utils import BoundingBox, ObjectDetectionOutput
from lightly_ray.data.predictions.detection import made_up
from lightly_ray.data.predictions.ragged import Ragged

IMAGES = st.lists(st.lists(st.tuples(st.floats(0, 1), st.integers(0, 6)), max_size=4), max_size=5)


@given(IMAGES)
def test_made_up__equals_the_objects_that_users_build(images: list[list[tuple[float, int]]]) -> None:
    scores = Ragged.from_lengths(
        np.array([s for one in images for s, _ in one]), np.array([len(one) for one in images], int)
    )
    labels = np.array([label for one in images for _, label in one], np.int64)
    found = made_up(scores, labels)
    expected = [
        row
        for one in images
        for row in ObjectDetectionOutput.from_scores(
            [BoundingBox(0, 0, 1, 1)] * len(one), [s for s, _ in one], [label for _, label in one]
        ).class_probabilities
    ]
    assert [found.row(row).tolist() for row in range(len(found))] == expected
