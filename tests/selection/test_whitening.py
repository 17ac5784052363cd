"""Whitening: against plain float64 arithmetic, and the same bits in whatever parts the rows come."""

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import lightly_ray
from lightly_ray.data.vectors import settle
from lightly_ray.errors import InvalidInputError
from lightly_ray.selection.reference import sequential
from lightly_ray.selection.whitening import Moments, Whitening

RANDOM = np.random.default_rng(11)


def _correlated(count: int, width: int, dtype: Any = np.float32) -> NDArray[Any]:
    mixing, _ = np.linalg.qr(RANDOM.normal(size=(width, width)))
    rows: NDArray[Any] = RANDOM.normal(size=(count, width)) * np.geomspace(1, 0.1, width) @ mixing
    return (rows + RANDOM.normal(size=width) * 3).astype(dtype)


def _fit(*blocks: NDArray[Any]) -> Whitening:
    whole = Moments(blocks[0].shape[1])
    for block in blocks:
        part = Moments(block.shape[1])
        part.add(block)
        whole.merge(part)
    return whole.fit()


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_whitening__is_that_of_the_paper(dtype: Any) -> None:
    rows = _correlated(700, 9, dtype)
    exact = rows.astype(np.float64)
    variances, vectors = np.linalg.eigh(np.cov(exact.T, bias=True))
    expected = (exact - exact.mean(axis=0)) @ (vectors / np.sqrt(variances))[:, ::-1]
    found = _fit(rows)(rows)
    # An axis has no sign of its own.
    signs = np.sign((found * expected).sum(axis=0))
    np.testing.assert_allclose(found, expected * signs, atol=2e-3)
    np.testing.assert_allclose(np.cov(found.T, bias=True), np.eye(9), atol=2e-3)
    assert found.dtype == np.float32


@pytest.mark.parametrize("parts", [1, 2, 3, 7, 16])
def test_whitening__the_same_bits_in_any_parts(parts: int) -> None:
    rows = _correlated(500, 30)
    rows[::7] *= 1000  # rows of other sizes are scaled otherwise
    rows[3] = 0
    whole = _fit(rows)
    split = _fit(*np.array_split(rows[RANDOM.permutation(500)], parts))
    assert (split.axes.tobytes(), split.offset.tobytes()) == (whole.axes.tobytes(), whole.offset.tobytes())
    pieces = np.concatenate([whole(piece) for piece in np.array_split(rows, parts * 31)])
    assert pieces.tobytes() == whole(rows).tobytes()


def test_whitening__axes_without_variance_are_left_out_and_at_most_128() -> None:
    flat = np.hstack([_correlated(400, 3), np.full((400, 2), 5, np.float32)])
    assert _fit(flat).axes.shape == (3, 5)
    assert _fit(_correlated(400, 200)).axes.shape == (128, 200)
    assert len(_fit(_correlated(5, 20)).axes) == 4  # five points span four axes


def test_whitening__an_axis_of_noise_is_not_blown_up() -> None:
    rows = RANDOM.normal(size=(4000, 2)) * [1, 1e-3]  # of 1e-6 of the variance, the floor is 1e-4
    np.testing.assert_allclose(_fit(rows)(rows).std(axis=0), [1, 0.1], rtol=0.05)


def test_whitening__where_there_is_no_direction() -> None:
    whitening = _fit(np.array([[1.0, 0.0], [-1.0, 0.0], [0.0, 2.0], [0.0, -2.0]]))
    np.testing.assert_array_equal(whitening(np.zeros((1, 2))), [[1, 0]])
    for alike in (np.full((9, 3), 0.1), np.zeros((4, 2)), np.ones((1, 5))):
        with pytest.raises(InvalidInputError, match="all embeddings are alike: whitening finds no axis"):
            _fit(alike)


def test_whitening__kept_as_bytes() -> None:
    whitening = _fit(_correlated(50, 6))
    again = Whitening.from_bytes(whitening.to_bytes())
    assert again.digest == whitening.digest
    assert _fit(_correlated(50, 6)).digest != whitening.digest


@pytest.mark.parametrize("method", ["coreset", "coral"])
def test_select__whitened_is_the_greedy_of_whitened_unit_vectors(method: str) -> None:
    rows, scores = _correlated(300, 12), RANDOM.random(300)
    query = np.sort(RANDOM.choice(300, 200, replace=False))
    before, candidates = query[:4], query[4:]
    vectors = settle(_fit(rows[query])(rows), np.arange(300), normalize=True)
    assert isinstance(vectors, np.ndarray)
    expected = sequential(
        vectors[candidates],
        26,
        centers=vectors[before],
        first=None,
        scores=scores[candidates] if method == "coral" else None,
        min_distance=0.0,
    )
    found = lightly_ray.select(
        rows,
        30,
        method,
        ids=[str(row) for row in range(300)],
        query=[str(row) for row in query],
        preselected=[str(row) for row in before],
        scores=scores if method == "coral" else None,
        normalize="whiten",
        progress=False,
    )
    np.testing.assert_array_equal(found.rows[4:], candidates[expected.rows])
    np.testing.assert_allclose(found.gains, expected.gains, rtol=1e-12)
    assert (found.normalize, found.summary()["normalize"]) == ("whiten", "whiten")


def test_select__axes_of_an_earlier_selection_are_used_again() -> None:
    rows = _correlated(200, 10)
    first = lightly_ray.select(rows[:120], 20, "coreset", normalize="whiten", progress=False)
    assert first.whitening is not None
    later = lightly_ray.select(rows, 40, "coreset", normalize=first.whitening, progress=False)
    assert later.whitening is first.whitening
    vectors = settle(first.whitening(rows), np.arange(200), normalize=True)
    assert isinstance(vectors, np.ndarray)
    assert later.ids == lightly_ray.select(vectors, 40, "coreset", progress=False).ids
    assert later.ids != lightly_ray.select(rows, 40, "coreset", normalize="whiten", progress=False).ids


def test_select__whitened_bad_input() -> None:
    rows = _correlated(30, 4)
    with pytest.raises(InvalidInputError, match=r"min_distance=0.5 is a distance of the given embeddings, and"):
        lightly_ray.select(rows, 5, "coreset", normalize="whiten", min_distance=0.5, progress=False)
    with pytest.raises(InvalidInputError, match="all embeddings are alike"):
        lightly_ray.select(np.ones((30, 4)), 5, "coreset", normalize="whiten", progress=False)
    whitening = lightly_ray.select(rows, 5, "coreset", normalize="whiten", progress=False).whitening
    assert whitening is not None
    with pytest.raises(InvalidInputError, match="were fitted on embeddings of 4 coordinates, these have 5"):
        lightly_ray.select(_correlated(30, 5), 5, "coreset", normalize=whitening, progress=False)
    rows[17, 2] = np.nan
    with pytest.raises(InvalidInputError, match="17: the embedding has a NaN"):
        lightly_ray.select(rows, 5, "coreset", normalize="whiten", progress=False)
    skipped = lightly_ray.select(
        rows, 5, "coreset", normalize="whiten", query=[*range(17), *range(18, 30)], progress=False
    )
    with pytest.warns(UserWarning, match="1 samples that may be selected were left out"):
        assert (
            lightly_ray.select(rows, 5, "coreset", normalize="whiten", on_error="skip", progress=False).ids
            == skipped.ids
        )
