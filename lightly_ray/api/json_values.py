"""Values of NumPy and pandas as JSON, which the platform stores."""

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from lightly_ray.errors import InvalidInputError


def as_json(value: Any, where: str) -> Any:
    """A value in JSON's types: numbers of NumPy become plain ones, arrays lists, and NaN, which JSON lacks, null.

    Args:
        value: what is to be sent.
        where: what a message calls it.

    Raises:
        InvalidInputError: it, or something in it, is no JSON value; the message names the key.
    """
    if isinstance(value, np.ndarray | np.generic):
        value = value.tolist()
    if value is None or isinstance(value, str | bool | int):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        for key in value:
            if not isinstance(key, str):
                raise InvalidInputError(f"{where}: a key must be a string, got {key!r}")
        return {key: as_json(one, f"{where}, key {key!r}") for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [as_json(one, where) for one in value]
    raise InvalidInputError(f"{where}: {value!r:.80} ({type(value).__name__}) is no JSON value")
