"""Label Studio's exports, in the forms that its documentation shows."""

import json
from pathlib import Path
from typing import Any

import pytest

from lightly_ray.data.labels.files import read_labels
from lightly_ray.data.labels.label_studio_names import name_in_export, name_of_address
from lightly_ray.errors import InvalidInputError
from tests.data.labels.drawn_labels import said

BOX = {"x": 25.0, "y": 50.0, "width": 50.0, "height": 12.5, "rotation": 0, "rectanglelabels": ["car"]}


def _region(kind: str, value: dict[str, Any], **more: object) -> dict[str, Any]:
    return {"from_name": "label", "to_name": "image", "type": kind, "value": value, **more}


def _task(*annotations: dict[str, Any], **data: str) -> dict[str, Any]:
    return {"id": 3, "data": data or {"image": "https://x/a.jpg", "filename": "a.jpg"}, "annotations": annotations}


def _read(folder: Path, content: object, **settings: Any) -> Any:
    (folder / "export.json").write_text(json.dumps(content))
    return read_labels(folder / "export.json", **settings)


def test_read__a_box_is_per_cent(tmp_path: Path) -> None:
    labels = _read(tmp_path, [_task({"result": [_region("rectanglelabels", BOX)]})])
    assert labels.task == "detection"
    assert said(labels) == {"a.jpg": (False, [{"class": "car", "box": [0.25, 0.5, 0.75, 0.625]}])}


def test_read__ground_truth_before_the_newest_before_the_skipped(tmp_path: Path) -> None:
    def choice(name: str, **more: object) -> dict[str, Any]:
        return {"result": [_region("choices", {"choices": [name]})], **more}

    old, new = {"updated_at": "2026-01-01T00:00:00Z"}, {"updated_at": "2026-03-01T00:00:00Z"}
    tasks = [
        _task(choice("old", **old), choice("new", **new), filename="new.jpg"),
        _task(choice("true", ground_truth=True, **old), choice("new", **new), filename="true.jpg"),
        _task(choice("old", **old), {"was_cancelled": True, "result": [], **new}, filename="once.jpg"),
        _task({"was_cancelled": True, "result": []}, filename="never.jpg"),
        _task(filename="open.jpg"),
        _task({"result": []}, filename="none.jpg"),
        _task({"result": [_region("choices", {"choices": ["a", "b"]})]}, filename="both.jpg"),
    ]
    assert said(_read(tmp_path, tasks)) == {
        "new.jpg": (False, [{"class": "new"}]),
        "true.jpg": (False, [{"class": "true"}]),
        "once.jpg": (False, [{"class": "old"}]),
        "never.jpg": (True, []),
        "open.jpg": (False, None),
        "none.jpg": (False, None),
        "both.jpg": (False, [{"class": "a"}, {"class": "b"}]),
    }


def test_read__labels_beside_their_shapes_and_other_tags(tmp_path: Path) -> None:
    corners = {"x": 25.0, "y": 50.0, "width": 50.0, "height": 12.5}
    results = [
        _region("rectangle", corners, id="r"),
        _region("labels", {**corners, "labels": ["car"]}, id="r"),
        _region("textarea", {"text": ["a remark"]}),
        {"type": "relation", "from_id": "r", "to_id": "r"},
    ]
    labels = _read(tmp_path, [_task({"result": results})])
    assert said(labels) == {"a.jpg": (False, [{"class": "car", "box": [0.25, 0.5, 0.75, 0.625]}])}


def test_read__keypoints_find_their_places_by_label(tmp_path: Path) -> None:
    def point(label: str, x: float, **more: object) -> dict[str, Any]:
        return _region("keypointlabels", {"x": x, "y": 10, "width": 1, "keypointlabels": [label]}, **more)

    first = [_region("rectanglelabels", BOX, id="r"), point("nose", 30, parentID="r"), point("ear", 40, parentID="r")]
    second = [_region("rectanglelabels", BOX, id="r"), point("nose", 50, parentID="r", meta={"text": ["hidden"]})]
    tasks = [_task({"result": first}, filename="1"), _task({"result": second}, filename="2")]
    found = said(_read(tmp_path, tasks))
    assert found["1"][1][0]["keypoints"] == [0.4, 0.1, 2, 0.3, 0.1, 2]
    assert found["2"][1][0]["keypoints"] == [0, 0, 0, 0.5, 0.1, 1]
    assert found["2"][1][0]["class"] == "car"


