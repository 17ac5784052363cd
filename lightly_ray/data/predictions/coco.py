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

from lightly_ray.data.paths import AnyPath, read_whole
from lightly_ray.data.predictions.json_list import read_objects
from lightly_ray.data.predictions.ragged import Rows
from lightly_ray.errors import InvalidInputError, NotFoundError


def read_detections(path: AnyPath, images: AnyPath | None = None) -> pa.Table:
    """Boxes of a detector: ``[{"image_id", "category_id", "bbox", "score"}, ...]``.

    Args:
        path: the results.
        images: a COCO annotation file, whose ``images`` give the file name of each ``image_id`` and
            those without any box; None: the ids are the names, and images without a box are absent.

    Returns:
        A table of ``detection``'s schema with scores and labels, float64.

    Raises:
        NotFoundError: there is no such file.
        InvalidInputError: it is no such list, naming the first entry that is wrong.
    """
    names = _Names(images)
    places, labels, scores = array("q"), array("q"), array("d")
    for number, entry in enumerate(read_objects(path)):
        try:
            place, label, score = names.place(entry["image_id"]), entry["category_id"], entry["score"]
            labels.append(label)
            scores.append(score)
        except (KeyError, TypeError, OverflowError) as error:
            raise _wrong(path, number, error, "image_id, category_id and score") from error
        places.append(place)
    order, lengths = _grouped(places, len(names))
    return pa.table(
        {
            "filename": pa.array(names.all(), pa.string()),
            "scores": _lists(pa.array(np.array(scores)[order]), lengths),
            "labels": _lists(pa.array(np.array(labels, dtype=np.int64)[order]), lengths),
        }
    )


def read_keypoints(path: AnyPath, images: AnyPath | None = None) -> pa.Table:
    """Keypoints: ``[{"image_id", "category_id", "keypoints": [x, y, confidence, ...], "score"}, ...]``.

    Args:
        path: the results.
        images: as for ``read_detections``.

    Returns:
        A table of ``keypoints``' schema, float64.

    Raises:
        NotFoundError: there is no such file.
        InvalidInputError: it is no such list, naming the first entry that is wrong.
    """
    names = _Names(images)
    places, sizes, values = array("q"), array("q"), array("d")
    for number, entry in enumerate(read_objects(path)):
        try:
            place, numbers = names.place(entry["image_id"]), array("d", entry["keypoints"])
        except (KeyError, TypeError) as error:
            raise _wrong(path, number, error, "image_id and keypoints, a list of numbers") from error
        places.append(place)
        sizes.append(len(numbers))
        values.extend(numbers)
    order, lengths = _grouped(places, len(names))
    instances = _lists(pa.array(np.array(values)), np.array(sizes, dtype=np.int64))
    keypoints = _lists(instances.take(pa.array(order)), lengths)
    return pa.table({"filename": pa.array(names.all(), pa.string()), "keypoints": keypoints})


class _Names:
    """File names by image id, numbered as they come; without an annotation file the ids are the names."""

    def __init__(self, images: AnyPath | None) -> None:
        self._given = images
        self._names: dict[Any, str] = {} if images is None else _names_of(images)
        self._places = {one: place for place, one in enumerate(self._names)}

    def place(self, image_id: Any) -> int:
        if image_id not in self._places:
            if self._given is not None:
                raise InvalidInputError(f"image_id {image_id!r} is not among the images of {str(self._given)!r}")
            self._places[image_id] = len(self._names)
            self._names[image_id] = str(image_id)
        return self._places[image_id]

    def all(self) -> list[str]:
        return list(self._names.values())

    def __len__(self) -> int:
        return len(self._names)


def _names_of(images: AnyPath) -> dict[Any, str]:
    content = read_whole(images)
    if content is None:
        raise NotFoundError(f"there is no file {str(images)!r}")
    try:
        return {one["id"]: str(one["file_name"]) for one in json.loads(content)["images"]}
    except (ValueError, KeyError, TypeError) as error:
        raise InvalidInputError(
            f"{str(images)!r} is no COCO annotation file with images, each with id and file_name: {error!r}"
        ) from error


def _grouped(places: "array[int]", count: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    # Entries of one image may stand anywhere; a stable sort keeps their order.
    of_entry = np.array(places, dtype=np.int64)
    return np.argsort(of_entry, kind="stable"), np.bincount(of_entry, minlength=count)


def _lists(values: pa.Array, lengths: NDArray[np.int64]) -> pa.Array:
    return pa.LargeListArray.from_arrays(Rows.of_lengths(np.empty(0), lengths).offsets, values)


def _wrong(path: AnyPath, number: int, error: Exception, needed: str) -> InvalidInputError:
    return InvalidInputError(f"entry {number} of {str(path)!r} needs {needed}: {error!r}")
