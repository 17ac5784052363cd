"""Tasks for Label Studio, written; `label_studio` reads what comes back and names the rules.

A project's labelling interface must have the control tags that the results name: `label`, and `keypoint` for
keypoints; `config` is such an interface.
"""

from collections.abc import Iterator, Sequence
from html import escape
from typing import Any

import numpy as np

from lightly_ray.data.labels.exporting import (
    Annotation,
    Export,
    Sample,
    as_json,
    joined,
    object_box,
    require_uri,
)
from lightly_ray.data.labels.label_studio_regions import HIDDEN
from lightly_ray.data.labels.label_studio_rle import encode
from lightly_ray.data.labels.masks import unpacked

MODEL = "lightly-ray"
Entry = dict[str, Any]


def write(export: Export) -> Iterator[bytes]:
    """A list of tasks with what has been labelled, and predictions as pre-annotations.

    Raises:
        InvalidInputError: a sample has no address of its image.
    """
    yield b"[\n"
    yield from joined(as_json(_task(sample, export)) for sample in export.samples)
    yield b"\n]\n"


def config(export: Export) -> str:
    """The labelling interface of a project that takes these tasks."""
    tags = {
        "classification": ["Choices"],
        "detection": ["RectangleLabels"],
        "segmentation": ["PolygonLabels", "BrushLabels"],
        "keypoints": ["RectangleLabels"],
    }[export.task]
    item = "Choice" if export.task == "classification" else "Label"
    items = "".join(f'<{item} value="{escape(name)}"/>' for name in export.classes)
    names = dict(zip(tags, ("label", "brush"), strict=False))
    controls = "".join(f'<{tag} name="{name}" toName="image">{items}</{tag}>' for tag, name in names.items())
    if export.task == "keypoints":
        points = "".join(
            f'<Label value="{number + 1}" model_index="{number}"/>' for number in range(export.most_keypoints())
        )
        controls += f'<KeyPointLabels name="keypoint" toName="image">{points}</KeyPointLabels>'
    return f'<View><Image name="image" value="$image"/>{controls}</View>'


def _task(sample: Sample, export: Export) -> Entry:
    data = {"image": require_uri(sample, "label-studio"), "sample_id": sample.sample_id, "filename": sample.filename}
    task: Entry = {"data": data, "meta": {"scores": dict(sorted(sample.scores.items()))}}
    if sample.cannot_be_labelled:
        task["annotations"] = [{"was_cancelled": True, "result": []}]
    elif sample.labels is not None:
        task["annotations"] = [{"was_cancelled": False, "result": _results(sample.labels, sample)}]
    if export.predictions and sample.predictions is not None:
        scores = [one["score"] for one in sample.predictions if one.get("score") is not None]
        prediction: Entry = {"model_version": MODEL, "result": _results(sample.predictions, sample)}
        task["predictions"] = [prediction | ({"score": float(np.mean(scores))} if scores else {})]
    return task


def _results(annotations: Sequence[Annotation], sample: Sample) -> list[Entry]:
    results: list[Entry] = []
    for number, annotation in enumerate(annotations):
        results += _of_object(annotation, sample, f"r{number}")
    return results if not results or results[0]["type"] != "choices" else _one_choice(results)


def _one_choice(results: Sequence[Entry]) -> list[Entry]:
    """All classes of an image in one result, as a tag of choices gives them."""
    names = [name for one in results for name in one["value"]["choices"]]
    return [{**results[0], "value": {"choices": names}}]


def _of_object(annotation: Annotation, sample: Sample, name: str) -> list[Entry]:
    label, polygons, mask, points = (annotation.get(key) for key in ("class", "polygons", "mask", "keypoints"))
    score = {} if annotation.get("score") is None else {"score": annotation["score"]}
    if points is not None:
        box = _box(object_box(annotation, sample), label)
        return [_region(sample, name, "rectanglelabels", box) | score, *_points(points, sample, name)]
    if polygons is not None:
        values = ({"points": _pairs(part), "closed": True, "polygonlabels": [label]} for part in polygons)
        parts = [_region(sample, f"{name}.{at}", "polygonlabels", value) | score for at, value in enumerate(values)]
        return [parts[0], *(part | {"parentID": parts[0]["id"]} for part in parts[1:])]
    if mask is not None:
        value = {"format": "rle", "rle": encode(unpacked(mask, sample.shown)), "brushlabels": [label]}
        sides = {"original_width": mask["width"], "original_height": mask["height"]}
        return [_region(sample, name, "brushlabels", value, "brush") | sides | score]
    if annotation.get("box") is not None:
        return [_region(sample, name, "rectanglelabels", _box(annotation["box"], label)) | score]
    return [_region(sample, name, "choices", {"choices": [label]})]


def _region(sample: Sample, name: str, kind: str, value: Entry, control: str = "label") -> Entry:
    region: Entry = {"id": name, "from_name": control, "to_name": "image", "type": kind, "value": value}
    if sample.width is not None and kind != "choices":
        region |= {"original_width": sample.width, "original_height": sample.height, "image_rotation": 0}
    return region


def _box(corners: Sequence[float], label: object) -> Entry:
    x0, y0, x1, y1 = np.asarray(corners, dtype=np.float64) * 100
    sides = {"x": x0, "y": y0, "width": x1 - x0, "height": y1 - y0}
    return {**{key: round(float(side), 10) for key, side in sides.items()}, "rotation": 0, "rectanglelabels": [label]}


def _pairs(polygon: Sequence[float]) -> list[list[float]]:
    pairs: list[list[float]] = np.round(np.asarray(polygon, dtype=np.float64).reshape(-1, 2) * 100, 10).tolist()
    return pairs


def _points(points: Sequence[float], sample: Sample, parent: str) -> list[Entry]:
    """The keypoints of an object that are labelled, each by its number from 1."""
    found = []
    for number, start in enumerate(range(0, len(points), 3), start=1):
        x, y, visibility = points[start : start + 3]
        if visibility:
            place = {"x": round(x * 100, 10), "y": round(y * 100, 10), "width": 0.5}
            value = {**place, "keypointlabels": [str(number)]}
            meta = {"meta": {"text": [HIDDEN]}} if visibility == 1 else {}
            region = _region(sample, f"{parent}.{number}", "keypointlabels", value, "keypoint")
            found.append(region | {"parentID": parent} | meta)
    return found
