"""Image files: which ones a folder holds, and their pixels.

A *filename* is the path of an image below its folder, with forward slashes; the order of a folder's images is
the order of these strings by code point, on every machine.
"""

import io
import os
import warnings
from collections.abc import Iterable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from pyarrow import fs

from lightly_ray.data.location import Location
from lightly_ray.errors import CorruptImageError, InvalidInputError, NotFoundError

__all__ = ["SUFFIXES", "CorruptImageError", "decode_rgb", "find_corrupt", "find_images", "list_images", "open_image"]

SUFFIXES = (".bmp", ".gif", ".jpeg", ".jpg", ".pgm", ".png", ".ppm", ".tif", ".tiff", ".webp")


def list_images(folder: str | Path) -> list[str]:
    """Names of all images below ``folder``, at any depth, sorted. Hidden files and folders are left out.

    Raises:
        NotFoundError: there is no such folder.
        InvalidInputError: it holds no image.
    """
    root = Path(folder)
    if not root.is_dir():
        raise NotFoundError(f"there is no folder {str(folder)!r}")
    names: list[str] = []
    for where, folders, files in os.walk(root):
        folders[:] = [name for name in folders if not name.startswith(".")]
        below = Path(where).relative_to(root)
        names.extend(
            (below / name).as_posix() for name in files if not name.startswith(".") and name.lower().endswith(SUFFIXES)
        )
    if not names:
        raise InvalidInputError(f"folder {str(folder)!r} holds no image (looked for {' '.join(SUFFIXES)})")
    return sorted(names)


def find_images(folder: Location) -> dict[str, fs.FileInfo]:
    """What is known of all images below a folder on any file system, by name; hidden ones are left out.

    Raises:
        NotFoundError: there is no such folder.
        InvalidInputError: it holds no image.
    """
    if folder.info().type != fs.FileType.Directory:
        raise NotFoundError(f"there is no folder {folder.shown!r}")
    infos = {
        info.path[len(folder.path) :].lstrip("/"): info
        for info in folder.filesystem.get_file_info(fs.FileSelector(folder.path, recursive=True))
        if info.type == fs.FileType.File and info.path.lower().endswith(SUFFIXES)
    }
    visible = {name: info for name, info in infos.items() if not any(part[:1] == "." for part in name.split("/"))}
    if not visible:
        raise InvalidInputError(f"folder {folder.shown!r} holds no image (looked for {' '.join(SUFFIXES)})")
    return visible


def find_corrupt(folder: str | Path, filenames: Iterable[str]) -> dict[str, str]:
    """Decode every image once and return ``{filename: reason}`` for those that cannot be."""
    corrupt: dict[str, str] = {}
    for filename in filenames:
        try:
            open_image(Path(folder) / filename, name=filename)
        except CorruptImageError as error:
            corrupt[filename] = str(error)
    return corrupt


def open_image(source: str | Path | bytes, *, name: str | None = None) -> Image.Image:
    """Decode one image completely.

    Args:
        source: a path, or the bytes of an image file.
        name: what messages call it; its path by default.

    Returns:
        The image in one of the 8-bit modes L, LA, RGB, RGBA. Palettes are resolved, 16-bit grey is scaled to 8
        bits, an animation gives its first frame.

    Raises:
        CorruptImageError: it cannot be decoded.
    """
    label = name or ("the image" if isinstance(source, bytes) else str(source))
    try:
        with warnings.catch_warnings():
            # Pillow warns of broken EXIF blocks and of pictures over 90 megapixels; neither makes pixels wrong.
            warnings.simplefilter("ignore")
            with Image.open(io.BytesIO(source) if isinstance(source, bytes) else source) as image:
                image.load()
                return _to_8_bits(image)
    except FileNotFoundError as error:
        raise NotFoundError(f"there is no file {label!r}") from error
    except Exception as error:  # Decoders raise OSError, SyntaxError, struct.error, ... on broken files.
        raise CorruptImageError(f"image {label!r} cannot be read: {_reason(error)}") from error


def decode_rgb(source: str | Path | bytes, *, name: str | None = None) -> NDArray[np.uint8]:
    """Pixels (H, W, 3) uint8 of one image; transparency is laid on black. Raises as `open_image`."""
    image = open_image(source, name=name)
    if image.mode in ("LA", "RGBA"):
        ground = Image.new("RGBA", image.size, (0, 0, 0, 255))
        image = Image.alpha_composite(ground, image.convert("RGBA"))
    return np.asarray(image.convert("RGB"))


def _to_8_bits(image: Image.Image) -> Image.Image:
    if image.mode in ("L", "LA", "RGB", "RGBA"):
        return image.copy()
    if image.mode.startswith("I;16") or image.mode == "I":
        # Pillow would clip 16-bit values at 255, which makes most of them white.
        return Image.fromarray((np.asarray(image).astype(np.uint32).clip(0, 65535) // 257).astype(np.uint8))
    if image.mode in ("P", "PA") and "transparency" in image.info:
        return image.convert("RGBA")
    return image.convert("L" if image.mode in ("1", "F") else "RGB")


def _reason(error: Exception) -> str:
    # Pillow puts the repr of the buffer or path behind this phrase; the caller names the file already.
    text = str(error) or type(error).__name__
    return "it is no image in a known format" if text.startswith("cannot identify image file") else text
