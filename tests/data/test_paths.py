from pathlib import Path

import pytest
from pyarrow import fs

from lightly_ray.data.paths import beside, files_of, locate, read_whole, remove, shown, write_whole
from lightly_ray.errors import InvalidInputError, NotFoundError


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
def test_files_of__files_folders_and_patterns(tree: Path, pattern: str, names: list[str]) -> None:
    for form in (str(tree / pattern), f"file://{tree / pattern}"):
        system, found = files_of(form, ".parquet")
        assert isinstance(system, fs.LocalFileSystem)
        assert found == [str(tree / name) for name in names]


def test_files_of__several_are_merged_and_sorted(tree: Path) -> None:
    found = files_of([tree / "x", tree / "b.parquet", str(tree / "*.parquet")], ".parquet")[1]
    assert found == [str(tree / name) for name in ("a.parquet", "b.parquet", "x/d.parquet")]


def test_files_of__nothing_there(tree: Path) -> None:
    for name in ("z.parquet", "z*.parquet", "z/*.parquet", "_y/*.txt"):
        with pytest.raises(NotFoundError, match=r"no \.parquet file at"):
            files_of(tree / name, ".parquet")
    with pytest.raises(InvalidInputError, match="empty list of paths"):
        files_of([], ".parquet")


def test_locate__schemes() -> None:
    system, inside = locate("s3://anonymous@bucket/some/*.parquet?region=eu-west-1")
    assert isinstance(system, fs.S3FileSystem)
    assert inside == "bucket/some/*.parquet"
    assert locate("~/x")[1] == str(Path("~/x").expanduser())
    with pytest.raises(InvalidInputError, match="cannot use the path 'ftp://x/y'"):
        locate("ftp://x/y")
    with pytest.raises(InvalidInputError) as raised:
        locate("s3://key:secret@bucket/x?nonsense=1")
    assert "secret" not in str(raised.value)


def test_files_of__one_file_system(tree: Path) -> None:
    with pytest.raises(InvalidInputError, match="must lie on one file system"):
        files_of([tree, "s3://anonymous@bucket/x.parquet?region=eu-west-1"], ".parquet")


def test_write_whole__replaces_and_leaves_no_draft(tmp_path: Path) -> None:
    target = tmp_path / "deep" / "x.bin"
    assert read_whole(target) is None
    write_whole(target, b"one")
    write_whole(str(target), b"two")
    assert read_whole(target) == b"two"
    assert [path.name for path in target.parent.iterdir()] == ["x.bin"]


def test_write_whole__a_failure_leaves_what_was_there(tmp_path: Path) -> None:
    (tmp_path / "x").mkdir()
    with pytest.raises(InvalidInputError, match="cannot write"):
        write_whole(tmp_path / "x", b"one")
    assert [path.name for path in tmp_path.iterdir()] == ["x"]
    with pytest.raises(InvalidInputError, match="cannot read"):
        read_whole(tmp_path / "x")


def test_shown__leaves_the_keys_of_a_store_out() -> None:
    assert shown("s3://key:secret@bucket/a@b.parquet?x=y") == "s3://bucket/a@b.parquet?x=y"
    assert shown("/home/me@work/a.parquet") == "/home/me@work/a.parquet"


def test_beside__puts_more_before_the_options() -> None:
    assert beside("s3://bucket/a.parquet?scheme=http", ".parts/1") == "s3://bucket/a.parquet.parts/1?scheme=http"
    assert beside("s3://bucket/what?.parquet", ".npz") == "s3://bucket/what?.parquet.npz"
    assert beside("/tmp/a?b=c", ".npz") == "/tmp/a?b=c.npz"


def test_remove__takes_files_away(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("")
    remove(tmp_path / "a")
    remove(tmp_path / "a")
    assert not (tmp_path / "a").exists()
