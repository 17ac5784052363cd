"""Files of predictions: which format a path holds, and how its rows are read.

Parquet, a file, a folder or a pattern     any task, with the columns of its schema
.npy (N, C), without pickle                classification
.json, .json.gz in COCO's results format   detection, keypoints
folder of YOLO .txt files                  detection
folder of .npy maps (H, W, C)              segmentation
"""

from typing import Any, Literal, assert_never

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from pyarrow import fs

from lightly_ray.data.paths import AnyPath, files_of, locate, shown
from lightly_ray.data.predictions import coco, yolo
from lightly_ray.data.predictions.image_matching import image_names, named_files
from lightly_ray.errors import InvalidInputError, NotFoundError, UnreadableError

Format = Literal["parquet", "npy", "coco_boxes", "coco_keypoints", "yolo", "maps"]

_SUFFIXES: dict[str, dict[str, Format]] = {
    "classification": {".parquet": "parquet", ".npy": "npy"},
    "detection": {".parquet": "parquet", ".json": "coco_boxes", ".json.gz": "coco_boxes"},
    "segmentation": {".parquet": "parquet"},
    "keypoints": {".parquet": "parquet", ".json": "coco_keypoints", ".json.gz": "coco_keypoints"},
}
_FOLDERS: dict[str, tuple[str, Format]] = {"detection": (".txt", "yolo"), "segmentation": (".npy", "maps")}


def find_format(path: AnyPath, task: str) -> Format:
    """Tell from its name, and from what a folder holds, which format a path is in.

    Raises:
        NotFoundError: there is nothing.
        InvalidInputError: it is no format for this task.
    """
    text = shown(path)
    system, inside = locate(path)
    kind = system.get_file_info(inside).type
    if kind == fs.FileType.Directory:
        return _find_in_folder(path, task)
    if kind == fs.FileType.NotFound:
        if any(mark in inside for mark in "*?["):
            return "parquet"
        raise NotFoundError(f"there is no file or folder {text!r}")
    for suffix, form in _SUFFIXES[task].items():
        if inside.endswith(suffix):
            return form
    raise InvalidInputError(f"{text!r} is in no format for {task}, known are {', '.join(_SUFFIXES[task])}")


def _find_in_folder(path: AnyPath, task: str) -> Format:
    suffix, form = _FOLDERS.get(task, (".parquet", "parquet"))
    if _holds(path, suffix):
        return form
    if _holds(path, ".parquet"):
        return "parquet"
    raise NotFoundError(f"folder {shown(path)!r} holds no {' or '.join(sorted({suffix, '.parquet'}))} file")


def read_table(path: AnyPath, form: Format, images: AnyPath | None = None) -> pa.Table:
    """Read predictions that fit into memory; of segmentation maps only their paths.

    Args:
        path: the predictions.
        form: their format, not Parquet, which is read in parts.
        images: what names the images: a COCO annotation file for COCO's formats, else a folder of
            images or a text file of their names. Needed where the predictions do not name them.

    Returns:
        A table of the task's schema.

    Raises:
        NotFoundError: there is no such file.
        InvalidInputError: it cannot be read.
    """
    match form:
        case "npy":
            array = map_npy(path)
            rows = pa.FixedSizeListArray.from_arrays(pa.array(array.reshape(-1)), array.shape[1])
            return pa.table({"filename": row_names(len(array), images), "probabilities": rows})
        case "coco_boxes":
            return coco.read_detections(path, images)
        case "coco_keypoints":
            return coco.read_keypoints(path, images)
        case "yolo":
            return yolo.read_folder(path, images)
        case "maps":
            found = named_files(path, ".npy", images)
            return pa.table({"filename": [name for name, _ in found], "path": [place for _, place in found]})
        case "parquet":
            raise InvalidInputError("Parquet is read in parts")
        case unknown:
            assert_never(unknown)


def map_npy(path: AnyPath) -> NDArray[Any]:
    """Map an (N, C) array into memory.

    Args:
        path: a ``.npy`` file on this machine or a shared disk.

    Raises:
        NotFoundError: there is no such file.
        UnreadableError: it is no .npy file.
        InvalidInputError: it holds no (N, C) numbers.
    """
    system, inside = locate(path)
    if not isinstance(system, fs.LocalFileSystem):
        raise InvalidInputError(f"{str(path)!r}: only local .npy files can be read in parts; use Parquet")
    try:
        array = np.load(inside, mmap_mode="r", allow_pickle=False)
    except FileNotFoundError as error:
        raise NotFoundError(f"there is no file {str(path)!r}") from error
    except (ValueError, EOFError, OSError) as error:
        raise UnreadableError(f"{str(path)!r} cannot be read: {error}") from error
    if not isinstance(array, np.ndarray) or array.ndim != 2 or array.shape[1] == 0 or array.dtype.kind not in "fiu":
        raise InvalidInputError(f"{str(path)!r} must hold an (N, C) array of numbers, got {_describe(array)}")
    return array


def row_names(count: int, images: AnyPath | None) -> list[str]:
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
        raise InvalidInputError(f"{str(images)!r} names {len(names)} images for {count} rows of predictions")
    return names


def _describe(array: Any) -> str:
    return f"shape {array.shape} and dtype {array.dtype}" if isinstance(array, np.ndarray) else "an archive"


def _holds(folder: AnyPath, suffix: str) -> bool:
    try:
        files_of(folder, suffix)
    except NotFoundError:
        return False
    return True
