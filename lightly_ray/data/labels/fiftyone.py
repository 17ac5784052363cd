"""Import folders for FiftyOne: `FiftyOneImageClassificationDataset` and `FiftyOneImageDetectionDataset`.

`data/` has the images, where there are some, and `labels.json` what is known of each by its path without the ending.
Polygons, masks and keypoints have no place there; FiftyOne reads these from `coco`.

The format: https://docs.voxel51.com/user_guide/import_datasets.html
"""

from collections.abc import Iterator
from typing import Any

from lightly_ray.data.labels.exporting import Annotation, Export, File, Sample, as_json, joined
from lightly_ray.data.labels.folders import LIST, list_of, places, stem
from lightly_ray.errors import InvalidInputError


def write(export: Export) -> Iterator[File]:
    """The files of a folder.

    Raises:
        InvalidInputError: the labels are neither classes nor boxes.
    """
    if export.task not in ("classification", "detection"):
        raise InvalidInputError(f"fiftyone's folders have no place for {export.task}: export as coco, which it reads")
    listed: list[tuple[Sample, str]] = []
    for sample, path in places(export.samples, stem):
        listed.append((sample, f"data/{path}"))
        if (image := export.image(sample)) is not None:
            yield File(f"data/{path}", image)
    yield File("labels.json", _labels(export))
    yield File(LIST, list_of(listed))


def _labels(export: Export) -> Iterator[bytes]:
    yield f'{{"classes": {as_json(list(export.classes))}, "labels": {{\n'.encode()
    entries = (
        f"{as_json(stem(path))}: {as_json(_target(sample, export))}" for sample, path in places(export.samples, stem)
    )
    yield from joined(entries)
    yield b"\n}}\n"


def _target(sample: Sample, export: Export) -> Any:
    shown = export.shown(sample)
    if shown is None or sample.cannot_be_labelled:
        return None
    if export.task == "detection":
        return [_detection(annotation) for annotation in shown]
    names = [_numbered(annotation) for annotation in shown]
    return names[0] if len(names) == 1 else names or None


def _numbered(annotation: Annotation) -> dict[str, Any]:
    score = annotation.get("score")
    return {"label": annotation["class"], **({} if score is None else {"confidence": score})}


def _detection(annotation: Annotation) -> dict[str, Any]:
    x0, y0, x1, y1 = annotation["box"]
    box = [x0, y0, round(x1 - x0, 10), round(y1 - y0, 10)]
    return {**_numbered(annotation), "bounding_box": box}
