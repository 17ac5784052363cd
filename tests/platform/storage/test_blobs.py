"""Blobs: the same promises on a local folder and on an S3 protocol over HTTP."""

import io
import threading
import time
from contextlib import suppress
from pathlib import Path

import pytest

from lightly_ray.errors import InvalidInputError, NotFoundError, UnavailableError
from lightly_ray.platform.storage.blobs import Blobs


class _Torn(io.BytesIO):
    """Fails after its first chunk, as a lost connection does."""

    def read(self, size: int | None = -1) -> bytes:
        if self.tell():
            raise ConnectionError("gone")
        return super().read(5)


def test_put__comes_back(blobs: Blobs) -> None:
    content = bytes(range(256)) * 9_001  # more than one chunk
    blobs.put("datasets/1/a-b.png", io.BytesIO(content))
    assert blobs.read("datasets/1/a-b.png") == content
    assert b"".join(blobs.chunks("datasets/1/a-b.png")) == content


def test_put__torn_upload_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(ConnectionError):
        Blobs(str(tmp_path)).put("a/b", _Torn(b"0123456789"))
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


def test_open__missing(blobs: Blobs) -> None:
    with pytest.raises(NotFoundError, match="datasets/none"):
        blobs.open("datasets/none")
    with pytest.raises(NotFoundError, match="datasets/none"):
        blobs.chunks("datasets/none")


@pytest.mark.parametrize(
    "key",
    [
        "",
        "/etc/passwd",
        "../up",
        "a/../../up",
        "a//b",
        "a/",
        "a\\b",
        "a/.hidden",
        "ä",
        "a\x00b",
        "a/b\n",
        "%2e%2e/a",
        "a" * 101,
    ],
)
def test_keys__stay_inside(blobs: Blobs, key: str) -> None:
    for use in (lambda: blobs.put(key, io.BytesIO(b"x")), lambda: blobs.open(key), lambda: blobs.delete_folder(key)):
        with pytest.raises(InvalidInputError, match="not a key"):
            use()


def test_has__a_blob_and_no_folder(blobs: Blobs) -> None:
    blobs.put("datasets/1/x", io.BytesIO(b"x"))
    assert blobs.has("datasets/1/x")
    assert not blobs.has("datasets/1")
    assert not blobs.has("datasets/1/never")
    with pytest.raises(InvalidInputError, match=r"not a key"):
        blobs.has("../x")


def test_delete_folder__only_that(blobs: Blobs) -> None:
    for key in ("datasets/1/a/x", "datasets/1/b", "datasets/12/c"):
        blobs.put(key, io.BytesIO(b"x"))
    blobs.delete_folder("datasets/1")
    blobs.delete_folder("datasets/never")
    for key in ("datasets/1/a/x", "datasets/1/b"):
        with pytest.raises(NotFoundError):
            blobs.read(key)
    assert blobs.read("datasets/12/c") == b"x"


def test_location__other_readers_find_it(blobs: Blobs) -> None:
    blobs.put("datasets/1/x.parquet", io.BytesIO(b"parquet"))
    assert blobs.location("datasets/1/x.parquet").read() == b"parquet"


def test_delete_folder__while_something_is_still_written(tmp_path: Path) -> None:
    blobs = Blobs(str(tmp_path))
    begun = threading.Event()

    def write() -> None:
        for number in range(20):
            with suppress(UnavailableError):  # as the next test has it
                blobs.put(f"datasets/a/columns/{number}", io.BytesIO(b"some"))
            begun.set()

    for number in range(200):
        blobs.put(f"datasets/a/{number}", io.BytesIO(b"some"))
    writer = threading.Thread(target=write)
    writer.start()
    begun.wait()
    blobs.delete_folder("datasets/a")
    writer.join()
    assert not blobs.has("datasets/a/199")


def test_put__into_a_folder_that_is_deleted_meanwhile(tmp_path: Path) -> None:
    blobs = Blobs(str(tmp_path))

    class Source(io.BytesIO):
        def read(self, size: int | None = -1, /) -> bytes:
            blobs.delete_folder("datasets/a")
            return super().read(size)

    with pytest.raises(UnavailableError, match="the folder was deleted while it was written"):
        blobs.put("datasets/a/columns/1", Source(b"some"))
    assert not blobs.has("datasets/a/columns/1")
    blobs.put("datasets/a/columns/1", io.BytesIO(b"some"))


def test_listing__every_blob_with_its_size(blobs: Blobs) -> None:
    assert not list(blobs.listing())
    sizes = {"datasets/a/x.npy": 3, "datasets/a/deep/er/y.npy": 0, "datasets/b/x.npy": 5}
    for key, size in sizes.items():
        blobs.put(key, io.BytesIO(b"1" * size))
    assert {one.key: one.size for one in blobs.listing()} == sizes
    assert all(abs(one.written_at / 1000 - time.time()) < 3600 for one in blobs.listing())
    for _ in range(2):  # what is not there is fine
        blobs.delete("datasets/a/x.npy")
    assert {one.key for one in blobs.listing()} == sizes.keys() - {"datasets/a/x.npy"}
