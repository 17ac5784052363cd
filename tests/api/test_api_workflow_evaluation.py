"""Predictions stored on a running platform: scores that follow from them, and evaluations against imported labels."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from lightly_ray.active_learning.config import SamplerConfig
from lightly_ray.api import ApiWorkflowClient
from lightly_ray.errors import ConflictError, InvalidInputError, JobFailedError, NotFoundError
from lightly_ray.evaluation import SCORES, evaluate
from lightly_ray.scores import entropy, margin
from tests.evaluation.tables import boxed, classified, detected, distributions

CLASSES = ["cat", "dog", "elk"]
ROWS = np.random.default_rng(5).dirichlet(np.ones(3), 12)


def table_of(names: list[str], rows: np.ndarray = ROWS) -> pa.Table:
    return pa.table({"filename": names, "probabilities": [row.tolist() for row in rows]})


def test_upload_predictions__versions(uploaded: ApiWorkflowClient, tmp_path: Path) -> None:
    names = uploaded.get_filenames()
    order = np.random.default_rng(1).permutation(12)
    shuffled = table_of([names[row] for row in order], ROWS[order])
    first = uploaded.upload_predictions("classification", shuffled, "round-1", classes=CLASSES)
    assert (first.name, first.task, first.version, first.rows) == ("round-1", "classification", 1, 12)
    assert (first.classes, first.creator) == (CLASSES, "admin")
    kept = uploaded.predictions("round-1")
    assert kept.filenames.to_pylist() == names
    np.testing.assert_array_equal(np.array(kept.table["probabilities"].to_pylist()), ROWS)
    # The same again, from a file and in another order of rows, changes nothing; others are a new version.
    pq.write_table(table_of(names), tmp_path / "p.parquet")
    same = uploaded.upload_predictions("classification", tmp_path / "p.parquet", "round-1", classes=CLASSES)
    assert same == first
    newer = uploaded.upload_predictions("classification", table_of(names, ROWS[::-1]), "round-1", classes=CLASSES)
    assert (newer.id, newer.version) == (first.id, 2)
    assert uploaded.get_predictions() == [newer]


def test_upload_predictions__refused(uploaded: ApiWorkflowClient) -> None:
    names = uploaded.get_filenames()
    uploaded.upload_predictions("classification", table_of(names), "model")
    with pytest.raises(ConflictError, match="are of classification: store those of detection by another name"):
        uploaded.upload_predictions("detection", detected({names[0]: []}).table, "model")
    with pytest.raises(
        InvalidInputError, match=r"1 of 12 predictions are of no sample of this dataset, first: 'no\.png'"
    ):
        uploaded.upload_predictions("classification", table_of(["no.png", *names[1:]]), "other")
    with pytest.raises(InvalidInputError, match=r"is there more than once"):
        uploaded.upload_predictions("classification", table_of([names[1], *names[1:]]), "other")
    with pytest.raises(InvalidInputError, match="are of 3 classes, and 2 names are given"):
        uploaded.upload_predictions("classification", table_of(names), "other", classes=["a", "b"])
    with pytest.raises(InvalidInputError, match="a name of predictions has 1 to 255"):
        uploaded.upload_predictions("classification", table_of(names), "ä")
    with pytest.raises(NotFoundError, match="no predictions 'other' are stored, there are: 'model'"):
        uploaded.predictions("other")


def test_scores__are_those_of_the_predictions(uploaded: ApiWorkflowClient) -> None:
    names = uploaded.get_filenames()
    uploaded.upload_predictions("classification", table_of(names), "round-1")
    everything = uploaded.get_tag_by_name("initial-tag").id
    types = uploaded.get_score_types(everything)
    assert set(types) == {"uncertainty_least_confidence", "uncertainty_margin", "uncertainty_entropy"}
    np.testing.assert_allclose(uploaded.get_scores(everything, "uncertainty_margin"), margin(ROWS))
    part = uploaded.create_tag_from_filenames(names[2:9:2], "part").id
    np.testing.assert_allclose(uploaded.get_scores(part, "uncertainty_entropy"), entropy(ROWS[2:9:2]))
    # Uploaded later, a score takes the place of the computed one; later predictions take its place again.
    uploaded.upload_scores({"uncertainty_margin": np.arange(12)})
    assert uploaded.get_scores(everything, "uncertainty_margin") == list(range(12))
    uploaded.upload_predictions("classification", table_of(names, ROWS[::-1]), "round-2")
    np.testing.assert_allclose(uploaded.get_scores(everything, "uncertainty_margin"), margin(ROWS[::-1]))


def test_selection__by_a_score_that_nobody_uploaded(uploaded: ApiWorkflowClient) -> None:
    names = uploaded.get_filenames()
    uploaded.upload_predictions("classification", table_of(names), "round-1")
    config = SamplerConfig("ACTIVE_LEARNING", 3, name="uncertain", score="uncertainty_entropy")
    wanted = {names[row] for row in np.argsort(-entropy(ROWS))[:3]}
    tag = uploaded.selection(config)
    assert set(uploaded.get_filenames_in_tag(tag)) == wanted
    score = uploaded.get_tag_provenance(tag.id)["score"]
    assert (score["predictions"]["name"], score["predictions"]["version"]) == ("round-1", 1)


def test_selection__names_a_sample_without_prediction(uploaded: ApiWorkflowClient) -> None:
    names = uploaded.get_filenames()
    uploaded.upload_predictions("classification", table_of(names[1:], ROWS[1:]), "round-1")
    config = SamplerConfig("ACTIVE_LEARNING", 3, name="uncertain", score="uncertainty_entropy")
    with pytest.raises(JobFailedError, match=f"1 of 12 samples have no prediction in 'round-1', first: '{names[0]}'"):
        uploaded.selection(config)
    with pytest.raises(InvalidInputError, match=f"first: '{names[0]}'"):
        uploaded.get_scores(uploaded.get_tag_by_name("initial-tag").id, "uncertainty_entropy")
    # A sample that is selected already needs none.
    before = uploaded.create_tag_from_filenames(names[:1], "before")
    tag = uploaded.selection(config, preselected_tag_id=before.id)
    assert names[0] in uploaded.get_filenames_in_tag(tag)


def test_evaluate__classification(uploaded: ApiWorkflowClient) -> None:
    names = uploaded.get_filenames()
    labels = classified({name: [CLASSES[row % 3]] for row, name in enumerate(names[:10])})
    uploaded.import_labels(labels, source="round-1")
    uploaded.upload_predictions("classification", table_of(names), "model", classes=CLASSES)
    result = uploaded.evaluate("model", labels="round-1")
    rows = dict(zip(names, ROWS.tolist(), strict=True))
    expected = evaluate(labels, distributions(rows, CLASSES))
    assert result.metrics == pytest.approx(expected.metrics)
    assert result.result is not None
    assert result.result["counts"] == expected.to_json()["counts"]
    assert (result.predictions_name, result.predictions_version, result.source) == ("model", 1, "round-1")
    # What went worst is a score of the tag, to select by.
    everything = uploaded.get_tag_by_name("initial-tag").id
    for name, values in expected.scores.items():
        np.testing.assert_allclose(uploaded.get_scores(everything, name), [*values, 0, 0])
    assert uploaded.get_score_data(everything)[-1].score_type in SCORES
    unnamed = uploaded.selection(SamplerConfig("ACTIVE_LEARNING", 1, name="unnamed"))
    assert uploaded.get_tag_provenance(unnamed.id)["score"]["score_type"] == "uncertainty_margin"
    worst = uploaded.selection(SamplerConfig("ACTIVE_LEARNING", 1, name="worst", score="prediction_error"))
    assert uploaded.get_filenames_in_tag(worst) == [expected.worst("prediction_error")[0][0]]


def test_evaluate__labels_that_change_make_it_stale(uploaded: ApiWorkflowClient) -> None:
    names = uploaded.get_filenames()
    uploaded.import_labels(classified({names[0]: ["cat"]}), source="a")
    uploaded.upload_predictions("classification", table_of(names), "round-1", classes=CLASSES)
    first = uploaded.evaluate("round-1", labels="a")
    uploaded.upload_predictions("classification", table_of(names, ROWS[::-1]), "round-2", classes=CLASSES)
    uploaded.evaluate("round-2")
    assert [(one.predictions_name, one.stale) for one in uploaded.evaluations()] == [
        ("round-1", False),
        ("round-2", False),
    ]
    uploaded.import_labels(classified({names[1]: ["dog"]}), source="b")
    assert [one.stale for one in uploaded.evaluations()] == [False, True]
    uploaded.import_labels(classified({names[0]: ["dog"]}), source="a")
    assert [one.stale for one in uploaded.evaluations()] == [True, True]
    # Evaluated again, it takes the place of the old one.
    again = uploaded.evaluate("round-1", labels="a")
    assert (again.id, again.stale) == (first.id, False)
    uploaded.withdraw_labels("a")
    assert [one.stale for one in uploaded.evaluations()] == [True, True]


def test_evaluate__detection_in_a_tag(uploaded: ApiWorkflowClient) -> None:
    names = uploaded.get_filenames()
    box, other = [0.0, 0.0, 0.5, 0.5], [0.5, 0.5, 1.0, 1.0]
    uploaded.import_labels(boxed({names[0]: [("car", box)], names[1]: [("car", box)], names[2]: []}), source="boxes")
    found = detected({names[0]: [(0, 0.9, box)], names[1]: [(0, 0.8, other)], names[2]: []}, ["car"])
    uploaded.upload_predictions("detection", found, "detector")
    assert uploaded.evaluate("detector").metrics == pytest.approx(
        {"average_precision": 51 / 101, "average_precision_50": 51 / 101}
    )
    tag = uploaded.create_tag_from_filenames([names[0], names[2], names[11]], "held out")
    inside = uploaded.evaluate("detector", "boxes", "held out")
    assert inside.metrics == {"average_precision": 1.0, "average_precision_50": 1.0}
    assert inside.tag_name == "held out"
    assert uploaded.get_scores(tag.id, "prediction_error") == pytest.approx([0.1, 0, 0])
    # The tag goes, and what was measured stays.
    uploaded.delete_tag_by_id(tag.id)
    assert uploaded.evaluation(inside.id).tag_id is None


def test_evaluate__refused(uploaded: ApiWorkflowClient) -> None:
    names = uploaded.get_filenames()
    uploaded.upload_predictions("classification", table_of(names), "model", classes=CLASSES)
    with pytest.raises(NotFoundError, match="there are no labels of the source 'x'"):
        uploaded.evaluate("model", labels="x")
    uploaded.import_labels(boxed({names[0]: []}), source="boxes")
    with pytest.raises(InvalidInputError, match="are of detection, the predictions 'model' of classification"):
        uploaded.evaluate("model")
    uploaded.import_labels(classified({names[0]: ["cow"]}), source="others")
    with pytest.raises(JobFailedError, match="have no class in common"):
        uploaded.evaluate("model", labels="others")
    assert uploaded.evaluations() == []
