"""A folder of YOLO predictions as a table: one text file per image, one line per box.

A line is ``class x_center y_center width height confidence``, as detectors write it when asked for
confidences. An image in which nothing was found has an empty file or none.
"""

from collections.abc import Sequence

import pyarrow as pa

from lightly_ray._types import PathLike
from lightly_ray.data.location import Location
from lightly_ray.data.predictions.image_matching import named_files
from lightly_ray.data.text import read_text
from lightly_ray.errors import InvalidInputError


def read_folder(folder: PathLike, images: PathLike | None = None) -> pa.Table:
    """Read all ``.txt`` files of a folder, at any depth.

    Args:
        folder: holds the files, each named after its image.
        images: the folder of the images, or a text file of their names; None: only images with a file
            are known, by the name of that file without ``.txt``.

    Returns:
        A table of ``detection``'s schema with scores, labels and boxes, float64.

    Raises:
        NotFoundError: there are no such files.
        InvalidInputError: a line has other than six numbers, or a file belongs to no image.
    """
    named_by = None if images is None else Location.parse(images)
    files = named_files(Location.parse(folder), ".txt", named_by)
    return read_files(pa.array([name for name, _ in files], pa.string()), [path for _, path in files])


def read_files(names: pa.Array | pa.ChunkedArray, paths: Sequence[str | None]) -> pa.Table:
    """Read the files of N images, None for an image without any; otherwise like ``read_folder``."""
    boxes = [[] if path is None else _boxes(path) for path in paths]
    scores = [[score for _, score, _ in one] for one in boxes]
    labels = [[label for label, _, _ in one] for one in boxes]
    return pa.table(
        {
            "filename": names,
            "scores": pa.array(scores, pa.list_(pa.float64())),
            "labels": pa.array(labels, pa.list_(pa.int64())),
            "boxes": pa.array([[box for _, _, box in one] for one in boxes], pa.list_(pa.list_(pa.float64()))),
        }
    )


def _boxes(path: str) -> list[tuple[int, float, list[float]]]:
    boxes = []
    place = Location.parse(path)
    where = place.shown
    for number, line in enumerate(read_text(place).splitlines(), start=1):
        words = line.split()
        if not words:
            continue
        try:
            label, x, y, width, height, confidence = (float(word) for word in words)
        except ValueError as error:
            raise InvalidInputError(
                f"line {number} of {where!r} must be six numbers, class x y width height confidence; got {line!r:.80}"
            ) from error
        if not label.is_integer():
            raise InvalidInputError(f"line {number} of {where!r} must begin with a whole number, got {words[0]!r}")
        corners = [x - width / 2, y - height / 2, x + width / 2, y + height / 2]
        boxes.append((int(label), confidence, corners))
    return boxes
