"""Planning and preparing batches: pure parts of the upload."""

import hashlib
import io
import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from lightly_ray.api import upload_batches
from lightly_ray.api.upload_batches import Source, parts_of, plan, prepare, prepare_batch, thumb_name
from lightly_ray.data.location import Location
from lightly_ray.errors import InvalidInputError

PIXELS = np.random.default_rng(0).integers(0, 256, size=(150, 200, 3), dtype=np.uint8)


def source(name: str, path: Path) -> Source:
    return Source(name, Location.parse(path), path.stat().st_size)


def image(path: Path, side: int = 9) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(PIXELS[:side, : side + 2]).save(path)
    return path


def test_plan__keeps_order_and_both_limits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(upload_batches, "BATCH_SAMPLES", 3)
    monkeypatch.setattr(upload_batches, "BATCH_BYTES", 100_000)
    monkeypatch.setattr(upload_batches, "_THUMB_BYTES", 1)
    sizes = [10, 20, 30, 40, 60_000, 50_000, 200_000, 5]
    files = []
    for number, size in enumerate(sizes):
        path = tmp_path / f"{number}.png"
        path.write_bytes(bytes(size))
        files.append(source(path.name, path))
    cut = [[file.name for file in batch] for batch in plan(files, "full")]
    assert cut == [["0.png", "1.png", "2.png"], ["3.png", "4.png"], ["5.png"], ["6.png"], ["7.png"]]
    cut = [[file.name for file in batch] for batch in plan(files, "thumbnails")]
    assert cut == [["0.png", "1.png", "2.png"], ["3.png", "4.png", "5.png"], ["6.png", "7.png"]]
    assert list(plan([], "full")) == []


@pytest.mark.parametrize(
    ("mode", "hashed"), [("full", {"full", "thumb"}), ("thumbnails", {"thumb"}), ("metadata", set())]
)
def test_prepare__sends_what_the_mode_says(tmp_path: Path, mode: str, hashed: set[str]) -> None:
    path = image(tmp_path / "x.png", side=140)
    ready = prepare(source("a/x.png", path), mode, {"image_id": 3})
    assert ready.filename == "a/x.png"
    assert ready.sample["metaData"]["shape"] == [140, 142, 3]
    assert ready.sample["metaData"]["sizeInBytes"] == path.stat().st_size
    assert ready.sample["customMetaData"] == {"image_id": 3}
    assert set(ready.sample.get("sha256", {})) == hashed
    assert ready.full == (path.read_bytes() if mode == "full" else None)
    if ready.thumb is not None:
        assert ready.sample["thumbName"] == "a/x_thumb.webp"
        assert ready.sample["sha256"]["thumb"] == hashlib.sha256(ready.thumb).hexdigest()
        assert max(Image.open(io.BytesIO(ready.thumb)).size) == 128
    assert ready.size == len(ready.full or b"") + len(ready.thumb or b"")


def test_prepare__corrupt_image_is_named(tmp_path: Path) -> None:
    (tmp_path / "bad.png").write_bytes(b"nothing")
    with pytest.raises(InvalidInputError, match=r"image 'sub/bad\.png' cannot be read"):
        prepare(source("sub/bad.png", tmp_path / "bad.png"), "full")


def test_prepare_batch__sets_corrupt_files_apart(tmp_path: Path) -> None:
    (tmp_path / "bad.png").write_bytes(b"nothing")
    files = [
        source("a.png", image(tmp_path / "a.png")),
        source("bad.png", tmp_path / "bad.png"),
        source("c.png", image(tmp_path / "c.png")),
    ]
    batch = prepare_batch(files, "thumbnails", {"c.png": {"k": 1}})
    assert [ready.filename for ready in batch.ready] == ["a.png", "c.png"]
    assert list(batch.corrupt) == ["bad.png"]
    assert batch.ready[1].sample["customMetaData"] == {"k": 1}


def test_parts_of__number_files_by_place_in_the_list(tmp_path: Path) -> None:
    batch = [
        prepare(source("a.png", image(tmp_path / "a.png")), "metadata"),
        prepare(source("b.png", image(tmp_path / "b.png")), "full"),
        prepare(source("c.png", image(tmp_path / "c.png")), "thumbnails"),
    ]
    parts = parts_of(batch)
    assert list(parts) == ["samples", "full-1", "thumb-1", "thumb-2"]
    assert [sample["fileName"] for sample in json.loads(parts["samples"][1])] == ["a.png", "b.png", "c.png"]
    assert parts["full-1"][1] == (tmp_path / "b.png").read_bytes()


@pytest.mark.parametrize(
    ("name", "expected"),
    [("x.png", "x_thumb.webp"), ("a.b/x.y.jpg", "a.b/x.y_thumb.webp"), ("a.b/x", "a.b/x_thumb.webp")],
)
def test_thumb_name__stands_beside_the_image(name: str, expected: str) -> None:
    assert thumb_name(name) == expected