def test_read__tasks_of_several_kinds_want_a_name(tmp_path: Path) -> None:
    tasks = [_task({"result": [_region("rectanglelabels", BOX), _region("choices", {"choices": ["rain"]})]})]
    with pytest.raises(InvalidInputError, match="annotations for classification and detection: name the task"):
        _read(tmp_path, tasks)
    assert said(_read(tmp_path, tasks, task="classification")) == {"a.jpg": (False, [{"class": "rain"}])}
    assert len(said(_read(tmp_path, tasks, task="detection"))["a.jpg"][1]) == 1
    with pytest.raises(InvalidInputError, match="no annotations for keypoints, it has some for classification and det"):
        _read(tmp_path, tasks, task="keypoints")


def test_read__json_min_and_csv_of_several_annotators(tmp_path: Path) -> None:
    about = {"annotator": 1, "annotation_id": 7, "created_at": "1", "lead_time": 1.5}
    entries = [
        {"image": "s3://bucket/sub/a.jpg", "id": 1, "kind": "cat", **about, "updated_at": "2026-01-01"},
        {
            "image": "s3://bucket/sub/a.jpg",
            "id": 1,
            "kind": {"choices": ["dog", "wet"]},
            **about,
            "updated_at": "2026-02",
        },
    ]
    assert said(_read(tmp_path, entries)) == {"sub/a.jpg": (False, [{"class": "dog"}, {"class": "wet"}])}
    (tmp_path / "export.csv").write_text(
        "annotation_id,annotator,created_at,filename,id,image,kind,lead_time,updated_at\n"
        "7,me,1,sub/a.jpg,1,x,cat,1.5,2026-01\n"
        '8,me,1,b.jpg,2,x,"{""choices"": [""dog"", ""wet""]}",1.5,2026-01\n'
        "9,me,1,c.jpg,3,x,,1.5,2026-01\n"
    )
    assert said(read_labels(tmp_path / "export.csv")) == {
        "sub/a.jpg": (False, [{"class": "cat"}]),
        "b.jpg": (False, [{"class": "dog"}, {"class": "wet"}]),
        "c.jpg": (False, None),
    }


@pytest.mark.parametrize(
    ("results", "message"),
    [
        ([_region("rectanglelabels", {**BOX, "rotation": 30})], "task 3: a box is rotated"),
        ([_region("ellipselabels", {"x": 1, "radiusX": 2, "ellipselabels": ["car"]})], "kind ellipselabels"),
        ([_region("rectangle", {"x": 1, "y": 1, "width": 1, "height": 1})], "task 3: a rectangle has no label"),
        ([_region("rectanglelabels", {**BOX, "rectanglelabels": []})], "task 3: a region has no label"),
        ([_region("rectanglelabels", {**BOX, "width": 90.0})], "box of sample 'a.jpg' leaves the image: 1.15"),
        ([_region("polygonlabels", {"points": [[1, 2], [3, 4]], "polygonlabels": ["a"]})], "'a.jpg' has 4 coordinates"),
        ([_region("brushlabels", {"rle": [0, 1], "brushlabels": ["a"]})], "needs its width and height"),
        (
            [_region("brushlabels", {"rle": [0, 1], "brushlabels": ["a"]}, original_width=3, original_height=2)],
            "no run lengths of Label Studio: it is cut",
        ),
        ([{"type": "rectanglelabels"}], "task 3: a region is broken: KeyError"),
    ],
)
def test_read__what_is_refused(results: list[dict[str, Any]], message: str, tmp_path: Path) -> None:
    with pytest.raises(InvalidInputError, match=message):
        _read(tmp_path, [_task({"result": results})])


def test_read__keys_and_broken_files(tmp_path: Path) -> None:
    with pytest.raises(InvalidInputError, match="task 3: its data have neither sample_id nor filename nor image"):
        _read(tmp_path, [{"id": 3, "data": {"text": 1}, "annotations": []}])
    whole = json.dumps([_task({"result": [_region("rectanglelabels", BOX)]})])
    (tmp_path / "half.json").write_text(whole[: len(whole) // 2])
    with pytest.raises(InvalidInputError, match=r"half\.json' is broken at entry 0"):
        read_labels(tmp_path / "half.json")


@pytest.mark.parametrize(
    ("address", "name"),
    [
        ("/data/local-files/?d=photos/sub/a%20b.jpg", "photos/sub/a b.jpg"),
        ("/data/upload/7/0123abcd-a.jpg", "a.jpg"),
        ("s3://bucket/sub/a.jpg", "sub/a.jpg"),
        ("https://host/datasets/1/a%20b.jpg?signature=2", "a b.jpg"),
        ("sub/a.jpg", "sub/a.jpg"),
    ],
)
def test_name_of_address__by_hand(address: str, name: str) -> None:
    assert name_of_address(address) == name


def test_name_in_export__a_hash_goes() -> None:
    assert name_in_export("images/0123abcd__a.jpg") == "a.jpg"
    assert name_in_export("sub/0123abcd__a.jpg") == "sub/0123abcd__a.jpg"
