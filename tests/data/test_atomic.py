"""Files appear whole or not at all, and last: the order of syncs and renames is what a power cut tests."""

import contextlib
import os
from pathlib import Path

import pytest

from lightly_ray.data.atomic import atomic_write, make_folder


def test_atomic_write__whole_or_not_at_all(tmp_path: Path) -> None:
    target = tmp_path / "deep" / "x"
    with atomic_write(target) as file:
        file.write(b"one")
        assert not target.exists()
    with contextlib.suppress(RuntimeError), atomic_write(target) as file:
        file.write(b"two")
        raise RuntimeError
    assert target.read_bytes() == b"one"
    assert [path.name for path in target.parent.iterdir()] == ["x"]


def test_atomic_write__private_from_the_first_byte(tmp_path: Path) -> None:
    with atomic_write(tmp_path / "token", mode=0o600) as file:
        assert os.fstat(file.fileno()).st_mode & 0o777 == 0o600
    assert (tmp_path / "token").stat().st_mode & 0o777 == 0o600


def test_atomic_write__syncs_the_file_renames_it_and_syncs_the_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[str] = []
    sync, replace = os.fsync, Path.replace

    def fsync(handle: int) -> None:
        calls.append(f"fsync {_opened(handle).name[:3]}")
        sync(handle)

    def renamed(draft: Path, target: Path) -> Path:
        calls.append("rename")
        return replace(draft, target)

    monkeypatch.setattr(os, "fsync", fsync)
    monkeypatch.setattr(Path, "replace", renamed)
    with atomic_write(tmp_path / "blob") as file:
        file.write(b"x" * 100_000)
    assert calls == ["fsync .bl", "rename", f"fsync {tmp_path.name[:3]}"]


def test_make_folder__new_names_last(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    synced: list[str] = []
    monkeypatch.setattr(os, "fsync", lambda handle: synced.append(str(_opened(handle))))
    make_folder(tmp_path / "a" / "b")
    make_folder(tmp_path / "a" / "b")
    assert sorted(synced) == [str(tmp_path), str(tmp_path / "a")]


def _opened(handle: int) -> Path:
    return Path(f"/proc/self/fd/{handle}").readlink()
