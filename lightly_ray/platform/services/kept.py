"""What is made once and kept as a blob.

Two servers may make the same thing at the same time: both write the same bytes. Threads of one server wait for the
first of them, since a screen that opens asks for several things that need the same scan.
"""

import gzip
import io
import threading
import weakref
from collections.abc import Callable
from contextlib import suppress

from lightly_ray.errors import NotFoundError, UnavailableError
from lightly_ray.platform.storage.blobs import Blobs

_LEVEL = 1  # float32 numbers hardly get smaller by more effort
_guard = threading.Lock()
_locks: weakref.WeakValueDictionary[str, threading.Lock] = weakref.WeakValueDictionary()  # of what is being made


def kept(blobs: Blobs, key: str, make: Callable[[], bytes]) -> bytes:
    """The bytes of a blob; it is made where it is missing.

    Args:
        blobs: where it is kept.
        key: holds the version of all that it is made of.
        make: the same bytes whenever it is called.
    """
    with suppress(NotFoundError):
        return blobs.read(key)
    with _guard:
        lock = _locks.setdefault(key, threading.Lock())
    with lock:
        with suppress(NotFoundError):  # another thread may have made it meanwhile
            return blobs.read(key)
        content = make()
        # Where nothing can be written, reading goes on: it is made again the next time.
        with suppress(UnavailableError):
            blobs.put(key, io.BytesIO(content))
        return content


def compressed(content: bytes) -> bytes:
    """Gzip, the same bytes for the same content: browsers get it as it is kept."""
    return gzip.compress(content, _LEVEL, mtime=0)
