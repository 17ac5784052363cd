"""`magic` against a real platform: one command, again, with more images, and broken off."""

import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lightly_ray.active_learning.agents import ActiveLearningAgent
from lightly_ray.active_learning.config import SamplerConfig, SamplingMethod
from lightly_ray.api import ApiWorkflowClient
from lightly_ray.data.images import list_images
from lightly_ray.errors import ConflictError, InvalidInputError, LightlyRayError, NotFoundError
from lightly_ray.parallel.embedding.embed import embed
from lightly_ray.settings import parse
from lightly_ray.workflow import magic
from lightly_ray.workflow.magic import MagicSettings, run_magic
from tests.workflow.photos import draw

pytestmark = [
    pytest.mark.usefixtures("ray_local"),
    pytest.mark.filterwarnings("ignore:1 corrupt images were left out"),
]
PROJECT = Path(__file__).parents[2]
RANDOM = np.random.default_rng(4)


def _draw(folder: Path, *names: str) -> None:
    draw(RANDOM, folder, *names)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    _draw(tmp_path / "photos", *(f"{kind}/{number}.png" for kind in "ab" for number in range(6)))
    (tmp_path / "photos" / "broken.png").write_bytes(b"broken")
    return tmp_path / "photos"


@pytest.fixture
def client(named_client: ApiWorkflowClient) -> ApiWorkflowClient:
    return named_client


def _magic(folder: Path, **more: Any) -> dict[str, Any]:
    words = {"input_dir": folder, "output_dir": folder.parent / "out", "model": "descriptor", **more}
    return run_magic(parse(MagicSettings, [f"{key}={value}" for key, value in words.items()]))


def _vectors(client: ApiWorkflowClient, dataset_id: str) -> dict[str, list[float]]:
    client.dataset_id = dataset_id
    table = client.read_embedding("default")
    assert table is not None
    return dict(zip(table.filenames, table.embeddings.tolist(), strict=True))


@pytest.mark.full
def test_magic__again_and_with_more_images(client: ApiWorkflowClient, folder: Path) -> None:
    first = _magic(folder, new_dataset_name="magic one", **{"trainer.max_epochs": 0, "loader.batch_size": 4})
    assert (first["uploaded"], first["embedded"], first["corrupt"]) == (12, 12, ["broken.png"])
    before = _vectors(client, first["dataset_id"])
    assert sorted(before) == client.get_filenames()
    again = _magic(folder, new_dataset_name="magic one")
    assert (again["uploaded"], again["present"], again["embedded"]) == (0, 12, 0)
    assert len(client.get_all_embedding_data()) == 1

    agent = ActiveLearningAgent(client)
    agent.query(SamplerConfig(SamplingMethod.CORESET, 3, name="three"))
    _draw(folder, "c/new.png", "0.png")
    more = _magic(folder, dataset_id=first["dataset_id"])
    assert (more["uploaded"], more["embedded"], more["dataset"]) == (2, 2, "magic one")
    after = _vectors(client, first["dataset_id"])
    assert before.items() <= after.items()
    assert set(after) == set(client.get_filenames())
    # A query goes on with the images that were appended: all have an embedding.
    agent = ActiveLearningAgent(client, preselected_tag_name="three")
    agent.query(SamplerConfig(SamplingMethod.CORESET, 14, name="all"))
    assert len(agent.labeled_set) == 14


@pytest.mark.full
def test_magic__on_another_machine_embeds_as_the_dataset_was(client: ApiWorkflowClient, folder: Path) -> None:
    first = _magic(folder, new_dataset_name="magic two")
    before = _vectors(client, first["dataset_id"])
    _draw(folder, "new.png")
    more = _magic(folder, new_dataset_name="magic two", output_dir=folder.parent / "elsewhere")
    assert (more["uploaded"], more["embedded"]) == (1, 1)
    assert before.items() <= _vectors(client, first["dataset_id"]).items()
    with pytest.raises(ConflictError, match="were made by model 'descriptor', not by 'efficientnet-lite1'"):
        _magic(folder, new_dataset_name="magic two", output_dir=folder.parent / "third", model="efficientnet-lite1")


