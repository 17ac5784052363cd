"""Results in COCO's JSON formats, for boxes and for keypoints, as tables of predictions.

The file is read object by object into flat arrays: some 30 bytes per box, whatever its JSON takes.
The formats: https://cocodataset.org/#format-results
"""

import json
from array import array
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from lightly_ray._types import PathLike
from lightly_ray.data.json_list import read_objects
from lightly_ray.data.location import Location
from lightly_ray.data.predictions.ragged import Ragged
from lightly_ray.data.text import read_text
from lightly_ray.errors import InvalidInputError


def read_detections(place: PathLike, images: PathLike | None = None) -> pa.Table:
    """Boxes of a detector: ``[{"image_id", "category_id", "bbox", "score"}, ...]``.

    Args:
        place: the results.
        images: a COCO annotation file, whose ``images`` give the file name of each ``image_id`` and
            those without any box; None: the ids are the names, and images without a box are absent.

    Returns:
        A table of ``detection``'s schema with scores and labels, float64; with boxes where every entry has a ``bbox``
        and ``images`` says how wide and high each image is.

    Raises:
        NotFoundError: there is no such file.
        InvalidInputError: it is no such list, naming the first entry that is wrong.
    """
    place, names = Location.parse(place), _Names(images)
    rows, labels, scores, corners = array("q"), array("q"), array("d"), array("d")
    for number, entry in enumerate(read_objects(place)):
        try:
            row, label, score = names.row(entry["image_id"]), entry["category_id"], entry["score"]
            labels.append(label)
            scores.append(score)
            corners.extend(names.relative(entry["image_id"], entry.get("bbox")))
        except (KeyError, TypeError, ValueError, OverflowError) as error:
            if isinstance(error, InvalidInputError):
                raise
            raise _wrong(place, number, error, "image_id, category_id and score, and four numbers as bbox") from error
        rows.append(row)
    order, lengths = _grouped(rows, len(names))
    columns = {
        "filename": pa.array(names.all(), pa.string()),
        "scores": _lists(pa.array(np.array(scores)[order]), lengths),
        "labels": _lists(pa.array(np.array(labels, dtype=np.int64)[order]), lengths),
    }
    if len(corners) == 4 * len(rows) and names.sized:
        boxes = np.array(corners).reshape(-1, 4)[order]
        columns["boxes"] = _lists(_lists(pa.array(boxes.reshape(-1)), np.full(len(boxes), 4)), lengths)
    return pa.table(columns)


def read_keypoints(place: PathLike, images: PathLike | None = None) -> pa.Table:
    """Keypoints: ``[{"image_id", "category_id", "keypoints": [x, y, confidence, ...], "score"}, ...]``.

    Args:
        place: the results.
        images: as for ``read_detections``.

    Returns:
        A table of ``keypoints``' schema, float64.

    Raises:
        NotFoundError: there is no such file.
        InvalidInputError: it is no such list, naming the first entry that is wrong.
    """
    place, names = Location.parse(place), _Names(images)
    rows, sizes, values = array("q"), array("q"), array("d")
    for number, entry in enumerate(read_objects(place)):
        try:
            row, numbers = names.row(entry["image_id"]), array("d", entry["keypoints"])
        except (KeyError, TypeError) as error:
            raise _wrong(place, number, error, "image_id and keypoints, a list of numbers") from error
        rows.append(row)
        sizes.append(len(numbers))
        values.extend(numbers)
    order, lengths = _grouped(rows, len(names))
    instances = _lists(pa.array(np.array(values)), np.array(sizes, dtype=np.int64))
    keypoints = _lists(instances.take(pa.array(order)), lengths)
    return pa.table({"filename": pa.array(names.all(), pa.string()), "keypoints": keypoints})


def read_categories(images: PathLike) -> dict[int, str]:
    """The names of the classes by their ids, as a COCO annotation file has them; of one without categories none.

    Raises:
        NotFoundError: there is no such file.
        InvalidInputError: it is no such file.
    """
    place = Location.parse(images)
    text = read_text(place)
    try:
        return {int(one["id"]): str(one["name"]) for one in json.loads(text).get("categories", [])}
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise InvalidInputError(
            f"{place.shown!r} is no COCO annotation file with categories, each with id and name: {error!r}"
        ) from error


class _Names:
    """File names by image id, numbered as they come; without an annotation file the ids are the names."""

    def __init__(self, images: PathLike | None) -> None:
        self._given = None if images is None else Location.parse(images)
        self._sizes: dict[Any, tuple[float, float]] = {}
        self._names: dict[Any, str] = {} if self._given is None else _names_of(self._given, self._sizes)
        self._rows = {one: row for row, one in enumerate(self._names)}

    def row(self, image_id: Any) -> int:
        if image_id not in self._rows:
            if self._given is not None:
                raise InvalidInputError(f"image_id {image_id!r} is not among the images of {self._given.shown!r}")
            self._rows[image_id] = len(self._names)
            self._names[image_id] = str(image_id)
        return self._rows[image_id]

    @property
    def sized(self) -> bool:
        """Whether the size of every image is known."""
        return self._given is not None and len(self._sizes) == len(self._names)

    def relative(self, image_id: Any, bbox: Any) -> list[float]:
        """The corners of a box x, y, width, height in pixels, relative to its image; nothing where that is unknown."""
        if bbox is None or image_id not in self._sizes:
            return []
        (x, y, w, h), (width, height) = (float(one) for one in bbox), self._sizes[image_id]
        return [x / width, y / height, (x + w) / width, (y + h) / height]

    def all(self) -> list[str]:
        return list(self._names.values())

    def __len__(self) -> int:
        return len(self._names)


def _names_of(images: Location, sizes: dict[Any, tuple[float, float]]) -> dict[Any, str]:
    """File names by id; the sizes of those that have one are put into ``sizes``."""
    text = read_text(images)
    try:
        found = json.loads(text)["images"]
        entries = [(one["id"], str(one["file_name"])) for one in found]
        sizes |= {one["id"]: _size(one) for one in found if one.get("width") and one.get("height")}
        names = dict(entries)
    except (ValueError, KeyError, TypeError) as error:
        raise InvalidInputError(
            f"{images.shown!r} is no COCO annotation file with images, each with id and file_name: {error!r}"
        ) from error
    ids = {name: image_id for image_id, name in entries}
    for image_id, name in entries:
        # Two exports put together: the boxes of one image would go to the other.
        if names[image_id] != name:
            raise InvalidInputError(
                f"{images.shown!r} gives the id {image_id!r} to two images, {name!r} and {names[image_id]!r}"
            )
        if ids[name] != image_id:
            raise InvalidInputError(f"{images.shown!r} has {name!r} twice, with ids {image_id!r} and {ids[name]!r}")
    return names


def _size(image: dict[str, Any]) -> tuple[float, float]:
    return float(image["width"]), float(image["height"])


def _grouped(rows: "array[int]", count: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    # Entries of one image may stand anywhere; a stable sort keeps their order.
    of_entry = np.array(rows, dtype=np.int64)
    return np.argsort(of_entry, kind="stable"), np.bincount(of_entry, minlength=count)


def _lists(values: pa.Array, lengths: NDArray[np.int64]) -> pa.Array:
    return pa.LargeListArray.from_arrays(Ragged.from_lengths(np.empty(0), lengths).offsets, values)


def _wrong(place: Location, number: int, error: Exception, needed: str) -> InvalidInputError:
    return InvalidInputError(f"entry {number} of {place.shown!r} needs {needed}: {error!r}")
