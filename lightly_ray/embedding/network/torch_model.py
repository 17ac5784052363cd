"""Networks of torch, timm and Hugging Face transformers, where the user has these packages.

torch:MODULE:FACTORY   `FACTORY()` of a Python module on the path or in the current folder gives a module with weights
timm:NAME              a pretrained model of timm, which knows its input
hf:NAME                a pretrained model of transformers, or a folder of one, which knows its input

Weights of timm and transformers are read from safetensors files, which cannot hold code. What a factory does is the
user's own business. Every actor opens the network itself and compares digests: one that gives other weights each time
cannot embed alike.
"""

import hashlib
import json
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lightly_ray.embedding.model_options import ModelOptions
from lightly_ray.embedding.network.features import Extract, extractor
from lightly_ray.embedding.preparation import IMAGENET_MEAN, IMAGENET_STD, Preparation
from lightly_ray.errors import InvalidInputError, MissingExtraError, missing_extra

_FIELDS = ("pooler_output", "last_hidden_state", "logits")  # of what transformers return, the best first


@dataclass(frozen=True)
class TorchModel:
    """A network that is opened wherever it is loaded.

    Attributes:
        name: as the user wrote it.
        folder: where the user was: modules are looked for there too.
        preparation: of its pixels.
        digest: of weights and preparation.
        options: what the user said of it.
    """

    name: str
    folder: str
    preparation: Preparation
    digest: str
    options: ModelOptions = field(default_factory=ModelOptions)

    @property
    def side(self) -> int:
        """Pixels of its input."""
        return self.preparation.side

    def load(self, threads: int, *, gpu: bool) -> Extract:
        """Open the network in this process.

        Raises:
            InvalidInputError: it has other weights than where it was named.
        """
        torch = _package("torch", self.name)
        network, preparation = _open(self.name, self.options, self.folder)
        if _digest(network, preparation) != self.digest:
            raise InvalidInputError(f"model {self.name!r} has other weights each time it is opened")
        torch.set_num_threads(threads)
        device = torch.device("cuda" if gpu else "cpu")
        network = network.to(device)

        def forward(pixels: NDArray[np.float32]) -> NDArray[Any]:
            with torch.inference_mode():
                output = network(torch.from_numpy(pixels).to(device))
            return np.asarray(_tensor(output, self.options.output_name, self.name).cpu().numpy())

        return extractor(forward, self.preparation, f"model {self.name!r}", gpu=gpu)


def open_torch_model(name: str, options: ModelOptions) -> TorchModel:
    """Open a network once, to know its input and its digest.

    Raises:
        MissingExtraError: its package is not installed.
        InvalidInputError: there is no such network, or its input size is not known.
    """
    folder = str(Path.cwd())
    network, preparation = _open(name, options, folder)
    return TorchModel(name, folder, preparation, _digest(network, preparation), options)


def _open(name: str, options: ModelOptions, folder: str) -> tuple[Any, Preparation]:
    kind, _, rest = name.partition(":")
    openers = {"torch": _from_factory, "timm": _from_timm, "hf": _from_transformers}
    _package("torch", name)
    try:
        network, known = openers[kind](rest, folder)
    except (MissingExtraError, InvalidInputError):
        raise
    except Exception as error:  # whatever the user's code, or a package that downloads, may raise
        raise InvalidInputError(f"model {name!r} cannot be opened: {type(error).__name__}: {error}") from error
    side = options.input_size or known.get("side")
    if side is None:
        raise InvalidInputError(f"model {name!r} does not say which size it takes: give input_size=PIXELS")
    mean, std = options.mean or known.get("mean", IMAGENET_MEAN), options.std or known.get("std", IMAGENET_STD)
    return network.eval(), Preparation(side=side, mean=mean, std=std)


def _from_factory(rest: str, folder: str) -> tuple[Any, Mapping[str, Any]]:
    module, _, factory = rest.partition(":")
    if not module or not factory:
        raise InvalidInputError(f"'torch:{rest}' names no factory: write torch:MODULE:FACTORY")
    if folder not in sys.path:
        sys.path.append(folder)
    return getattr(import_module(module), factory)(), {}


def _from_timm(rest: str, _folder: str) -> tuple[Any, Mapping[str, Any]]:
    timm = _package("timm", f"timm:{rest}")
    network = timm.create_model(rest, pretrained=True, num_classes=0)
    known = timm.data.resolve_model_data_config(network)
    return network, {"side": known["input_size"][-1], "mean": known["mean"], "std": known["std"]}


def _from_transformers(rest: str, _folder: str) -> tuple[Any, Mapping[str, Any]]:
    transformers = _package("transformers", f"hf:{rest}")
    network = transformers.AutoModel.from_pretrained(rest, use_safetensors=True)
    known = transformers.AutoImageProcessor.from_pretrained(rest)
    size = getattr(known, "crop_size", None) or known.size
    side = size.get("height") or size.get("shortest_edge")
    return network, {"side": side, "mean": tuple(known.image_mean), "std": tuple(known.image_std)}


def _package(package: str, name: str) -> Any:
    try:
        return import_module(package)
    except ModuleNotFoundError as error:
        if package == "torch":
            raise MissingExtraError(missing_extra(f"model {name!r} needs torch", "torch")) from error
        raise MissingExtraError(f"model {name!r} needs its package: pip install {package}") from error


def _digest(network: Any, preparation: Preparation) -> str:
    digest = hashlib.blake2b(json.dumps(preparation.model_dump()).encode(), digest_size=16)
    for key, tensor in sorted(network.state_dict().items()):
        digest.update(key.encode() + str(tensor.dtype).encode() + str(tuple(tensor.shape)).encode())
        digest.update(tensor.detach().cpu().contiguous().numpy().tobytes())
    return digest.hexdigest()


def _tensor(output: Any, wanted: str | None, name: str) -> Any:
    """The tensor among what a network returns: itself, or a field of a dictionary or of an output of transformers."""
    if not isinstance(output, Mapping):
        return output[0] if isinstance(output, tuple) and len(output) == 1 else output
    fields = [wanted] if wanted else [one for one in _FIELDS if output.get(one) is not None][:1] or list(output)
    if len(fields) != 1 or fields[0] not in output:
        raise InvalidInputError(f"model {name!r} returns {', '.join(output)}: say which, output_name=NAME")
    return output[fields[0]]
