"""Training as users run it: from nothing, interrupted, again, by several workers, and what it made embeds."""

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from lightly_ray.embedding.models import open_model
from lightly_ray.errors import ConflictError, InvalidInputError, MissingExtraError, NotFoundError
from lightly_ray.parallel.embedding.embed import embed
from lightly_ray.settings import parse
from lightly_ray.workflow.magic import MagicSettings, run_magic
from lightly_ray.workflow.train_model import TrainModelSettings, run_train_model
from tests.conftest import missing

CLOTHING = Path(__file__).parents[2] / "jobs" / "clothing" / "test"


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """90 photographs, and a file that is none."""
    folder = tmp_path / "photos"
    for number, path in enumerate(sorted(CLOTHING.rglob("*.jpg"))[:90]):
        (folder / str(number % 3)).mkdir(parents=True, exist_ok=True)
        shutil.copy(path, folder / str(number % 3) / f"{number:02d}.jpg")
    (folder / "broken.jpg").write_bytes(b"broken")
    return folder


@pytest.fixture
def torch() -> Any:
    try:
        import torch
    except ModuleNotFoundError as error:
        missing("torch", str(error))
    return torch


def _words(folder: Path, output: Path, **more: object) -> list[str]:
    words = {"input_dir": folder, "output": output, "trainer.max_epochs": 3, "trainer.batch_size": 16, **more}
    return [f"{key}={value}" for key, value in words.items()]


def _train(folder: Path, output: Path, **more: object) -> dict[str, Any]:
    return run_train_model(parse(TrainModelSettings, _words(folder, output, **more)))


