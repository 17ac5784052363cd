"""Which files a folder or a pattern stands for: links, names, tables."""

import os
from pathlib import Path

import pytest
from pyarrow import fs

from lightly_ray.data.listing import files_below, find_files, list_files
from lightly_ray.data.location import Location
from lightly_ray.errors import InvalidInputError, NotFoundError

STORE = "s3://anonymous@bucket"


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    for name in ("b.parquet", "a.parquet", "note.txt", "_meta.parquet", ".c.parquet", "x/d.parquet", "_y/e.parquet"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(name)
    return tmp_path


@pytest.mark.parametrize(
    ("pattern", "names"),
    [
        ("", ["a.parquet", "b.parquet", "x/d.parquet"]),
        ("b.parquet", ["b.parquet"]),
        ("note.txt", ["note.txt"]),
        ("*.parquet", ["a.parquet", "b.parquet"]),
        ("?.parquet", ["a.parquet", "b.parquet"]),
        ("[bc].parquet", ["b.parquet"]),
        ("*/*.parquet", ["x/d.parquet"]),
        ("**.parquet", ["a.parquet", "b.parquet", "x/d.parquet"]),
    ],
)
def test_find_files__files_folders_and_patterns(tree: Path, pattern: str, names: list[str]) -> None:
    for form in (str(tree / pattern), f"file://{tree / pattern}"):
        place = Location.parse(form)
        assert isinstance(place.filesystem, fs.LocalFileSystem)
        assert list_files(place, ".parquet") == [str(tree / name) for name in names]


def test_find_files__several_are_merged_and_sorted(tree: Path) -> None:
    places = [Location.parse(tree / name) for name in ("x", "b.parquet", "*.parquet")]
    found = find_files(places, ".parquet")[1]
    assert found == [str(tree / name) for name in ("a.parquet", "b.parquet", "x/d.parquet")]


def test_find_files__nothing_there(tree: Path) -> None:
    for name in ("z.parquet", "z*.parquet", "z/*.parquet", "_y/*.txt"):
        with pytest.raises(NotFoundError, match=r"there is no \.parquet file at"):
            list_files(Location.parse(tree / name), ".parquet")
    with pytest.raises(InvalidInputError, match="empty list of paths"):
        find_files([], ".parquet")


def test_find_files__one_file_system(tree: Path) -> None:
    with pytest.raises(InvalidInputError, match="must lie on one file system"):
        find_files([Location.parse(tree), Location.parse(f"{STORE}/x.parquet?region=eu-west-1")], ".parquet")


def test_list_files__an_underscore_hides_parquet_alone_and_large_letters_count(tmp_path: Path) -> None:
    for name in ("_DSC0001.txt", "b.TXT", "_part.parquet", "c.PARQUET"):
        (tmp_path / name).touch()
    names = {
        suffix: [Path(path).name for path in list_files(Location.parse(tmp_path), suffix)]
        for suffix in (".txt", ".parquet")
    }
    assert names == {".txt": ["_DSC0001.txt", "b.TXT"], ".parquet": ["c.PARQUET"]}


def test_list_files__follows_links_but_not_in_circles(tmp_path: Path) -> None:
    (tmp_path / "elsewhere" / "deep").mkdir(parents=True)
    (tmp_path / "elsewhere" / "deep" / "b.txt").touch()
    here = tmp_path / "here"
    here.mkdir()
    (here / "a.txt").touch()
    (here / "more").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "elsewhere" / "back").symlink_to(here)
    found = list_files(Location.parse(here), ".txt")
    assert found == [str(here / name) for name in ("a.txt", "more/deep/b.txt")]


def test_files_below__a_name_that_is_not_utf8_is_shown_as_bytes(tmp_path: Path) -> None:
    (tmp_path / "a.txt").touch()
    os.close(os.open(os.fsencode(tmp_path) + b"/caf\xe9.txt", os.O_CREAT))
    with pytest.raises(InvalidInputError, match=r"1 file name is not UTF-8, the first is b'.*/caf\\xe9\.txt'"):
        files_below(Location.parse(tmp_path), ".txt")
    assert files_below(Location.parse(tmp_path), ".csv") == []


def test_files_below__a_folder_that_cannot_be_listed_is_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_: str) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(os, "scandir", refuse)
    with pytest.raises(InvalidInputError, match=r"cannot read .*Permission denied"):
        files_below(Location.parse(tmp_path))


@pytest.mark.parametrize(
    ("mark", "kind"),
    [
        ("_delta_log/00000000000000000000.json", "a Delta table"),
        (".hoodie/hoodie.properties", "a Hudi table"),
        ("metadata/v1.metadata.json", "an Iceberg table"),
    ],
)
def test_list_files__a_table_is_refused_as_a_folder_and_taken_as_a_list(tmp_path: Path, mark: str, kind: str) -> None:
    for name in ("data/part-0.parquet", mark):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    for place in (tmp_path, tmp_path / "*" / "*.parquet"):
        with pytest.raises(InvalidInputError, match=kind):
            list_files(Location.parse(place), ".parquet")
    if "metadata" not in mark:
        with pytest.raises(InvalidInputError, match=kind):
            list_files(Location.parse(tmp_path / "data"), ".parquet")
    assert list_files(Location.parse(tmp_path / "data" / "part-0.parquet"), ".parquet")
