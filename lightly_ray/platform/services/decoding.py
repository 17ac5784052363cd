"""Pictures that the server decodes: few at the same time, and none that takes its memory.

A file of a few kilobytes may hold a picture of gigabytes. How many pixels it has is in its head, which is looked at
before it is decoded. A decoded picture takes 4 bytes a pixel, twice that while it is turned and shrunk.
"""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from PIL import Image

from lightly_ray.data.images import count_pixels, open_first_frame
from lightly_ray.errors import CorruptImageError
from lightly_ray.platform import limits

_AT_A_TIME = 4  # so that nor files in memory add up


class _Budget:
    """Pixels that may be decoded at the same time; who wants many is not overtaken for ever by those who want few."""

    def __init__(self, pixels: int) -> None:
        self._free = pixels
        self._first = threading.Lock()
        self._given_back = threading.Condition()

    @contextmanager
    def taken(self, pixels: int) -> Iterator[None]:
        with self._first, self._given_back:
            self._given_back.wait_for(lambda: self._free >= pixels)
            self._free -= pixels
        try:
            yield
        finally:
            with self._given_back:
                self._free += pixels
                self._given_back.notify_all()


_turns = threading.BoundedSemaphore(_AT_A_TIME)
_budget = _Budget(limits.IMAGE_PIXELS)


@contextmanager
def decoded(read: Callable[[], bytes | Path], name: str, *, at_least: int | None = None) -> Iterator[Image.Image]:
    """The first frame of an image, upright and in 8 bits, for as long as the block lasts.

    Args:
        read: gives the file or its path, once it is its turn.
        name: what messages call it.
        at_least: pixels of a side; a JPEG may be decoded at a fraction of its size, as long as that is more.

    Raises:
        CorruptImageError: it cannot be decoded, or has more pixels than are.
    """
    with _turns:
        source = read()
        pixels = count_pixels(source, name=name, at_least=at_least)
        if pixels > limits.IMAGE_PIXELS:
            more = f"it has {pixels:,} pixels, a server decodes at most {limits.IMAGE_PIXELS:,}"
            raise CorruptImageError(f"image {name!r} cannot be read: {more}")
        with _budget.taken(pixels):
            yield open_first_frame(source, name=name, at_least=at_least).image
