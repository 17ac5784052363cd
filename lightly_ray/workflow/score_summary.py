"""What the result of the scoring job says about the scores."""

import sys
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from lightly_ray.scores.tables import ERROR

_LISTED = 100  # skipped samples that the result names; the output has all of them


class Summary:
    """Counts, and the extent and mean of each score, table by table.

    Args:
        id_column: the names of the samples.
        scores: names of the scores.
    """

    def __init__(self, id_column: str, scores: tuple[str, ...]) -> None:
        self._id_column = id_column
        self._samples = 0
        self._skipped: dict[str, str] = {}
        self._skipped_count = 0
        self._values: dict[str, tuple[float, float, float]] = dict.fromkeys(scores, (np.inf, 0.0, -np.inf))

    def add(self, table: pa.Table) -> None:
        """Count a table of scores, and name the skipped samples. The mean depends on how tables are cut."""
        skipped = table.filter(pc.is_valid(table[ERROR])) if ERROR in table.column_names else table.slice(0, 0)
        for name, reason in zip(skipped[self._id_column], skipped[ERROR] if len(skipped) else [], strict=True):
            sys.stderr.write(f"skipped: {name} has {reason}\n")
            if len(self._skipped) < _LISTED:
                self._skipped[str(name)] = str(reason)
        self._skipped_count += len(skipped)
        self._samples += len(table) - len(skipped)
        for name, (low, total, high) in self._values.items():
            values = table[name].drop_null().to_numpy().astype(np.float64)
            self._values[name] = (
                min(low, values.min(initial=np.inf)),
                total + float(values.sum()),
                max(high, values.max(initial=-np.inf)),
            )

    def result(self) -> dict[str, Any]:
        """Counts, and the extent and mean of each score."""
        scores = {
            name: {"min": float(low), "mean": total / self._samples, "max": float(high)}
            for name, (low, total, high) in self._values.items()
            if self._samples
        }
        return {
            "samples": self._samples,
            "skipped": self._skipped_count,
            "skipped_samples": self._skipped,
            "scores": scores,
        }
