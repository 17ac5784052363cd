"""Scores from what an agent takes: a scorer, or a Ray dataset of scores."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from lightly_ray.errors import InvalidInputError

FILENAME = "filename"
ERROR = "error"  # why a sample was skipped, in what `lightly_ray.score` makes


class Scores(NamedTuple):
    """Scores of N samples.

    Attributes:
        values: name of the score -> (N,) values.
        filenames: N file names, in the order of the values; None where they follow the query set by position.
    """

    values: Mapping[str, NDArray[Any]]
    filenames: Sequence[str] | None


def read_scores(source: Any) -> Scores:
    """Read all scores of a scorer or of a Ray dataset.

    Raises:
        InvalidInputError: ``source`` is neither, or the dataset has no file names or no scores.
    """
    if hasattr(source, "calculate_scores"):
        values = {name: np.asarray(scores) for name, scores in source.calculate_scores().items()}
        return Scores(values, getattr(source, "filenames", None))
    # Recognised by its methods: only a caller with a dataset has to have Ray loaded.
    if hasattr(source, "iter_batches") and hasattr(source, "schema"):
        return _from_dataset(source)
    raise InvalidInputError(f"a scorer has calculate_scores(), or is a Ray dataset of scores; got {type(source)!r}")


def _from_dataset(dataset: Any) -> Scores:
    from lightly_ray.parallel.errors import plain_errors  # noqa: PLC0415  # a caller with a dataset has loaded Ray
    from lightly_ray.parallel.waiting import with_room  # noqa: PLC0415  # a caller with a dataset has loaded Ray

    columns: dict[str, list[NDArray[Any]]] = {}

    def read() -> None:
        for batch in dataset.iter_batches(batch_format="numpy"):
            for name, values in batch.items():
                columns.setdefault(name, []).append(values)

    with plain_errors():
        with_room(read, "read the scores")
    whole = {name: np.concatenate(blocks) for name, blocks in columns.items()}
    if ERROR in whole:
        # Samples that scoring skipped have no scores: as if they were not there, so the agent names them as missing.
        scored = np.array([not reason for reason in whole.pop(ERROR)], dtype=bool)
        whole = {name: values[scored] for name, values in whole.items()}
    filenames = [str(name) for name in whole.pop(_name_column(whole))]
    numbers = {name: values for name, values in whole.items() if values.ndim == 1 and values.dtype.kind in "fiu"}
    if not numbers:
        raise InvalidInputError("the dataset of scores has no column of numbers")
    return Scores(numbers, filenames)


def _name_column(columns: Mapping[str, NDArray[Any]]) -> str:
    """The column `filename`, or the only column of strings where another id column was asked for."""
    texts = [name for name, values in columns.items() if values.dtype.kind in "OUT"]
    if FILENAME in columns or len(texts) != 1:
        texts = [FILENAME]
    if texts[0] not in columns:
        have = ", ".join(columns) or "none: it is empty"
        raise InvalidInputError(f"a dataset of scores has a column {FILENAME!r}, got the columns {have}")
    return texts[0]
