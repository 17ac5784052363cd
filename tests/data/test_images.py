"""Listing folders and decoding real files."""

import io
import logging
import struct
import warnings
import zlib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from lightly_ray.data.images import (
    CorruptImageError,
    decode_rgb,
    find_corrupt,
    find_images,
    list_images,
    open_first_frame,
    open_image,
)
from lightly_ray.data.location import Location
from lightly_ray.errors import InvalidInputError, NotFoundError

PIXELS = np.random.default_rng(0).integers(0, 256, size=(5, 7, 3), dtype=np.uint8)


def save(path: Path, pixels: np.ndarray = PIXELS) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).save(path)


def test_list_images__any_depth_sorted_by_code_point(tmp_path: Path) -> None:
    for name in ["b/deep/2.png", "b/10.PNG", "a.jpg", "Z.webp", "b.png", ".hidden.png", ".cache/x.png"]:
        save(tmp_path / name)
    (tmp_path / "notes.txt").write_text("no image")
    assert list_images(tmp_path) == ["Z.webp", "a.jpg", "b.png", "b/10.PNG", "b/deep/2.png"]


def test_list_images__empty_and_missing_folder(tmp_path: Path) -> None:
    with pytest.raises(InvalidInputError, match="holds no image"):
        list_images(tmp_path)
    with pytest.raises(NotFoundError, match="there is no folder"):
        list_images(tmp_path / "absent")


def test_decode_rgb__path_and_bytes_agree(tmp_path: Path) -> None:
    save(tmp_path / "x.png")
    np.testing.assert_array_equal(decode_rgb(tmp_path / "x.png"), PIXELS)
    np.testing.assert_array_equal(decode_rgb((tmp_path / "x.png").read_bytes()), PIXELS)


@pytest.mark.parametrize(
    ("mode", "value", "expected_mode", "rgb"),
    [
        ("1", 1, "L", (255, 255, 255)),
        ("L", 9, "L", (9, 9, 9)),
        ("P", 0, "RGB", (0, 0, 0)),
        ("RGBA", (200, 100, 50, 0), "RGBA", (0, 0, 0)),
        ("CMYK", (0, 255, 255, 0), "RGB", (255, 0, 0)),
        ("I;16", 257 * 200 - 1, "L", (199, 199, 199)),
    ],
)
def test_open_image__every_mode_becomes_8_bits(
    tmp_path: Path, mode: str, value: int, expected_mode: str, rgb: tuple[int, int, int]
) -> None:
    path = tmp_path / "x.tiff"
    Image.new(mode, (4, 3), value).save(path)
    assert open_image(path).mode == expected_mode
    assert decode_rgb(path).shape == (3, 4, 3)
    assert decode_rgb(path)[2, 3].tolist() == list(rgb)


def test_find_images__a_store_is_listed_and_not_asked_for_each(
    s3_options: str, caplog: pytest.LogCaptureFixture
) -> None:
    place = Location.parse(f"s3://key:secret@images/listed{s3_options}")
    names = [f"{number}/é {number}.png" for number in range(9)]
    for name in (*names, ".hidden/a.png", "note.txt"):
        place.child(name).write(b"nine byte")
    caplog.set_level(logging.INFO, "werkzeug")
    caplog.clear()
    found = find_images(place)
    asked = [record for record in caplog.records if record.name == "werkzeug"]
    assert 1 <= len(asked) <= 4
    assert sorted(found) == names
    assert {(info.size, info.mtime is None) for info in found.values()} == {(9, False)}


def test_find_corrupt__names_the_broken_files(tmp_path: Path) -> None:
    save(tmp_path / "good.png")
    (tmp_path / "text.png").write_text("not an image")
    out = io.BytesIO()
    Image.fromarray(np.tile(PIXELS, (20, 20, 1))).save(out, "jpeg")
    (tmp_path / "cut.jpg").write_bytes(out.getvalue()[:-900])
    (tmp_path / "empty.png").touch()
    corrupt = find_corrupt(tmp_path, list_images(tmp_path))
    assert sorted(corrupt) == ["cut.jpg", "empty.png", "text.png"]
    assert corrupt["text.png"] == "image 'text.png' cannot be read: it is no image in a known format"


