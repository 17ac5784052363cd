import json
import pickle
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from lightly_ray.data.location import Location
from lightly_ray.data.predictions.files import find_format, map_predictions, read_table, row_names
from lightly_ray.errors import InvalidInputError, NotFoundError


def _touch(folder: Path, *names: str) -> None:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()


@pytest.mark.parametrize(
    ("name", "task", "expected"),
    [
        ("p.parquet", "keypoints", "parquet"),
        ("p.npy", "classification", "npy"),
        ("p.json", "detection", "coco_boxes"),
        ("p.json.gz", "keypoints", "coco_keypoints"),
        ("tables", "classification", "parquet"),
        ("tables", "detection", "parquet"),
        ("texts", "detection", "yolo"),
        ("maps", "segmentation", "maps"),
        ("tables/*.parquet", "segmentation", "parquet"),
    ],
)
def test_find_format__of_each_task(name: str, task: str, expected: str, tmp_path: Path) -> None:
    _touch(tmp_path, "p.parquet", "p.npy", "p.json", "p.json.gz", "tables/a.parquet", "texts/x/a.txt", "maps/a.npy")
    assert find_format(Location.parse(tmp_path / name), task) == expected


@pytest.mark.parametrize("task", ["classification", "detection", "segmentation", "keypoints"])
def test_find_format__of_nothing(task: str, tmp_path: Path) -> None:
    with pytest.raises(NotFoundError, match="there is no file or folder"):
        find_format(Location.parse(tmp_path / "absent"), task)
    with pytest.raises(NotFoundError, match="holds no"):
        find_format(Location.parse(tmp_path), task)


@pytest.mark.parametrize(
    ("name", "task"), [("p.npy", "detection"), ("p.csv", "classification"), ("p.json", "segmentation")]
)
def test_find_format__of_another_task(name: str, task: str, tmp_path: Path) -> None:
    _touch(tmp_path, name)
    with pytest.raises(InvalidInputError, match=f"is in no format for {task}"):
        find_format(Location.parse(tmp_path / name), task)


def test_read_table__npy(tmp_path: Path) -> None:
    np.save(tmp_path / "p.npy", np.array([[0.5, 0.25, 0.25], [1, 0, 0]], np.float32))
    (tmp_path / "names.txt").write_text("b.jpg\na.jpg\n")
    table = read_table(Location.parse(tmp_path / "p.npy"), "npy", Location.parse(tmp_path / "names.txt"))
    assert table.to_pydict() == {"filename": ["b.jpg", "a.jpg"], "probabilities": [[0.5, 0.25, 0.25], [1, 0, 0]]}
    assert table.schema.field("probabilities").type == pa.list_(pa.float32(), 3)
    assert read_table(Location.parse(tmp_path / "p.npy"), "npy")["filename"].to_pylist() == ["0", "1"]


def test_row_names__another_number(tmp_path: Path) -> None:
    (tmp_path / "names.txt").write_text("b.jpg\na.jpg\n")
    with pytest.raises(InvalidInputError, match="names 2 images for 3 rows"):
        row_names(3, Location.parse(tmp_path / "names.txt"))


@pytest.mark.parametrize(
    "array", [np.zeros(3), np.zeros((2, 0)), np.zeros((2, 3, 4)), np.array([["a"]]), np.zeros((2, 2), complex)]
)
def test_map_predictions__other_arrays(array: np.ndarray, tmp_path: Path) -> None:
    np.save(tmp_path / "p.npy", array)
    with pytest.raises(InvalidInputError, match=r"must hold an \(N, C\) array of numbers, got shape"):
        map_predictions(Location.parse(tmp_path / "p.npy"))


def test_map_predictions__never_unpickles(tmp_path: Path) -> None:
    np.save(tmp_path / "objects.npy", np.array([[{}]]), allow_pickle=True)
    (tmp_path / "pickle.npy").write_bytes(pickle.dumps([[0.5, 0.5]]))
    (tmp_path / "empty.npy").touch()
    for name in ("objects.npy", "pickle.npy", "empty.npy"):
        with pytest.raises(InvalidInputError, match=r"cannot read .* as \.npy"):
            map_predictions(Location.parse(tmp_path / name))


def test_map_predictions__archives_absent_and_remote_files(tmp_path: Path) -> None:
    np.savez(tmp_path / "p.npz", a=np.zeros((2, 2)))
    (tmp_path / "p.npz").rename(tmp_path / "p.npy")
    with pytest.raises(InvalidInputError, match="it begins with"):
        map_predictions(Location.parse(tmp_path / "p.npy"))
    with pytest.raises(NotFoundError, match="there is no file"):
        map_predictions(Location.parse(tmp_path / "absent.npy"))
    with pytest.raises(InvalidInputError, match="must be local"):
        map_predictions(Location.parse("s3://anonymous@bucket/p.npy?region=x"))


def test_read_table__the_other_formats(tmp_path: Path) -> None:
    (tmp_path / "boxes.json").write_text(json.dumps([{"image_id": 3, "category_id": 1, "score": 0.5}]))
    (tmp_path / "points.json").write_text(json.dumps([{"image_id": 3, "keypoints": [1, 2, 0.5]}]))
    (tmp_path / "texts").mkdir()
    (tmp_path / "texts" / "a.txt").write_text("1 0 0 1 1 0.5\n")
    _touch(tmp_path, "maps/a.npy")
    assert read_table(Location.parse(tmp_path / "boxes.json"), "coco_boxes").to_pydict()["labels"] == [[1]]
    assert read_table(Location.parse(tmp_path / "points.json"), "coco_keypoints").to_pydict()["keypoints"] == [
        [[1, 2, 0.5]]
    ]
    assert read_table(Location.parse(tmp_path / "texts"), "yolo").to_pydict()["filename"] == ["a"]
    assert read_table(Location.parse(tmp_path / "maps"), "maps").to_pydict() == {
        "filename": ["a"],
        "path": [str(tmp_path / "maps" / "a.npy")],
    }


def test_read_table__parquet_is_not_its_own(tmp_path: Path) -> None:
    pq.write_table(pa.table({"filename": ["a"]}), tmp_path / "p.parquet")
    with pytest.raises(InvalidInputError, match="in parts"):
        read_table(Location.parse(tmp_path / "p.parquet"), "parquet")
