"""The nightly job against a real platform: magic first, then night by night, broken off between any two steps."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lightly_ray.active_learning.agents import ActiveLearningAgent
from lightly_ray.active_learning.config import SamplerConfig
from lightly_ray.api import ApiWorkflowClient
from lightly_ray.embedding.embedder import Embedder
from lightly_ray.errors import ConflictError, InvalidInputError, NotFoundError
from lightly_ray.parallel.embedding.embed import embed
from lightly_ray.settings import parse
from lightly_ray.workflow.magic import MagicSettings, run_magic
from lightly_ray.workflow.select_new import SelectNewSettings, run_select_new
from tests.workflow.photos import draw

pytestmark = [
    pytest.mark.usefixtures("ray_local"),
    pytest.mark.filterwarnings("ignore:1 corrupt images were left out"),
]
JOB = Path(__file__).parents[2] / "jobs" / "select_new.py"
RANDOM = np.random.default_rng(7)


def _draw(folder: Path, *names: str) -> None:
    draw(RANDOM, folder, *names)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    _draw(tmp_path / "photos", *(f"{kind}/{number}.png" for kind in "ab" for number in range(6)))
    return tmp_path / "photos"


@pytest.fixture
def client(named_client: ApiWorkflowClient) -> ApiWorkflowClient:
    return named_client


def _magic(folder: Path, name: str, **more: Any) -> dict[str, Any]:
    words = {"input_dir": folder, "output_dir": folder.parent / "out", "model": "descriptor", **more}
    return run_magic(
        parse(MagicSettings, [f"{key}={value}" for key, value in words.items()] + [f"new_dataset_name={name}"])
    )


def _night(folder: Path, name: str, **more: Any) -> dict[str, Any]:
    words = {"input_dir": folder, "output_dir": folder.parent / "nights", "dataset": name, "n_new": 3, **more}
    return run_select_new(parse(SelectNewSettings, [f"{key}={value}" for key, value in words.items()]))


def _line(client: ApiWorkflowClient, line: str = "nightly") -> list[str]:
    return [tag.name for tag in client.get_all_tags() if tag.name.startswith(f"{line}-")]


def _names(client: ApiWorkflowClient, tag: str) -> set[str]:
    return set(client.get_filenames_in_tag(client.get_tag_by_name(tag)))


@pytest.mark.full
def test_select_new__night_by_night(
    client: ApiWorkflowClient, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """What is selected repels, new images are embedded alike, a corrupt one and a night without news are fine."""
    client.dataset_id = str(_magic(folder, "night one")["dataset_id"])
    descriptor = client.download_descriptor()
    ActiveLearningAgent(client).query(SamplerConfig(n_samples=2, name="by hand"))
    first = _night(folder, "night one", after="by hand")
    assert (first["new"], first["uploaded"], first["embedded"]) == (12, 0, 0)
    assert (first["preselected"], first["tag"], first["added"], first["selected"]) == ("by hand", "nightly-1", 3, 5)

    _draw(folder, "c/new.png", "0.png")
    (folder / "broken.png").write_bytes(b"broken")
    second = _night(folder, "night one", after="by hand")
    assert (second["new"], second["uploaded"], second["present"], second["embedded"]) == (2, 2, 12, 2)
    assert (second["preselected"], second["tag"], second["selected"]) == ("nightly-1", "nightly-2", 8)
    assert second["corrupt"] == ["broken.png"]
    assert _names(client, "by hand") < _names(client, "nightly-1") < _names(client, "nightly-2")
    assert client.download_descriptor(client.get_all_embedding_data()[-1].id) == descriptor
    expected = embed(folder, embedder=Embedder.from_bytes(descriptor, "it"))
    online = client.read_embedding("default")
    assert online is not None
    vectors = dict(zip(online.filenames, online.embeddings, strict=True))
    np.testing.assert_array_equal([vectors[name] for name in expected.filenames], expected.embeddings)
    assert not list((folder.parent / "nights").glob("new/*"))

    capsys.readouterr()
    third = _night(folder, "night one")
    assert (third["new"], third["tag"], third["added"], third["corrupt"]) == (0, None, 0, ["broken.png"])
    said = capsys.readouterr().err
    assert f"nothing new in {folder}" in said
    assert f"open the dataset: {client.server}/#/sign-in?code=" in said
    assert _line(client) == ["nightly-1", "nightly-2"]


@pytest.mark.full
def test_select_new__the_line_takes_in_what_others_select(client: ApiWorkflowClient, folder: Path) -> None:
    client.dataset_id = str(_magic(folder, "night two")["dataset_id"])
    assert _night(folder, "night two")["tag"] == "nightly-1"
    agent = ActiveLearningAgent(client, preselected_tag_name="nightly-1")
    agent.query(SamplerConfig(n_samples=5, name="by hand"))
    agent.mark_cannot_be_labelled(agent.unlabeled_set[:1])
    assert _night(folder, "night two")["tag"] is None
    _draw(folder, "later.png")
    more = _night(folder, "night two", n_new=100)
    assert (more["preselected"], more["tag"], more["added"]) == ("by hand", "nightly-2", 13 - 5 - 1)
    other = _night(folder, "night two", tag="weekly", method="random")
    assert (other["preselected"], other["tag"], other["added"]) == (None, "weekly-1", 3)


def _often(step: str, *, after: bool) -> Any:
    return pytest.param(step, after, marks=pytest.mark.full)


@pytest.mark.full
@pytest.mark.parametrize(
    ("step", "after"),
    [
        _often("upload_dataset", after=False),
        _often("_upsize", after=False),
        _often("_upsize", after=True),
        _often("upload_embeddings_from_arrays", after=False),
        ("upload_embeddings_from_arrays", True),
        _often("upload_descriptor", after=True),
        _often("get_tag_by_id", after=False),
    ],
)
def test_select_new__broken_off_and_repeated(
    client: ApiWorkflowClient, folder: Path, step: str, after: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Before or after a step of a night; more images come before it is repeated; there is one tag for it."""
    name = f"night {step} {after}"
    client.dataset_id = str(_magic(folder, name)["dataset_id"])
    _draw(folder, "new/0.png", "new/1.png")
    _break_off(folder, name, step, monkeypatch, after=after)
    _draw(folder, "new/2.png")
    result = _night(folder, name)
    # Where the selection had been asked for it is that night's tag, and the image that came later the next one's.
    asked_for = step == "get_tag_by_id"
    assert (result["new"], result["tag"]) == ((1, "nightly-2") if asked_for else (15, "nightly-1"))
    assert len(_line(client)) == 1 + asked_for
    table = client.read_embedding("default")
    assert table is not None
    assert sorted(table.filenames) == sorted(client.get_filenames())