@pytest.mark.parametrize(
    "step",
    [
        pytest.param("upload_dataset", marks=pytest.mark.full),
        "upload_embeddings_from_arrays",
        pytest.param("upload_descriptor", marks=pytest.mark.full),
    ],
)
def test_magic__broken_off_and_repeated(
    client: ApiWorkflowClient, folder: Path, step: str, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    name = f"magic {step}"

    def broken(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(ApiWorkflowClient, step, broken)
        with pytest.raises(KeyboardInterrupt):
            _magic(folder, new_dataset_name=name)
    result = _magic(folder, new_dataset_name=name)
    link = rf"open the dataset: {client.server}/#/sign-in\?code=\w+&next=/datasets/{result['dataset_id']}\n"
    assert re.search(link, capsys.readouterr().err)
    assert sorted(_vectors(client, result["dataset_id"])) == client.get_filenames()
    assert len(client.get_filenames()) == 12
    assert len(client.get_all_embedding_data()) == 1
    assert client.download_descriptor() == (folder.parent / "out" / f"{name}.parquet.embedder.npz").read_bytes()


def test_magic__without_a_platform_starts_one(folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
    monkeypatch.delenv("LIGHTLY_TOKEN", raising=False)
    result = _magic(folder)
    assert result["dataset"] == "photos"
    assert f"lightly-ray serve data_dir={folder.parent / 'out' / 'platform'}" in capsys.readouterr().err
    assert _magic(folder) == {**result, "server": _ANY, "uploaded": 0, "present": 12, "embedded": 0}


class _Any:
    def __eq__(self, other: object) -> bool:
        return True

    __hash__ = None  # type: ignore[assignment]  # equal to all


_ANY = _Any()


def test_magic__bad_input_is_told_before_anything_is_started(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("LIGHTLY_TOKEN", raising=False)
    monkeypatch.setattr(magic, "chosen_platform", lambda *_: pytest.fail("a platform was started"))
    (tmp_path / "empty").mkdir()
    with pytest.raises(NotFoundError, match="nowhere"):
        _magic(folder / "nowhere")
    with pytest.raises(InvalidInputError, match="holds no image"):
        _magic(tmp_path / "empty")
    for words, message in (
        ({"token": "a", "token_file": "b"}, "give token or token_file, not both"),
        ({"dataset_id": "a", "new_dataset_name": "b"}, "give dataset_id or new_dataset_name, not both"),
        ({"loader.batchsize": 3}, "unknown setting 'loader.batchsize', did you mean 'loader.batch_size'?"),
    ):
        with pytest.raises(InvalidInputError, match=message.replace("?", r"\?")):
            _magic(folder, **words)


def test_magic__a_model_that_cannot_be_used_leaves_no_dataset(client: ApiWorkflowClient, folder: Path) -> None:
    with pytest.raises(LightlyRayError, match="there is no model 'resnet'"):
        _magic(folder, new_dataset_name="magic none", model="resnet")
    assert not client.dataset_name_exists("magic none")


def test_settings__a_token_is_never_shown() -> None:
    settings = parse(MagicSettings, ["input_dir=x", "token=secret123"])
    assert "secret123" not in f"{settings!r} {settings.model_dump()} {settings.model_dump_json()}"


def _killed_until_finished(words: list[str], state: Callable[[], int]) -> int:
    """Run the command again and again, with kill -9 whenever it has got further; returns how often it was killed."""
    program = "from lightly_ray.cli import main; main()"
    environment = {name: value for name, value in os.environ.items() if name != "RAY_ADDRESS"}
    for kills in range(20):
        before = state()
        command = [sys.executable, "-c", program, "magic", *words]
        with subprocess.Popen(
            command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=environment
        ) as process:
            while process.poll() is None and state() == before:
                time.sleep(0.05)
            if process.poll() == 0:
                return kills
            process.kill()
    pytest.fail("it never came to its end")


@pytest.mark.full
def test_magic__killed_again_and_again_ends_in_the_same_state(client: ApiWorkflowClient, tmp_path: Path) -> None:
    photos = tmp_path / "photos"
    shutil.copytree(PROJECT / "jobs" / "clothing" / "test", photos)
    words = [f"input_dir={photos}", f"output_dir={tmp_path / 'out'}", "new_dataset_name=magic killed"]

    def state() -> int:
        """Images on the platform, and finished parts of the embeddings."""
        if client.dataset_name_exists("magic killed"):
            client.set_dataset_id_by_name("magic killed")
            return len(client.get_samples()) + 1000
        return len(list((tmp_path / "out").glob("*.parts/*")))

    assert _killed_until_finished([*words, "loader.batch_size=16"], state) >= 2
    names = list_images(photos)
    assert client.get_filenames() == names
    assert client.get_tag_by_name("initial-tag").mask.count == len(names) == 300
    expected = embed(photos)
    found = client.read_embedding("default")
    assert found is not None
    assert sorted(found.filenames) == expected.filenames
    by_name = dict(zip(found.filenames, found.embeddings, strict=True))
    np.testing.assert_array_equal([by_name[name] for name in expected.filenames], expected.embeddings)
