"""Files of predictions: which format a path holds, and how its rows are read.

Parquet, a file, a folder or a pattern     any task, with the columns of its schema
.npy (N, C), without pickle                classification
.json, .json.gz in COCO's results format   detection, keypoints
folder of YOLO .txt files                  detection
folder of .npy maps (H, W, C)              segmentation
"""

from typing import Any, Literal, assert_never

import pyarrow as pa
from numpy.typing import NDArray
from pyarrow import fs

from lightly_ray._types import PathLike
from lightly_ray.data.listing import list_files
from lightly_ray.data.location import Location
from lightly_ray.data.npy import map_npy
from lightly_ray.data.predictions import coco, yolo
from lightly_ray.data.predictions.image_matching import image_names, named_files
from lightly_ray.data.vectors import fixed_lists
from lightly_ray.errors import InvalidInputError, NotFoundError

Format = Literal["parquet", "npy", "coco_boxes", "coco_keypoints", "yolo", "maps"]

_SUFFIXES: dict[str, dict[str, Format]] = {
    "classification": {".parquet": "parquet", ".npy": "npy"},
    "detection": {".parquet": "parquet", ".json": "coco_boxes", ".json.gz": "coco_boxes"},
    "segmentation": {".parquet": "parquet"},
    "keypoints": {".parquet": "parquet", ".json": "coco_keypoints", ".json.gz": "coco_keypoints"},
}
_FOLDERS: dict[str, tuple[str, Format]] = {"detection": (".txt", "yolo"), "segmentation": (".npy", "maps")}


def find_format(place: Location, task: str) -> Format:
    """Tell from its name, and from what a folder holds, which format a path is in.

    Raises:
        NotFoundError: there is nothing.
        InvalidInputError: it is no format for this task.
    """
    kind = place.info().type
    if kind == fs.FileType.Directory:
        return _find_in_folder(place, task)
    if kind == fs.FileType.NotFound:
        if any(mark in place.path for mark in "*?["):
            return "parquet"
        raise NotFoundError(f"there is no file or folder {place.shown!r}")
    for suffix, form in _SUFFIXES[task].items():
        if place.path.lower().endswith(suffix):
            return form
    raise InvalidInputError(f"{place.shown!r} is in no format for {task}, known are {', '.join(_SUFFIXES[task])}")


def _find_in_folder(place: Location, task: str) -> Format:
    suffix, form = _FOLDERS.get(task, (".parquet", "parquet"))
    if _holds(place, suffix):
        return form
    if _holds(place, ".parquet"):
        return "parquet"
    raise NotFoundError(f"folder {place.shown!r} holds no {' or '.join(sorted({suffix, '.parquet'}))} file")


def read_table(place: PathLike, form: Format, images: PathLike | None = None) -> pa.Table:
    """Read predictions that fit into memory; of segmentation maps only their paths.

    Args:
        place: the predictions.
        form: their format, not Parquet, which is read in parts.
        images: what names the images: a COCO annotation file for COCO's formats, else a folder of
            images or a text file of their names. Needed where the predictions do not name them.

    Returns:
        A table of the task's schema.

    Raises:
        NotFoundError: there is no such file.
        InvalidInputError: it cannot be read.
    """
    place = Location.parse(place)
    named_by = None if images is None else Location.parse(images)
    match form:
        case "npy":
            array = map_predictions(place)
            return pa.table({"filename": row_names(len(array), named_by), "probabilities": fixed_lists(array)})
        case "coco_boxes":
            return coco.read_detections(place, images)
        case "coco_keypoints":
            return coco.read_keypoints(place, images)
        case "yolo":
            return yolo.read_folder(place, images)
        case "maps":
            files = named_files(place, ".npy", named_by)
            return pa.table({"filename": [name for name, _ in files], "path": [path for _, path in files]})
        case "parquet":
            raise InvalidInputError("Parquet is read in parts")
        case unknown:
            assert_never(unknown)


def map_predictions(place: Location) -> NDArray[Any]:
    """Map an (N, C) array into memory.

    Args:
        place: a ``.npy`` file on this machine or a shared disk.

    Raises:
        NotFoundError: there is no such file.
        UnreadableError: it is no .npy file.
        InvalidInputError: it holds no (N, C) numbers.
    """
    array = map_npy(place)
    if array.ndim != 2 or array.shape[1] == 0 or array.dtype.kind not in "fiu":
        raise InvalidInputError(
            f"{place.shown!r} must hold an (N, C) array of numbers, got shape {array.shape} and dtype {array.dtype}"
        )
    return array


def row_names(count: int, images: Location | None) -> list[str]:
    """Names of the rows of an array.

    Args:
        count: N rows.
        images: a text file of names in row order, or a folder of images in file-name order; None: the
            row numbers are the names.

    Raises:
        NotFoundError: there is no such file or folder.
        InvalidInputError: it has another number of names.
    """
    if images is None:
        return [str(row) for row in range(count)]
    names = image_names(images)
    if len(names) != count:
        raise InvalidInputError(f"{images.shown!r} names {len(names)} images for {count} rows of predictions")
    return names


def _holds(folder: Location, suffix: str) -> bool:
    try:
        list_files(folder, suffix)
    except NotFoundError:
        return False
    return True
