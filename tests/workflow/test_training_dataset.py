"""What is labelled of a tag, to train on, and what is held out."""

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from PIL import Image

import lightly_ray
from lightly_ray.api import ApiWorkflowClient
from lightly_ray.data.labels.table import SCHEMA, Task, checked
from lightly_ray.data.splits import is_validation
from lightly_ray.errors import InvalidInputError, NotFoundError, UnreadableError
from lightly_ray.platform.embedded import EmbeddedPlatform

pytestmark = pytest.mark.usefixtures("ray_local")


def label(client: ApiWorkflowClient, annotations: dict[str, Any], task: Task = "classification") -> None:
    """Import annotations by name; None: it cannot be labelled."""
    rows = [
        {"filename": name, "cannot_be_labelled": one is None, "annotations": one or []}
        for name, one in annotations.items()
    ]
    client.import_labels(checked(task, pa.Table.from_pylist(rows, SCHEMA), "test"), f"of {task}")


def by_folder(names: list[str]) -> dict[str, Any]:
    return {name: [{"class": name.split("/")[0]}] for name in names}


def test_training_dataset__held_out_samples_stay_so(uploaded: ApiWorkflowClient, images: Path) -> None:
    held_out = uploaded.get_filenames_in_tag(uploaded.create_validation_tag(0.25))
    names = uploaded.get_filenames()
    chosen = [name for name in names if name not in held_out][:5]
    uploaded.create_tag_from_filenames([*chosen, held_out[0]], "round 0")  # by hand: selections never take it
    label(uploaded, by_folder([*chosen, *held_out]) | {chosen[1]: None})
    rows = lightly_ray.training_dataset(uploaded, "round 0", decode=True).take_all()
    assert [row["filename"] for row in rows] == sorted({*chosen, *held_out} - {chosen[1]})
    for row in rows:
        assert row["split"] == ("validation" if row["filename"] in held_out else "train")
        assert row["label"] == row["filename"].split("/")[0]
        np.testing.assert_array_equal(row["image"], np.asarray(Image.open(images / row["filename"])))
    local = lightly_ray.training_dataset(uploaded, "round 0", input_dir=images, validation_tag="round 0").take_all()
    assert {row["split"] for row in local} == {"validation"}
    assert [Path(row["uri"]).relative_to(images).as_posix() for row in local] == [row["filename"] for row in local]


def test_training_dataset__without_a_validation_tag_names_decide(
    uploaded: ApiWorkflowClient, live_platform: EmbeddedPlatform, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = uploaded.get_filenames()
    label(uploaded, by_folder(names[1:]))
    monkeypatch.setenv("LIGHTLY_SERVER_LOCATION", live_platform.url)
    monkeypatch.setenv("LIGHTLY_TOKEN", live_platform.token)
    with pytest.warns(UserWarning, match=f"1 of 12 samples have no label and are left out, first: '{names[0]}'"):
        data = lightly_ray.training_dataset(uploaded.dataset_id, "initial-tag")
    split = np.where(is_validation(names[1:]), "validation", "train").tolist()
    assert [(row["filename"], row["split"]) for row in data.take_all()] == list(zip(names[1:], split, strict=True))


def test_training_dataset__labels_of_other_kinds(uploaded: ApiWorkflowClient) -> None:
    first, second, third = uploaded.get_filenames()[:3]
    uploaded.create_tag_from_filenames([first, second, third], "few")
    label(uploaded, {first: [{"class": "a"}, {"class": "b"}], second: [], third: [{"class": "b"}]})
    box = {"class": "cat", "box": [0.25, 0.5, 0.75, 1]}
    label(uploaded, {first: [box], second: [], third: [box, box]}, "detection")
    data = lightly_ray.training_dataset(uploaded, "few", source="of classification")
    assert [list(row["label"]) for row in data.take_all()] == [["a", "b"], [], ["b"]]
    boxes = lightly_ray.training_dataset(uploaded, "few", source="of detection").take_all()
    assert [[one["class"] for one in row["label"]] for row in boxes] == [["cat"], [], ["cat", "cat"]]
    assert list(boxes[0]["label"][0]["box"]) == [0.25, 0.5, 0.75, 1]
    with pytest.raises(InvalidInputError, match="several tasks"):
        lightly_ray.training_dataset(uploaded, "few")


def test_training_dataset__what_cannot_be(uploaded: ApiWorkflowClient, tmp_path: Path) -> None:
    names = uploaded.get_filenames()
    with pytest.raises(NotFoundError, match="labels"):
        lightly_ray.training_dataset(uploaded, "initial-tag")
    uploaded.create_tag_from_filenames(names[:2], "first")
    label(uploaded, by_folder(names[2:]))
    with pytest.raises(NotFoundError, match="no tag 'second'"):
        lightly_ray.training_dataset(uploaded, "second")
    with (
        pytest.warns(UserWarning, match="2 of 2 samples"),
        pytest.raises(InvalidInputError, match="no sample of the tag 'first' has a label"),
    ):
        lightly_ray.training_dataset(uploaded, "first")
    label(uploaded, by_folder(names))
    data = lightly_ray.training_dataset(uploaded, "first", input_dir=tmp_path, decode=True)
    with pytest.raises(Exception, match=UnreadableError.__name__):  # Ray's own account of a failed task
        data.take_all()