@pytest.mark.full
@pytest.mark.usefixtures("torch", "ray_local")
def test_train__learns_and_embeds(photos: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    output = tmp_path / "out" / "network.onnx"
    result = _train(photos, output)
    assert (result["images"], result["corrupt"], result["epochs"]) == (90, ["broken.jpg"], 3)
    assert "skipped: image 'broken.jpg' cannot be read" in capsys.readouterr().err
    losses = result["losses"]
    assert losses[-1] < losses[0]
    assert sorted(path.name for path in output.parent.iterdir()) == ["network.onnx", "network.onnx.loss.png"]
    with Image.open(output.parent / "network.onnx.loss.png") as curve:
        assert curve.width > 500
    content = output.read_bytes()
    assert _train(photos, output) == result
    assert "is finished already" in capsys.readouterr().err
    assert output.read_bytes() == content
    with pytest.raises(ConflictError, match=r"made from something else .*max_epochs=3 then, 4 now"):
        _train(photos, output, **{"trainer.max_epochs": 4})
    model = open_model(str(output))
    assert model.side == 64
    one, other = (embed(photos, model=str(output), reduce=16) for _ in range(2))
    np.testing.assert_array_equal(one.embeddings, other.embeddings)
    assert one.embeddings.shape == (90, 16)
    assert _train(photos, tmp_path / "again.onnx")["losses"] == losses


@pytest.mark.full
@pytest.mark.usefixtures("torch", "ray_local")
def test_train__two_workers_learn_one_network(photos: Path, tmp_path: Path) -> None:
    result = _train(photos, tmp_path / "network.onnx", **{"trainer.num_workers": 2})
    assert result["losses"][-1] < result["losses"][0]
    with pytest.raises(InvalidInputError, match=r"each of 46 workers needs 2 to tell apart: image 'broken.jpg'"):
        _train(photos, tmp_path / "other.onnx", **{"trainer.num_workers": 46})
    assert not (tmp_path / "other.onnx").exists()


def _stopped_behind_a_checkpoint(words: list[str], runs: Path, number: int) -> int:
    """Run the command, send it a signal when it has kept a checkpoint, and return its status."""
    program = "from lightly_ray.cli import main; main()"
    environment = {name: value for name, value in os.environ.items() if name != "RAY_ADDRESS"}
    with subprocess.Popen([sys.executable, "-c", program, "train", *words], env=environment) as process:
        while process.poll() is None and not list(runs.rglob("state.pt")):
            time.sleep(0.05)
        assert process.poll() is None
        process.send_signal(number)
        return process.wait(timeout=60)


@pytest.mark.full
@pytest.mark.usefixtures("torch")
@pytest.mark.parametrize(("number", "status"), [(signal.SIGKILL, -signal.SIGKILL), (signal.SIGINT, 130)])
def test_train__stopped_goes_on_and_learns_the_same(photos: Path, tmp_path: Path, number: int, status: int) -> None:
    expected = _train(photos, tmp_path / "whole.onnx", **{"trainer.max_epochs": 6})
    output, runs = tmp_path / "killed.onnx", tmp_path / "killed.onnx.training"
    words = _words(photos, output, **{"trainer.max_epochs": 6})
    assert _stopped_behind_a_checkpoint(words, runs, number) == status
    assert not output.exists()
    assert len(list(runs.iterdir())) == 1
    result = _train(photos, output, **{"trainer.max_epochs": 6})
    assert result["losses"] == expected["losses"]
    whole, killed = (open_model(str(tmp_path / f"{name}.onnx")).load(1, gpu=False) for name in ("whole", "killed"))
    images = [Image.open(path).convert("RGB") for path in sorted(photos.rglob("1*.jpg"))]
    np.testing.assert_array_equal(whole(images), killed(images))
    assert not runs.exists()


@pytest.mark.full
@pytest.mark.usefixtures("torch", "ray_local")
def test_magic__trains_once_and_embeds_with_what_it_trained(
    photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("LIGHTLY_TOKEN", raising=False)

    def magic(**more: object) -> dict[str, Any]:
        words = {"input_dir": photos, "output_dir": tmp_path / "out", "upload": "metadata", **more}
        return run_magic(parse(MagicSettings, [f"{key}={value}" for key, value in words.items()]))

    trained = {"trainer.max_epochs": 2, "trainer.batch_size": 16}
    with pytest.warns(UserWarning, match="1 corrupt images were left out"):
        first = magic(**trained)
    assert (first["embedded"], Path(first["model"]).name) == (90, "photos.onnx")
    shutil.copy(photos / "0" / "00.jpg", photos / "new.jpg")
    with pytest.warns(UserWarning, match="1 corrupt images were left out"):
        second = magic(**trained)
    assert (second["uploaded"], second["embedded"]) == (1, 1)
    assert "used again, nothing is trained" in capsys.readouterr().err
    with pytest.warns(UserWarning, match="1 corrupt images were left out"):
        other = magic(new_dataset_name="other", checkpoint=tmp_path / "out" / "photos.onnx")
    assert (other["embedded"], Path(other["model"]).name) == (91, "photos.onnx")


@pytest.fixture
def without_torch(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in sys.modules if name.startswith("lightly_ray.parallel.embedding.contrastive")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "torch", None)
    monkeypatch.setitem(sys.modules, "ray.train.torch", None)


@pytest.mark.usefixtures("without_torch")
def test_train__without_torch(photos: Path, tmp_path: Path) -> None:
    with pytest.raises(MissingExtraError, match=r"training needs torch: pip install 'lightly-ray\[torch\]'"):
        _train(photos, tmp_path / "network.onnx")
    assert [path.name for path in tmp_path.iterdir()] == ["photos"]


def test_train__bad_input(photos: Path, tmp_path: Path) -> None:
    with pytest.raises(NotFoundError, match="nowhere"):
        _train(photos / "nowhere", tmp_path / "network.onnx")
    with pytest.raises(InvalidInputError, match="'descriptor' cannot be trained"):
        _train(photos, tmp_path / "network.onnx", model="descriptor")
    with pytest.raises(InvalidInputError, match=r"output must end in \.onnx"):
        _train(photos, tmp_path / "network")
    with pytest.raises(InvalidInputError, match="max_epochs"):
        _train(photos, tmp_path / "network.onnx", **{"trainer.max_epochs": 0})
    (tmp_path / "network.onnx").write_bytes(b"something else")
    with pytest.raises(ConflictError, match="exists and was not made by this job"):
        _train(photos, tmp_path / "network.onnx")
    for words, message in (
        (["model=descriptor", "checkpoint=a.onnx"], "give model or checkpoint, not both"),
        (["trainer.max_epochs=1", "checkpoint=a.onnx"], "a checkpoint is trained already"),
    ):
        with pytest.raises(InvalidInputError, match=message):
            parse(MagicSettings, [f"input_dir={photos}", *words])
    with pytest.raises(InvalidInputError, match="'resnet-10' knows nothing before it is trained"):
        embed(photos, model="resnet-10")
