"""Image files: which ones a folder holds, and their pixels.

A *filename* is the path of an image below its folder, with forward slashes; the order of a folder's images is
the order of these strings by code point, on every machine.
"""

import io
import warnings
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image, features
from pyarrow import fs

from lightly_ray._types import PathLike
from lightly_ray.data.listing import infos_below
from lightly_ray.data.location import Location
from lightly_ray.data.pixels import as_seen
from lightly_ray.data.video import VIDEO_SUFFIXES
from lightly_ray.errors import CorruptImageError, InvalidInputError, NotFoundError

__all__ = [
    "SUFFIXES",
    "CorruptImageError",
    "as_rgb",
    "count_pixels",
    "decode_rgb",
    "find_corrupt",
    "find_images",
    "list_images",
    "open_first_frame",
    "open_image",
]

_ALWAYS = {
    *[
        ".apng",
        ".bmp",
        ".dib",
        ".gif",
        ".jfif",
        ".jpe",
        ".jpeg",
        ".jpg",
        ".mpo",
        ".pbm",
        ".pfm",
        ".pgm",
        ".png",
        ".pnm",
        ".ppm",
        ".qoi",
        ".tga",
        ".tif",
        ".tiff",
    ]
}
_OF_CODECS = {  # what Pillow decodes where it was built with this
    "avif": {".avif", ".avifs"},
    "jpg_2000": {".j2k", ".jp2", ".jpf", ".jpx"},
    "webp": {".webp"},
}
_OTHERS = {
    *[
        ".arw",
        ".cr2",
        ".cr3",
        ".dcm",
        ".dng",
        ".exr",
        ".hdr",
        ".heic",
        ".heif",
        ".hif",
        ".jxl",
        ".nef",
        ".orf",
        ".psd",
        ".raf",
        ".rw2",
        ".svg",
    ]
}
_FRAMES = "take frames of videos by `lightly-ray frames`, or `magic video.fps=1`"
_DECODED = _ALWAYS.union(*(endings for codec, endings in _OF_CODECS.items() if features.check(codec)))
SUFFIXES = tuple(sorted(_DECODED))
"""Endings of the images that a listing finds: those that the Pillow of this installation decodes."""
_NOT_DECODED = tuple(_OTHERS.union(*_OF_CODECS.values()) - _DECODED)


def list_images(folder: PathLike) -> list[str]:
    """Names of all images below ``folder``, sorted; see `find_images`."""
    return sorted(find_images(Location.parse(folder)))


def find_images(folder: PathLike) -> dict[str, fs.FileInfo]:
    """What is known of all images below a folder, at any depth, by name.

    Links to folders are followed, hidden files are left out. Files that are images by their ending, but cannot be
    decoded here, are counted in a warning, and videos are.

    Args:
        folder: on any file system.

    Raises:
        NotFoundError: there is no such folder.
        InvalidInputError: it holds no image, or the name of one is not UTF-8.
    """
    place = Location.parse(folder)
    if place.info().type != fs.FileType.Directory:
        raise NotFoundError(f"there is no folder {place.shown!r}")
    found = infos_below(place, SUFFIXES + _NOT_DECODED + VIDEO_SUFFIXES)
    images = [info for info in found if info.path.lower().endswith(SUFFIXES)]
    for endings, advice in ((_NOT_DECODED, "convert them to .jpg or .png"), (VIDEO_SUFFIXES, _FRAMES)):
        left_out = Counter(
            info.path.lower().rpartition(".")[2] for info in found if info.path.lower().endswith(endings)
        )
        if left_out:
            which = ", ".join(f"{count} .{ending}" for ending, count in sorted(left_out.items()))
            warnings.warn(
                f"{place.shown!r}: files that cannot be decoded here were left out: {which}; {advice}", stacklevel=2
            )
    if not images:
        raise InvalidInputError(f"folder {place.shown!r} holds no image (looked for {' '.join(SUFFIXES)})")
    gone = next((info for info in images if info.type != fs.FileType.File), None)
    if gone is not None:
        raise NotFoundError(f"{place.at(gone.path).shown!r} is no file, or a link to nothing")
    return {info.path[len(place.path) :].lstrip("/"): info for info in images}


def find_corrupt(folder: str | Path, filenames: Iterable[str]) -> dict[str, str]:
    """Decode every image once and return ``{filename: reason}`` for those that cannot be."""
    corrupt: dict[str, str] = {}
    for filename in filenames:
        try:
            open_image(Path(folder) / filename, name=filename)
        except CorruptImageError as error:
            corrupt[filename] = str(error)
    return corrupt


class Opened(NamedTuple):
    """A decoded image.

    Attributes:
        image: its first frame, in one of the 8-bit modes L, LA, RGB, RGBA, upright as its EXIF says.
        several: whether the file has more frames or pages.
    """

    image: Image.Image
    several: bool


def open_image(source: str | Path | bytes, *, name: str | None = None) -> Image.Image:
    """Decode one image completely; see `open_first_frame`."""
    return open_first_frame(source, name=name).image


def open_first_frame(source: str | Path | bytes, *, name: str | None = None, at_least: int | None = None) -> Opened:
    """Decode one image.

    Args:
        source: a path, or the bytes of an image file.
        name: what messages call it; its path by default.
        at_least: pixels; a JPEG is decoded to a half, a quarter or an eighth of its size as long as neither side
            falls below this, which is several times as fast. By default every image is decoded completely.

    Returns:
        The image. Palettes are resolved, deeper grey is scaled to 8 bits as `data.pixels` says.

    Raises:
        CorruptImageError: it cannot be decoded.
    """
    with _opened(source, name, at_least) as image:
        image.load()
        return Opened(as_seen(image), bool(getattr(image, "is_animated", False)))


def count_pixels(source: str | Path | bytes, *, name: str | None = None, at_least: int | None = None) -> int:
    """How many pixels `open_first_frame` would decode, by the head of the file; arguments and errors as there."""
    with _opened(source, name, at_least) as image:
        return image.width * image.height


@contextmanager
def _opened(source: str | Path | bytes, name: str | None, at_least: int | None) -> Iterator[Image.Image]:
    label = name or ("the image" if isinstance(source, bytes) else str(source))
    try:
        with Image.open(io.BytesIO(source) if isinstance(source, bytes) else source) as image:
            if at_least is not None:
                image.draft(None, (at_least, at_least))
            yield image
    except FileNotFoundError as error:
        raise NotFoundError(f"there is no file {label!r}") from error
    except Exception as error:  # Decoders raise OSError, SyntaxError, struct.error, ... on broken files.
        raise CorruptImageError(f"image {label!r} cannot be read: {_reason(error)}") from error


def decode_rgb(source: str | Path | bytes, *, name: str | None = None) -> NDArray[np.uint8]:
    """Pixels (H, W, 3) uint8 of one image; transparency is laid on black. Raises as `open_image`."""
    return np.asarray(as_rgb(open_image(source, name=name)))


def as_rgb(image: Image.Image) -> Image.Image:
    """An opened image in the mode RGB; transparency is laid on black."""
    if image.mode in ("LA", "RGBA"):
        ground = Image.new("RGBA", image.size, (0, 0, 0, 255))
        image = Image.alpha_composite(ground, image.convert("RGBA"))
    return image if image.mode == "RGB" else image.convert("RGB")


def _reason(error: Exception) -> str:
    # Pillow puts the repr of the buffer or path behind this phrase; the caller names the file already.
    text = str(error) or type(error).__name__
    return "it is no image in a known format" if text.startswith("cannot identify image file") else text
