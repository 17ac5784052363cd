"""The process that computes: it runs one job after another, and its worker kills it when a job is cancelled.

Lines of JSON come in through the lifeline, one job each; lines of JSON go out: progress, then a result or an
error. It reads the database and never writes to it.
"""

import io
import json
import logging
import os
import queue
import sys
import time
from importlib import import_module
from typing import Any

import numpy as np

from lightly_ray.errors import LightlyRayError
from lightly_ray.platform import lifeline
from lightly_ray.platform.context import Store
from lightly_ray.platform.jobs import sampling
from lightly_ray.platform.log import configure
from lightly_ray.platform.settings import WorkerSettings
from lightly_ray.platform.storage.ids import new_id
from lightly_ray.platform.storage.store import samples
from lightly_ray.platform.storage.store.records import Json

_log = logging.getLogger(__name__)


class _Out:
    """Messages to the worker. Libraries print to standard output: that is sent to standard error."""

    def __init__(self) -> None:
        sys.stdout.flush()
        self._stream = os.dup(1)
        os.dup2(2, 1)
        self._last = 0.0

    def send(self, **message: Any) -> None:
        os.write(self._stream, json.dumps(message).encode() + b"\n")

    def progress(self, processed: int, total: int) -> None:
        # The worker writes progress into the database: a few times a second is plenty.
        if time.monotonic() - self._last > 0.2 or processed == total:
            self._last = time.monotonic()
            self.send(processed=processed, total=total)


def play(told: object) -> None:
    """Run jobs until the worker ends this process."""
    settings = WorkerSettings.model_validate(told)
    configure(settings.log)
    out = _Out()
    incoming: queue.SimpleQueue[Json] = queue.SimpleQueue()
    lifeline.follow(incoming.put)
    store = Store.open(settings)
    sampling.warm_up()
    while True:
        job = incoming.get()
        try:
            out.send(result=_run(store, job, out))
        except LightlyRayError as error:
            out.send(error=str(error))
        except Exception:  # the end of a job: a bug fails that job, and is told in the log
            _log.exception("job %s failed", job["id"])
            out.send(error="an internal error; the log of the worker has the details")


def _run(store: Store, job: Json, out: _Out) -> Json:
    if job["kind"] == "PROJECTION":
        # Loaded when asked for: scikit-learn takes a second.
        projection = import_module("lightly_ray.platform.jobs.projection")
        points = projection.run(store.blobs, job["pinned"])
        return {"file_key": _keep(store, job, points), "count": len(points)}
    with store.database.read() as db:
        names = samples.mappings(db, job["dataset_id"])
    outcome = sampling.run(store.blobs, job["pinned"], names, out.progress)
    return {"mask": outcome.mask, "provenance": outcome.provenance, "count": outcome.provenance["selected"]}


def _keep(store: Store, job: Json, points: "np.ndarray[Any, Any]") -> str:
    key = f"datasets/{job['dataset_id']}/projections/{new_id()}.npy"
    buffer = io.BytesIO()
    np.save(buffer, points, allow_pickle=False)
    buffer.seek(0)
    store.blobs.put(key, buffer)
    return key
