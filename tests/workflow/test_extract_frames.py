"""Videos become folders of frames, and a dataset as any other."""

import shutil
import sys
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from PIL import Image

from lightly_ray.data.images import list_images
from lightly_ray.data.location import Location
from lightly_ray.data.video import read_frames
from lightly_ray.errors import ConflictError, InvalidInputError, LightlyRayError, MissingExtraError
from lightly_ray.parallel import frames as module
from lightly_ray.settings import parse
from lightly_ray.workflow.extract_frames import ExtractFramesSettings, run_extract_frames
from lightly_ray.workflow.magic import MagicSettings, run_magic

SIDE = 64


def _film(path: Path, times: list[float]) -> None:
    """A video whose frame k is a grey of 4 k, shown at ``times[k]`` seconds."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with av.open(str(path), "w") as container:
        stream: Any = container.add_stream("mpeg4", rate=1000)
        stream.width = stream.height = SIDE
        stream.pix_fmt, stream.codec_context.time_base = "yuv420p", Fraction(1, 1000)
        for number, time in enumerate(times):
            frame = av.VideoFrame.from_ndarray(np.full((SIDE, SIDE, 3), 4 * number, np.uint8), format="rgb24")
            frame.pts, frame.time_base = round(1000 * time), Fraction(1, 1000)
            container.mux(stream.encode(frame))
        container.mux(stream.encode())


def _extract(folder: Path, output: Path, **more: object) -> dict[str, Any]:
    words = {"input_dir": folder, "output_dir": output, **more}
    return run_extract_frames(parse(ExtractFramesSettings, [f"{key}={value}" for key, value in words.items()]))


@pytest.mark.parametrize(
    ("times", "fps", "expected"),
    [
        ([0, 0.25, 0.5, 0.75, 1, 1.25, 1.5, 1.75, 2], 1, [0, 4, 8]),
        ([0, 0.25, 0.5, 0.75, 1], 2, [0, 2, 4]),
        ([0, 0.25, 0.5], 100, [0, 1, 2]),  # it has fewer: all
        ([5, 5.4, 6.1, 6.2, 9.5, 9.9, 10.1], 1, [0, 2, 4, 6]),  # not from 0 on, with a gap
        ([0, 1 / 3, 2 / 3, 1], 3, [0, 1, 2, 3]),
    ],
)
def test_read_frames__the_first_at_or_behind_each_time(
    times: list[float], fps: float, expected: list[int], tmp_path: Path
) -> None:
    _film(tmp_path / "clip.mp4", times)
    found = list(read_frames(Location.parse(tmp_path / "clip.mp4"), fps))
    assert [frame.number for frame in found] == expected
    for number, image in found:
        assert image.size == (SIDE, SIDE)
        assert abs(float(np.asarray(image).mean()) - 4 * number) < 6


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "media"
    _film(folder / "a" / "clip.mp4", [number / 4 for number in range(13)])
    _film(folder / "long.AVI", [number / 2 for number in range(5)])
    (folder / "broken.mov").write_bytes(b"broken")
    Image.new("RGB", (30, 20), "red").save(folder / "photo.png")
    return folder


@pytest.mark.usefixtures("ray_local")
def test_extract_frames__again_and_with_more(folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    output = tmp_path / "out"
    result = _extract(folder, output)
    assert (result["videos"], result["frames"], result["images"], result["corrupt"]) == (2, 7, 1, ["broken.mov"])
    assert f"skipped: video '{folder / 'broken.mov'}' cannot be read" in capsys.readouterr().err
    names = [f"a/clip/{number:06d}.jpg" for number in (0, 4, 8, 12)]
    names += [f"long/{number:06d}.jpg" for number in (0, 2, 4)]
    assert list_images(output) == [*names, "photo.png"]
    before = {path: path.stat().st_mtime_ns for path in output.rglob("*.jpg")}
    shutil.copy(folder / "a" / "clip.mp4", folder / "second.mp4")
    assert _extract(folder, output)["frames"] == 11
    assert before.items() <= {path: path.stat().st_mtime_ns for path in output.rglob("*.jpg")}.items()
    with pytest.raises(ConflictError, match=r"was made of another video or with fps=1: delete it"):
        _extract(folder, output, fps=2)
    (output / "photo.png").unlink()
    (output / "photo.png").write_bytes(b"mine")
    with pytest.raises(ConflictError, match=r"photo\.png' is there and is another file"):
        _extract(folder, output)


@pytest.mark.usefixtures("ray_local")
def test_extract_frames__half_done_is_done_again(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    output, place = tmp_path / "out", Location.parse(folder / "long.AVI")
    written: list[bytes] = []

    def breaks(image: Image.Image) -> bytes:
        if written:
            raise KeyboardInterrupt
        written.append(b"x")
        return b"half"

    with monkeypatch.context() as patch:
        patch.setattr(module, "to_jpeg", breaks)
        with pytest.raises(KeyboardInterrupt):
            module._extract(place, Location.parse(output / "long"), 1)
    assert [path.name for path in (output / "long").glob("*.jpg")] == ["000000.jpg"]
    _extract(folder, output)
    with Image.open(output / "long" / "000000.jpg") as image:
        assert image.size == (SIDE, SIDE)
    assert len(list((output / "long").glob("*.jpg"))) == 3


@pytest.mark.usefixtures("ray_local")
def test_extract_frames__bad_input(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "out" / "long").mkdir(parents=True)
    (tmp_path / "out" / "long" / "000000.jpg").write_bytes(b"mine")
    with pytest.raises(LightlyRayError, match="is there and was not made of video"):
        _extract(folder, tmp_path / "out")
    assert (tmp_path / "out" / "long" / "000000.jpg").read_bytes() == b"mine"
    shutil.copy(folder / "long.AVI", folder / "long.mp4")
    with pytest.raises(ConflictError, match=r"videos 'long\.AVI' and 'long\.mp4' would have one folder"):
        _extract(folder, tmp_path / "other")
    (tmp_path / "empty").mkdir()
    with pytest.raises(InvalidInputError, match="holds no video"):
        _extract(tmp_path / "empty", tmp_path / "other")
    monkeypatch.setitem(sys.modules, "av", None)
    with pytest.raises(MissingExtraError, match=r"pip install 'lightly-ray\[video\]'"):
        _extract(folder, tmp_path / "other")


@pytest.mark.full
@pytest.mark.usefixtures("ray_local")
@pytest.mark.filterwarnings("ignore:.*take frames of videos")
def test_magic__a_folder_of_videos(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("LIGHTLY_TOKEN", raising=False)
    words = {"input_dir": folder, "output_dir": tmp_path / "out", "model": "descriptor", "video.fps": 1}
    for uploaded in (8, 0):
        result = run_magic(parse(MagicSettings, [f"{key}={value}" for key, value in words.items()]))
        assert (result["dataset"], result["uploaded"], result["embedded"]) == ("media", uploaded, uploaded)