def _break_off(folder: Path, name: str, step: str, monkeypatch: pytest.MonkeyPatch, *, after: bool) -> None:
    whole = getattr(ApiWorkflowClient, step)

    def broken(*arguments: Any, **named: Any) -> None:
        if after:
            whole(*arguments, **named)
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(ApiWorkflowClient, step, broken)
        with pytest.raises(KeyboardInterrupt):
            _night(folder, name)


@pytest.mark.full
def test_select_new__the_first_night_may_be_broken_off_too(
    client: ApiWorkflowClient, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without a dataset it makes one; also where the embedder was not sent, which nothing but a file has then."""
    for step in ("upload_dataset", "upload_descriptor"):
        _break_off_first(folder, step, monkeypatch)
    result = _night(folder, "night first", model="descriptor")
    assert (result["new"], result["tag"], result["added"]) == (12, "nightly-1", 3)
    client.dataset_id = str(result["dataset_id"])
    assert len(client.get_all_embedding_data()) == 1
    assert Embedder.from_bytes(client.download_descriptor(), "it").model == "descriptor"
    _draw(folder, "more.png")
    assert _night(folder, "night first", output_dir=folder.parent / "elsewhere")["embedded"] == 1


def _break_off_first(folder: Path, step: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(ApiWorkflowClient, step, broken)
        with pytest.raises(KeyboardInterrupt):
            _night(folder, "night first", model="descriptor")


def test_select_new__what_cannot_be_is_one_clear_error(client: ApiWorkflowClient, folder: Path, tmp_path: Path) -> None:
    with pytest.raises(NotFoundError, match="nowhere"):
        _night(folder / "nowhere", "night none")
    with pytest.raises(InvalidInputError, match="give dataset, a name, or dataset_id, not both"):
        _night(folder, "night none", dataset_id="0")
    with pytest.raises(InvalidInputError, match="there is no model 'resnet'"):
        _night(folder, "night none", model="resnet")
    assert not client.dataset_name_exists("night none")
    client.create_dataset("night strange")
    client.upload_dataset(folder)
    names = client.get_filenames()
    client.upload_embeddings_from_arrays(names, RANDOM.normal(size=(len(names), 4)).astype(np.float32))
    with pytest.raises(ConflictError, match="it is not known what made the embedding 'default'"):
        _night(folder, "night strange")
    with pytest.raises(NotFoundError, match="there is no tag 'nothing'"):
        _night(folder, "night strange", embedding_name="own", model="descriptor", after="nothing")


def _steps(client: ApiWorkflowClient, name: str) -> tuple[int, int, int]:
    client.set_dataset_id_by_name(name)
    return len(client.get_samples()), len(client.get_all_embedding_data()), len(client.get_all_tags())


@pytest.mark.full
def test_job__killed_at_every_step_makes_one_tag(client: ApiWorkflowClient, folder: Path) -> None:
    """A process, ended by SIGKILL whenever the platform has got further, and started again."""
    name = "night killed"
    _magic(folder, name)
    assert _night(folder, name)["tag"] == "nightly-1"
    _draw(folder, *(f"new/{number}.png" for number in range(5)))
    words = [f"input_dir={folder}", f"output_dir={folder.parent / 'out'}", f"dataset={name}", "n_new=3"]
    environment = {key: value for key, value in os.environ.items() if key != "RAY_ADDRESS"}
    kills = 0
    for _ in range(10):
        before = _steps(client, name)
        with subprocess.Popen(
            [sys.executable, str(JOB), *words],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=environment,
            start_new_session=True,
        ) as job:
            while job.poll() is None and _steps(client, name) == before:
                time.sleep(0.02)
            if job.poll() is None:
                os.killpg(job.pid, signal.SIGKILL)
                kills += 1
                continue
            assert job.stdout is not None
            said = job.stdout.read().decode()
            assert job.wait() == 0
            (line,) = said.splitlines()
            break
    result = json.loads(line)
    assert kills >= 2
    assert _line(client) == ["nightly-1", "nightly-2"]
    assert len(_names(client, "nightly-2")) == 6
    assert result["tag"] in {"nightly-2", None}
    assert len(client.get_filenames()) == 17
