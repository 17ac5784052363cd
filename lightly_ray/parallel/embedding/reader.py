"""Images below a folder, read and decoded by threads of one process."""

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

from PIL import Image

from lightly_ray.data.images import as_rgb, open_first_frame
from lightly_ray.data.location import Location
from lightly_ray.errors import CorruptImageError

_READERS = 8  # threads that wait for a store while others decode
BLACK = Image.new("RGB", (1, 1))


class Decoded(NamedTuple):
    """An image.

    Attributes:
        image: in the mode RGB; black where it cannot be decoded.
        error: why it cannot, else "".
        several: whether its file has more frames or pages than this one.
    """

    image: Image.Image
    error: str
    several: bool


class Reader:
    """Reads images.

    Args:
        root: the folder.
        at_least: pixels; images may be shrunk while they are decoded as long as no side falls below this.
        threads: that decode.
    """

    def __init__(self, root: Location, at_least: int, threads: int) -> None:
        self._root, self._at_least = root, at_least
        self._readers = ThreadPoolExecutor(_READERS)
        # Handing an image to one other thread costs more than that thread gains.
        self._decoding = ThreadPoolExecutor(threads).map if threads > 1 else map

    def read(self, names: Sequence[str]) -> Iterator[Decoded]:
        """The images of these names, in their order.

        Raises:
            UnreadableError: a file is gone, or its store does not answer.
        """
        places = [self._root.child(name) for name in names]
        return self._decoding(self._decode, names, self._readers.map(Location.read_existing, places))

    def _decode(self, name: str, data: bytes) -> Decoded:
        try:
            opened = open_first_frame(data, name=name, at_least=self._at_least)
        except CorruptImageError as corrupt:
            return Decoded(BLACK, str(corrupt), several=False)
        return Decoded(as_rgb(opened.image), "", opened.several)
