"""Which networks can be trained, and what they start from. Nothing of torch is needed to ask."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from numpy.typing import NDArray

from lightly_ray.embedding.network import efficientnet, resnet
from lightly_ray.embedding.preparation import IMAGENET_MEAN, IMAGENET_STD, Preparation
from lightly_ray.errors import InvalidInputError

DEFAULT = resnet.NAME
_PRETRAINED = {one.name: one for one in (efficientnet.LITE0, efficientnet.LITE1)}
_SEED = 0  # of the weights that nothing was learned into


@dataclass(frozen=True, slots=True)
class Start:
    """A network before it is trained.

    Attributes:
        name: what users call it.
        preparation: of its pixels.
        dimensions: of its features.
        epsilon: of its batch norms.
        features: the network, as a function of layers and images.
        weights: gives those to start from, by name.
        build: weights and metadata -> an ONNX file.
    """

    name: str
    preparation: Preparation
    dimensions: int
    epsilon: float
    features: Callable[[Any, Any], Any]
    weights: Callable[[], Mapping[str, NDArray[Any]]]
    build: Callable[[Mapping[str, NDArray[Any]], Mapping[str, str]], bytes]


def open_start(name: str) -> Start:
    """A network by its name.

    Raises:
        InvalidInputError: it is none that can be trained.
    """
    if name == resnet.NAME:
        preparation = Preparation(side=resnet.SIDE, mean=IMAGENET_MEAN, std=IMAGENET_STD)
        return Start(
            name,
            preparation,
            resnet.DIMENSIONS,
            resnet.EPSILON,
            resnet.features,
            partial(resnet.initial_weights, _SEED),
            partial(resnet.build, resnet.SIDE),
        )
    if name not in _PRETRAINED:
        raise InvalidInputError(
            f"model {name!r} cannot be trained: give {resnet.NAME}, which starts from nothing, or "
            f"{' or '.join(_PRETRAINED)}, which start from what they know"
        )
    network = _PRETRAINED[name]
    return Start(
        name,
        network.preparation,
        efficientnet.DIMENSIONS,
        efficientnet.EPSILON,
        partial(efficientnet.features, network.depth),
        network.weights,
        network.build,
    )
