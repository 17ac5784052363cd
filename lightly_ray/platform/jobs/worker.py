"""The worker: claims a job, lets its runner compute it, renews the lease meanwhile, and stores the outcome.

It computes nothing itself, so its heartbeat never waits for a computation. A runner that dies (killed, out of
memory) costs the job one attempt, after which the job waits again. The tag and the job's end are one transaction.
"""

import logging
import os
import signal
import socket
import subprocess
import sys
import time
from dataclasses import dataclass, field
from queue import Empty, SimpleQueue
from threading import Event, Thread
from types import FrameType

from sqlalchemy.exc import DBAPIError

from lightly_ray.platform import lifeline
from lightly_ray.platform.context import Store
from lightly_ray.platform.jobs.messages import (
    Assignment,
    Died,
    Ended,
    Evaluated,
    Failed,
    FromRunner,
    Grouped,
    Progressed,
    Projected,
    Selected,
    Stopped,
    from_runner,
)
from lightly_ray.platform.jobs.outcome import keep
from lightly_ray.platform.jobs.pinned import pinned_of
from lightly_ray.platform.log import about, configure
from lightly_ray.platform.settings import WorkerSettings
from lightly_ray.platform.storage.audit import Acting, acting
from lightly_ray.platform.storage.store import jobs
from lightly_ray.platform.storage.store.records import Job

_log = logging.getLogger(__name__)
_IDLE = 0.1  # seconds between looks into an empty queue
_RETRY = 1.0  # seconds after a lost database


class Runner:
    """The child process that computes. Started with the first job, and again after it was killed."""

    def __init__(self, settings: WorkerSettings) -> None:
        self._settings = settings
        self._process: subprocess.Popen[bytes] | None = None
        self.messages: SimpleQueue[FromRunner | Died] = SimpleQueue()

    def start(self) -> None:
        """Make sure that it runs."""
        if self._process is not None and self._process.poll() is not None:
            self.kill()
        if self._process is None:
            env = {"RAY_ADDRESS": self._settings.ray_address} if self._settings.ray_address else {}
            self._process = lifeline.spawn("runner", self._settings, env=env, stdout=subprocess.PIPE)
            self.messages = SimpleQueue()
            Thread(target=_listen, args=(self._process, self.messages), daemon=True).start()

    def submit(self, job: Job) -> None:
        """Let it compute a job; `messages` says how it goes."""
        self.start()
        if self._process is not None:
            pinned = pinned_of(job.kind, job.pinned)
            assignment = Assignment(job_id=job.id, dataset_id=job.dataset_id, pinned=pinned)
            lifeline.tell(self._process, assignment.to_json())

    def kill(self) -> None:
        """Kill it, also in the middle of a job."""
        if self._process is not None:
            lifeline.end(self._process, patience=0)
            self._process = None


def _listen(process: "subprocess.Popen[bytes]", messages: "SimpleQueue[FromRunner | Died]") -> None:
    if process.stdout is not None:
        with process.stdout:
            for line in process.stdout:
                messages.put(from_runner(line))
    messages.put(Died())


@dataclass
class Worker:
    """Claims and runs jobs until it has to stop.

    Attributes:
        settings: as given.
        store: where the queue is.
        stopping: set it to end `run` after the current look into the queue.
    """

    settings: WorkerSettings
    store: Store
    stopping: Event = field(default_factory=Event)

    def __post_init__(self) -> None:
        self.name = f"{socket.gethostname()}:{os.getpid()}"
        self.runner = Runner(self.settings)
        self._lease_ms = int(self.settings.lease * 1000)

    def run(self) -> None:
        """Work. Returns when `stopping` is set; a job that runs then is given back to the queue."""
        self.runner.start()  # its imports take a second or two: better now than with the first job
        try:
            while not self.stopping.is_set():
                try:
                    busy = self.step()
                except DBAPIError as error:
                    _log.warning("the database cannot be used, trying again: %s", type(error.orig).__name__)
                    self.runner.kill()
                    self.stopping.wait(_RETRY)
                else:
                    if not busy:
                        self.stopping.wait(_IDLE)
        finally:
            self.runner.kill()

    def step(self) -> bool:
        """Run one job if there is one; whether there was."""
        with self.store.database.read() as db:
            if not jobs.has_claimable(db):
                return False
        with self.store.database.write() as db:
            job = jobs.claim(db, self.name, self._lease_ms)
        if job is not None:
            queued_by = pinned_of(job.kind, job.pinned).request_id
            with about(job=job.id, request=queued_by):
                what = (job.id, job.kind.lower(), job.attempts, queued_by or "unknown")
                _log.info("job %s: %s, attempt %d, queued by request %s", *what)
                self.runner.submit(job)
                self._conclude(job, self._watch(job))
        return True

    def _watch(self, job: Job) -> Ended:
        """Wait until the job ends, and renew the lease meanwhile."""
        processed = total = 0
        renewed = time.monotonic()
        while not self.stopping.is_set():
            match self._next_message(renewed):
                case None:
                    pass
                case Progressed() as progress:
                    processed, total = progress.processed, progress.total
                case ended:
                    return ended
            if time.monotonic() - renewed >= self.settings.lease / 5:
                renewed = time.monotonic()
                if not self._renew(job, processed, total):
                    self.runner.kill()
                    return Failed(error=jobs.CANCELLED)
        self.runner.kill()
        return Stopped()

    def _next_message(self, renewed: float) -> FromRunner | Died | None:
        """None where there was none before the lease has to be looked after."""
        patience = max(0.01, min(0.2, renewed + self.settings.lease / 5 - time.monotonic()))
        try:
            return self.runner.messages.get(timeout=patience)
        except Empty:
            return None

    def _renew(self, job: Job, processed: int, total: int) -> bool:
        with self.store.database.write() as db:
            return jobs.renew(db, job, self._lease_ms, processed=processed, total=total)

    def _conclude(self, job: Job, ended: Ended) -> None:
        # Who acts is filled in where there is a result.
        with acting(Acting()), self.store.database.write() as db:
            match ended:
                case Stopped():
                    jobs.give_back(db, job, counted=False)
                case Died():
                    _log.warning("job %s: its runner died", job.id)
                    jobs.give_back(db, job, counted=True)
                case Failed(error=error):
                    _log.info("job %s failed: %s", job.id, error)
                    jobs.fail(db, job, error)
                case Selected() | Projected() | Grouped() | Evaluated():
                    _log.info("job %s has a result: %s of %d samples", job.id, ended.kind, ended.count)
                    keep(db, job, ended)


def work(settings: WorkerSettings) -> None:
    """Run jobs until interrupted: `lightly-ray worker`."""
    if settings.log_format == "text":
        sys.stderr.write("waiting for jobs; stop with Ctrl-C\n")
    _run(settings)


def run_child(settings_json: object) -> None:
    """Work as the child of a server."""
    lifeline.follow()
    _run(WorkerSettings.model_validate(settings_json))


def _run(settings: WorkerSettings) -> None:
    configure(settings.log, settings.log_format)
    worker = Worker(settings, Store.open(settings))

    def _stop(_number: int, _frame: FrameType | None) -> None:
        # The job that runs goes back into the queue, where another worker finds it at once.
        worker.stopping.set()

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _stop)
    worker.run()
