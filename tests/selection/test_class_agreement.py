"""Class-aware coverage: weights, kernels and picks against the formulas, and the door."""

from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from numpy.typing import NDArray

import lightly_ray
from lightly_ray.errors import InvalidInputError
from lightly_ray.parallel.selection import cover_pool
from lightly_ray.selection.class_agreement import class_weights, directions, directions_of_labels
from lightly_ray.selection.kernel import Kernel, Samples
from lightly_ray.selection.random_draw import random_keys, smallest
from lightly_ray.selection.whole_numbers import whole_vectors, whole_weights
from tests.selection.facility_location import greedy

RANDOM = np.random.default_rng(11)
CENTRES = 2 * RANDOM.normal(size=(3, 6))
TRUTH = RANDOM.integers(0, 3, 240)
X = RANDOM.normal(size=(240, 6)) + CENTRES[TRUTH]
X /= np.linalg.norm(X, axis=1, keepdims=True)
NAMES = [f"{number:03d}.png" for number in RANDOM.permutation(240)]
P = RANDOM.dirichlet([1, 1, 1], 240) + np.eye(3)[TRUTH]
P /= P.sum(axis=1, keepdims=True)
SELECTED = [NAMES[row] for row in (3, 50, 77, 120, 200)]
LABELS = {name: int(TRUTH[NAMES.index(name)]) for name in SELECTED[:4]}  # one has none


def select(**options: Any) -> Any:
    asked: dict[str, Any] = {"ids": NAMES, "preselected": SELECTED, "predictions": P, "labels": LABELS}
    return lightly_ray.select(X, 40, "coverage", progress=False, **{**asked, **options})


