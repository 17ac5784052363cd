"""Predictions wherever they are, as one table: the same from a path, from memory and from a Ray dataset."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import ray.data

from lightly_ray.data.predictions.table import checked
from lightly_ray.errors import InvalidInputError
from lightly_ray.scores.whole_tables import read_whole

NAMES = ["a.jpg", "b/c.jpg"]
ROWS = np.array([[0.25, 0.5, 0.25], [0.125, 0.0, 0.875]])


def values(table: pa.Table) -> list[list[float]]:
    assert table["filename"].to_pylist() == NAMES
    found: list[list[float]] = table["probabilities"].to_pylist()
    return found


def test_read_whole__classification_from_files(tmp_path: Path) -> None:
    for row in range(2):
        part = pa.table({"filename": NAMES[row : row + 1], "probabilities": [ROWS[row].tolist()], "more": [row]})
        pq.write_table(part, tmp_path / f"{row}.parquet")
    table, classes = read_whole("classification", tmp_path)
    assert (values(table), classes, table.column_names) == (ROWS.tolist(), (), ["filename", "probabilities"])
    np.save(tmp_path / "p.npy", ROWS)
    (tmp_path / "names.txt").write_text("\n".join(NAMES))
    table, _ = read_whole("classification", str(tmp_path / "p.npy"), tmp_path / "names.txt")
    assert values(table) == ROWS.tolist()


def test_read_whole__a_frame_names_its_classes() -> None:
    table, classes = read_whole("classification", pd.DataFrame(ROWS, index=NAMES, columns=["ant", "bee", "cat"]))
    assert (values(table), classes) == (ROWS.tolist(), ("ant", "bee", "cat"))


@pytest.mark.usefixtures("ray_local")
def test_read_whole__a_ray_dataset_with_tensors() -> None:
    table, _ = read_whole(
        "classification", ray.data.from_pandas(pd.DataFrame({"filename": NAMES, "probabilities": list(ROWS)}))
    )
    assert values(table) == ROWS.tolist()
    maps = np.random.default_rng(0).dirichlet(np.ones(4), size=(2, 3, 5))
    dataset = ray.data.from_numpy(maps).map_batches(
        lambda batch: {"filename": np.array(NAMES), "probabilities": batch["data"]}, batch_size=2
    )
    table, _ = read_whole("segmentation", dataset)
    assert table["shape"].to_pylist() == [[3, 5, 4], [3, 5, 4]]
    np.testing.assert_array_equal(np.array(values(table)), maps.reshape(2, -1))
    assert checked("segmentation", table, "p").classes == ("0", "1", "2", "3")


def test_read_whole__boxes_and_categories_of_coco(tmp_path: Path) -> None:
    images = {
        "images": [{"id": 1, "file_name": "a.jpg", "width": 10, "height": 20}],
        "categories": [{"id": 2, "name": "dog"}, {"id": 1, "name": "car"}],
    }
    (tmp_path / "images.json").write_text(json.dumps(images))
    found = [{"image_id": 1, "category_id": 2, "bbox": [1, 2, 3, 4], "score": 0.5}]
    (tmp_path / "found.json").write_text(json.dumps(found))
    table, classes = read_whole("detection", tmp_path / "found.json", tmp_path / "images.json")
    assert classes == ("0", "car", "dog")
    (row,) = table.to_pylist()
    assert row["boxes"] == [pytest.approx([0.1, 0.1, 0.4, 0.3])]
    # Parquet keeps them, also where scores read them no more.
    pq.write_table(table, tmp_path / "found.parquet")
    again, _ = read_whole("detection", tmp_path / "found.parquet")
    assert again["boxes"].to_pylist() == table["boxes"].to_pylist()


def test_read_whole__maps_of_files(tmp_path: Path) -> None:
    maps = np.array([[[0.25, 0.75]], [[1, 0]]])
    for name in ("a", "b"):
        np.save(tmp_path / f"{name}.npy", maps)
    table, _ = read_whole("segmentation", tmp_path)
    assert table.to_pylist()[1] == {"filename": "b", "probabilities": [0.25, 0.75, 1, 0], "shape": [2, 1, 2]}
    (tmp_path / "b.npy").write_bytes(b"no map")
    with pytest.raises(InvalidInputError, match="'b' cannot be used: it has a file that cannot be read"):
        read_whole("segmentation", tmp_path)


def test_read_whole__refused() -> None:
    with pytest.raises(InvalidInputError, match="task must be one of classification"):
        read_whole("guessing", [])  # type: ignore[arg-type]  # what a caller without types may write
    with pytest.raises(InvalidInputError, match="no column 'filename'"):
        read_whole("classification", pa.table({"probabilities": [[1.0]]}))