def test_open_image__missing_file_is_not_called_corrupt(tmp_path: Path) -> None:
    with pytest.raises(NotFoundError, match=r"there is no file 'gone\.png'"):
        open_image(tmp_path / "gone.png", name="gone.png")
    with pytest.raises(CorruptImageError, match="the image"):
        open_image(b"nothing")


def test_list_images__what_is_decoded_is_listed_and_what_is_not_is_counted(tmp_path: Path) -> None:
    for name in ("a.jpg", "b.jfif", "c.jpe", "d.avif", "e.jp2", "f.QOI"):
        (tmp_path / name).touch()
    for name in ("1.heic", "2.HEIC", "3.cr2", "notes.txt"):
        (tmp_path / name).touch()
    with pytest.warns(UserWarning, match=r"left out: 1 \.cr2, 2 \.heic; convert them"):
        assert list_images(tmp_path) == ["a.jpg", "b.jfif", "c.jpe", "d.avif", "e.jp2", "f.QOI"]


@pytest.mark.parametrize(
    ("ending", "kind"),
    [("jfif", "jpeg"), ("jpe", "jpeg"), ("avif", "avif"), ("jp2", "jpeg2000"), ("tga", "tga"), ("mpo", "mpo")],
)
def test_open_image__every_listed_ending(tmp_path: Path, ending: str, kind: str) -> None:
    Image.fromarray(PIXELS).save(tmp_path / f"x.{ending}", kind)
    assert list_images(tmp_path) == [f"x.{ending}"]
    assert open_image(tmp_path / f"x.{ending}").size == (7, 5)


def test_list_images__a_link_to_nothing_is_named(tmp_path: Path) -> None:
    (tmp_path / "a.png").symlink_to(tmp_path / "gone.png")
    with pytest.raises(NotFoundError, match=r"a\.png' is no file, or a link to nothing"):
        list_images(tmp_path)


def test_open_image__leaves_the_filters_of_warnings_alone_on_threads() -> None:
    out = io.BytesIO()
    Image.fromarray(PIXELS).save(out, "png")
    before = list(warnings.filters)
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(open_image, [out.getvalue()] * 400))
    assert list(warnings.filters) == before


def _png_of(width: int, height: int) -> bytes:
    """A PNG whose header promises a size, and holds nothing."""
    header = b"IHDR" + struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    chunks = [header, b"IDAT", b"IEND"]
    parts = [struct.pack(">I", len(one) - 4) + one + struct.pack(">I", zlib.crc32(one)) for one in chunks]
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


def test_open_image__a_bomb_of_pixels_is_named_before_it_takes_memory() -> None:
    with pytest.raises(CorruptImageError, match=r"'big\.png' cannot be read: .*3600000000 pixels"):
        open_image(_png_of(60_000, 60_000), name="big.png")


@pytest.mark.parametrize("content", [b"", b"\x89PNG", b"GIF89a", b"\xff\xd8\xff\xe0"])
def test_open_image__files_that_end_too_early_are_corrupt(content: bytes) -> None:
    with pytest.raises(CorruptImageError, match=r"image 'x' cannot be read"):
        open_image(content, name="x")


def test_open_first_frame__says_whether_there_are_more() -> None:
    frames = [Image.new("RGB", (8, 6), (value, 0, 0)) for value in (10, 200)]
    for kind in ("gif", "tiff", "png", "webp"):
        out = io.BytesIO()
        frames[0].save(out, kind, save_all=True, append_images=frames[1:])
        opened = open_first_frame(out.getvalue())
        assert opened.several, kind
        assert abs(int(np.asarray(opened.image.convert("RGB"))[0, 0, 0]) - 10) < 5
        out = io.BytesIO()
        frames[0].save(out, kind)
        assert not open_first_frame(out.getvalue()).several, kind


def test_open_first_frame__shrinks_a_jpeg_while_it_is_decoded_but_not_below() -> None:
    out = io.BytesIO()
    Image.fromarray(np.random.default_rng(0).integers(0, 255, (400, 640, 3)).astype(np.uint8)).save(out, "jpeg")
    sizes = {least: open_first_frame(out.getvalue(), at_least=least).image.size for least in (10, 90, 100, 101, 300)}
    assert sizes == {10: (80, 50), 90: (160, 100), 100: (160, 100), 101: (320, 200), 300: (640, 400)}
    assert open_image(out.getvalue()).size == (640, 400)
