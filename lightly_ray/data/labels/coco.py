"""COCO's annotation files: instances with boxes, polygons or masks, keypoints, and classes of whole images.

An image in the list without an annotation has been looked at, and nothing was seen. Beside what the format has,
images carry `sample_id`, `cannot_be_labelled` and `labelled` (false: nobody has), which other tools pass over; an
annotation that stands for a prediction has a `score`. Keypoints of which none is labelled are none.

The format: https://cocodataset.org/#format-data
"""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from lightly_ray.data.json_list import read_lists
from lightly_ray.data.labels.exporting import Annotation, Export, Sample, as_json, joined, object_box
from lightly_ray.data.labels.geometry import (
    area_of,
    around,
    pixels,
    pixels_of_keypoints,
    relative,
    relative_keypoints,
    require_size,
)
from lightly_ray.data.labels.label_studio_names import name_in_export
from lightly_ray.data.labels.masks import box_of, coco_counts, unpacked
from lightly_ray.data.labels.rows import Rows
from lightly_ray.data.labels.table import Labels, Task
from lightly_ray.data.location import Location
from lightly_ray.errors import InvalidInputError

Entry = dict[str, Any]


def read(place: Location, task: Task | None) -> Labels:
    """The labels of an annotation file.

    Raises:
        InvalidInputError: it is broken, an entry lacks what it needs or names an image or a category that is not
            there, or an image with labels has no size.
    """
    file, waiting = _File(repr(place.shown)), list[Entry]()
    for kind, entry in read_lists(place, ("images", "annotations", "categories")):
        if kind == "images":
            file.images.put(entry)
        elif kind == "categories":
            file.categories.put(entry)
        elif file.knows(entry):
            file.take(entry)
        else:  # its image or category may yet come
            waiting.append(entry)
    for entry in waiting:
        file.take(entry)
    return file.rows().labels(task, [str(one["name"]) for one in file.categories.values()])


class _ById(dict[Any, Entry]):
    """Entries of a list by their ids."""

    def __init__(self, what: str, name: str) -> None:
        super().__init__()
        self.what, self._name = what, name

    def put(self, entry: Entry) -> None:
        try:
            number, _ = entry["id"], entry[self._name]
            twice = number in self
        except (KeyError, TypeError) as error:
            raise InvalidInputError(f"{self.what}: needs id and {self._name}: {entry!r:.80}") from error
        if twice:  # two files put together: the labels of one image would go to another
            raise InvalidInputError(f"{self.what}: the id {number!r} stands there more than once")
        self[number] = entry


class _File:
    def __init__(self, what: str) -> None:
        self._what = what
        self.images = _ById(f"{what}: images", "file_name")
        self.categories = _ById(f"{what}: categories", "name")
        self._annotations: dict[Any, list[Entry]] = {}

    def knows(self, entry: Entry) -> bool:
        """Whether the image and the category of an annotation have been there."""
        try:
            return entry.get("image_id") in self.images and entry.get("category_id") in self.categories
        except TypeError:
            return False

    def take(self, entry: Entry) -> None:
        """An annotation, as the table has it."""
        if not self.knows(entry):
            raise InvalidInputError(
                f"{self._what}: an annotation needs image_id and category_id of an image and a category that are "
                f"there: {entry!r:.120}"
            )
        image = self.images[entry["image_id"]]
        what = f"{self._what}: image {image['file_name']!r}"
        try:
            found = _annotation(entry, image, what)
        except (TypeError, KeyError, ValueError) as error:
            if isinstance(error, InvalidInputError):
                raise
            raise InvalidInputError(f"{what}: the annotation {entry!r:.120} is broken: {error}") from error
        found["class"] = str(self.categories[entry["category_id"]]["name"])
        self._annotations.setdefault(entry["image_id"], []).append(found)

    def rows(self) -> Rows:
        rows = Rows(self._what)
        for number, image in self.images.items():
            annotations = self._annotations.get(number, [])
            rows.add(
                annotations if annotations or image.get("labelled", True) else None,
                filename=name_in_export(str(image["file_name"])),
                sample_id=image.get("sample_id"),
                cannot_be_labelled=bool(image.get("cannot_be_labelled")),
            )
        return rows


