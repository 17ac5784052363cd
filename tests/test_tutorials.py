"""The tutorials run, block by block, on photographs that come with the project."""

import json
import re
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import matplotlib as mpl
import pytest

from lightly_ray.data.images import list_images
from lightly_ray.platform.embedded import EmbeddedPlatform
from tests.conftest import missing

PROJECT = Path(__file__).parents[1]
GUIDE = PROJECT / "lightly_ray" / "guide"


@pytest.fixture
def reader(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, live_platform: EmbeddedPlatform) -> Path:
    """A reader with a platform, a token in the environment, and a folder of photographs of three classes."""
    for kind in ("hat", "shoes", "pants"):
        folder = tmp_path / "photos" / kind
        folder.mkdir(parents=True)
        for path in sorted((PROJECT / "jobs" / "clothing" / "test" / kind).iterdir())[:10]:
            (folder / path.name).symlink_to(path)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("LIGHTLY_SERVER_LOCATION", live_platform.url)
    monkeypatch.setenv("LIGHTLY_TOKEN", live_platform.token)
    mpl.use("agg")
    return tmp_path


def _run(name: str) -> dict[str, object]:
    names: dict[str, object] = {}
    for block in re.findall(r"```python\n(.*?)```", (GUIDE / name).read_text(), flags=re.DOTALL):
        exec(compile(block, name, "exec"), names)
    return names


def test_curate_a_folder(reader: Path) -> None:
    found = _run("curate_a_folder.md")
    sharp = sorted(found["sharp"])  # type: ignore[call-overload]  # whatever the page calls it
    assert list_images(reader / "sharp") == sharp
    assert len(sharp) == 15


@pytest.mark.full
@pytest.mark.usefixtures("ray_local")
def test_sample_from_a_plot(reader: Path) -> None:
    found = _run("sample_from_a_plot.md")
    assert (reader / "plot.png").stat().st_size > 5000
    assert len(found["agent"].labeled_set) == 8  # type: ignore[attr-defined]  # whatever the page calls it
    assert len(found["there"].labeled_set) == 2  # type: ignore[attr-defined]  # as above


@pytest.mark.full
@pytest.mark.usefixtures("ray_local", "reader")
def test_active_learning() -> None:
    found = _run("active_learning.md")
    assert len(found["agent"].added_set) == 6  # type: ignore[attr-defined]  # whatever the page calls it
    assert found["accuracy"] > 0.5  # type: ignore[operator]  # three classes: a third by chance


@pytest.mark.full
@pytest.mark.usefixtures("ray_local")
def test_closing_the_loop(reader: Path) -> None:
    found = _run("closing_the_loop.md")
    accuracies: Any = found["accuracies"]
    assert len(accuracies) == 3
    assert accuracies[-1] > 0.5  # three classes: a third by chance
    figures = json.loads((reader / "report.json").read_text())
    told = figures["rounds"]["rounds"]
    assert [(one["tag"], one["labels"], one["measured_on"]) for one in told] == [
        ("round 0", 6, 9),
        ("round 1", 12, 9),
        ("round 2", 18, 9),
    ]
    assert [one["accuracy"] for one in told] == pytest.approx(accuracies, abs=1e-4)
    assert sum(told[-1]["per_class"].values()) == 17  # one could not be labelled
    assert "data:image/webp" in (reader / "report.html").read_text()
    kept = [row for row in found["batch"]["filename"] if row in found["held_out"]]  # type: ignore[index,operator]  # as above
    assert not kept


@pytest.mark.full
@pytest.mark.usefixtures("ray_local", "reader")
def test_closing_the_loop__as_a_dataset_of_torch() -> None:
    if find_spec("torch") is None:
        missing("torch", "it is not installed")
    found = _run("closing_the_loop.md")
    [block] = re.findall(r"```python torch\n(.*?)```", (GUIDE / "closing_the_loop.md").read_text(), flags=re.DOTALL)
    exec(compile(block, "torch", "exec"), found)
    assert found["images"].shape == (4, 3, 64, 64)  # type: ignore[attr-defined]  # as above
