"""`upload` and `download` against a real platform."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from lightly_ray.errors import InvalidInputError, NotFoundError
from lightly_ray.platform.embedded import EmbeddedPlatform
from lightly_ray.settings import parse
from lightly_ray.workflow.download import DownloadSettings, run_download
from lightly_ray.workflow.upload import UploadSettings, run_upload


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, object]]:
    """The settings that lead to a platform."""
    data_dir = tmp_path_factory.mktemp("platform")
    with EmbeddedPlatform(data_dir) as platform:
        yield {"server": platform.url, "token_file": data_dir / "admin-token"}


def draw(folder: Path, names: list[str]) -> None:
    for name in names:
        pixels = np.random.default_rng(len(name) + ord(name[-5])).integers(0, 256, (24, 20, 3), dtype=np.uint8)
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(pixels).save(path)


def test_upload_and_download__the_same_files(server: dict[str, object], tmp_path: Path) -> None:
    draw(tmp_path / "in", ["b/2.png", "a.png", "b/1.png"])
    settings = UploadSettings.model_validate({"input_dir": str(tmp_path / "in"), "dataset": "there and back", **server})
    assert run_upload(settings)["uploaded"] == 3
    assert run_upload(settings)["present"] == 3
    target = {"dataset": "there and back", "output_dir": tmp_path / "out", "filenames": tmp_path / "names.txt"}
    assert run_download(DownloadSettings.model_validate(target | server))["samples"] == 3
    assert (tmp_path / "names.txt").read_text() == "a.png\nb/1.png\nb/2.png\n"
    for name in ("a.png", "b/1.png", "b/2.png"):
        assert (tmp_path / "out" / name).read_bytes() == (tmp_path / "in" / name).read_bytes()


def test_download__unknown_dataset(server: dict[str, object], tmp_path: Path) -> None:
    told = {"dataset": "nobody's", "filenames": tmp_path / "names.txt"}
    with pytest.raises((NotFoundError, InvalidInputError), match="nobody"):
        run_download(DownloadSettings.model_validate(told | server))


@pytest.mark.parametrize("words", [["dataset=x"], ["dataset=x", "input_dir=o", "filenames=f"]])
def test_download__settings_that_say_nothing(words: list[str]) -> None:
    with pytest.raises(InvalidInputError, match="filenames"):
        parse(DownloadSettings, words)
