"""Settings of whatever embeds images: which model, what it does not say of itself, how images are read."""

from typing import Annotated

from pydantic import BeforeValidator, Field

from lightly_ray.embedding.model_options import ModelOptions
from lightly_ray.embedding.preparation import Colour
from lightly_ray.embedding.reduction import DIMENSIONS
from lightly_ray.parallel.embedding.extract import Loader
from lightly_ray.settings import Settings


def _split(value: object) -> object:
    return value.split(",") if isinstance(value, str) else value


ColourSetting = Annotated[Colour, BeforeValidator(_split)]


class LoaderSettings(Settings):
    """How images are read."""

    batch_size: int = Field(default=64, ge=1, le=4096, description="images that an actor describes in one go")
    num_workers: int = Field(default=-1, ge=-1, description="actors that embed; -1: one per CPU of the cluster")

    def to_loader(self) -> Loader:
        """As the functions on Ray take it."""
        return Loader(self.batch_size, self.num_workers if self.num_workers > 0 else None)


class TrainerSettings(Settings):
    """How a network is trained before it embeds."""

    max_epochs: int = Field(
        default=0, ge=0, description="how often every image is seen; 0: nothing is trained, the model embeds as it is"
    )
    num_workers: int = Field(default=1, ge=1, description="workers of Ray Train, which share the CPUs or GPUs")
    batch_size: int = Field(default=64, ge=2, le=65536, description="images of a worker's step, each in two views")


class ModelSettings(Settings):
    """Which model."""

    model: str | None = Field(
        default=None,
        description="efficientnet-lite1 (default) or -lite0: a pretrained network; descriptor: gradients and colours, "
        "for tiny pictures; auto: the network, but the descriptor where the median image is under 64 px; FILE.onnx; "
        "torch:MODULE:FACTORY, timm:NAME, hf:NAME: networks of packages that you have",
    )
    input_size: int | None = Field(default=None, ge=1, le=4096, description="of a model of your own: side in pixels")
    mean: ColourSetting | None = Field(
        default=None, description="of a model of your own: R,G,B subtracted from values 0 to 1; default: ImageNet's"
    )
    std: ColourSetting | None = Field(
        default=None, description="of a model of your own: R,G,B divided by; default: ImageNet's"
    )
    output_name: str | None = Field(default=None, description="of a model of your own: which of several outputs")

    @property
    def options(self) -> ModelOptions:
        """What the model does not say of itself."""
        return ModelOptions(input_size=self.input_size, mean=self.mean, std=self.std, output_name=self.output_name)


class EmbeddingSettings(ModelSettings):
    """Which model, how its features are reduced, and how images are read."""

    reduce: int = Field(
        default=DIMENSIONS, ge=0, description="principal axes that features are reduced to; 0 keeps all features"
    )
    loader: LoaderSettings = LoaderSettings()
