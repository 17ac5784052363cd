from typing import Any

import numpy as np
import pytest

from lightly_ray.data import fingerprint as module
from lightly_ray.data.fingerprint import digest, fingerprint

X = np.random.default_rng(0).normal(size=(11, 3))
ROWS = np.arange(5, 16)


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_fingerprint__adds_up_over_any_parts_in_any_order(
    dtype: type[np.floating[Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    matrix = X.astype(dtype)
    whole = fingerprint(matrix, ROWS)
    parts = [[4, 1, 9], [0, 2, 3, 5], [10, 7, 6, 8]]
    assert sum(fingerprint(matrix[part], ROWS[part]) for part in parts) % 2**64 == whole
    monkeypatch.setattr(module, "BLOCK_BYTES", 100)
    assert fingerprint(matrix, ROWS) == whole


def test_fingerprint__sees_every_change() -> None:
    swapped, changed, turned = X.copy(), X.copy(), X.copy()
    swapped[[2, 3]] = swapped[[3, 2]]
    changed[7, 2] = np.nextafter(changed[7, 2], 9)
    turned[4] = turned[4, ::-1]
    found = {fingerprint(matrix, ROWS) for matrix in (X, swapped, changed, turned, X.astype(np.float32))}
    assert len(found | {fingerprint(X, ROWS + 1)}) == 6


def test_digest__of_values_and_their_order() -> None:
    assert digest(np.arange(4)[::2]) == digest(np.array([0, 2]))
    assert len({digest(np.array(values)) for values in ([0, 2], [2, 0], [0], [0.0, 2.0])}) == 4
