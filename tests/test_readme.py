"""README's code blocks run, in order, as a reader would run them."""

import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from lightly_ray.platform.embedded import EmbeddedPlatform

PROJECT = Path(__file__).parents[1]
README = (PROJECT / "README.md").read_text()


def _blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", README, flags=re.DOTALL)


@pytest.fixture
def reader(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A reader with a platform, a token in the environment, and a folder of photos."""
    photos = tmp_path / "photos"
    photos.mkdir()
    random = np.random.default_rng(3)
    for number in range(24):
        pixels = random.integers(0, 256, (12, 17, 3)).astype(np.uint8)
        Image.fromarray(pixels).save(photos / f"{number:02}.png")
    monkeypatch.chdir(tmp_path)
    with EmbeddedPlatform(tmp_path / "my-data") as platform:
        monkeypatch.setenv("LIGHTLY_SERVER_LOCATION", platform.url)
        monkeypatch.setenv("LIGHTLY_TOKEN", platform.token)
        yield


@pytest.mark.usefixtures("ray_local", "reader")
def test_python_blocks__run_in_order() -> None:
    random = np.random.default_rng(4)

    def my_model(filenames: list[str]) -> np.ndarray:
        return random.dirichlet([1, 1, 1], size=len(filenames))

    names: dict[str, object] = {"my_model": my_model, "my_label": lambda filename: int(filename[:2]) % 3}
    for block in _blocks("python"):
        exec(compile(block, "README.md", "exec"), names)
    agent = names["al_agent"]
    assert len(agent.labeled_set) == 23  # type: ignore[attr-defined]  # whatever README calls its agent
    assert len(agent.added_set) == 3  # type: ignore[attr-defined]  # as above
    assert len(names["selection"].ids) == 150  # type: ignore[attr-defined]  # as above


def test_commands__are_what_ci_runs() -> None:
    run_job, run_tests = [block for block in _blocks("bash") if "venv" in block]
    assert "python jobs/active_learning.py" in run_job
    install, test = run_tests.strip().split(" && ")[-2:]
    script = (PROJECT / ".ci" / "run").read_text().splitlines()
    assert test in script
    assert install.replace("pip install", "pip install --quiet --disable-pip-version-check") in script


def test_files__that_readme_names_exist() -> None:
    for path in re.findall(r"\]\(([\w./]+)\)|`((?:jobs|lightly_ray|\.ci)/[\w./]+)`", README):
        assert (PROJECT / (path[0] or path[1])).exists(), path
