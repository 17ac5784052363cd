"""Training that selects: one program on one cluster, where a run of Ray Train asks for its next labels itself.

    embed     the photographs of the pool, and those that accuracy is measured on, in the pool's space
    upload    the pool to a platform, as a dataset of this run
    train     rounds: predict what is not labelled with Ray Data, ask the agent's actor, learn on from the checkpoint

OUTPUT_DIR/training/RUN/   embeddings, checkpoints and the result of a run; RUN is a digest of all that decides it

Every step is finished or done again, and a round's tag is asked for by its name, so the same settings again go on where
a run was killed, and come to the same result.
"""

import hashlib
import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import pyarrow.parquet as pq
from pydantic import Field

from lightly_ray.active_learning.agents import ActiveLearningAgent
from lightly_ray.active_learning.agents.agent_actor import RemoteAgent
from lightly_ray.active_learning.config import SamplerConfig
from lightly_ray.active_learning.scorers import ScorerClassification
from lightly_ray.api import ApiWorkflowClient
from lightly_ray.api.names import dataset_name
from lightly_ray.data.images import find_images
from lightly_ray.data.location import Location
from lightly_ray.data.outputs import digest_of
from lightly_ray.data.vectors import matrix
from lightly_ray.embedding.learning import choose_learner
from lightly_ray.errors import InvalidInputError
from lightly_ray.methods import takes_labels
from lightly_ray.parallel.cluster import connected
from lightly_ray.parallel.scoring.score import score
from lightly_ray.parallel.training.rounds import train_in_rounds
from lightly_ray.parallel.training.rounds_worker import Plan, Pool
from lightly_ray.workflow.chosen_platform import chosen_platform
from lightly_ray.workflow.destination import ServerSettings
from lightly_ray.workflow.embed_images import EmbedImagesSettings, embed_found, read_embedder
from lightly_ray.workflow.embedding_upload import upload_embedding_file
from lightly_ray.workflow.labelled_images import ImagePool, LabelledImages, bundled_photographs, read_pool
from lightly_ray.workflow.model_settings import ModelSettings

if TYPE_CHECKING:
    import ray.data


class TrainWithSelectionSettings(ModelSettings, ServerSettings):
    """Train on Ray, and select between the rounds what to label next, on the cluster that trains.

    Run again with the same settings, it goes on in the round in which it was interrupted.
    """

    input_dir: Path | None = Field(
        default=None,
        description="folder of images with a sub-folder per class, or with train/ and validation/ or test/ that have "
        "them; default: photographs of clothes that come with this job",
    )
    output_dir: Path = Field(
        default=Path("lightly_ray_output"), description="folder for checkpoints and the embedded platform"
    )
    initial: int = Field(default=20, ge=1, description="images that are labelled before the first round")
    per_round: int = Field(default=20, ge=1, description="images that each later round adds")
    n_rounds: int = Field(default=5, ge=1, description="rounds after the first one")
    epochs: int = Field(default=50, ge=1, description="how often each labelled image is seen in a round")
    learner: Literal["auto", "sklearn", "torch"] = Field(
        default="auto", description="what learns; auto: torch where it is installed"
    )
    method: Literal["auto", "coral", "coverage"] = Field(
        default="auto", description="how to select; auto and coverage look at classes too, coral at scores"
    )
    seed: int = Field(default=0, description="of the selections")

    @property
    def sizes(self) -> list[int]:
        """Labelled images of each round."""
        return [self.initial + number * self.per_round for number in range(self.n_rounds + 1)]


def run_train_with_selection(settings: TrainWithSelectionSettings) -> dict[str, object]:
    """Train, select, train on.

    Raises:
        InvalidInputError: the images or the sizes cannot be used.
        AuthenticationError: the token is wrong.
        MissingExtraError: ``learner=torch`` without torch.
    """
    learner = choose_learner(settings.learner)
    # Without server= a platform of one's own, also where the environment names one: this is an experiment.
    named = None if settings.server is None else settings.client()
    if named is not None:
        named.get_datasets()
    folder = settings.input_dir or bundled_photographs()
    images = read_pool(folder)
    if settings.sizes[-1] > len(images.pool.filenames):
        raise InvalidInputError(
            f"initial + n_rounds x per_round = {settings.sizes[-1]} samples are more than the "
            f"{len(images.pool.filenames)} images of the pool"
        )
    decided = settings.model_dump(mode="json", exclude={"output_dir", "token_file", "input_dir"})
    decided |= {"learner": learner, "images": digest_of(find_images(folder).values())}
    run = hashlib.blake2b(json.dumps(decided, sort_keys=True).encode(), digest_size=8).hexdigest()
    place = Location.parse(settings.output_dir.absolute()).child(f"training/{run}")
    finished = place.child("result.json").read()
    if finished is not None:
        sys.stderr.write(f"{place.shown} is finished already\n")
        earlier: dict[str, object] = json.loads(finished)
        return earlier
    plan = Plan(len(settings.sizes), settings.epochs, learner)
    with connected(), chosen_platform(named, settings.output_dir / "platform") as (client, how_to_open):
        pool = _embed(settings, images, place)
        name = dataset_name(f"{images.name} {run}")
        _upload(client, images.pool, name, _embeddings(place, "pool"))
        selector = _Selector(client, settings.sizes, settings.method, settings.seed)
        progressed = train_in_rounds(pool, plan, selector, place.child("checkpoints"), "rounds")
        dataset_id, server = client.dataset_id, client.server
    place.child("weights.npz").write(progressed.weights.to_bytes())
    result: dict[str, object] = {
        "rounds": len(progressed.labels),
        "labels": progressed.labels,
        "accuracy": progressed.accuracies,
        "learner": learner,
        "weights": place.child("weights.npz").shown,
        "dataset": name,
        "dataset_id": dataset_id,
    }
    place.child("result.json").write(json.dumps(result).encode())
    sys.stderr.write(f"{how_to_open()}\n")
    return result | {"server": server}


