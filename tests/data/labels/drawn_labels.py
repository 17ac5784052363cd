"""Samples with random labels of a task, as writers take them and as readers must give them back."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from lightly_ray.data.labels.exporting import Export, Sample
from lightly_ray.data.labels.masks import packed
from lightly_ray.data.labels.table import DECIMALS, Labels, Task

CLASSES = ("a cat", "Hund & <Katze>", 'she said "no"', "été, 日本")
POINTS = 3  # keypoints of every object


def drawn(task: Task, names: Sequence[str], seed: int = 0, *, parts: int = 2) -> Export:
    """An export of as many samples as names: labelled but for the last three.

    Those are one in which nothing is to be seen (with classes: that nobody labelled), one that nobody has labelled, and
    one that cannot be.
    """
    rng = np.random.default_rng(seed)
    samples = []
    for number, name in enumerate(names):
        width, height = (int(side) for side in rng.integers(5, 200, 2))
        sample = Sample(f"id{number:05}", name, f"https://images/x/{number}/{name.rpartition('/')[2]}", width, height)
        count = 1 if task == "classification" else int(rng.integers(1, 4))
        labels = [annotation(task, rng, sample, parts) for _ in range(count)]
        samples.append(replace(sample, labels=labels, scores={"uncertainty": float(rng.random())}))
    samples[-3] = replace(samples[-3], labels=None if task == "classification" else [])
    samples[-2] = replace(samples[-2], labels=None)
    samples[-1] = replace(samples[-1], labels=[], cannot_be_labelled=True)
    return Export(samples, task, CLASSES)


def annotation(task: Task, rng: np.random.Generator, sample: Sample, parts: int = 2) -> dict[str, Any]:
    """A random annotation with all that its task has."""
    found: dict[str, Any] = {"class": CLASSES[rng.integers(len(CLASSES))]}
    if task == "detection":
        found["box"] = _box(rng)
    elif task == "segmentation" and rng.random() < 0.7:
        count = int(rng.integers(1, parts + 1))
        found["polygons"] = [_rounded(rng.random(2 * int(rng.integers(3, 7)))) for _ in range(count)]
    elif task == "segmentation":
        found["mask"] = packed(rng.random((sample.height or 0, sample.width or 0)) < 0.3)
    elif task == "keypoints":
        rest = [value for _ in range(POINTS - 1) for value in _point(rng)]
        found |= {"box": _box(rng), "keypoints": [*_rounded(rng.random(2)), 2.0, *rest]}
    return found


def _point(rng: np.random.Generator) -> list[float]:
    visibility = float(rng.integers(0, 3))
    return [*_rounded(rng.random(2)), visibility] if visibility else [0.0, 0.0, 0.0]


def _box(rng: np.random.Generator) -> list[float]:
    while True:
        (x0, x1), (y0, y1) = np.sort(rng.random((2, 2)), axis=1)
        if min(x1 - x0, y1 - y0) > 1e-3:
            return _rounded([x0, y0, x1, y1])


def _rounded(values: Any) -> list[float]:
    return [round(float(value), DECIMALS) for value in values]


Said = dict[str, tuple[bool, Any]]
"""Whether each sample cannot be labelled, and its annotations or None."""


def said(labels: Labels, *, by: str = "filename") -> Said:
    """Whether each sample cannot be labelled, and its annotations without what they lack."""
    table = labels.table
    columns = zip(*(table[name].to_pylist() for name in (by, "cannot_be_labelled", "annotations")), strict=True)
    return {key: (cannot, None if them is None else [plain(one) for one in them]) for key, cannot, them in columns}


def meant(export: Export, *, by: str = "filename") -> Said:
    """As `said`, of what is exported."""
    found = {}
    for sample in export.samples:
        labels = None if sample.labels is None else [plain(one) for one in sample.labels]
        found[getattr(sample, by)] = (sample.cannot_be_labelled, labels)
    return found


def plain(one: Any) -> dict[str, Any]:
    """An annotation without what is null, arrays as lists."""
    return {key: value for key, value in one.items() if value is not None}
