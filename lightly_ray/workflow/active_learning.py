"""The main job: settings -> images, Ray, platform, dataset, loop -> curves.

Everything that can be wrong with the settings or the images is found before anything is started or created.
"""

import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from lightly_ray.api import ApiWorkflowClient
from lightly_ray.api.names import dataset_name
from lightly_ray.api.protocol import DATASET_NAME
from lightly_ray.data.location import Location
from lightly_ray.data.outputs import require_writable
from lightly_ray.embedding.embedder import Embedder
from lightly_ray.embedding.models import DEFAULT, Model, open_model
from lightly_ray.errors import InvalidInputError
from lightly_ray.methods import DEFAULT_SCORE
from lightly_ray.parallel.cluster import connected
from lightly_ray.parallel.embedding.auto_model import resolve_auto
from lightly_ray.parallel.embedding.embed import Axes, embed_folder
from lightly_ray.parallel.embedding.train import Trainer
from lightly_ray.progress import step
from lightly_ray.settings import read_token
from lightly_ray.workflow.chosen_platform import chosen_platform
from lightly_ray.workflow.curves import Curve, plot, table
from lightly_ray.workflow.labelled_images import ImagePool, bundled_photographs, read_pool
from lightly_ray.workflow.loop import Plan, run_loop
from lightly_ray.workflow.model_settings import ModelSettings

Vectors = Mapping[str, NDArray[np.float32]]


class ActiveLearningSettings(ModelSettings):
    """A whole active-learning loop on real images: embed, upload, select, label, train, score, select again.

    RANDOM, CORESET, CORAL and COVERAGE start from the same initial selection; the result is a learning curve of each.
    """

    input_dir: Path | None = Field(
        default=None,
        description="folder of images with a sub-folder per class, or with train/ and validation/ or test/ that have "
        "them; default: photographs of clothes that come with this job",
    )
    output_dir: Path = Field(
        default=Path("lightly_ray_output"), description="folder for the learning curve and the embedded platform"
    )
    initial: int = Field(default=20, ge=1, description="images in the initial selection (CORESET)")
    per_round: int = Field(default=20, ge=1, description="images that each later query adds")
    n_rounds: int = Field(default=5, ge=1, description="queries after the initial one")
    seeds: int = Field(default=3, ge=1, description="repetitions; the plot shows their mean and spread")
    score: Literal["uncertainty_margin", "uncertainty_least_confidence", "uncertainty_entropy"] = Field(
        default=DEFAULT_SCORE, description="what CORAL multiplies distances with, and COVERAGE weighs samples by"
    )
    server: str | None = Field(
        default=None, description="URL of a running platform; default: one is started under output_dir"
    )
    token_file: Path | None = Field(
        default=None, description="file that holds the token for server; default: LIGHTLY_TOKEN"
    )
    dataset: str | None = Field(
        default=None,
        description="name of the dataset that is made, a number behind it where it is taken; default: "
        "that of the folder",
    )
    port: int = Field(default=0, ge=0, le=65535, description="port of the embedded platform; 0: any free one")

    @property
    def plan(self) -> Plan:
        """Sizes and repetitions of the loop."""
        return Plan(self.initial, self.per_round, self.n_rounds, self.seeds, self.score)


