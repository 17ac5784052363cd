import io
import logging
import pickle
from collections.abc import Iterator
from pathlib import Path

import pytest
from pyarrow import fs

from lightly_ray.data.atomic import write_object
from lightly_ray.data.location import Location, hide_credentials
from lightly_ray.errors import InvalidInputError

STORE = "s3://anonymous@bucket"


def test_locate__schemes() -> None:
    place = Location.parse("s3://anonymous@bucket/some/*.parquet?region=eu-west-1")
    assert isinstance(place.filesystem, fs.S3FileSystem)
    assert place.path == "bucket/some/*.parquet"
    assert place.uri == "s3://anonymous@bucket/some/*.parquet?region=eu-west-1"
    assert Location.parse("~/x").path == str(Path("~/x").expanduser())
    with pytest.raises(InvalidInputError, match="cannot use the path 'ftp://x/"):
        Location.parse("ftp://x/y")
    with pytest.raises(InvalidInputError) as raised:
        _ = Location.parse("s3://key:secret@bucket/x?nonsense=1").filesystem
    assert "secret" not in str(raised.value)


def test_write__replaces_and_leaves_no_draft(tmp_path: Path) -> None:
    target = Location.parse(tmp_path / "deep" / "x.bin")
    assert target.read() is None
    target.write(b"one")
    target.write(b"two")
    assert target.read() == b"two"
    assert [path.name for path in (tmp_path / "deep").iterdir()] == ["x.bin"]


def test_write__a_failure_leaves_what_was_there(tmp_path: Path) -> None:
    (tmp_path / "x").mkdir()
    with pytest.raises(InvalidInputError, match="cannot write"):
        Location.parse(tmp_path / "x").write(b"one")
    assert [path.name for path in tmp_path.iterdir()] == ["x"]
    with pytest.raises(InvalidInputError, match="cannot read"):
        Location.parse(tmp_path / "x").read()


def test_write__to_a_store(s3_options: str, caplog: pytest.LogCaptureFixture) -> None:
    place = Location.parse(f"s3://key:secret@images/written{s3_options}").child("a.csv")
    caplog.set_level(logging.INFO, "werkzeug")
    caplog.clear()
    place.write(b"one")
    assert [record.name for record in caplog.records] == ["werkzeug"]  # one request

    def broken() -> Iterator[bytes]:
        yield b"x" * 20_000_000
        raise ValueError("no more")

    with pytest.raises(ValueError, match="no more"):
        place.write_pieces(broken())
    assert place.read() == b"one"
    with pytest.raises(InvalidInputError, match="cannot write"):
        Location.parse(f"s3://key:secret@nobodys/a.csv{s3_options}").write(b"one")


class _Interrupted(io.BytesIO):
    """A file whose reader is interrupted behind its first MB."""

    begun = False

    def read(self, size: int | None = -1) -> bytes:
        if self.begun:
            raise KeyboardInterrupt
        self.begun = True
        return b"x" * (size or 1)


def test_write_object__interrupted(s3_options: str) -> None:
    place = Location.parse(f"s3://key:secret@images/interrupted{s3_options}")
    with pytest.raises(KeyboardInterrupt):
        write_object(place.filesystem, place.path, _Interrupted())
    assert place.read() is None


def test_shown__no_form_of_it_has_the_keys_of_a_store() -> None:
    place = Location.parse("s3://key:secret@bucket/a@b.parquet?region=x")
    assert place.shown == "s3://bucket/a@b.parquet?region=x"
    assert "secret" not in f"{place} {place!r} {[place]}"
    assert "secret" in place.uri  # what `parse` needs
    assert Location.parse(place.uri) == place
    assert hide_credentials("/home/me@work/a.parquet") == "/home/me@work/a.parquet"


def test_shown__a_path_is_shown_as_it_was_given(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    place = Location.parse("photos/")
    assert place.path == str(tmp_path / "photos")
    shown = [place, place.child("a.jpg"), place.beside(".parts"), place.at(place.child("b").path), place.at("/x")]
    assert list(map(str, shown)) == ["photos", "photos/a.jpg", "photos.parts", "photos/b", "/x"]
    assert place == Location.parse(tmp_path / "photos")


def test_parse__once_and_then_carried() -> None:
    place = Location.parse(f"{STORE}/a.parquet?region=eu-west-1")
    assert Location.parse(place) is place
    assert pickle.loads(pickle.dumps(place)) == place
    with pytest.raises(InvalidInputError, match="must not be empty"):
        Location.parse("")


def test_beside_and_child__keep_the_options() -> None:
    place = Location.parse("s3://anonymous@bucket/a.parquet?scheme=http&region=x")
    assert place.beside(".parts/1").uri == "s3://anonymous@bucket/a.parquet.parts/1?scheme=http&region=x"
    assert place.at("bucket/b").child("c").uri == "s3://anonymous@bucket/b/c?scheme=http&region=x"
    assert Location.parse("s3://anonymous@bucket/what?.parquet").beside(".npz").path == "bucket/what?.parquet.npz"
    assert Location.parse("/tmp/a?b=c").beside(".npz").path == "/tmp/a?b=c.npz"


def test_filesystem__one_client_for_a_store() -> None:
    places = [Location.parse(f"{STORE}/{name}?region=eu-west-1") for name in "abc"]
    places += [places[0].child("x"), pickle.loads(pickle.dumps(places[1]))]
    assert len({id(place.filesystem) for place in places}) == 1


def test_remove__takes_files_away(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("")
    Location.parse(tmp_path / "a").remove()
    Location.parse(tmp_path / "a").remove()
    assert not (tmp_path / "a").exists()
