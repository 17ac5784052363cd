"""What deleted datasets leave behind is removed behind the scenes: samples in parts, then files.

A server looks at its start, whenever it has deleted a dataset, and once a minute: so what a kill has interrupted is
finished by the next server, or by another one.
"""

import logging
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.exc import SQLAlchemyError

from lightly_ray.errors import LightlyRayError
from lightly_ray.platform.context import Platform
from lightly_ray.platform.storage.store import deletions

_PART = 2_000  # samples of one transaction: some hundredths of a second
_LOOK, _PATIENCE = 60.0, 5.0  # seconds between looks; seconds that a stopping server waits for a part
_log = logging.getLogger("lightly_ray.platform")


@contextmanager
def sweeping(platform: Platform) -> Iterator[None]:
    """Sweep in a thread as long as the block lasts."""
    ending = threading.Event()
    # A folder of a million files takes minutes: the end of the process does not wait for it, the next server goes on.
    thread = threading.Thread(target=_run, args=(platform, ending), name="sweeping", daemon=True)
    thread.start()
    try:
        yield
    finally:
        ending.set()
        platform.deleted.set()
        thread.join(_PATIENCE)


def sweep(platform: Platform, ending: threading.Event) -> None:
    """Remove all that deleted datasets have left, unless it is time to end."""
    with platform.database.read() as db:
        left = deletions.pending(db)
    for dataset_id in left:
        if _remove_samples(platform, dataset_id, ending):
            # Files after the rows that name them: a backup never misses one.
            platform.blobs.delete_folder(f"datasets/{dataset_id}")
            with platform.database.write() as db:
                deletions.finish(db, dataset_id)


def _run(platform: Platform, ending: threading.Event) -> None:
    while not ending.is_set():
        platform.deleted.clear()
        try:
            sweep(platform, ending)
        except (SQLAlchemyError, LightlyRayError, OSError) as error:
            _log.warning("what deleted datasets left is removed later: %s", error)
        platform.deleted.wait(_LOOK)


def _remove_samples(platform: Platform, dataset_id: str, ending: threading.Event) -> bool:
    """Whether none is left, and no other server is at it."""
    while not ending.is_set():
        start = time.perf_counter()
        with platform.database.write() as db:
            removed = deletions.remove_samples(db, dataset_id, _PART)
        if removed is None:
            return False
        if not removed:
            return True
        # Half of the time belongs to others who write.
        ending.wait(time.perf_counter() - start)
    return False
