"""Time and names: unix milliseconds, and ids of 24 hexadecimal digits that sort by age."""

import secrets
import threading
import time


def now() -> int:
    """Milliseconds since 1970."""
    return time.time_ns() // 1_000_000


class _Ids:
    """Numbers of 96 bits that ascend: 48 bits of the time in ms, 48 random at the start of each millisecond."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._last = 0

    def next(self) -> int:
        with self._lock:
            # A random start below 2^47 leaves as many ids again within one millisecond.
            fresh = (now() << 48) | secrets.randbits(47)
            self._last = fresh if fresh >> 48 > self._last >> 48 else self._last + 1
            return self._last


_ids = _Ids()


def new_id() -> str:
    """24 lower-case hexadecimal digits.

    Ids made by one process ascend strictly, so that whatever is listed by (created, id) keeps the order in which
    it was made; over several processes the clock decides.
    """
    return f"{_ids.next():024x}"
