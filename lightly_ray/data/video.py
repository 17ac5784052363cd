"""Video files: which ones a folder holds, and their frames. Decoded by PyAV, the extra `video`."""

import io
from collections.abc import Iterator
from importlib import import_module
from typing import Any, NamedTuple

from PIL import Image

from lightly_ray.data.listing import files_below
from lightly_ray.data.location import Location
from lightly_ray.errors import CorruptImageError, MissingExtraError, missing_extra

VIDEO_SUFFIXES = (".avi", ".m4v", ".mkv", ".mov", ".mp4", ".mpeg", ".mpg", ".ogv", ".webm", ".wmv")
_QUALITY = 95  # of JPEG: frames were compressed once already
_ROUNDING = 0.01  # of the time between two frames; containers round times, many to milliseconds


class Frame(NamedTuple):
    """A frame.

    Attributes:
        number: of this frame among all of its video, from 0.
        image: upright RGB.
    """

    number: int
    image: Image.Image


def find_videos(folder: Location) -> list[str]:
    """Names of all videos below a folder, at any depth, sorted.

    Raises:
        UnreadableError: it cannot be listed.
    """
    return sorted(path[len(folder.path) :].lstrip("/") for path in files_below(folder, VIDEO_SUFFIXES))


def require_decoder() -> None:
    """Raise `MissingExtraError` unless PyAV is installed."""
    try:
        import_module("av")
    except ModuleNotFoundError as error:
        raise MissingExtraError(missing_extra("reading videos needs av", "video")) from error


def read_frames(place: Location, fps: float) -> Iterator[Frame]:
    """Frames of a video, the first at or behind each of the times 0, 1 / fps, 2 / fps, ... from its first frame on.

    Args:
        place: of the video.
        fps: frames per second, above 0; where the video has fewer, all are taken.

    Raises:
        CorruptImageError: it cannot be decoded to its end, or shows nothing.
    """
    av = import_module("av")
    taken = 0
    try:
        with place.filesystem.open_input_file(place.path) as file, av.open(file) as container:
            start: float | None = None
            for number, frame in enumerate(container.decode(video=0)):
                start = frame.time if start is None else start
                if (frame.time - start) * fps >= taken - _ROUNDING:
                    taken = int((frame.time - start) * fps + _ROUNDING) + 1
                    yield Frame(number, _upright(frame))
    except Exception as error:  # the decoder has an exception class for each of its reasons
        raise CorruptImageError(f"video {place.shown!r} cannot be read: {error}") from error
    if not taken:
        raise CorruptImageError(f"video {place.shown!r} has no frame")


def to_jpeg(image: Image.Image) -> bytes:
    """An image as a JPEG file."""
    file = io.BytesIO()
    image.save(file, "JPEG", quality=_QUALITY)
    return file.getvalue()


def _upright(frame: Any) -> Image.Image:
    image: Image.Image = frame.to_image()
    # Telephones store how they were held; the decoder gives it in degrees, against the clock.
    return image.rotate(frame.rotation, expand=True) if frame.rotation else image
