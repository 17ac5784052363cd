"""Arrays in `.npy` files: mapped into memory, never unpickled."""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lightly_ray.data.location import Location
from lightly_ray.errors import InvalidInputError, NotFoundError, UnreadableError

_MAGIC = b"\x93NUMPY"


def map_npy(place: Location) -> NDArray[Any]:
    """Map the array of a file into memory.

    Raises:
        NotFoundError: there is no such file.
        UnreadableError: it is no .npy file, is cut short, or holds pickled objects.
        InvalidInputError: it is not on this machine or a disk mounted there.
    """
    if not place.is_local:
        raise InvalidInputError(
            f"{place.shown!r}: .npy files are mapped into memory and must be local; use Parquet in a store"
        )
    try:
        with Path(place.path).open("rb") as stream:
            begin = stream.read(len(_MAGIC))
        # NumPy takes anything else for an archive, or for pickled objects.
        array: NDArray[Any] | None = np.load(place.path, mmap_mode="r", allow_pickle=False) if begin == _MAGIC else None
    except FileNotFoundError as error:
        raise NotFoundError(f"there is no file {place.shown!r}") from error
    except (OSError, ValueError, EOFError) as error:
        raise place.unreadable(error, " as .npy") from error
    if array is None:
        raise UnreadableError(f"cannot read {place.shown!r} as .npy: it begins with {begin!r}")
    return array
