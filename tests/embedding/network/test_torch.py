"""Networks of torch: the pretrained network as torch computes it, and models that users bring. Runs in `.ci/full`."""

import sys
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lightly_ray.data.images import as_rgb, open_image
from lightly_ray.embedding.model_options import ModelOptions
from lightly_ray.embedding.models import open_model
from lightly_ray.embedding.network.efficientnet import LITE1
from lightly_ray.errors import InvalidInputError, MissingExtraError
from tests.conftest import missing

PHOTOS = Path(__file__).parents[3] / "jobs" / "clothing" / "test" / "shoes"
STRIDES = {0: 1, 1: 2, 4: 2, 7: 2, 11: 1, 15: 2, 20: 1}  # of the first block of each stage of lite1


@pytest.fixture(scope="module")
def torch() -> Any:
    try:
        import torch
    except ModuleNotFoundError as error:
        missing("torch", str(error))
    return torch


def _features(torch: Any, weights: Mapping[str, Any], images: Any) -> Any:
    """EfficientNet-Lite1 with torch's own convolutions and batch norms."""
    functional = torch.nn.functional

    def layer(values: Any, name: str, norm: str, stride: int = 1) -> Any:
        kernel = weights[f"{name}.weight"]
        pad = max((-(-values.shape[-1] // stride) - 1) * stride + kernel.shape[-1] - values.shape[-1], 0)
        values = functional.pad(values, [pad // 2, pad - pad // 2] * 2)
        groups = values.shape[1] if kernel.shape[1] == 1 else 1
        values = functional.conv2d(values, kernel, stride=stride, groups=groups)
        parts = [weights[f"{norm}.{part}"] for part in ("running_mean", "running_var", "weight", "bias")]
        return functional.batch_norm(values, *parts, eps=1e-3)

    values = functional.relu6(layer(images, "_conv_stem", "_bn0", 2))
    stride = 1
    for block in range(21):
        name, before, stride = f"_blocks.{block}", values, STRIDES.get(block, 1)
        if f"{name}._expand_conv.weight" in weights:
            values = functional.relu6(layer(values, f"{name}._expand_conv", f"{name}._bn0"))
        values = functional.relu6(layer(values, f"{name}._depthwise_conv", f"{name}._bn1", stride))
        values = layer(values, f"{name}._project_conv", f"{name}._bn2")
        values = values + before if values.shape == before.shape else values
    return functional.relu6(layer(values, "_conv_head", "_bn1")).mean(dim=(2, 3))


@pytest.mark.full
def test_lite1__gives_the_features_of_torch(torch: Any) -> None:
    spec = find_spec(LITE1.package)
    assert spec is not None
    (path,) = Path(str(spec.origin)).parent.rglob("*.pth")
    weights = torch.load(path, weights_only=True)
    assert max(int(name.split(".")[1]) for name in weights if name.startswith("_blocks")) == 20
    images = [as_rgb(open_image(photo)) for photo in sorted(PHOTOS.iterdir())[:9]]
    model: Any = open_model("efficientnet-lite1")
    with torch.inference_mode():
        expected = _features(torch, weights, torch.from_numpy(model.preparation(images))).numpy()
    found = model.load(1, gpu=False)(images)
    np.testing.assert_allclose(found, expected, atol=1e-4)
    assert expected.std() > 0.1


FACTORY = """
import torch

def network():
    torch.manual_seed(3)
    return torch.nn.Sequential(torch.nn.Conv2d(3, 5, 4, stride=4), torch.nn.ReLU())

def other_each_time():
    return torch.nn.Conv2d(3, 5, 4)

def from_checkpoint():
    made = network()
    made.load_state_dict(torch.load("weights.pt", weights_only=True))
    return made
"""


@pytest.mark.full
def test_open_model__a_factory_and_its_checkpoint(torch: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "factory_of_tests.py").write_text(FACTORY)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path])
    with pytest.raises(InvalidInputError, match="does not say which size it takes: give input_size=PIXELS"):
        open_model("torch:factory_of_tests:network")
    options = ModelOptions(input_size=16)
    model: Any = open_model("torch:factory_of_tests:network", options)
    images = [as_rgb(open_image(photo)) for photo in sorted(PHOTOS.iterdir())[:3]]
    found = model.load(1, gpu=False)(images)
    torch.manual_seed(3)
    network = torch.nn.Sequential(torch.nn.Conv2d(3, 5, 4, stride=4), torch.nn.ReLU())
    with torch.inference_mode():
        expected = network(torch.from_numpy(model.preparation(images))).mean(dim=(2, 3)).numpy()
    np.testing.assert_allclose(found, expected, atol=1e-5)
    torch.save({name: value * 2 for name, value in network.state_dict().items()}, tmp_path / "weights.pt")
    trained = open_model("torch:factory_of_tests:from_checkpoint", options)
    assert trained.digest != model.digest
    np.testing.assert_array_equal(trained.load(1, gpu=False)(images), trained.load(1, gpu=False)(images))
    np.testing.assert_allclose(trained.load(1, gpu=False)(images), expected * 2, atol=1e-5)
    with pytest.raises(InvalidInputError, match="has other weights each time it is opened"):
        open_model("torch:factory_of_tests:other_each_time", options).load(1, gpu=False)
    for name, message in (
        ("torch:factory_of_tests", "names no factory"),
        ("torch:factory_of_tests:nothing", "cannot be opened: AttributeError"),
        ("torch:no_such_module:f", "cannot be opened: ModuleNotFoundError"),
    ):
        with pytest.raises(InvalidInputError, match=message):
            open_model(name, options)


@pytest.mark.full
def test_open_model__a_folder_of_transformers(torch: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    try:
        import transformers
    except ModuleNotFoundError as error:
        missing("transformers", str(error))
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    torch.manual_seed(1)
    sizes = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 64}
    network = transformers.ViTModel(transformers.ViTConfig(image_size=32, patch_size=8, **sizes)).eval()
    network.save_pretrained(tmp_path)
    transformers.ViTImageProcessor(size={"height": 32, "width": 32}).save_pretrained(tmp_path)
    model: Any = open_model(f"hf:{tmp_path}")
    assert (model.side, model.preparation.mean, model.preparation.std) == (32, (0.5,) * 3, (0.5,) * 3)
    images = [as_rgb(open_image(photo)) for photo in sorted(PHOTOS.iterdir())[:3]]
    found = model.load(1, gpu=False)(images)
    with torch.inference_mode():
        expected = network(torch.from_numpy(model.preparation(images))).pooler_output.numpy()
    np.testing.assert_allclose(found, expected, atol=1e-5)
    # Weights that could hold code are not read, though the package could.
    torch.save(network.state_dict(), tmp_path / "pytorch_model.bin")
    (tmp_path / "model.safetensors").unlink()
    with pytest.raises(InvalidInputError, match="cannot be opened"):
        open_model(f"hf:{tmp_path}")


def test_open_model__without_torch(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(MissingExtraError, match=r"needs torch: pip install 'lightly-ray\[torch\]'"):
        open_model("torch:module:factory")
