"""`metadata.jsonl` and `metadata.csv` beside the images of a Hugging Face data set.

    file_name              of the image, below the folder of the file
    label, or labels       a class, or a list of classes
    objects                lists beside each other: bbox (x, y, width, height in pixels), categories; of our own
                           segmentation (polygons in pixels), mask (run lengths as COCO's) and keypoints
    width, height          of the image in pixels; where the file lacks them, the image beside it says
    sample_id, cannot_be_labelled

A line without a label and without objects is a sample that nobody has labelled.

The format: https://huggingface.co/docs/datasets/image_dataset
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from io import TextIOWrapper
from typing import Any

from PIL import Image

from lightly_ray.data.labels.columns import read_csv
from lightly_ray.data.labels.exporting import Annotation, Export, Sample, as_json, joined
from lightly_ray.data.labels.geometry import (
    pixels,
    pixels_of_keypoints,
    relative,
    relative_keypoints,
    require_size,
)
from lightly_ray.data.labels.rows import Rows
from lightly_ray.data.labels.table import Labels, Task
from lightly_ray.data.location import Location
from lightly_ray.errors import InvalidInputError

FILES = ("metadata.jsonl", "metadata.csv")
_CLASSES = ("categories", "category", "labels", "label")
_LONGEST = 1 << 26  # characters of a line


def read(place: Location, task: Task | None) -> Labels:
    """The labels of a file, or of the one in a folder.

    Raises:
        InvalidInputError: a line is no JSON object, or lacks what it needs.
    """
    below = (place.child(name) for name in FILES)
    file = place if place.info().is_file else next((one for one in below if one.info().is_file), None)
    if file is None:
        raise InvalidInputError(f"{place.shown!r} must have {' or '.join(FILES)}")
    if file.path.endswith(".csv"):
        return read_csv(file, task)
    rows = Rows(repr(file.shown))
    for number, entry in enumerate(_lines(file), start=1):
        name = entry.get("file_name")
        what = f"line {number} of {file.shown!r}: image {name!r}"
        if not isinstance(name, str):
            raise InvalidInputError(f"line {number} of {file.shown!r} has no file_name: {entry!r:.80}")
        rows.add(
            _annotations(entry, file, what),
            filename=name,
            sample_id=entry.get("sample_id"),
            cannot_be_labelled=bool(entry.get("cannot_be_labelled")),
        )
    return rows.labels(task)


def _lines(place: Location) -> Iterator[dict[str, Any]]:
    number = 0
    with TextIOWrapper(place.filesystem.open_input_stream(place.path), "utf-8-sig", newline="\n") as text:
        try:
            while line := text.readline(_LONGEST):
                number += 1
                if line.strip():
                    entry = json.loads(line)
                    if not isinstance(entry, dict):
                        raise InvalidInputError(f"line {number} of {place.shown!r} must be an object, got {line:.60}")
                    yield entry
        except UnicodeDecodeError as error:
            raise InvalidInputError(f"{place.shown!r} is no UTF-8 text: {error}") from error
        except (json.JSONDecodeError, RecursionError) as error:
            raise InvalidInputError(f"line {number} of {place.shown!r} is no JSON: {error}") from error


def _annotations(entry: Mapping[str, Any], file: Location, what: str) -> list[dict[str, Any]] | None:
    if entry.get("objects") is not None:
        try:
            return _objects(entry, file, what)
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            if isinstance(error, InvalidInputError):
                raise
            raise InvalidInputError(f"{what}: its objects are broken: {error}") from error
    labels = entry.get("label", entry.get("labels"))
    if labels is None:
        return None
    return [{"class": str(one)} for one in (labels if isinstance(labels, list) else [labels])]


def _objects(entry: Mapping[str, Any], file: Location, what: str) -> list[dict[str, Any]]:
    objects = entry["objects"]
    if isinstance(objects, list):
        objects = {key: [one.get(key) for one in objects] for key in {key for one in objects for key in one}}
    names: list[Any] = next((objects[key] for key in _CLASSES if key in objects), [])
    shapes = {key: values for key, values in objects.items() if key in _SHAPES}
    if any(len(values) != len(names) for values in shapes.values()):
        raise InvalidInputError(f"{what}: its objects have {len(names)} {_CLASSES[0]}, but other numbers of shapes")
    if not names:
        return []
    width, height = _size(entry, file, what)
    found = []
    for number, name in enumerate(names):
        shape: dict[str, Any] = {"class": str(name)}
        for key, values in shapes.items():
            if values[number] is not None:
                column, read_shape = _SHAPES[key]
                shape[column] = read_shape(values[number], width, height)
        found.append(shape)
    return found


def _box(sides: Sequence[float], width: float, height: float) -> Any:
    left, top, over, down = sides
    return relative([left, top, left + over, top + down], width, height)


_SHAPES: dict[str, tuple[str, Any]] = {
    "bbox": ("box", _box),
    "segmentation": ("polygons", lambda it, w, h: [relative(part, w, h) for part in it]),
    "mask": ("mask", lambda it, _w, _h: it),
    "keypoints": ("keypoints", relative_keypoints),
}


def _size(entry: Mapping[str, Any], file: Location, what: str) -> tuple[float, float]:
    width, height = entry.get("width"), entry.get("height")
    name = entry["file_name"]
    if width is None and height is None and ".." not in name.split("/"):
        beside = file.at(f"{file.path.rpartition('/')[0]}/{name}")
        if beside.info().is_file:
            width, height = _size_of_file(beside, what)
    return require_size(width, height, what)


def _size_of_file(place: Location, what: str) -> tuple[int, int]:
    try:
        with place.filesystem.open_input_file(place.path) as stream, Image.open(stream) as image:
            return image.size
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise InvalidInputError(
            f"{what} has no width and height, and {place.shown!r} cannot be read: {error}"
        ) from error


def write(export: Export) -> Iterator[bytes]:
    """The lines of `metadata.jsonl`.

    Raises:
        InvalidInputError: an image with objects has no size.
    """
    several = any(len(sample.labels or []) > 1 for sample in export.samples)
    yield from joined((as_json(_line(sample, export, several=several)) for sample in export.samples), "\n")
    yield b"\n"


def _line(sample: Sample, export: Export, *, several: bool) -> dict[str, Any]:
    line: dict[str, Any] = {"file_name": sample.filename, "sample_id": sample.sample_id}
    if sample.width is not None and sample.height is not None:
        line |= {"width": sample.width, "height": sample.height}
    line |= {"cannot_be_labelled": sample.cannot_be_labelled}
    shown = None if sample.cannot_be_labelled else sample.labels
    if export.task == "classification":
        names = [annotation["class"] for annotation in shown or []] or None
        return line | ({"labels": names} if several else {"label": names[0] if names else None})
    return line | {"objects": None if shown is None else _object_lists(shown, sample)}


def _object_lists(annotations: Sequence[Annotation], sample: Sample) -> dict[str, list[Any]]:
    lists: dict[str, list[Any]] = {"categories": [annotation["class"] for annotation in annotations]}
    if not annotations:
        return lists
    width, height = require_size(sample.width, sample.height, sample.shown)
    writers: dict[str, tuple[str, Any]] = {
        "bbox": ("box", lambda it: _sides(pixels(it, width, height))),
        "segmentation": ("polygons", lambda it: [pixels(part, width, height) for part in it]),
        "mask": ("mask", lambda it: {"height": it["height"], "width": it["width"], "counts": list(it["counts"])}),
        "keypoints": ("keypoints", lambda it: pixels_of_keypoints(it, width, height)),
    }
    for key, (column, written) in writers.items():
        values = [annotation.get(column) for annotation in annotations]
        if any(value is not None for value in values):
            lists[key] = [None if value is None else written(value) for value in values]
    return lists


def _sides(corners: Sequence[float]) -> list[float]:
    x0, y0, x1, y1 = corners
    return [x0, y0, round(x1 - x0, 10), round(y1 - y0, 10)]
