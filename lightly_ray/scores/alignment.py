"""Put scores into the order of given filenames: joined by name, never by position."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from lightly_ray.data.text import unicode_hint
from lightly_ray.errors import InvalidInputError


def align_scores(
    scores: Mapping[str, NDArray[Any]], filenames: Sequence[str], wanted: Sequence[str]
) -> dict[str, NDArray[Any]]:
    """Reorder every score from the order of ``filenames`` to that of ``wanted``.

    Args:
        scores: score name -> (N,) values.
        filenames: N distinct names, the samples the values belong to; a list or an Arrow array.
        wanted: the same N names in the order that is asked for; a list or an Arrow array.

    Returns:
        score name -> (N,) values, in the order of ``wanted``.

    Raises:
        InvalidInputError: a name is twice among ``filenames``, or in only one of the two; the
            message names the first such file.
    """
    names, requested = _strings(filenames), _strings(wanted)
    rows = pc.index_in(requested, value_set=names)
    _require_no(pc.index_in(names, value_set=names).to_numpy() != np.arange(len(names)), names, "more than once")
    _require_no(pc.is_null(rows).to_numpy(zero_copy_only=False), requested, "not", names)
    unknown = pc.invert(pc.is_in(names, value_set=requested)).to_numpy(zero_copy_only=False)
    if unknown.any():
        raise InvalidInputError(
            f"{unknown.sum()} of {len(names)} predictions are for files outside the {len(requested)} that are asked "
            f"for, first: {names[int(unknown.argmax())].as_py()!r}"
        )
    order = rows.to_numpy()
    return {name: np.asarray(values)[order] for name, values in scores.items()}


def _require_no(bad: NDArray[np.bool_], names: pa.Array, how: str, known: pa.Array | None = None) -> None:
    if bad.any():
        first = names[int(bad.argmax())].as_py()
        hint = "" if known is None else unicode_hint(first, known)
        raise InvalidInputError(
            f"{bad.sum()} of {len(names)} files are {how} among the predictions, first: {first!r}{hint}"
        )


def _strings(names: Any) -> pa.Array:
    array = names.combine_chunks() if isinstance(names, pa.ChunkedArray) else names
    if not isinstance(array, pa.Array):
        array = pa.array(array, pa.string())
    return array.cast(pa.large_string())