def run_active_learning(settings: ActiveLearningSettings) -> dict[str, object]:
    """Run the main job and return what it prints as JSON.

    Raises:
        InvalidInputError: the images or the sizes cannot be used.
        ConflictError: the port is in use.
        AuthenticationError: the token is wrong.
    """
    started = time.monotonic()
    if settings.server is None and settings.token_file is not None:
        raise InvalidInputError("token_file is of a server: give its URL as server")
    if settings.dataset is not None and not DATASET_NAME.match(settings.dataset):
        raise InvalidInputError(
            f"a dataset name has 3 to 255 letters, digits, spaces, _ and -, and begins with a letter or digit; "
            f"got {settings.dataset!r}"
        )
    require_writable(Location.parse(settings.output_dir).child("learning_curve.png"))
    client_of_server = _client(settings)
    images = _read_images(settings)
    name = resolve_auto(settings.model or DEFAULT, Location.parse(images.pool.root), images.pool.filenames)
    model = open_model(name, settings.options)
    data_dir = settings.output_dir / "platform"
    with connected(), chosen_platform(client_of_server, data_dir, settings.port) as (client, how_to_open):
        name = settings.dataset or dataset_name(images.name)
        dataset_id, curves = _experiment(client, images, model, settings.plan, name)
    plot_path = settings.output_dir / "learning_curve.png"
    settings.output_dir.mkdir(parents=True, exist_ok=True)
    plot(curves, plot_path, f"Active learning on {images.name} ({len(images.pool.filenames):,} images)")
    _say(f"\naccuracy in % on {len(images.held_out.filenames):,} held-out images\n{table(curves)}\n")
    _say(f"learning curve: {plot_path}\n{how_to_open()}")
    return {
        "methods": {method: curve.to_json() for method, curve in curves.items()},
        "dataset_id": dataset_id,
        "server": client.server,
        "plot": str(plot_path),
        "seconds": round(time.monotonic() - started, 1),
    }


def _read_images(settings: ActiveLearningSettings) -> ImagePool:
    folder = settings.input_dir or bundled_photographs()
    with step(f"read images of {folder}"):
        images = read_pool(folder)
    for reason in images.corrupt.values():
        _say(f"skipped: {reason}")
    pool, held_out = len(images.pool.filenames), len(images.held_out.filenames)
    _say(f"{pool:,} images to select from, {held_out:,} held out, {len(images.corrupt)} skipped as corrupt")
    most = settings.plan.labels[-1]
    if most > pool:
        raise InvalidInputError(
            f"initial + n_rounds x per_round = {most} samples are more than the {pool} images of the pool"
        )
    return images


def _client(settings: ActiveLearningSettings) -> ApiWorkflowClient | None:
    """A client of the server where one is named; a wrong token or address is found here, before the work."""
    if settings.server is None:
        return None
    token = None if settings.token_file is None else read_token(settings.token_file)
    client = ApiWorkflowClient(token, server=settings.server)
    client.get_datasets()
    return client


def _experiment(
    client: ApiWorkflowClient, images: ImagePool, model: Model, plan: Plan, name: str
) -> tuple[str, dict[str, Curve]]:
    pool, held_out, embedder = _embed(images, model)
    client.create_new_dataset_with_unique_name(name)
    try:
        client.upload_dataset(images.pool, mode="full")
        client.upload_embeddings_from_arrays(list(pool), np.stack(list(pool.values())))
        client.upload_descriptor(embedder.to_bytes())
    except BaseException:
        client.delete_dataset_by_id(client.dataset_id)
        raise
    labels = images.pool.by_name()
    true = images.held_out.by_name()
    trainer = Trainer(
        list(pool),
        np.stack(list(pool.values())),
        held_out=np.stack(list(held_out.values())),
        held_out_labels=[true[name] for name in held_out],
        classes=sorted({*images.pool.labels, *images.held_out.labels}),
    )
    return client.dataset_id, run_loop(client, trainer, labels, plan)


def _embed(images: ImagePool, model: Model) -> tuple[Vectors, Vectors, Embedder]:
    """Vectors of the pool and of the held-out images by name, in the space that was fitted on the pool alone."""
    root, place = images.held_out.root, images.places
    embedded = embed_folder(
        Location.parse(root), [*place, *images.held_out.filenames], model, axes=Axes(fit_on=list(place))
    )
    vectors = dict(zip(embedded.filenames, embedded.embeddings, strict=True))
    pool = {place[name]: vector for name, vector in vectors.items() if name in place}
    return pool, {name: vector for name, vector in vectors.items() if name not in place}, embedded.embedder


def _say(text: str) -> None:
    sys.stderr.write(text + "\n")
