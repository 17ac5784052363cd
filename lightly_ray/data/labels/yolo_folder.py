"""The YOLO layout of Ultralytics, written; `yolo` reads it and names the format's rules.

`train.txt` lists all images, so that their names come back where the images themselves are not in the folder.
"""

from collections.abc import Iterator, Sequence

import numpy as np
import yaml

from lightly_ray.data.labels.exporting import Annotation, Export, File, Sample, object_box
from lightly_ray.data.labels.folders import LIST, list_of, places, stem
from lightly_ray.data.labels.yolo import SETTINGS
from lightly_ray.errors import InvalidInputError


def write(export: Export) -> Iterator[File]:
    """The files of a folder; images where there are some.

    Raises:
        InvalidInputError: the labels are classes of whole images or masks, or keypoints have no box around them.
    """
    if export.task == "classification":
        raise InvalidInputError("yolo has no place for classes of whole images: export them as imagefolder")
    numbers = {name: number for number, name in enumerate(export.classes)}
    settings = {"path": ".", "train": "train.txt", "val": "train.txt", "names": dict(enumerate(export.classes))}
    if export.task == "keypoints":
        settings["kpt_shape"] = [export.most_keypoints(), 3]
    yield File(SETTINGS[0], yaml.safe_dump(settings, sort_keys=False, allow_unicode=True).encode())
    listed: list[tuple[Sample, str]] = []
    for sample, path in places(export.samples, stem):
        listed.append((sample, f"images/{path}"))
        shown = export.shown(sample)
        if shown is not None and not sample.cannot_be_labelled:
            lines = "".join(f"{_line(one, numbers, sample)}\n" for one in shown)
            yield File(f"labels/{stem(path)}.txt", lines.encode())
        if (image := export.image(sample)) is not None:
            yield File(f"images/{path}", image)
    yield File("train.txt", (f"./{path}\n".encode() for _, path in listed))
    yield File(LIST, list_of(listed))


def _line(annotation: Annotation, numbers: dict[str, int], sample: Sample) -> str:
    polygons, points = annotation.get("polygons"), annotation.get("keypoints")
    values: Sequence[float]
    if points is not None:
        values = [*_center(object_box(annotation, sample)), *points]
    elif polygons is not None:
        values = _one_polygon(polygons)
    elif annotation.get("mask") is not None:
        raise InvalidInputError(f"{sample.shown} has a mask: yolo has polygons alone; export as coco or cvat")
    else:
        values = _center(annotation["box"])
    return " ".join([str(numbers[annotation["class"]]), *(f"{round(value, 10):.10g}" for value in values)])


def _center(box: Sequence[float]) -> list[float]:
    x0, y0, x1, y1 = box
    return [(x0 + x1) / 2, (y0 + y1) / 2, x1 - x0, y1 - y0]


def _one_polygon(polygons: Sequence[Sequence[float]]) -> Sequence[float]:
    """The parts of an object as one polygon: from the first to each other part and back over lines without width."""
    if len(polygons) == 1:
        return polygons[0]
    first = polygons[0][:2]
    rings = [np.asarray([*part, *part[:2], *first]) for part in polygons]
    whole: list[float] = np.concatenate(rings).tolist()
    return whole
