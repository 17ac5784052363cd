"""The base of all scorers: predictions in, one array per score out, 1 = most wanted."""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Self, cast

import pyarrow as pa
from numpy.typing import NDArray

from lightly_ray.data.frames import frame_names, frame_to_table, is_frame
from lightly_ray.errors import InvalidInputError

FILENAME = "filename"


class Scorer(ABC):
    """Turns the predictions of a model into scores, one per sample and score name.

    A scorer of your own overrides ``calculate_scores`` and ``score_names``; values lie in [0, 1], and 1
    is most wanted. ``ActiveLearningAgent.query`` takes it like any other:

        >>> class ScorerSize(Scorer):
        ...     def calculate_scores(self):
        ...         return {"size": np.asarray(self.model_output) / max(self.model_output)}
        ...
        ...     @classmethod
        ...     def score_names(cls):
        ...         return ["size"]
        >>> scorer = ScorerSize({"a.jpg": 120, "b.jpg": 480})
        >>> scorer.filenames, scorer.calculate_scores()["size"].tolist()
        (['a.jpg', 'b.jpg'], [0.25, 1.0])

    Args:
        model_output: predictions by position, in the order of ``ActiveLearningAgent.query_set``; or
            ``{filename: prediction}``; or a pyarrow Table with a column ``filename``; or a DataFrame of pandas or
            Polars with that column, or with the file names as its index.

    Attributes:
        model_output: the predictions, those of a mapping as a list.
        filenames: the samples the scores belong to, in the order of the scores; None where the
            predictions came by position.
    """

    model_output: Any = None
    filenames: Sequence[str] | None = None

    def __init__(self, model_output: Any = None) -> None:
        if isinstance(model_output, Mapping):
            self.filenames = _strings(list(model_output))
            model_output = list(model_output.values())
        elif isinstance(model_output, pa.Table) and FILENAME in model_output.column_names:
            self.filenames = filenames_of(model_output, FILENAME)
        elif is_frame(model_output):
            self.filenames = frame_names(model_output, FILENAME)
            if FILENAME in getattr(model_output, "columns", ()):
                model_output = model_output[[name for name in model_output.columns if name != FILENAME]]
        self.model_output = model_output

    @abstractmethod
    def calculate_scores(self) -> dict[str, NDArray[Any]]:
        """Calculate every score.

        Returns:
            Score name -> (N,) scores, in the order of ``score_names()``.
        """

    @classmethod
    def score_names(cls) -> list[str]:
        """Names of the scores that ``calculate_scores`` returns, in its order."""
        # Not abstract: scorers written for the first releases of the workflow do not have it.
        raise NotImplementedError(f"{cls.__name__} does not say which scores it calculates")

    @classmethod
    def from_dataset(cls, dataset: Any, id_column: str = FILENAME, **options: Any) -> Self:
        """Build a scorer from a data set of predictions, joined to samples by name.

        The predictions are gathered into memory, as a pyarrow Table with the columns that
        ``lightly_ray.data.predictions`` describes for each task. Where they would not fit, give the
        agent ``lightly_ray.score(dataset, task=...)`` instead.

        Args:
            dataset: ``ray.data.Dataset``, pyarrow Table or DataFrame.
            id_column: the column of file names.
            options: further arguments of the scorer.

        Raises:
            InvalidInputError: no such column, no names in it, or predictions that cannot be used.
        """
        parts = list(batches(dataset, id_column))
        if not parts:
            raise InvalidInputError("the dataset of predictions is empty")
        table = pa.concat_tables(parts, promote_options="permissive")
        filenames = filenames_of(table, id_column)
        table = table.rename_columns([FILENAME if name == id_column else name for name in table.column_names])
        scorer = cls(table, **options)
        scorer.filenames = filenames  # also where its __init__ does not call ours
        return scorer


def as_predictions(model_output: Any) -> Any:
    """Predictions of a frame that has the columns of a task, lists among them, as a table; all else as it is."""
    if not is_frame(model_output):
        return model_output
    table = frame_to_table(model_output, FILENAME)
    kinds = [column.type for name, column in zip(table.column_names, table.columns, strict=True) if name != FILENAME]
    return table if any(pa.types.is_nested(kind) for kind in kinds) else model_output


def batches(dataset: Any, id_column: str = FILENAME) -> Iterable[pa.Table]:
    """The pyarrow Tables that a data set consists of, one at a time.

    Raises:
        InvalidInputError: it is no data set.
    """
    if isinstance(dataset, pa.Table):
        return [dataset]
    if is_frame(dataset):
        return [frame_to_table(dataset, id_column)]
    # Told by what it can do: importing Ray is left to those who have a dataset of it.
    if hasattr(dataset, "iter_batches"):
        return cast("Iterable[pa.Table]", dataset.iter_batches(batch_format="pyarrow", batch_size=None))
    raise InvalidInputError(f"a dataset is a ray.data.Dataset, a pyarrow Table or a DataFrame, got {type(dataset)!r}")


def filenames_of(table: pa.Table, id_column: str) -> list[str]:
    """The file names in a column.

    Raises:
        InvalidInputError: there is no such column, or it does not hold names.
    """
    if id_column not in table.column_names:
        raise InvalidInputError(f"there is no column {id_column!r} of file names, got {', '.join(table.column_names)}")
    return _strings(table.column(id_column).to_pylist())


def _strings(names: list[Any]) -> list[str]:
    for name in names:
        if not isinstance(name, str):
            raise InvalidInputError(f"predictions are joined by file name, a string, got {name!r}")
    return names