def _kernel(covering: Any, pool: Any, sigma: float, factor: Any) -> NDArray[np.float64]:
    squared = np.square(covering[:, None].astype(float) - pool[None]).sum(axis=2) // 1024 * 1024
    near = np.rint(2**15 * np.exp(-squared / (4000 * sigma) ** 2))
    return np.asarray(near * np.rint(2**14 * (1 + factor)) // 2**15, np.float64)


def _alike(first: Any, second: Any) -> NDArray[np.float64]:
    return np.asarray(np.minimum(1, (first.astype(float) @ second.astype(float).T // 256 * 256) / 4000**2), np.float64)


def _greedy(picks: int, selected: list[int], labels: dict[int, int]) -> tuple[list[int], float]:
    """The formulas, without a bound or a table."""
    rows = np.setdiff1d(np.arange(240), selected)
    vectors, predicted = whole_vectors(X), directions(P)
    distances = np.sqrt(np.square(X[rows, None] - X[None, selected]).sum(axis=2).min(axis=1))
    sigma = round(float(np.clip(np.median(distances), 0.1, 1)), 3)
    known = [row for row in selected if row in labels]
    unknown = [row for row in selected if row not in labels]
    ones = directions_of_labels(np.array([labels[row] for row in known], np.int64), 3)
    covered = np.maximum(
        _kernel(vectors[known], vectors[rows], sigma, _alike(ones, predicted[rows])).max(axis=0, initial=0),
        _kernel(vectors[unknown], vectors[rows], sigma, np.ones((len(unknown), 1))).max(axis=0, initial=0),
    )
    kernel = _kernel(vectors[rows], vectors[rows], sigma, np.sqrt(_alike(predicted[rows], predicted[rows])))
    weights = whole_weights(class_weights(P[rows]), len(rows))
    return rows[greedy(kernel, weights, covered, picks)].tolist(), sigma


def test_select__is_the_greedy_of_the_formulas() -> None:
    found = select()
    labels = {NAMES.index(name): value for name, value in LABELS.items()}
    expected, sigma = _greedy(35, [NAMES.index(name) for name in SELECTED], labels)
    assert found.rows[5:].tolist() == expected
    assert found.coverage.sigma == sigma
    assert 0 < found.coverage.value <= found.coverage.bound <= 1
    plain = select(labels=None)
    assert plain.ids != found.ids
    assert plain.ids == select(predictions=None, labels=None, scores=1 - np.diff(np.sort(P)[:, 1:]).ravel()).ids
    assert select(labels=dict.fromkeys(SELECTED, 1)).ids != found.ids


def test_class_weights__by_hand() -> None:
    probabilities = np.array([[0.8, 0.2], [0.6, 0.4], [0.2, 0.8], [1.0, 0.0]])
    shares = np.array([0.751, 0.251])  # three of four are likeliest of the first class
    first = 0.4**2 * (0.64 / 0.68 / np.sqrt(shares[0]) + 0.04 / 0.68 / np.sqrt(shares[1]))
    weights = class_weights(probabilities)
    assert weights[0] == pytest.approx(first, rel=1e-12)
    assert weights[3] == 0
    assert weights[2] > weights[0]  # as doubtful, of the rarer class
    doubled = class_weights(probabilities, np.full(4, 2.0))
    assert doubled[3] == pytest.approx(2 / np.sqrt(shares[0]))


def test_kernel__classes_that_differ_halve_it() -> None:
    vectors = whole_vectors(X[:2])
    out = np.zeros((2, 2), np.uint16)
    certain = Samples(vectors, directions_of_labels(np.array([0, 1]), 3))
    for labelled in (False, True):
        Kernel(0.7, labelled=labelled).between(certain, certain, out)
        alone = np.zeros((2, 2), np.uint16)
        Kernel(0.7).between(Samples(vectors), Samples(vectors), alone)
        np.testing.assert_array_equal(np.diag(out), np.diag(alone))
        np.testing.assert_array_equal(out[[0, 1], [1, 0]], alone[[0, 1], [1, 0]] // 2)


def test_select__order_of_rows_and_duplicates_change_nothing() -> None:
    expected = select().ids
    order = RANDOM.permutation(240)
    names = [NAMES[row] for row in order]
    again = lightly_ray.select(
        X[order], 40, "coverage", ids=names, preselected=SELECTED, predictions=P[order], labels=LABELS, progress=False
    )
    assert again.ids == expected
    twice = np.concatenate([X, X[[3, 50, 77]]])  # of labelled ones: there is nothing left to learn from them
    more = [*NAMES, "a", "b", "c"]
    found = lightly_ray.select(
        twice,
        243,
        "coverage",
        ids=more,
        preselected=SELECTED,
        predictions=np.concatenate([P, P[:3]]),
        labels=LABELS,
        progress=False,
    )
    gains = dict(zip(found.added_ids, found.gains, strict=True))
    assert [gains[name] for name in "abc"] == [0, 0, 0]


def test_select__the_heaviest_of_more_than_fits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cover_pool, "MOST", 60)
    rows = np.array([row for row, name in enumerate(NAMES) if name not in SELECTED])
    weights = class_weights(P[rows])
    heaviest = set(rows[np.argsort(-weights)[:30]].tolist())
    others = np.array([row for row in rows if row not in heaviest])
    sampled = others[smallest(random_keys([NAMES[row] for row in others], 0), 30)]
    found = lightly_ray.select(
        X, 65, "coverage", ids=NAMES, preselected=SELECTED, predictions=P, labels=LABELS, progress=False
    )
    assert set(found.rows[5:].tolist()) == {*heaviest, *sampled.tolist()}  # everything that is considered


def test_select__predictions_and_labels_as_people_have_them(tmp_path: Any) -> None:
    expected = select().ids
    classes = ["cat", "dog", "owl"]
    table = pa.table({"filename": NAMES, "probabilities": P.tolist()})
    pq.write_table(table, tmp_path / "predictions.parquet")
    labels = pa.table({"filename": list(LABELS), "label": list(LABELS.values())})
    pq.write_table(labels, tmp_path / "labels.parquet")
    named = {name: classes[value] for name, value in LABELS.items()}
    frame = pd.DataFrame(P, columns=classes, index=NAMES)
    some = {name: row for name, row in zip(NAMES, P.tolist(), strict=True) if name not in SELECTED}
    missing = table.set_column(
        1,
        "probabilities",
        pa.array([None if name in SELECTED else row for name, row in zip(NAMES, P.tolist(), strict=True)]),
    )
    for options in (
        {"predictions": P.tolist()},
        {"predictions": dict(zip(NAMES[::-1], P[::-1], strict=True))},
        {"predictions": some},
        {"predictions": missing},
        {"predictions": table.take(np.arange(240)[::-1]), "labels": labels},
        {"predictions": tmp_path / "predictions.parquet", "labels": str(tmp_path / "labels.parquet")},
        {"predictions": frame, "labels": pd.Series(named)},
        {
            "predictions": frame.reset_index(names="filename"),
            "labels": labels.to_pandas().assign(label=list(named.values())),
        },
        {"labels": {name: np.int64(value) for name, value in LABELS.items()}},
    ):
        assert select(**options).ids == expected


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"predictions": P[:9]}, r"got predictions of 9 samples for 240 samples|one number for each of 240 samples"),
        ({"predictions": P * 2}, r"240 of 240 predictions cannot be used, first: row 0 has"),
        ({"predictions": {"x.png": [0.5, 0.5]}}, r"predictions: 1 of 1 ids are not among the 240 ids"),
        ({"predictions": dict(zip(NAMES[:100], P[:100], strict=True))}, r"have no finite score|have no prediction"),
        ({"labels": {SELECTED[0]: 3}}, r"'.*png' \(row 3\) has 3, and the classes of the predictions are 0 .. 2"),
        ({"labels": {SELECTED[0]: True}}, r"has True, and the classes"),
        ({"labels": {SELECTED[0]: "cat"}}, r"has 'cat', and the classes"),
        ({"labels": {NAMES[0]: 1}}, r"1 labelled samples are not preselected, first: sample '.*png' \(row 0\)"),
        ({"labels": {"x.png": 1}}, r"labels: 1 of 1 ids are not among"),
        ({"labels": [1, 2]}, r"labels must be \{id: class\}, a Series, or a table"),
        ({"predictions": None}, r"labels need predictions beside them"),
        ({"method": "coreset", "predictions": None}, r"method coreset does not look at labels"),
        ({"score": "beauty"}, r"predictions have no score 'beauty', they have uncertainty_least_confidence"),
    ],
)
def test_select__bad_input(options: dict[str, Any], message: str) -> None:
    asked = {"ids": NAMES, "preselected": SELECTED, "predictions": P, "labels": LABELS, "method": "coverage", **options}
    with pytest.raises(InvalidInputError, match=message):
        lightly_ray.select(X, 40, progress=False, **asked)
