"""Time and names: unix milliseconds, and ids of 24 hexadecimal digits that sort by age."""

import secrets
import threading
import time

_lock = threading.Lock()
_last = 0


def now() -> int:
    """Milliseconds since 1970."""
    return time.time_ns() // 1_000_000


def new_id() -> str:
    """24 lower-case hexadecimal digits: 12 of the time in ms, 12 random.

    Ids made by one process ascend strictly, so that whatever is listed by (created, id) keeps the
    order in which it was made; over several processes the clock decides.
    """
    global _last  # noqa: PLW0603 - the last id of this process is what the next one must exceed
    with _lock:
        # A random start leaves 2^47 ids or more within one millisecond.
        fresh = (now() << 48) | secrets.randbits(47)
        _last = fresh if fresh >> 48 > _last >> 48 else _last + 1
        return f"{_last:024x}"
