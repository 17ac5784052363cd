"""Folders of images: splits, classes, corrupt files."""

from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from lightly_ray.errors import InvalidInputError, NotFoundError
from lightly_ray.workflow.labelled_images import read_pool


def _write(folder: Path, *names: str) -> None:
    for number, name in enumerate(names):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(np.full((3, 5, 3), 10 * number, dtype=np.uint8)).save(folder / name)


def test_read_pool__folders_for_splits_are_used(tmp_path: Path) -> None:
    _write(tmp_path, "train/cat/b.png", "train/cat/a.png", "train/dog/c.png", "validation/dog/d.png", "test/cat/e.png")
    images = read_pool(tmp_path)
    assert images.pool.root == tmp_path / "train"
    assert images.pool.by_name() == {"cat/a.png": "cat", "cat/b.png": "cat", "dog/c.png": "dog"}
    assert images.held_out.by_name() == {"test/cat/e.png": "cat", "validation/dog/d.png": "dog"}


def test_read_pool__without_splits_a_quarter_of_each_class_is_held_out(tmp_path: Path) -> None:
    _write(tmp_path, *(f"cat/{n}.png" for n in range(8)), *(f"dog/{n}.png" for n in range(12)))
    images = read_pool(tmp_path)
    assert Counter(images.pool.labels) == {"cat": 6, "dog": 9}
    assert Counter(images.held_out.labels) == {"cat": 2, "dog": 3}
    assert not set(images.pool.filenames) & set(images.held_out.filenames)
    assert read_pool(tmp_path) == images


def test_read_pool__a_corrupt_image_is_named_and_left_out(tmp_path: Path) -> None:
    _write(tmp_path, "cat/a.png", "cat/b.png", "cat/c.png", "dog/d.png", "dog/e.png")
    (tmp_path / "cat/b.png").write_bytes(b"not an image")
    images = read_pool(tmp_path)
    assert list(images.corrupt) == ["cat/b.png"]
    assert "cat/b.png" not in [*images.pool.filenames, *images.held_out.filenames]


def test_read_pool__bad_folders_are_refused(tmp_path: Path) -> None:
    with pytest.raises(NotFoundError, match="no folder"):
        read_pool(tmp_path / "nowhere")
    with pytest.raises(InvalidInputError, match="holds no image"):
        read_pool(tmp_path)
    _write(tmp_path, "cat/a.png", "cat/b.png")
    with pytest.raises(InvalidInputError, match="holds 1 classes"):
        read_pool(tmp_path)
    _write(tmp_path, "dog/only.png")
    with pytest.raises(InvalidInputError, match=r"class 'dog' in .* has 1 image"):
        read_pool(tmp_path)
    _write(tmp_path, "loose.png")
    with pytest.raises(InvalidInputError, match=r"loose.png' lies in no class folder"):
        read_pool(tmp_path)


def test_read_pool__nothing_readable_is_refused(tmp_path: Path) -> None:
    (tmp_path / "cat").mkdir()
    (tmp_path / "cat/a.png").write_bytes(b"")
    with pytest.raises(InvalidInputError, match="none of the 1 images"):
        read_pool(tmp_path)
