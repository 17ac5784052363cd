from pathlib import Path

import pytest

from lightly_ray.data.location import Location
from lightly_ray.data.predictions.yolo import read_folder
from lightly_ray.errors import InvalidInputError, NotFoundError

CORNERS = [0.25, 0.375, 0.75, 0.625]


@pytest.fixture
def labels(tmp_path: Path) -> Path:
    folder = tmp_path / "labels"
    (folder / "sub").mkdir(parents=True)
    (folder / "b.txt").write_text("3 0.5 0.5 0.5 0.25 0.875\n\n0 0.5 0.5 0.5 0.25 0.5\n")
    (folder / "sub" / "a.txt").write_text("")
    return folder


def test_read_folder__names_without_endings(labels: Path) -> None:
    assert read_folder(Location.parse(labels)).to_pydict() == {
        "filename": ["b", "sub/a"],
        "scores": [[0.875, 0.5], []],
        "labels": [[3, 0], []],
        "boxes": [[CORNERS, CORNERS], []],
    }


def test_read_folder__names_of_images_and_those_without_a_file(labels: Path, tmp_path: Path) -> None:
    names = tmp_path / "names.txt"
    names.write_text("c.jpg\nsub/a.png\nb.jpg\n")
    assert read_folder(Location.parse(labels), Location.parse(names)).to_pydict() == {
        "filename": ["c.jpg", "sub/a.png", "b.jpg"],
        "scores": [[], [], [0.875, 0.5]],
        "labels": [[], [], [3, 0]],
        "boxes": [[], [], [CORNERS, CORNERS]],
    }


@pytest.mark.parametrize("line", ["3 0.5 0.5 0.25 0.25", "3 0.5 0.5 0.25 0.25 0.5 1", "cat 1 1 1 1 1", "0.5 1 1 1 1 1"])
def test_read_folder__a_line_that_is_wrong(line: str, labels: Path) -> None:
    (labels / "b.txt").write_text(f"3 0.5 0.5 0.25 0.25 0.875\n{line}\n")
    with pytest.raises(InvalidInputError, match=r"line 2 of '.*b\.txt' must"):
        read_folder(Location.parse(labels))


def test_read_folder__a_class_that_is_no_number(labels: Path) -> None:
    (labels / "b.txt").write_text("nan 0.5 0.5 0.25 0.25 0.875\n")
    with pytest.raises(InvalidInputError, match="line 1 of"):
        read_folder(Location.parse(labels))


def test_read_folder__without_files(tmp_path: Path) -> None:
    with pytest.raises(NotFoundError, match=r"no \.txt file"):
        read_folder(Location.parse(tmp_path))
