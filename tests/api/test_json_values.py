"""What people bring as metadata, as JSON."""

import json
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pytest

from lightly_ray.api.json_values import as_json
from lightly_ray.errors import InvalidInputError


def test_as_json__numbers_of_numpy_and_what_json_lacks() -> None:
    given: dict[str, Any] = {
        "float": np.float32(1.5),
        "int": np.int64(3),
        "bool": np.bool_(True),
        "array": np.arange(2),
        "holes": (float("nan"), np.float64("inf"), None),
        "deep": {"x": [np.uint8(7), "text"]},
    }
    expected = {"float": 1.5, "int": 3, "bool": True, "array": [0, 1], "holes": [None] * 3, "deep": {"x": [7, "text"]}}
    assert json.loads(json.dumps(as_json(given, "it"), allow_nan=False)) == expected


@pytest.mark.parametrize("value", [datetime.now(UTC), {1}, b"x", object()])
def test_as_json__anything_else_is_named(value: Any) -> None:
    with pytest.raises(InvalidInputError, match=r"metadata of 'a\.png', key 'when': .* is no JSON value"):
        as_json({"when": value}, "metadata of 'a.png'")
    with pytest.raises(InvalidInputError, match="a key must be a string, got 1"):
        as_json({1: 2}, "it")
