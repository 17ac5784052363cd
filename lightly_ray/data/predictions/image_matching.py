"""Which image a file of predictions belongs to.

Prediction files are named after their image, in one of two ways: ``a.jpg.npy`` or ``a.npy`` for
``a.jpg``. The second leaves the ending open, so the list of images is asked.
"""

import unicodedata
from pathlib import PurePosixPath

from lightly_ray.data.images import SUFFIXES, list_images
from lightly_ray.data.listing import list_files
from lightly_ray.data.location import Location, hide_credentials
from lightly_ray.data.text import read_names
from lightly_ray.errors import InvalidInputError, NotFoundError


def image_names(images: Location) -> list[str]:
    """Names of images.

    Args:
        images: a folder of images, whose names come sorted; or a text file with one name a line,
            in its order.

    Raises:
        NotFoundError: there is no such folder or file.
        InvalidInputError: it names no image, or one twice.
    """
    if images.info().is_file:
        names = read_names(images)
        if not names:
            raise InvalidInputError(f"{images.shown!r} names no image")
        return names
    return list_images(images)


def named_files(folder: Location, suffix: str, images: Location | None) -> list[tuple[str, str | None]]:
    """The images of a folder of prediction files, each with its file.

    Args:
        folder: holds the files, at any depth; on any file system that Arrow knows.
        suffix: of the files: ``.npy``.
        images: see ``image_names``; None where every file name holds the whole name of its image, or
            where names without an ending will do.

    Returns:
        File name of an image and path or URI of its file, None where it has none (only with ``images``).

    Raises:
        NotFoundError: there are no such files.
        InvalidInputError: a file belongs to no image, or two to one.
    """
    paths = _below(folder, suffix)
    if images is None:
        return list(paths.items())
    names = image_names(images)
    whole = set(names)
    by_stem: dict[str, list[str]] = {}
    by_composed_stem: dict[str, list[str]] = {}
    for name in names:
        by_stem.setdefault(_stem(name), []).append(name)
        by_composed_stem.setdefault(_composed(_stem(name)), []).append(name)
    files: dict[str, str] = {}
    for file_stem, path in paths.items():
        stem = _stem(file_stem)
        alike = by_stem.get(stem) or by_composed_stem.get(_composed(stem), [])
        candidates = [file_stem] if file_stem in whole else alike
        if len(candidates) != 1:
            which = f"each of {candidates}" if candidates else f"none of the {len(names)} images of {images.shown!r}"
            raise InvalidInputError(f"{hide_credentials(path)!r} belongs to {which}; expected one image")
        (name,) = candidates
        if name in files:
            raise InvalidInputError(
                f"{hide_credentials(files[name])!r} and {hide_credentials(path)!r} both belong to image {name!r}"
            )
        files[name] = path
    return [(name, files.get(name)) for name in names]


def _below(folder: Location, suffix: str) -> dict[str, str]:
    paths = list_files(folder, suffix)
    if folder.info().is_file:
        raise NotFoundError(f"expected a folder of {suffix} files, got the file {folder.shown!r}")
    start = len(folder.path.rstrip("/")) + 1
    return {path[start : -len(suffix)]: folder.at(path).uri for path in paths}


def _composed(name: str) -> str:
    # A Mac writes é as two code points, other systems as one: the same name.
    return unicodedata.normalize("NFC", name)


def _stem(name: str) -> str:
    path = PurePosixPath(name)
    return str(path.with_suffix("")) if path.suffix.lower() in SUFFIXES else name
