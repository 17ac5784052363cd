import unicodedata
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from lightly_ray.data.location import Location
from lightly_ray.data.predictions.image_matching import image_names, named_files
from lightly_ray.errors import InvalidInputError, NotFoundError


@pytest.fixture
def maps(tmp_path: Path) -> Path:
    folder = tmp_path / "maps"
    (folder / "sub").mkdir(parents=True)
    for name in ["a.jpg.npy", "b.npy", "sub/v1.2.npy", "notes.txt"]:
        (folder / name).touch()
    return folder


def _names(folder: Path, *names: str) -> Path:
    path = folder / "names.txt"
    path.write_text("\n".join(names))
    return path


def test_image_names__of_a_folder_sorted_of_a_file_in_order(tmp_path: Path) -> None:
    (tmp_path / "images" / "z").mkdir(parents=True)
    for name in ["z/a.png", "b.png"]:
        Image.fromarray(np.zeros((2, 3), np.uint8)).save(tmp_path / "images" / name)
    assert image_names(Location.parse(tmp_path / "images")) == ["b.png", "z/a.png"]
    assert image_names(Location.parse(_names(tmp_path, "z.jpg", "", " a b.jpg "))) == ["z.jpg", "a b.jpg"]


def test_image_names__none(tmp_path: Path) -> None:
    with pytest.raises(InvalidInputError, match="names no image"):
        image_names(Location.parse(_names(tmp_path, " ", "")))
    with pytest.raises(NotFoundError, match="there is no folder"):
        image_names(Location.parse(tmp_path / "absent"))


def test_named_files__by_their_own_names(maps: Path) -> None:
    assert named_files(Location.parse(maps), ".npy", None) == [
        ("a.jpg", str(maps / "a.jpg.npy")),
        ("b", str(maps / "b.npy")),
        ("sub/v1.2", str(maps / "sub/v1.2.npy")),
    ]


def test_named_files__by_the_names_of_images(maps: Path, tmp_path: Path) -> None:
    names = _names(tmp_path, "sub/v1.2.png", "x.jpg", "b.jpeg", "a.jpg")
    assert named_files(Location.parse(maps), ".npy", Location.parse(names)) == [
        ("sub/v1.2.png", str(maps / "sub/v1.2.npy")),
        ("x.jpg", None),
        ("b.jpeg", str(maps / "b.npy")),
        ("a.jpg", str(maps / "a.jpg.npy")),
    ]


def test_named_files__a_file_uri_is_a_local_path(maps: Path) -> None:
    here = named_files(Location.parse(maps), ".npy", None)
    assert named_files(Location.parse(f"file://{maps}"), ".npy", None) == here


def test_named_files__a_file_of_no_image(maps: Path, tmp_path: Path) -> None:
    with pytest.raises(InvalidInputError, match=r"b\.npy' belongs to none of the 2 images"):
        named_files(Location.parse(maps), ".npy", Location.parse(_names(tmp_path, "a.jpg", "sub/v1.2.jpg")))


def test_named_files__two_files_of_one_image(maps: Path, tmp_path: Path) -> None:
    (maps / "a.npy").touch()
    with pytest.raises(InvalidInputError, match=r"both belong to image 'a\.jpg'"):
        named_files(Location.parse(maps), ".npy", Location.parse(_names(tmp_path, "a.jpg", "b.jpg", "sub/v1.2.jpg")))


def test_named_files__two_images_that_differ_in_their_ending_only(maps: Path, tmp_path: Path) -> None:
    with pytest.raises(InvalidInputError, match=r"belongs to each of \['b\.jpg', 'b\.png'\]"):
        named_files(
            Location.parse(maps), ".npy", Location.parse(_names(tmp_path, "a.jpg", "b.jpg", "b.png", "sub/v1.2.jpg"))
        )


def test_named_files__a_file_instead_of_a_folder(maps: Path) -> None:
    with pytest.raises(NotFoundError, match="expected a folder"):
        named_files(Location.parse(maps / "b.npy"), ".npy", None)


def test_named_files__unicode_forms_match_where_one_is_meant(tmp_path: Path) -> None:
    composed, split = (unicodedata.normalize(form, "café") for form in ("NFC", "NFD"))
    (tmp_path / "maps").mkdir()
    (tmp_path / "maps" / f"{composed}.npy").touch()
    names = Location.parse(_names(tmp_path, f"{split}.jpg", "b.jpg"))
    maps = Location.parse(tmp_path / "maps")
    assert [name for name, path in named_files(maps, ".npy", names) if path] == [f"{split}.jpg"]
    both = Location.parse(_names(tmp_path, f"{split}.jpg", f"{composed}.jpg"))
    assert [name for name, path in named_files(maps, ".npy", both) if path] == [f"{composed}.jpg"]
    two_splits = Location.parse(_names(tmp_path, f"{split}.jpg", f"{split}.png"))
    with pytest.raises(InvalidInputError, match="belongs to each of"):
        named_files(maps, ".npy", two_splits)
