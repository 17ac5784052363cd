"""Class probabilities and labels as people have them: by row or by id, in arrays, mappings, tables and files."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from lightly_ray._types import IdsLike
from lightly_ray.data.location import Location
from lightly_ray.data.parquet import read_columns
from lightly_ray.data.predictions import classification
from lightly_ray.data.predictions.checks import (
    PredictionFault,
    as_probabilities,
    checked_distributions,
    require_no_fault,
)
from lightly_ray.data.predictions.ragged import Ragged
from lightly_ray.errors import InvalidInputError
from lightly_ray.methods import DEFAULT_SCORE
from lightly_ray.parallel.selection.score_inputs import as_table
from lightly_ray.scores.classification import UNCERTAINTIES, uncertainties
from lightly_ray.selection.class_agreement import ClassPredictions
from lightly_ray.selection.request import NamedScores, Problem, RowScores

_PROBABILITIES, _LABEL = "probabilities", "label"
_WHAT = "predictions"


@dataclass(frozen=True, slots=True, eq=False)
class GivenPredictions:
    """Class probabilities of samples.

    Attributes:
        values: (k, C) float64, NaN in the rows of samples without a prediction.
        ids: (k,) of the samples, None where they go by row.
        classes: C names, None where classes are numbers.
    """

    values: NDArray[np.float64]
    ids: IdsLike | None
    classes: list[str] | None

    @property
    def known(self) -> NDArray[np.bool_]:
        """(k,) whether a sample has a prediction."""
        return ~np.isnan(self.values[:, 0])

    def scores(self, score: str | None) -> NamedScores | RowScores:
        """One of the uncertainties of these predictions: the one that is named, or the default one.

        Raises:
            InvalidInputError: there is none of that name.
        """
        name = score or DEFAULT_SCORE
        if name not in UNCERTAINTIES:
            raise InvalidInputError(f"predictions have no score {name!r}, they have {', '.join(UNCERTAINTIES)}")
        numbers = np.full(len(self.values), np.nan)
        known = self.known
        numbers[known] = uncertainties(self.values[known])[name]
        return RowScores(numbers) if self.ids is None else NamedScores(self.ids, numbers, _WHAT)


def read_predictions(predictions: Any, id_column: str) -> GivenPredictions:
    """Read class probabilities.

    Args:
        predictions: (N, C) array or lists by row; {id: row}; a table with a column of ids and a column
            `probabilities`; a frame with a column per class, and ids as its index or in their column; a path of
            Parquet; null, or NaN throughout, stands for no prediction.
        id_column: of the ids in a table.

    Raises:
        NotFoundError: there is no such file.
        InvalidInputError: a row is no distribution; the message names the sample.
    """
    if isinstance(predictions, Mapping):
        return _checked(as_probabilities(list(predictions.values()), _WHAT), list(predictions), None)
    if isinstance(predictions, str | os.PathLike):
        return _from_lists(read_columns(Location.parse(predictions), [id_column, _PROBABILITIES]), id_column)
    table = as_table(predictions, id_column)
    if table is None:
        return _checked(as_probabilities(predictions, _WHAT), None, None)
    if _PROBABILITIES in table.column_names:
        return _from_lists(table, id_column)
    classes = [name for name in table.column_names if name != id_column]
    matrix = np.column_stack([table.column(name).to_numpy() for name in classes])
    ids = table.column(id_column) if id_column in table.column_names else None
    return _checked(as_probabilities(matrix, _WHAT), ids, classes if len(classes) > 1 else None)


def class_predictions(given: GivenPredictions, labels: Any, problem: Problem, id_column: str) -> ClassPredictions:
    """The predictions of the candidates of a problem, and the labels of its preselected samples.

    Args:
        given: predictions, of the candidates at least.
        labels: {id: class}, a Series with ids as its index, or a table or Parquet with a column `label`; a class is a
            number 0 .. C - 1, or a name where the predictions name them.
        problem: its rows.
        id_column: of the ids in a table.

    Raises:
        InvalidInputError: a candidate has no prediction; a label is of no class, or of a sample that is not
            preselected.
    """
    if given.ids is None:
        if len(given.values) != len(problem.ids):
            raise InvalidInputError(f"got predictions of {len(given.values)} samples for {len(problem.ids)} samples")
        rows = np.arange(len(problem.ids))
    else:
        rows = problem.ids.rows_of(given.ids, _WHAT)
    places = np.full(len(problem.ids), -1)
    known = given.known
    places[rows[known]] = np.flatnonzero(known)
    places = places[problem.candidates]
    lacking = np.flatnonzero(places < 0)
    if len(lacking):
        raise InvalidInputError(
            f"{len(lacking)} of {len(places)} samples that may be selected have no prediction, "
            f"first: {problem.ids.name(int(problem.candidates[lacking[0]]))}"
        )
    return ClassPredictions(given.values[places], _labels(given, labels, problem, id_column))


def _labels(given: GivenPredictions, labels: Any, problem: Problem, id_column: str) -> NDArray[np.int64]:
    names, values = _read_labels(labels, id_column)
    rows = problem.ids.rows_of(names, "labels")
    count = given.values.shape[1]
    numbers = {name: number for number, name in enumerate(given.classes or range(count))}
    of_row = np.full(len(problem.ids), -1)
    for row, value in zip(rows.tolist(), values, strict=True):
        plain = value.item() if isinstance(value, np.generic) else value
        if isinstance(plain, bool) or plain not in numbers:
            known = f"0 .. {count - 1}" if given.classes is None else ", ".join(map(repr, given.classes))
            raise InvalidInputError(
                f"labels: {problem.ids.name(row)} has {plain!r}, and the classes of the predictions are {known}"
            )
        of_row[row] = numbers[plain]
    strangers = np.setdiff1d(rows, problem.preselected)
    if len(strangers):
        raise InvalidInputError(
            f"labels: {len(strangers)} labelled samples are not preselected, first: "
            f"{problem.ids.name(int(strangers[0]))}; what is labelled is selected already, give it as preselected too"
        )
    return of_row[problem.centers]


def _read_labels(labels: Any, id_column: str) -> tuple[IdsLike, list[Any]]:
    if isinstance(labels, Mapping):
        return list(labels), list(labels.values())
    if isinstance(labels, str | os.PathLike):
        labels = read_columns(Location.parse(labels), [id_column, _LABEL])
    elif hasattr(labels, "index") and hasattr(labels, "items") and not hasattr(labels, "columns"):
        return list(labels.index), list(labels)
    table = as_table(labels, id_column)
    if table is None or not {id_column, _LABEL} <= set(table.column_names):
        raise InvalidInputError(
            f"labels must be {{id: class}}, a Series, or a table with the columns {id_column!r} and {_LABEL!r}, got "
            f"{type(labels).__name__ if table is None else ', '.join(map(repr, table.column_names))}"
        )
    return table.column(id_column), table.column(_LABEL).to_pylist()


def _from_lists(table: pa.Table, id_column: str) -> GivenPredictions:
    ids = table.column(id_column) if id_column in table.column_names else None
    batch = table.combine_chunks().to_batches()
    if not batch:
        raise InvalidInputError("predictions have no rows")
    rows, faults = classification.read(batch[0].select([_PROBABILITIES]))
    missing = faults == PredictionFault.MISSING
    require_no_fault(np.where(missing, 0, faults), None if ids is None else ids.to_pylist(), _WHAT)
    values = np.full((len(missing), classification.count_classes(rows)), np.nan)
    values[~missing] = rows.values.reshape(-1, values.shape[1])
    return GivenPredictions(values, ids, None)


def _checked(matrix: NDArray[Any], ids: IdsLike | None, classes: list[str] | None) -> GivenPredictions:
    values = matrix.astype(np.float64)
    known = ~np.isnan(values).all(axis=1)
    rows, faults = checked_distributions(Ragged.from_matrix(values))
    require_no_fault(np.where(known, faults, 0), None if ids is None else [str(one) for one in ids], _WHAT)
    return GivenPredictions(rows.values.reshape(values.shape), ids, classes)
