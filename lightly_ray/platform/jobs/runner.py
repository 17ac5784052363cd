"""The process that computes: it runs one job after another, and its worker kills it when a job is cancelled.

Messages come in through the lifeline, one job each, and go out on standard output: progress, then a result or an
error (`messages`). It reads the database and never writes to it.
"""

import json
import logging
import os
import queue
import time
from importlib import import_module

import numpy as np
from numpy.typing import NDArray

from lightly_ray.errors import LightlyRayError
from lightly_ray.platform import lifeline
from lightly_ray.platform.context import Store
from lightly_ray.platform.jobs import evaluation, grouping, sampling
from lightly_ray.platform.jobs.messages import Assignment, Failed, FromRunner, Grouped, Progressed, Projected, Selected
from lightly_ray.platform.jobs.pinned import PinnedEvaluation, PinnedGrouping, PinnedProjection, PinnedSelection
from lightly_ray.platform.log import about, configure
from lightly_ray.platform.services import orders
from lightly_ray.platform.settings import WorkerSettings
from lightly_ray.platform.storage.ids import new_id
from lightly_ray.platform.storage.store import samples
from lightly_ray.platform.storage.store.records import Json
from lightly_ray.settings import take_stdout

_log = logging.getLogger(__name__)


class _Out:
    """Messages to the worker."""

    def __init__(self) -> None:
        self._stream = take_stdout()
        self._last = 0.0

    def send(self, message: FromRunner) -> None:
        os.write(self._stream, json.dumps(message.to_json()).encode() + b"\n")

    def progress(self, processed: int, total: int) -> None:
        # The worker writes progress into the database: a few times a second is plenty.
        if time.monotonic() - self._last > 0.2 or processed == total:
            self._last = time.monotonic()
            self.send(Progressed(processed=processed, total=total))


def run_child(settings_json: object) -> None:
    """Run jobs until the worker ends this process."""
    settings = WorkerSettings.model_validate(settings_json)
    configure(settings.log, settings.log_format)
    out = _Out()
    incoming: queue.SimpleQueue[Json] = queue.SimpleQueue()
    lifeline.follow(incoming.put)
    store = Store.open(settings)
    sampling.warm_up()
    while True:
        assignment = Assignment.model_validate(incoming.get())
        with about(job=assignment.job_id, request=assignment.pinned.request_id):
            out.send(_ended(store, assignment, out))


def _ended(store: Store, assignment: Assignment, out: _Out) -> FromRunner:
    try:
        return _run(store, assignment, out)
    except LightlyRayError as error:
        return Failed(error=str(error))
    except Exception:  # the end of a job: a bug fails that job, and is reported in the log
        _log.exception("job %s failed", assignment.job_id)
        return Failed(error="an internal error; the log of the worker has the details")


def _run(store: Store, assignment: Assignment, out: _Out) -> FromRunner:
    match assignment.pinned:
        case PinnedProjection() as pinned:
            # Loaded when asked for: scikit-learn takes a second.
            projection = import_module("lightly_ray.platform.jobs.projection")
            points = projection.run(store.blobs, pinned)
            return Projected(file_key=_keep(store, assignment.dataset_id, points), count=len(points))
        case PinnedGrouping() as pinned:
            return Grouped(count=grouping.run(store, pinned, out.progress))
        case PinnedEvaluation() as pinned:
            return evaluation.run(store, assignment.dataset_id, pinned)
        case PinnedSelection() as pinned:
            with store.database.read() as db:
                names = samples.mappings(db, assignment.dataset_id)
            chosen = sampling.run(store.blobs, pinned, names, out.progress)
            key = orders.keep(store.blobs, assignment.dataset_id, chosen.order)
            return Selected(mask=chosen.mask, provenance=chosen.provenance | {"order_key": key})


def _keep(store: Store, dataset_id: str, points: NDArray[np.float32]) -> str:
    key = f"datasets/{dataset_id}/projections/{new_id()}.npy"
    store.blobs.put_array(key, points)
    return key
