"""What Prometheus reads at `/metrics`: requests that this process served, and jobs and samples of the database.

Processes that share a port add their counters up in a folder; every other server has its own. What comes of the
database is the same at all of them.
"""

import os
from collections.abc import Iterator
from typing import Any, cast

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.multiprocess import MultiProcessCollector
from sqlalchemy import Connection
from starlette.types import Scope

from lightly_ray import __version__
from lightly_ray.platform.storage.store import datasets, jobs

COUNTERS = "PROMETHEUS_MULTIPROC_DIR"  # variable of that folder, which prometheus_client looks for as it is loaded
_PREFIX = "lightly_ray_platform"
_UNMATCHED = "none"  # where no route fits: what clients make up must not become label values
_BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300)  # seconds; uploads take minutes


class Measurements:
    """Counters of one server."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        self._requests = Counter(
            f"{_PREFIX}_requests", "Requests served.", ["method", "route", "status"], registry=self._registry
        )
        self._seconds = Histogram(
            f"{_PREFIX}_request_seconds",
            "Seconds from the first byte of a request to the last of its answer.",
            ["method", "route"],
            registry=self._registry,
            buckets=_BUCKETS,
        )

    def note(self, scope: Scope, status: int, seconds: float) -> None:
        """Count a request that has ended, under the route that took it."""
        route = getattr(scope.get("route"), "path", None)
        labels = (scope["method"], route) if route else (_UNMATCHED, _UNMATCHED)
        self._requests.labels(*labels, str(status)).inc()
        self._seconds.labels(*labels).observe(seconds)

    def exposition(self, db: Connection) -> bytes:
        """All of it in Prometheus' text format, version 0.0.4."""
        counted = self._registry
        if COUNTERS in os.environ:
            counted = CollectorRegistry()
            cast("Any", MultiProcessCollector)(counted)
        return generate_latest(counted) + generate_latest(cast("CollectorRegistry", _Stored(db)))


class _Stored:
    """What the database holds, as a collector of one look at it."""

    def __init__(self, db: Connection) -> None:
        self._db = db

    def collect(self) -> Iterator[GaugeMetricFamily]:
        info = GaugeMetricFamily(f"{_PREFIX}_info", "The version of the server.", labels=["version"])
        info.add_metric([__version__], 1)
        yield info
        held = datasets.totals(self._db)
        yield GaugeMetricFamily(f"{_PREFIX}_datasets", "Datasets.", value=held.datasets)
        yield GaugeMetricFamily(f"{_PREFIX}_samples", "Samples of all datasets.", value=held.samples)
        queued = GaugeMetricFamily(f"{_PREFIX}_jobs", "Jobs that are kept, by state.", labels=["kind", "status"])
        for (kind, status), count in jobs.counts(self._db).items():
            queued.add_metric([kind, status], count)
        yield queued
        waiting = "Seconds for which the job has waited that has waited longest, 0 where none waits."
        yield GaugeMetricFamily(f"{_PREFIX}_oldest_waiting_job_seconds", waiting, value=jobs.longest_wait(self._db))
