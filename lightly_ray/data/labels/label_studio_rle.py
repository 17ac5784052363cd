"""Label Studio's run lengths of brush strokes: bits of an (H, W, 4) array of bytes, of which the last channel counts.

    32 bits: how many values                       5 bits: bits of a value - 1
    4 x 4 bits: bits of a length - 1, four sizes
    then, until all values are there:
        1 bit: a run (1) or single values (0)      2 bits: which size the length has
        the length - 1                             the value, or so many values

References:
    https://github.com/thi-ng/umbrella/tree/develop/packages/rle-pack
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lightly_ray.data.labels.masks import require_pixels, runs_of
from lightly_ray.errors import InvalidInputError

_SIZES = (3, 4, 8, 16)  # bits of a length, as Label Studio itself chooses them


def decode(rle: Sequence[int], height: int, width: int, what: str) -> NDArray[np.bool_]:
    """The (H, W) pixels that a brush has touched.

    Raises:
        TooLargeError: there are too many.
        InvalidInputError: these are no such run lengths, or of another image.
    """
    require_pixels(height * width, what)
    try:
        bits = _Bits(bytes(rle))
        count = bits.take(32)
        word = bits.take(5) + 1
        sizes = [bits.take(4) + 1 for _ in range(4)]
        if count != height * width * 4:
            raise InvalidInputError(f"{what}: a mask has {count} values, {width} x {height} pixels have four each")
        values = np.zeros(count, dtype=bool)
        at = 0
        while at < count:
            same = bits.take(1)
            length = bits.take(sizes[bits.take(2)]) + 1
            if same:
                values[at : at + length] = bits.take(word) > 0
            else:
                some = [bits.take(word) > 0 for _ in range(min(length, count - at))]
                values[at : at + len(some)] = some
            at += length
    except (EOFError, ValueError, TypeError, IndexError) as error:
        if isinstance(error, InvalidInputError):
            raise
        raise InvalidInputError(
            f"{what}: a mask is no run lengths of Label Studio: {str(error) or 'it is cut'}"
        ) from error
    return values.reshape(height, width, 4)[:, :, 3]


def encode(pixels: NDArray[Any]) -> list[int]:
    """The run lengths of (H, W) pixels; all four channels are 255 where one is set."""
    parts = [f"{pixels.size * 4:032b}", f"{8 - 1:05b}", *(f"{size - 1:04b}" for size in _SIZES)]
    for number, run in enumerate(runs_of(pixels.ravel())):
        value = "11111111" if number % 2 else "00000000"
        parts += [f"{head}{value}" for head in _heads(run * 4)]
    text = "".join(parts)
    text += "0" * (-len(text) % 8)
    return list(int(text, 2).to_bytes(len(text) // 8, "big"))


def _heads(length: int) -> list[str]:
    """What stands before the value of a run, cut into such as the largest size can hold."""
    most = 1 << _SIZES[-1]
    heads = []
    while length > 0:
        part = min(length, most)
        kind = next(kind for kind, size in enumerate(_SIZES) if part <= 1 << size)
        heads.append(f"1{kind:02b}{part - 1:0{_SIZES[kind]}b}")
        length -= part
    return heads


class _Bits:
    def __init__(self, content: bytes) -> None:
        self._content, self._at, self._end = content, 0, len(content) * 8

    def take(self, count: int) -> int:
        """The next bits as a number."""
        start, stop = self._at, self._at + count
        if stop > self._end:
            raise EOFError
        self._at = stop
        last = -(-stop // 8)
        value = int.from_bytes(self._content[start // 8 : last], "big") >> (last * 8 - stop)
        return value & ((1 << count) - 1)
