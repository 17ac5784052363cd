"""Names that the client gives where the caller gave none, or one that is taken."""

from collections.abc import Iterator
from datetime import datetime
from itertools import repeat


def timestamps() -> Iterator[str]:
    """The time of day to the second, as published clients write it; then with microseconds, again and again.

    Two uploads of one second, by a loop or by two machines, must not claim one name.
    """
    yield f"{datetime.now().astimezone():%Y%m%d_%Hh%Mm%Ss}"
    for _ in repeat(None):
        yield f"{datetime.now().astimezone():%Y%m%d_%Hh%Mm%Ss_%f}"
