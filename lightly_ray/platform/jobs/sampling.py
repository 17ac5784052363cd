"""Run a pinned selection: embedding and scores from the storage, rows in mappings order, `lightly_ray.select`."""

import dataclasses
import io
import platform as machine
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from lightly_ray import __version__
from lightly_ray.errors import InvalidInputError
from lightly_ray.parallel.select import select
from lightly_ray.platform.blobs import Blobs
from lightly_ray.platform.embedding_file import matrix
from lightly_ray.platform.store.records import Json
from lightly_ray.tags import BitMask


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a selection came to.

    Attributes:
        mask: preselected and chosen samples, hexadecimal.
        provenance: all that it depended on, and its certificate.
    """

    mask: str
    provenance: Json


def run(blobs: Blobs, pinned: Json, names: list[str], report: Callable[[int, int], None]) -> Outcome:
    """Select.

    Args:
        blobs: hold the embedding and the scores.
        pinned: as `enqueue` made it.
        names: file names in mappings order, at least those that the masks reach.
        report: told the number of samples selected so far, and that of all to be selected.

    Raises:
        InvalidInputError: a sample has no embedding, or `select` refused.
    """
    query = BitMask.from_hex(pinned["query"]["mask"])
    before = BitMask.from_hex(pinned["preselected"]["mask"]) if pinned["preselected"] else BitMask()
    rows = (query | before).to_rows()
    taken = [names[row] for row in rows.tolist()]
    report(before.count, 0)
    selection = select(
        _vectors(blobs, pinned, rows, names),
        n_samples=pinned["n_samples"],
        method=pinned["method"].lower(),
        ids=taken,
        preselected=before.select(names) or None,
        query=query.select(names),
        scores=_scores(blobs, pinned["score"], query, rows),
        min_distance=pinned["min_distance"],
        normalize=pinned["normalize"] and pinned["method"] != "RANDOM",
        seed=pinned["seed"],
        progress=False,
    )
    mask = BitMask.from_rows(rows[selection.rows])
    report(mask.count, mask.count)
    return Outcome(mask.to_hex(), _provenance(pinned, selection, before))


def _vectors(blobs: Blobs, pinned: Json, rows: NDArray[np.int64], names: list[str]) -> NDArray[np.floating]:
    """The embeddings of these rows, (len(rows), D)."""
    if pinned["method"] == "RANDOM":
        return np.zeros((len(rows), 1), dtype=np.float32)  # a draw looks at names alone
    with blobs.open(pinned["embedding"]["file_key"]) as file:
        table = pq.read_table(file, columns=["filename", "embedding"])
    wanted = pa.array([names[row] for row in rows.tolist()], pa.string())
    where = pc.index_in(wanted, value_set=table.column("filename"))
    if where.null_count:
        name = wanted.filter(pc.is_null(where))[0].as_py()
        lacking = f"{where.null_count} of {len(rows)} samples have no embedding"
        raise InvalidInputError(f"{lacking} in {pinned['embedding']['name']!r}, first: {name!r}")
    vectors = matrix(table.column("embedding").combine_chunks())
    order = where.to_numpy(zero_copy_only=False)
    aligned = len(order) == len(vectors) and bool((order == np.arange(len(order))).all())
    return vectors if aligned else vectors[order]


def _scores(blobs: Blobs, score: Json | None, query: BitMask, rows: NDArray[np.int64]) -> NDArray[np.float64] | None:
    if score is None:
        return None
    values = np.load(io.BytesIO(blobs.read(score["file_key"])), allow_pickle=False)
    # Rows that are preselected alone are never picked: their score is of no consequence.
    aligned = np.zeros(len(rows), dtype=np.float64)
    aligned[np.searchsorted(rows, query.to_rows())] = values
    return aligned


def _provenance(pinned: Json, selection: Any, before: BitMask) -> Json:
    certificate = {name: getattr(selection, name) for name in ("radius", "lower_bound", "factor")}
    return {
        "kind": "sampling",
        "method": pinned["method"],
        "parameters": {name: pinned[name] for name in ("n_samples", "min_distance", "seed", "normalize")},
        "query_tag": pinned["query"],
        "preselected_tag": pinned["preselected"],
        "embedding": pinned["embedding"],
        "score": pinned["score"],
        "certificate": certificate,
        "stop_reason": selection.stop_reason,
        "selected": len(selection.ids),
        "preselected": before.count,
        "statistics": plain(selection.stats),
        "versions": {"lightly_ray": __version__, "numpy": np.__version__, "python": machine.python_version()},
    }


def plain(value: Any) -> Any:
    """A value as JSON knows it: dataclasses become objects, NumPy numbers plain ones, infinities None."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: plain(getattr(value, field.name)) for field in dataclasses.fields(value)}
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    number = value.item() if isinstance(value, np.generic) else value
    if isinstance(number, float) and not np.isfinite(number):
        return None
    return number if number is None or isinstance(number, bool | int | float | str) else str(number)
