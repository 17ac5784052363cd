"""What holds for every scorer, and for one of a user's own."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from numpy.typing import NDArray

from lightly_ray.active_learning.scorers import (
    Scorer,
    ScorerClassification,
    ScorerKeypointDetection,
    ScorerObjectDetection,
    ScorerSemanticSegmentation,
)
from lightly_ray.active_learning.utils import (
    BoundingBox,
    KeypointInstancePrediction,
    KeypointPrediction,
    ObjectDetectionOutput,
)
from lightly_ray.errors import InvalidInputError

BOX = BoundingBox(0.1, 0.2, 0.3, 0.4)
NAMES = ["b.jpg", "a.jpg", "c.jpg"]
PREDICTIONS: dict[type[Scorer], list[Any]] = {
    ScorerClassification: [[0.7, 0.2, 0.1], [0.4, 0.5, 0.1], [1, 0, 0]],
    ScorerObjectDetection: [
        ObjectDetectionOutput([BOX, BOX], [0.5, 0.25], [[0.75, 0.25], [0.5, 0.5]]),
        ObjectDetectionOutput([], [], []),
        ObjectDetectionOutput([BOX], [1.0], [[0.125, 0.875]]),
    ],
    ScorerSemanticSegmentation: [
        np.full((2, 3, 4), 0.25),
        np.eye(2)[np.zeros((5, 1), int)],
        np.full((1, 1, 2), 0.5),
    ],
    ScorerKeypointDetection: [
        KeypointPrediction([KeypointInstancePrediction([1, 2, 0.5, 3, 4, 0.25])]),
        KeypointPrediction([]),
        KeypointPrediction([KeypointInstancePrediction([1, 2, 1.0])]),
    ],
}
TABLES: dict[type[Scorer], dict[str, list[Any]]] = {
    ScorerClassification: {"probabilities": PREDICTIONS[ScorerClassification]},
    ScorerObjectDetection: {
        "object_probabilities": [[0.5, 0.25], [], [1.0]],
        "class_probabilities": [[[0.75, 0.25], [0.5, 0.5]], [], [[0.125, 0.875]]],
    },
    ScorerSemanticSegmentation: {
        "probabilities": [one.ravel() for one in PREDICTIONS[ScorerSemanticSegmentation]],
        "shape": [one.shape for one in PREDICTIONS[ScorerSemanticSegmentation]],
    },
    ScorerKeypointDetection: {"keypoints": [[[1, 2, 0.5, 3, 4, 0.25]], [], [[1, 2, 1.0]]]},
}
every_scorer = pytest.mark.parametrize("scorer", PREDICTIONS)


class Batches:
    """What a Ray dataset can do, as far as scorers ask."""

    def __init__(self, table: pa.Table) -> None:
        self._table = table

    def iter_batches(self, *, batch_format: str, batch_size: int | None) -> Iterator[pa.Table]:
        assert (batch_format, batch_size) == ("pyarrow", None)
        yield from (self._table.slice(0, 1), self._table.slice(1))


def _require_equal(found: dict[str, NDArray[Any]], expected: dict[str, NDArray[Any]]) -> None:
    assert list(found) == list(expected)
    for name, scores in expected.items():
        np.testing.assert_array_equal(found[name], scores, strict=True)


@every_scorer
def test_scorer__by_position(scorer: type[Any]) -> None:
    made = scorer(PREDICTIONS[scorer])
    assert made.filenames is None
    found = made.calculate_scores()
    assert list(found) == made.score_names()
    for scores in found.values():
        assert scores.shape == (3,)
        assert scores.dtype == np.float64
        assert ((scores >= 0) & (scores <= 1)).all()


@every_scorer
def test_scorer__iterators_are_used_once_and_scores_asked_twice(scorer: type[Any]) -> None:
    predictions = PREDICTIONS[scorer]
    expected = scorer(predictions).calculate_scores()
    made = scorer(one for one in predictions)
    _require_equal(made.calculate_scores(), expected)
    _require_equal(made.calculate_scores(), expected)


@every_scorer
def test_scorer__mappings_tables_and_datasets_bring_names(scorer: type[Any]) -> None:
    expected = scorer(PREDICTIONS[scorer]).calculate_scores()
    table = pa.table({**TABLES[scorer], "image": NAMES, "other": [1, 2, 3]})
    named = table.rename_columns({"image": "filename"})
    for made in (
        scorer(dict(zip(NAMES, PREDICTIONS[scorer], strict=True))),
        scorer(named),
        scorer(pa.concat_tables([named.slice(0, 2), named.slice(2)])),
        scorer.from_dataset(named),
        scorer.from_dataset(table, id_column="image"),
        scorer.from_dataset(Batches(table), id_column="image"),
    ):
        assert list(made.filenames) == NAMES
        _require_equal(made.calculate_scores(), expected)


@every_scorer
def test_scorer__tables_without_names_are_by_position(scorer: type[Any]) -> None:
    made = scorer(pa.table(TABLES[scorer]))
    assert made.filenames is None
    _require_equal(made.calculate_scores(), scorer(PREDICTIONS[scorer]).calculate_scores())


@every_scorer
def test_scorer__nothing_to_score(scorer: type[Any]) -> None:
    empty: list[Any] = [[], {}, pa.table(TABLES[scorer]).slice(0, 0)]
    for nothing in empty:
        assert all(len(scores) == 0 for scores in scorer(nothing).calculate_scores().values())


@every_scorer
def test_from_dataset__what_cannot_be_used(scorer: type[Any]) -> None:
    table = pa.table(TABLES[scorer])
    with pytest.raises(InvalidInputError, match="no column 'filename' of file names, got"):
        scorer.from_dataset(table)
    with pytest.raises(InvalidInputError, match="joined by file name, a string, got None"):
        scorer.from_dataset(table.append_column("filename", [["a", None, "c"]]))
    with pytest.raises(InvalidInputError, match="joined by file name, a string, got 1"):
        scorer.from_dataset(table.append_column("filename", [[1, 2, 3]]))
    with pytest.raises(InvalidInputError, match=r"a dataset is a ray\.data\.Dataset, a pyarrow Table or a DataFrame"):
        scorer.from_dataset([1, 2, 3])


def test_scorer__names_must_be_strings() -> None:
    with pytest.raises(InvalidInputError, match="joined by file name, a string, got 7"):
        ScorerClassification({7: [0.5, 0.5]})


class ScorerSize(Scorer):
    """The example of the documentation."""

    def calculate_scores(self) -> dict[str, NDArray[Any]]:
        return {"size": np.asarray(self.model_output) / max(self.model_output)}

    @classmethod
    def score_names(cls) -> list[str]:
        return ["size"]


class ScorerOfOldCode(Scorer):
    """As written for the first releases: no names of scores, and no call of our constructor."""

    def __init__(self, predictions: Any) -> None:
        self.predictions = predictions

    def calculate_scores(self) -> dict[str, NDArray[Any]]:
        return {"half": np.full(len(self.predictions), 0.5)}


def test_own_scorer__by_position_and_by_name() -> None:
    assert ScorerSize([120, 480]).calculate_scores()["size"].tolist() == [0.25, 1]
    made = ScorerSize({"a.jpg": 120, "b.jpg": 480})
    assert made.filenames == ["a.jpg", "b.jpg"]
    assert made.calculate_scores()["size"].tolist() == [0.25, 1]
    assert made.score_names() == ["size"]


def test_own_scorer__without_our_constructor() -> None:
    made = ScorerOfOldCode([3, 4])
    assert made.filenames is None
    assert ScorerOfOldCode.from_dataset(pa.table({"filename": NAMES, "x": [1, 2, 3]})).filenames == NAMES
    with pytest.raises(NotImplementedError, match="ScorerOfOldCode does not say"):
        made.score_names()


def test_own_scorer__must_calculate() -> None:
    class Idle(Scorer):
        pass

    with pytest.raises(TypeError, match="abstract"):
        Idle([])  # type: ignore[abstract]  # the point of the test


@every_scorer
def test_scorer__frames_bring_names(scorer: type[Scorer]) -> None:
    expected = scorer(pa.table({"filename": NAMES, **TABLES[scorer]})).calculate_scores()
    frame = pd.DataFrame(TABLES[scorer], index=NAMES)
    for source in (frame, frame.rename_axis("filename").reset_index()):
        for built in (scorer(source), scorer.from_dataset(source)):
            assert list(built.filenames or ()) == NAMES
            for name, scores in built.calculate_scores().items():
                np.testing.assert_array_equal(scores, expected[name])


def test_scorer__a_frame_with_a_column_per_class() -> None:
    rows = PREDICTIONS[ScorerClassification]
    expected = ScorerClassification(rows).calculate_scores()["uncertainty_margin"]
    frame = pd.DataFrame(rows, index=NAMES)
    for source, names in (
        (frame, NAMES),
        (frame.rename_axis("filename").reset_index(), NAMES),
        (frame.reset_index(drop=True), None),
    ):
        found = ScorerClassification(source)
        assert found.filenames == names
        np.testing.assert_array_equal(found.calculate_scores()["uncertainty_margin"], expected)
    with pytest.raises(InvalidInputError, match="must be names, or 0"):
        ScorerClassification(frame.reset_index(drop=True)[::-1])


def test_scorer__confidences_a_hair_over_one_count_as_one() -> None:
    hair = 1.0000001192
    boxes = ScorerObjectDetection([ObjectDetectionOutput.from_scores([BOX], [hair], [1])]).calculate_scores()
    expected = ScorerObjectDetection([ObjectDetectionOutput.from_scores([BOX], [1.0], [1])]).calculate_scores()
    for name, scores in expected.items():
        np.testing.assert_array_equal(boxes[name], scores)
    points = KeypointPrediction([KeypointInstancePrediction([1, 2, hair, 3, 4, 0.5])])
    assert ScorerKeypointDetection([points]).calculate_scores()["mean_uncertainty"].tolist() == [0.25]
    with pytest.raises(InvalidInputError, match="must lie in"):
        ObjectDetectionOutput.from_scores([BOX], [1.5], [1])
    with pytest.raises(InvalidInputError, match="must lie in"):
        KeypointInstancePrediction([1, 2, 1.5])
