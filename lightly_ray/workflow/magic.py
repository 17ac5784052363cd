"""The command `magic`: a folder of images -> a dataset of a platform that holds them and their embeddings.

    frames    only where video.fps says so: the frames of videos, and the images, -> OUTPUT_DIR/frames
    train     only where trainer.max_epochs says so: images -> OUTPUT_DIR/DATASET.onnx, which embeds them
    embed     images -> OUTPUT_DIR/DATASET.parquet; where the dataset has an embedding already, as that was made
    upload    the images that are not there yet
    upload    the embeddings that are not there yet

Each step goes on where an interrupted run ended, so the same command again ends in the same state; images that were
added to the folder are appended.
"""

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Self

from pyarrow import fs
from pydantic import Field, model_validator

from lightly_ray.api.names import dataset_name
from lightly_ray.data.images import find_images
from lightly_ray.data.location import Location
from lightly_ray.embedding.embedder import Embedder
from lightly_ray.embedding.training.start import DEFAULT
from lightly_ray.settings import Settings
from lightly_ray.workflow.chosen_platform import chosen_platform
from lightly_ray.workflow.embed_images import embed_found, read_embedder
from lightly_ray.workflow.embedding_upload import kept_embedder, upload_embedding_file
from lightly_ray.workflow.extract_frames import ExtractFramesSettings, run_extract_frames
from lightly_ray.workflow.folder_dataset import FolderSettings, find_dataset
from lightly_ray.workflow.model_settings import TrainerSettings
from lightly_ray.workflow.place import Place
from lightly_ray.workflow.train_model import TrainModelSettings, train_found
from lightly_ray.workflow.upload import summary


class VideoSettings(Settings):
    """How videos become images."""

    fps: float | None = Field(
        default=None, gt=0, description="frames per second of videos, as CLIP/000123.jpg; default: videos are left out"
    )


class MagicSettings(FolderSettings):
    """Images -> a dataset with embeddings. Without a token, a platform is started under output_dir.

    Run again, it goes on; new images are appended.
    """

    new_dataset_name: str | None = Field(
        default=None, description="name of the dataset, made if there is none of that name; default: the folder's"
    )
    video: VideoSettings = VideoSettings()
    trainer: TrainerSettings = TrainerSettings()
    checkpoint: Place | None = Field(
        default=None, description="ONNX file of an earlier training, which embeds in place of a model's name"
    )

    @model_validator(mode="after")
    def _check_destination(self) -> Self:
        if self.dataset_id is not None and self.new_dataset_name is not None:
            raise ValueError("give dataset_id or new_dataset_name, not both")
        if self.checkpoint is not None and self.model is not None:
            raise ValueError("give model or checkpoint, not both")
        if self.checkpoint is not None and self.trainer.max_epochs:
            raise ValueError("a checkpoint is trained already: leave out checkpoint or trainer.max_epochs")
        return self


def run_magic(settings: MagicSettings) -> dict[str, object]:
    """Embed and upload a folder.

    Raises:
        NotFoundError: there is no such folder, dataset or model.
        InvalidInputError: the images, the model or the names cannot be used.
        ConflictError: the dataset's embedding was made by another model.
        ApiError: some images were not taken; the message names one. Run again, it goes on.
    """
    # What is wrong with the folder, a token or an address is told before anything is started.
    if settings.video.fps is None:
        find_images(settings.input_dir)
    named = settings.named_client()
    if settings.video.fps is not None:
        settings = _with_frames(settings, settings.video.fps)
    images = find_images(settings.input_dir)
    with chosen_platform(named, settings.output_dir / "platform") as (client, how_to_open):
        name, exists = find_dataset(client, settings, settings.new_dataset_name)
        output = Location.parse(settings.output_dir / f"{name}.parquet")
        embedder = kept_embedder(client, settings.embedding_name) if exists else None
        model = _model(settings, images, output, embedder)
        embedded = embed_found(settings.embed_settings(output, model), images, embedder)
        if not exists:  # made here, where the images are known to be of use
            client.create_dataset(name)
        report = client.upload_dataset(settings.input_dir, mode=settings.upload)
        new = upload_embedding_file(client, output, settings.embedding_name)
        result = {"dataset_id": client.dataset_id, "dataset": name, "server": client.server, **summary(report)}
    sys.stderr.write(f"{how_to_open()}\n")
    return result | {"embedded": new, "model": embedded["model"], "embeddings": output.shown}


def _with_frames(settings: MagicSettings, fps: float) -> MagicSettings:
    """The same for the folder of frames and images that is made of the given one; the dataset is called as before."""
    folder = Location.parse(settings.output_dir / "frames")
    run_extract_frames(ExtractFramesSettings(input_dir=settings.input_dir, output_dir=folder, fps=fps))
    name = settings.new_dataset_name
    if settings.dataset_id is None and name is None:
        name = dataset_name(Path(settings.input_dir.path).name)
    return settings.model_copy(update={"input_dir": folder, "new_dataset_name": name})


def _model(
    settings: MagicSettings, images: Mapping[str, fs.FileInfo], output: Location, embedder: Embedder | None
) -> str | None:
    """What embeds: the name that was given, or the network, which is trained now where none embeds this dataset yet."""
    if settings.checkpoint is not None:
        return settings.checkpoint.uri
    if not settings.trainer.max_epochs:
        return settings.model
    if embedder is not None or read_embedder(output) is not None:
        sys.stderr.write("the network that the dataset is embedded with is used again, nothing is trained\n")
        return None
    trained = TrainModelSettings(
        input_dir=settings.input_dir,
        output=Location.parse(Path(output.path).with_suffix(".onnx")),
        model=settings.model or DEFAULT,
        trainer=settings.trainer.model_dump(),
    )
    return str(train_found(trained, images)["output"])
