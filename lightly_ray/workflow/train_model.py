"""Train a network on a folder of images, without labels.

OUTPUT            the network as an ONNX file, which says itself how pixels are prepared: `model=OUTPUT` embeds
OUTPUT.loss.png   the loss of every epoch
OUTPUT.training/  checkpoints while the job runs; an interrupted job goes on behind the last one
"""

import hashlib
import json
import sys
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from pyarrow import fs
from pydantic import Field, field_validator

from lightly_ray.data.images import find_images
from lightly_ray.data.location import Location
from lightly_ray.data.outputs import digest_of, finished
from lightly_ray.embedding.models import PREPARATION_KEY
from lightly_ray.embedding.network.graph import read_metadata
from lightly_ray.embedding.training.start import DEFAULT, open_start
from lightly_ray.embedding.training.training import Training
from lightly_ray.errors import InvalidInputError, MissingExtraError, missing_extra
from lightly_ray.parallel.cluster import connected
from lightly_ray.settings import Settings
from lightly_ray.workflow.curves import plot_loss
from lightly_ray.workflow.model_settings import TrainerSettings
from lightly_ray.workflow.place import Place

if TYPE_CHECKING:
    from lightly_ray.parallel.embedding.contrastive import Trained

_ABOUT_KEY = "lightly_ray"  # in the metadata of the ONNX file


class _Trainer(TrainerSettings):
    """How the network is trained."""

    max_epochs: int = Field(default=20, ge=1, description="how often every image is seen")


class TrainModelSettings(Settings):
    """Images -> a network that embeds them, by contrastive learning (SimCLR). Needs the extra `torch`.

    Run again, it goes on behind its last epoch. A network that starts from nothing needs many images and epochs to come
    near a pretrained one: compare before you choose.
    """

    input_dir: Place = Field(description="folder of images at any depth: a path, or a URI (s3://...)")
    output: Place = Field(description="ONNX file to write: a path, or a URI; its name ends in .onnx")
    model: str = Field(
        default=DEFAULT,
        description=f"{DEFAULT}: a small network at 64 px that starts from nothing; efficientnet-lite1 or -lite0: "
        "start from what they know, at their own size, which is slow without a GPU",
    )
    trainer: _Trainer = _Trainer()

    @field_validator("output")
    @classmethod
    def _check_ending(cls, output: Location) -> Location:
        if not output.path.endswith(".onnx"):
            raise ValueError("output must end in .onnx, by which it is known as a model")
        return output


def run_train_model(settings: TrainModelSettings) -> dict[str, object]:
    """Train a network on all images of a folder.

    A file that cannot be decoded is named on standard error and left out. Run again when finished, this returns the
    same result at once; when interrupted, it goes on.

    Raises:
        NotFoundError, InvalidInputError: there is no such folder, too few images in it, or no such model.
        ConflictError: something else is at ``output``.
        MissingExtraError: torch is not installed.
    """
    return train_found(settings, find_images(settings.input_dir))


def train_found(settings: TrainModelSettings, images: Mapping[str, fs.FileInfo]) -> dict[str, object]:
    """The same for images that were listed before."""
    start, output, trainer = open_start(settings.model), settings.output, settings.trainer
    made_from = {
        "job": "train_model",
        "input_dir": settings.input_dir.shown,
        "images": digest_of(images.values()),
        "model": settings.model,
        **trainer.model_dump(),
    }
    result = finished(output, made_from, about_it=_about)
    if result is not None:
        sys.stderr.write(f"{output.shown} is finished already\n")
        return result
    train_network = _train_network()
    runs = output.beside(".training")
    name = hashlib.blake2b(json.dumps(made_from, sort_keys=True).encode(), digest_size=16).hexdigest()
    training = Training(settings.model, trainer.max_epochs, trainer.num_workers, trainer.batch_size)
    with connected():
        trained = train_network(settings.input_dir, list(images), training, runs, name)
    for reason in trained.corrupt.values():
        sys.stderr.write(f"skipped: {reason}\n")
    curve = output.beside(".loss.png")
    curve.write(plot_loss(trained.losses, f"{settings.model}, {len(images) - len(trained.corrupt):,} images"))
    result = {
        "output": output.shown,
        "curve": curve.shown,
        "model": settings.model,
        "images": len(images) - len(trained.corrupt),
        "epochs": trainer.max_epochs,
        "losses": trained.losses,
        "corrupt": sorted(trained.corrupt),
    }
    about = json.dumps({"made_from": made_from, "result": result}, sort_keys=True)
    metadata = {PREPARATION_KEY: start.preparation.model_dump_json(), _ABOUT_KEY: about}
    output.write(start.build(trained.weights, metadata))
    runs.remove_folder()
    return result


def _about(output: Location) -> dict[str, Any] | None:
    """What an earlier run wrote into its ONNX file; None where it is no such file."""
    try:
        about: dict[str, Any] = json.loads(read_metadata(output.read_existing())[_ABOUT_KEY])
    except (InvalidInputError, KeyError):
        return None
    return about


def _train_network() -> Callable[..., "Trained"]:
    try:
        from lightly_ray.parallel.embedding.contrastive import train_network  # noqa: PLC0415 - torch is optional
    except ModuleNotFoundError as error:
        raise MissingExtraError(missing_extra("training needs torch", "torch")) from error
    return train_network