def _embeddings(place: Location, part: str) -> Location:
    return place.child(f"{part}.parquet")


def _embed(settings: TrainWithSelectionSettings, images: ImagePool, place: Location) -> Pool:
    """Embeddings of both parts, made or found finished; the axes are fitted on the pool alone."""
    given = {key: getattr(settings, key) for key in ModelSettings.model_fields}
    for part, some in (("pool", images.pool), ("held_out", images.held_out)):
        root = Location.parse(some.root)
        # The second is of the first's space, and that of its model.
        embedder = None if part == "pool" else read_embedder(_embeddings(place, "pool"))
        asked = EmbedImagesSettings(input_dir=root, output=_embeddings(place, part), **given)
        infos = {name: root.child(name).info() for name in some.filenames}
        embed_found(asked, infos, embedder)
    classes = sorted({*images.pool.labels, *images.held_out.labels})
    number = {label: value for value, label in enumerate(classes)}
    parts = []
    for part, some in (("pool", images.pool), ("held_out", images.held_out)):
        table = pq.read_table(_embeddings(place, part).path)
        label_of, names = some.by_name(), table["filename"].to_pylist()
        labels = np.array([number[label_of[name]] for name in names], np.int64)
        parts.append((names, matrix(table["embedding"].combine_chunks()), labels))
    (names, embeddings, labels), (_, held_out, held_out_labels) = parts
    return Pool(names, embeddings, labels, held_out, held_out_labels, len(classes))


def _upload(client: ApiWorkflowClient, pool: LabelledImages, name: str, embeddings: Location) -> None:
    if client.dataset_name_exists(name):
        client.set_dataset_id_by_name(name)
    else:
        client.create_dataset(name)
    client.upload_dataset(pool, mode="thumbnails")
    upload_embedding_file(client, embeddings, "default")
    client.wait_for_selections()  # which a run had asked for that is gone since


@dataclass(slots=True)
class _Selector:
    """Asks the agent, once a round: the actor that it starts goes on from one round to the next.

    Attributes:
        client: set to the dataset.
        sizes: labelled images of each round.
        method: how to select.
        seed: of the selections.
    """

    client: ApiWorkflowClient
    sizes: Sequence[int]
    method: str
    seed: int
    _agent: RemoteAgent | None = field(default=None, init=False)

    def select(self, number: int, predictions: "ray.data.Dataset | None", labels: Mapping[str, int]) -> Sequence[str]:
        """All that is labelled in a round; see `lightly_ray.parallel.training.rounds_worker.Selector`."""
        before = f"round-{number - 1}" if number else None
        config = SamplerConfig(
            self.method if number else "auto", self.sizes[number], name=f"round-{number}", seed=self.seed
        )
        if any(tag.name == config.name for tag in self.client.get_all_tags()):
            self.close()  # an agent that does not know of this tag
            return ActiveLearningAgent(self.client, preselected_tag_name=config.name).labeled_set
        if self._agent is None:
            self._agent = RemoteAgent(self.client, preselected_tag_name=before)
        if predictions is None:
            return self._agent.query(config)
        if not takes_labels(config.method):
            return self._agent.query(config, score(predictions, task="classification"))
        return self._agent.query(config, _scorer(predictions), labels=labels)

    def close(self) -> None:
        """End the agent's actor."""
        if self._agent is not None:
            self._agent.close()
            self._agent = None


def _scorer(predictions: "ray.data.Dataset") -> ScorerClassification:
    """Probabilities by name, in an order that does not depend on which block came first."""
    rows: list[dict[str, Any]] = sorted(predictions.take_all(), key=lambda row: str(row["filename"]))
    return ScorerClassification({row["filename"]: row["probabilities"] for row in rows})
