"""`lightly_ray.typicality`: a score of embeddings alone, by id, as `lightly_ray.score` gives those of predictions."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import ray.data
from numpy.typing import NDArray

from lightly_ray._types import IdsLike, PathLike
from lightly_ray.parallel.cluster import connect
from lightly_ray.parallel.selection.opened import open_data
from lightly_ray.parallel.selection.score_powers import TYPICALITY
from lightly_ray.parallel.selection.typicality_pool import typicality_of
from lightly_ray.selection.request import check_settings, pose_problem

if TYPE_CHECKING:
    from pandas import DataFrame


def typicality(
    data: "NDArray[Any] | ray.data.Dataset | PathLike | Sequence[PathLike] | pa.Table | DataFrame",
    *,
    ids: IdsLike | None = None,
    id_column: str = "filename",
    embedding_column: str = "embedding",
) -> "ray.data.Dataset":
    """Score samples by how near their nearest neighbours are: high where many are alike, low for odd ones.

        t_i = 1 / mean distance of x_i to its 20 nearest neighbours,   x of unit length, the mean at least 1 / 4000

    No model is needed. Up to 50,000 samples all pairs are looked at. Of more, neighbours are looked for where they are
    likely to be (`lightly_ray.selection.neighbours`): most are found where the embeddings have structure. Scores depend
    neither on the order of rows nor on the number of threads. Everything is computed in the caller's process, which
    takes some 1,300 bytes a sample of 128 coordinates.

    Args:
        data: embeddings, as `lightly_ray.select` takes them.
        ids: (N,) distinct strings, by row, instead of the column. Arrays without ids use row numbers.
        id_column: strings; of a Dataset, a table and of Parquet files.
        embedding_column: list, fixed-size-list or tensor column of numbers.

    Returns:
        A dataset of the ids and the column `typicality`: what `select` takes as ``scores``, joined by id.

    Raises:
        InvalidInputError: an embedding cannot be used; the message names the sample.
        NotFoundError: a file does not exist.

    Example:
        >>> import numpy as np
        >>> import lightly_ray
        >>> points = np.array([[1.0, 0.0], [1.0, 0.01], [1.0, 0.02], [0.0, 1.0]])
        >>> scores = lightly_ray.typicality(points, ids=["a.jpg", "b.jpg", "c.jpg", "odd.jpg"])
        >>> scores.sort("typicality").take_all()[0]["filename"]
        'odd.jpg'

    References:
        Hacohen, Dekel, Weinshall. Active Learning on a Budget: Opposite Strategies Suit High and Low Budgets. ICML
        2022, arXiv 2202.02794: equation 4.
    """
    source, row_ids = open_data(data, ids, id_column, embedding_column, None, remote_args={})
    settings = check_settings(1.0, "coverage", min_distance=None, normalize=True, seed=0, certify=1)
    problem = pose_problem(settings, source, row_ids)
    source.learn_layout(problem.candidates)
    scores = typicality_of(problem)
    connect()
    return ray.data.from_arrow(pa.table({id_column: row_ids.at(problem.candidates), TYPICALITY: scores}))
