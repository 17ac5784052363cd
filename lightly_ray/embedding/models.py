"""Which model turns images into features: its name -> a model that can be sent to an actor and is loaded there.

efficientnet-lite1    pretrained network, the default
efficientnet-lite0    the same, smaller
descriptor            gradients and colours, without weights
FILE.onnx             any network; it may say itself, in its metadata, how its pixels are prepared
torch:MODULE:FACTORY, timm:NAME, hf:NAME
                      networks of packages that the user has

A model's digest is that of all that decides its features. Two models of one digest give the same features.
"""

import hashlib
import json
from dataclasses import dataclass, field
from functools import cached_property
from typing import Protocol

from pydantic import ValidationError

from lightly_ray.data.location import Location
from lightly_ray.embedding import descriptor
from lightly_ray.embedding.model_options import ModelOptions
from lightly_ray.embedding.network import efficientnet, resnet
from lightly_ray.embedding.network.features import Extract, extractor
from lightly_ray.embedding.network.graph import read_metadata
from lightly_ray.embedding.network.session import Session
from lightly_ray.embedding.preparation import IMAGENET_MEAN, IMAGENET_STD, Preparation
from lightly_ray.errors import InvalidInputError, NotFoundError

DEFAULT = "efficientnet-lite1"
DESCRIPTOR = "descriptor"
AUTO = "auto"
SMALL = 64  # pixels; where the median image is smaller, `auto` takes the descriptor
PREPARATION_KEY = "lightly_ray.preparation"  # in the metadata of ONNX files
_NETWORKS = {one.name: one for one in (efficientnet.LITE0, efficientnet.LITE1)}
_FRAMEWORKS = ("torch", "timm", "hf")


class Model(Protocol):
    """A model that is not loaded yet."""

    @property
    def name(self) -> str:
        """What the user calls it."""

    @property
    def digest(self) -> str:
        """Of all that decides its features."""

    @property
    def side(self) -> int:
        """Pixels; images may be shrunk while they are decoded as long as no side falls below this."""

    @property
    def options(self) -> ModelOptions:
        """What the user said of it."""

    def load(self, threads: int, *, gpu: bool) -> Extract:
        """Load it in this process."""


@dataclass(frozen=True)
class DescriptorModel:
    """The built-in descriptor."""

    name: str = DESCRIPTOR
    digest: str = f"descriptor-{descriptor.VERSION}"
    side: int = descriptor.SIDE
    options: ModelOptions = field(default_factory=ModelOptions)

    def load(self, threads: int, *, gpu: bool) -> Extract:
        """The function itself: it has one thread and no use for a GPU."""
        del threads, gpu
        return descriptor.features


@dataclass(frozen=True)
class OnnxModel:
    """A network as an ONNX graph.

    Attributes:
        name: what the user calls it.
        graph: the bytes of the file.
        preparation: of its pixels.
        options: what the user said of it; of these only the output still counts.
    """

    name: str
    graph: bytes
    preparation: Preparation
    options: ModelOptions = field(default_factory=ModelOptions)

    @cached_property
    def digest(self) -> str:
        """Of graph, preparation and output."""
        about = json.dumps([self.preparation.model_dump(), self.options.output_name])
        return hashlib.blake2b(self.graph + about.encode(), digest_size=16).hexdigest()

    @property
    def side(self) -> int:
        """Pixels of its input."""
        return self.preparation.side

    def load(self, threads: int, *, gpu: bool) -> Extract:
        """Load the graph into the runtime."""
        what = f"model {self.name!r}"
        session = Session(self.graph, what, output=self.options.output_name, threads=threads, gpu=gpu)
        return extractor(session.forward, self.preparation, what, gpu=gpu)


def open_model(name: str, options: ModelOptions | None = None) -> Model:
    """The model of a name.

    Args:
        name: see above; ``auto`` is resolved before.
        options: for networks that the user brings.

    Raises:
        InvalidInputError: there is no such model, or it cannot be used; the message says why.
        NotFoundError: there is no such file.
        MissingExtraError: it needs a package that is not installed.
    """
    options = options or ModelOptions()
    if name == DESCRIPTOR or name in _NETWORKS:
        given = [key for key, value in options if value is not None]
        if given:
            raise InvalidInputError(f"{given[0]} is for models of your own; {name!r} knows its own")
        return DescriptorModel() if name == DESCRIPTOR else _published(_NETWORKS[name])
    if name == resnet.NAME:
        raise InvalidInputError(
            f"model {name!r} knows nothing before it is trained: lightly-ray train, or trainer.max_epochs above 0"
        )
    if name.endswith(".onnx"):
        return _onnx_file(name, options)
    if name.partition(":")[0] in _FRAMEWORKS:
        # torch is large and optional: nothing of it is imported before it is asked for.
        from lightly_ray.embedding.network.torch_model import open_torch_model  # noqa: PLC0415 - the reason is above

        return open_torch_model(name, options)
    raise InvalidInputError(
        f"there is no model {name!r}: give {', '.join(sorted(_NETWORKS))}, {DESCRIPTOR}, {AUTO}, FILE.onnx, "
        "torch:MODULE:FACTORY, timm:NAME or hf:NAME"
    )


def _published(network: efficientnet.EfficientNet) -> OnnxModel:
    return OnnxModel(network.name, network.graph(), network.preparation)


def _onnx_file(name: str, options: ModelOptions) -> OnnxModel:
    place = Location.parse(name)
    graph = place.read()
    if graph is None:
        raise NotFoundError(f"there is no file {place.shown!r}")
    what = f"model {place.shown!r}"
    # Loaded once where the user waits: what is wrong with it is told before the work.
    asked = Session(graph, what, output=options.output_name).side
    own = _own_preparation(graph, what)
    if asked is not None and options.input_size not in (None, asked):
        raise InvalidInputError(f"{what} takes {asked} x {asked} pixels, input_size says {options.input_size}")
    side = asked or options.input_size or (own.side if own else None)
    if side is None:
        raise InvalidInputError(f"{what} takes any size: say which, input_size=PIXELS")
    preparation = Preparation(
        side=side,
        mean=options.mean or (own.mean if own else IMAGENET_MEAN),
        std=options.std or (own.std if own else IMAGENET_STD),
    )
    return OnnxModel(place.shown, graph, preparation, options)


def _own_preparation(graph: bytes, what: str) -> Preparation | None:
    metadata = read_metadata(graph)
    if PREPARATION_KEY not in metadata:
        return None
    try:
        return Preparation.model_validate_json(metadata[PREPARATION_KEY])
    except ValidationError as error:
        raise InvalidInputError(f"{what}: its metadata {PREPARATION_KEY!r} cannot be used: {error}") from error
