"""What is written comes back as the same labels, in every format that carries them."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lightly_ray.data.labels.exporting import Export, Sample, with_labels
from lightly_ray.data.labels.exports import EXPORTS, stream, write
from lightly_ray.data.labels.files import read_labels
from lightly_ray.data.labels.table import TASKS, Labels, Task
from tests.data.labels.drawn_labels import CLASSES, annotation, drawn, meant, said

NAMES = (
    "a.jpg",
    "sub/a.jpg",
    "sub/b c.png",
    "=1+1.jpg",
    "日本/é.webp",
    "x,y;z.jpeg",
    "nothing.jpg",
    "no.png",
    "not.jpg",
)
CARRIES: dict[str, tuple[Task, ...]] = {
    "csv": TASKS,
    "label-studio": TASKS,
    "cvat": TASKS,
    "coco": TASKS,
    "huggingface": TASKS,
    "yolo": ("detection", "segmentation", "keypoints"),
    "imagefolder": ("classification",),
}
CASES = [(name, task) for name, tasks in CARRIES.items() for task in tasks]


def _content(sample: Sample) -> bytes:
    return f"the image {sample.sample_id}".encode()


def _drawn(name: str, task: Task, seed: int = 0) -> Export:
    """Labels of a task, as far as a format can hold them."""
    export = drawn(task, NAMES, seed, parts=1 if name == "yolo" else 2)
    samples = list(export.samples)
    if name == "yolo":
        samples = [replace(one, labels=one.labels and [it for it in one.labels if "mask" not in it]) for one in samples]
    if task == "keypoints" and name == "cvat":  # a skeleton has no box of its own
        samples = [replace(one, labels=one.labels and [{**it, "box": None} for it in one.labels]) for one in samples]
    return replace(export, samples=samples, image=_content)


def _read_back(name: str, export: Export, folder: Path, task: Task | None = None) -> Labels:
    path = folder / f"labels{EXPORTS[name].ending}"
    path.write_bytes(b"".join(stream(name, export)))
    return read_labels(path, task=task)


@pytest.mark.parametrize(("name", "task"), CASES)
def test_write__comes_back(name: str, task: Task, tmp_path: Path) -> None:
    export = _drawn(name, task)
    labels = _read_back(name, export, tmp_path)
    wanted = meant(export)
    if name == "cvat":  # an image in the list is one that was looked at
        wanted |= {key: (False, None if task == "classification" else []) for key in NAMES[-3:]}
    if name == "yolo":  # no file of labels says that nobody has labelled it
        wanted[NAMES[-1]] = (False, None)
    if name == "imagefolder":  # what has no class has no folder
        wanted = {key: wanted[key] for key in NAMES[:-3]}
    assert labels.task == task
    assert said(labels) == wanted
    if name != "imagefolder":
        assert set(labels.classes) <= set(CLASSES)
    if name in ("coco", "cvat", "yolo"):
        assert labels.classes == CLASSES
    if name != "cvat":
        ids = {sample.filename: sample.sample_id for sample in export.samples}
        names, keys = (labels.table[column].to_pylist() for column in ("filename", "sample_id"))
        assert dict(zip(names, keys, strict=True)) == {key: ids[key] for key in wanted}


@pytest.mark.parametrize(("name", "task"), CASES)
def test_write__twice_is_the_same(name: str, task: Task) -> None:
    assert b"".join(stream(name, _drawn(name, task))) == b"".join(stream(name, _drawn(name, task)))


@pytest.mark.parametrize(("name", "task"), CASES)
def test_write__what_came_back_goes_out_the_same(name: str, task: Task, tmp_path: Path) -> None:
    export = _drawn(name, task)
    labels = _read_back(name, export, tmp_path)
    bare = [replace(sample, labels=None, cannot_be_labelled=False) for sample in export.samples]
    again = replace(export, samples=with_labels(bare, labels), classes=labels.classes)
    (tmp_path / "again").mkdir()
    assert said(_read_back(name, again, tmp_path / "again", task)) == said(labels)


@settings(max_examples=15)
@given(
    name=st.sampled_from([name for name in CARRIES if name != "imagefolder"]),
    task=st.sampled_from(["detection", "keypoints"]),
    names=st.lists(
        st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"]), min_size=1, max_size=9).map(
            lambda text: f"d/{text}.jpg"
        ),
        min_size=4,
        max_size=6,
        unique=True,
    ),
    seed=st.integers(0, 2**32),
)
def test_write__any_names_and_numbers(
    name: str, task: Task, names: list[str], seed: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    rng = np.random.default_rng(seed)
    samples = []
    for number, text in enumerate(names):
        width, height = (int(side) for side in rng.integers(1, 40_000, 2))
        sample = Sample(str(number), text, "https://images/it.jpg", width, height)
        drawn_ones = [annotation(task, rng, sample) for _ in range(2)]
        if name == "cvat" and task == "keypoints":  # a skeleton has no box of its own
            drawn_ones = [it | {"box": None} for it in drawn_ones]
        samples.append(replace(sample, labels=drawn_ones))
    export = Export(samples, task, CLASSES)
    labels = _read_back(name, export, tmp_path_factory.mktemp("any"), task)
    assert said(labels) == meant(export)


def test_write__folders_and_what_is_in_them(tmp_path: Path) -> None:
    (tmp_path / "one.jpg").write_bytes(b"pixels")
    export = replace(_drawn("imagefolder", "classification"), image=lambda _sample: tmp_path / "one.jpg")
    write("imagefolder", export, tmp_path / "out")
    labels = read_labels(tmp_path / "out")
    assert said(labels) == {name: meant(export)[name] for name in NAMES[:-3]}
    images = [path for path in (tmp_path / "out").rglob("*") if path.is_symlink()]
    assert len(images) == len(NAMES) - 3
    assert {path.read_bytes() for path in images} == {b"pixels"}