def _annotation(entry: Entry, image: Entry, what: str) -> Entry:
    box, shape, points = entry.get("bbox"), entry.get("segmentation"), entry.get("keypoints")
    found: Entry = {"score": entry.get("score")}
    if isinstance(shape, dict):
        height, width = shape["size"]
        counts = shape["counts"]
        counts = coco_counts(counts, what) if isinstance(counts, str) else counts
        found["mask"] = {"height": height, "width": width, "counts": counts}
    if not (box or shape or points):
        return found
    width, height = require_size(image.get("width"), image.get("height"), what)
    if box:
        left, top, over, down = box
        found["box"] = relative([left, top, left + over, top + down], width, height)
    if shape and isinstance(shape, list):
        found["polygons"] = [relative(part, width, height) for part in shape]
    if points and any(points[2::3]):
        found["keypoints"] = relative_keypoints(points, width, height)
    return found


def write(export: Export) -> Iterator[bytes]:
    """An annotation file; classes are numbered from 1.

    Raises:
        InvalidInputError: an image with annotations has no size.
    """
    numbers = {name: number for number, name in enumerate(export.classes, start=1)}
    points = export.most_keypoints() if export.task == "keypoints" else 0
    skeleton = {"keypoints": [str(number + 1) for number in range(points)], "skeleton": []} if points else {}
    yield b'{"info": {"description": "lightly-ray"}, "licenses": [], "categories": [\n'
    yield from joined(as_json({"id": number, "name": name, **skeleton}) for name, number in numbers.items())
    yield b'\n], "images": [\n'
    yield from joined(as_json(_image(one, number, export)) for number, one in enumerate(export.samples, start=1))
    yield b'\n], "annotations": [\n'
    yield from joined(as_json(entry) for entry in _entries(export, numbers))
    yield b"\n]}\n"


def _image(sample: Sample, number: int, export: Export) -> Entry:
    image: Entry = {"id": number, "file_name": sample.filename, "sample_id": sample.sample_id}
    if sample.width is not None and sample.height is not None:
        image |= {"height": sample.height, "width": sample.width}
    if sample.uri is not None:
        image["coco_url"] = sample.uri
    if sample.cannot_be_labelled:
        image["cannot_be_labelled"] = True
    elif export.shown(sample) is None:
        image["labelled"] = False
    return image


def _entries(export: Export, numbers: dict[str, int]) -> Iterator[Entry]:
    number = 0
    for image_id, sample in enumerate(export.samples, start=1):
        for annotation in export.shown(sample) or []:
            number += 1
            entry = {"id": number, "image_id": image_id, "category_id": numbers[annotation["class"]]}
            yield entry | _shapes(annotation, sample)


def _shapes(annotation: Annotation, sample: Sample) -> Entry:
    box, polygons, mask, points, score = (
        annotation.get(name) for name in ("box", "polygons", "mask", "keypoints", "score")
    )
    shapes: Entry = {} if score is None else {"score": score}
    if box is None and polygons is None and mask is None and points is None:
        return shapes
    width, height = require_size(sample.width, sample.height, sample.shown)
    x0, y0, x1, y1 = _corners(annotation, sample)
    shapes |= {"iscrowd": 0, "bbox": _sides(x0, y0, x1, y1), "area": (x1 - x0) * (y1 - y0)}
    if polygons is not None:
        parts = [pixels(part, width, height) for part in polygons]
        shapes |= {"segmentation": parts, "area": sum(map(area_of, parts))}
    elif mask is not None:
        shapes |= {
            "segmentation": {"size": [mask["height"], mask["width"]], "counts": mask["counts"]},
            "area": sum(mask["counts"][1::2]),
        }
    if points is not None:
        shapes |= {
            "keypoints": pixels_of_keypoints(points, width, height),
            "num_keypoints": int(np.count_nonzero(points[2::3])),
        }
    return shapes


def _corners(annotation: Annotation, sample: Sample) -> Sequence[float]:
    """The box of an object in pixels, or the one around it, which the format wants."""
    width, height = require_size(sample.width, sample.height, sample.shown)
    box, polygons, mask = (annotation.get(name) for name in ("box", "polygons", "mask"))
    if box is not None:
        return pixels(box, width, height)
    if polygons is not None:
        return pixels(around(np.concatenate(polygons)) or (0, 0, 0, 0), width, height)
    if mask is not None:
        return box_of(unpacked(mask, sample.shown))
    return pixels(object_box(annotation, sample), width, height)


def _sides(x0: float, y0: float, x1: float, y1: float) -> Sequence[float]:
    return [x0, y0, round(x1 - x0, 10), round(y1 - y0, 10)]
