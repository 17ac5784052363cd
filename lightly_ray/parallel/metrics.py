"""What Ray's metrics say of this library: counters and gauges, which Ray exports as ``ray_NAME`` on every node.

    count(ROWS_READ, len(rows))          once more work was done
    show(RADIUS, selection.radius)       how it is now

Silent where no Ray runs in this process; nothing here starts or even imports one. Counters count work, and what a lost
worker had done is counted again when another one does it.
"""

import sys
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from lightly_ray.parallel.selection.result import Selection


@dataclass(frozen=True, slots=True)
class Counter:
    """Something that only grows; Ray adds ``_total`` to its name."""

    name: str
    description: str


@dataclass(frozen=True, slots=True)
class Gauge:
    """Something that is as it was shown last."""

    name: str
    description: str


ROWS_READ = Counter("lightly_ray_rows_read", "Embeddings that were read to select from.")
ROWS_SCORED = Counter("lightly_ray_rows_scored", "Samples whose predictions were scored.")
ROWS_EMBEDDED = Counter("lightly_ray_rows_embedded", "Images that were embedded, broken ones included.")
PICKS = Counter("lightly_ray_picks", "Samples that were picked.")
ROUNDS = Counter("lightly_ray_rounds", "Rounds between the driver of a selection and its shards.")
DRIVER_BYTES = Counter("lightly_ray_driver_bytes", "Bytes that passed through the drivers of selections.")
RESTARTS = Counter("lightly_ray_restarts", "Shards that were lost and made again on another worker.")
PAIRS_SHARE = Gauge("lightly_ray_pairs_share", "Share of all pairs of row and center that the last selection computed.")
RADIUS = Gauge("lightly_ray_radius", "Largest distance of any sample to the last selection.")
ALL = (ROWS_READ, ROWS_SCORED, ROWS_EMBEDDED, PICKS, ROUNDS, DRIVER_BYTES, RESTARTS, PAIRS_SHARE, RADIUS)

_instruments: dict[str, Any] = {}


def exported_name(metric: Counter | Gauge) -> str:
    """What Prometheus finds it as."""
    return f"ray_{metric.name}_total" if isinstance(metric, Counter) else f"ray_{metric.name}"


def count(metric: Counter, number: int) -> None:
    """Add to a counter, where Ray runs."""
    if number > 0 and _ray_runs():
        _instrument(metric).inc(number)


def show(metric: Gauge, value: float | None) -> None:
    """Set a gauge, where Ray runs and there is a value."""
    if value is not None and _ray_runs():
        _instrument(metric).set(value)


def show_selection(selection: "Selection") -> None:
    """What a selection has cost and what came of it, when it has ended.

    Lost shards, and picks by distance, are counted before; what is drawn at random or taken by score comes at once.
    """
    stats = selection.stats
    count(PICKS, len(selection.random_ids if stats.partitions else selection.added_ids))
    count(ROUNDS, stats.rounds)
    count(DRIVER_BYTES, stats.driver_bytes)
    show(PAIRS_SHARE, stats.evaluated_share if stats.rounds else None)
    show(RADIUS, selection.radius)


def _ray_runs() -> bool:
    # Not imported here: a small selection never loads Ray.
    ray = sys.modules.get("ray")
    return ray is not None and hasattr(ray, "is_initialized") and bool(ray.is_initialized())


def _instrument(metric: Counter | Gauge) -> Any:
    if metric.name not in _instruments:
        metrics = import_module("ray.util.metrics")
        kind = metrics.Counter if isinstance(metric, Counter) else metrics.Gauge
        _instruments[metric.name] = kind(metric.name, description=metric.description)
    return _instruments[metric.name]
