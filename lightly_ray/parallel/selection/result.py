"""What a selection gives back: the ids, what each pick gained, the certificate, what it cost."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from io import BytesIO
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from lightly_ray._types import PathLike
from lightly_ray.data.ids import RowNumbers
from lightly_ray.data.location import Location
from lightly_ray.methods import Method, Normalize
from lightly_ray.selection.whitening import Whitening

if TYPE_CHECKING:
    from ray.data import Dataset


@dataclass(frozen=True, slots=True)
class SelectionStats:
    """What a selection cost.

    Attributes:
        rounds: how often the driver and all shards talked; 0 where no distances were needed.
        evaluated_share: of all row-center pairs, those that were touched at all.
        seconds: per phase.
        driver_bytes: what passed through the driver: proposals, vectors of candidates, centers.
        partitions: shards that held the embeddings; 1 in the caller's process, 0 where none were needed.
        restarts: shards that were lost and replaced.
    """

    rounds: int = 0
    evaluated_share: float = 0.0
    seconds: dict[str, float] = field(default_factory=dict)
    driver_bytes: int = 0
    partitions: int = 0
    restarts: int = 0


@dataclass(frozen=True, slots=True)
class CoverageReport:
    """How well a selection by coverage covers its pool.

    Attributes:
        value: share of the whole weight that is covered, 0 to 1.
        bound: no selection of that size that contains the preselected samples covers more.
        sigma: width of the kernel.
        covered: samples that were to be covered.
        considered: samples that could be picked.
    """

    value: float
    bound: float
    sigma: float
    covered: int
    considered: int


@dataclass(frozen=True, slots=True, eq=False)
class Selection:
    """The selected samples, preselected first, then the picks in the order in which they were made.

    Attributes:
        ids: all selected ids; row numbers where the data has no ids.
        added_ids: the picks alone, those that were drawn at random (`random_share`) first.
        random_ids: the picks that were drawn at random: an honest sample of what could be selected. All of random's.
        rows: (n,) rows of ``ids`` in the data, for a Dataset the rank of the id.
        gains: (K,) what each pick gained when it was picked: its distance to the selection (coreset), that
            times its score (coral), its score (active_learning), the share of the pool's weight that it newly covers
            (coverage), its random number in [0, 1) (random, and what is drawn at random beforehand). The first pick of
            a selection without preselected samples gains inf in coreset and coral.
        radius: the largest distance of any query sample to the selection (coreset).
        lower_bound: no selection of that size that contains the preselected samples has a smaller radius.
        factor: radius / lower_bound; 1 means that none is better.
        stop_reason: "min_distance" where fewer samples than asked for lay far enough apart, else None.
        stats: what it cost.
        id_column: what tables call the ids.
        normalize: what was done to the embeddings before distances were taken: nothing (False), unit length (True),
            or whitening, then unit length ("whiten"). Gains and certificate are of those distances.
        whitening: its axes, for later selections of the same embeddings: ``select(normalize=selection.whitening)``.
        method: how the samples were selected.
        why: the reason for that method, where it was left to "auto".
        coverage: how well the pool is covered (coverage), else None.
        skipped: id -> why a sample that might have been selected was left out, where that was asked for.
    """

    ids: list[str] | list[int]
    added_ids: list[str] | list[int]
    random_ids: list[str] | list[int]
    rows: RowNumbers
    gains: NDArray[np.float64]
    radius: float | None
    lower_bound: float | None
    factor: float | None
    stop_reason: str | None
    stats: SelectionStats
    id_column: str
    method: Method
    normalize: Normalize = False
    whitening: Whitening | None = None
    coverage: CoverageReport | None = None
    skipped: Mapping[str | int, str] = field(default_factory=dict)
    why: str | None = None

    def __len__(self) -> int:
        return len(self.ids)

    def to_table(self) -> pa.Table:
        """One row per selected sample: id, row, gain (null for preselected samples), whether added, whether random.

        The schema's metadata has the certificate and the statistics as JSON under `lightly_ray`.
        """
        before = len(self.ids) - len(self.added_ids)
        kind = pa.string() if self.ids and isinstance(self.ids[0], str) else pa.int64()
        columns = {
            self.id_column: pa.array(self.ids, type=kind),
            "row": pa.array(self.rows, type=pa.int64()),
            "gain": pa.array([None] * before + self.gains.tolist(), type=pa.float64()),
            "added": pa.array([False] * before + [True] * len(self.added_ids), type=pa.bool_()),
            "random": pa.array(np.isin(np.arange(len(self.ids)) - before, np.arange(len(self.random_ids)))),
        }
        return pa.table(columns).replace_schema_metadata({"lightly_ray": json.dumps(self.summary())})

    def summary(self) -> dict[str, object]:
        """Sizes, certificate and statistics, ready for JSON."""
        return {
            "method": self.method,
            "why": self.why,
            "n_samples": len(self.ids),
            "n_added": len(self.added_ids),
            "n_random": len(self.random_ids),
            "n_skipped": len(self.skipped),
            "radius": self.radius,
            "lower_bound": self.lower_bound,
            "factor": self.factor,
            "stop_reason": self.stop_reason,
            "coverage": None if self.coverage is None else asdict(self.coverage),
            "normalize": self.normalize,
            "whitening": None if self.whitening is None else self.whitening.digest,
            "stats": asdict(self.stats),
        }

    def to_parquet(self, path: PathLike) -> None:
        """Write `to_table` to a Parquet file, whole or not at all.

        Args:
            path: on any file system that Arrow knows: local, `s3://...`.

        Raises:
            InvalidInputError: it cannot be written there.
        """
        stream = BytesIO()
        pq.write_table(self.to_table(), stream)
        Location.parse(path).write(stream.getvalue())

    def to_dataset(self) -> "Dataset":
        """`to_table` as a `ray.data.Dataset`, on the Ray that is there or one that lasts as long as the process."""
        from lightly_ray.parallel.selection.dataset_source import dataset_of  # noqa: PLC0415  # small selections never load Ray

        return dataset_of(self.to_table())
