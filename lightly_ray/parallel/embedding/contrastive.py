"""Train a network on images without labels, by Ray Train: images -> weights, a checkpoint after every epoch.

    squares               Ray Data: every image is decoded once, to a small square that stays in the object store
    contrastive_worker    workers of Ray Train, each on its own part of the images; gradients are averaged over all
    here                  a run of the same name in the same place begins behind its last checkpoint

Each epoch draws from (seed, epoch, worker) alone, so that a run that was interrupted learns what an uninterrupted one
does. Views are told from those of the same worker's batch.

References:
    Chen, Kornblith, Norouzi, Hinton. SimCLR. ICML 2020.
"""

import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, cast

import numpy as np
import ray
import ray.data
import ray.train
import ray.train.torch
from numpy.typing import NDArray

from lightly_ray.data.location import Location
from lightly_ray.embedding.training.start import open_start
from lightly_ray.embedding.training.training import Training
from lightly_ray.errors import InvalidInputError, listed
from lightly_ray.parallel.cluster import cluster_cpus, cluster_gpus
from lightly_ray.parallel.embedding.contrastive_worker import read_state, to_network, train
from lightly_ray.parallel.embedding.squares import decode_squares
from lightly_ray.parallel.interrupts import interruptible
from lightly_ray.parallel.kept_run import kept_run
from lightly_ray.progress import Progress

_STORED = 1.5  # sides of the stored squares by those of the views: parts of an image need more pixels than the whole


@dataclass(frozen=True, slots=True, eq=False)
class Trained:
    """What was learned.

    Attributes:
        weights: by name.
        losses: mean of each epoch.
        corrupt: reason by name, for the images that could not be decoded.
    """

    weights: Mapping[str, NDArray[np.float32]]
    losses: list[float]
    corrupt: dict[str, str]


def train_network(root: Location, filenames: Sequence[str], training: Training, runs: Location, name: str) -> Trained:
    """Train on images of a folder. Needs a connection to Ray.

    Args:
        root: the folder.
        filenames: N >= 1 names below it.
        training: how.
        runs: folder for checkpoints, which all nodes see.
        name: of this run: what decides its result. One of this name goes on where it was interrupted.

    Raises:
        InvalidInputError: too few images can be decoded, or the model cannot be trained.
        UnreadableError: a file is gone, or its store does not answer.
    """
    start = open_start(training.model)
    images, corrupt = decode_squares(root, sorted(filenames), round(_STORED * start.preparation.side))
    per_worker = images.count() // training.num_workers
    if per_worker < 2:
        raise InvalidInputError(
            f"{root.shown}: {images.count()} of {len(filenames)} images can be read, and each of {training.num_workers}"
            f" workers needs 2 to tell apart: {listed(list(corrupt.values()))}"
        )
    parts = images.split(training.num_workers, equal=True)
    cpus = max(1, cluster_cpus() // training.num_workers)
    with _epochs(training.max_epochs) as done:
        trainer = ray.train.torch.TorchTrainer(
            train,
            train_loop_config={"training": training, "parts": parts, "images": per_worker, "done": done},
            scaling_config=ray.train.ScalingConfig(
                num_workers=training.num_workers, use_gpu=cluster_gpus() > 0, resources_per_worker={"CPU": cpus}
            ),
            run_config=kept_run(name, runs),
        )
        with interruptible():
            result = trainer.fit()
    state = read_state(cast("ray.train.Checkpoint", result.checkpoint))  # there is one after the first epoch
    network = to_network(start)
    network.load_state_dict(state["network"])
    return Trained(network.weights(), state["losses"], corrupt)


class _Epochs:
    """Where workers say how far they are."""

    def __init__(self) -> None:
        self._last = (0, 0.0)

    def add(self, loss: float, epoch: int) -> None:
        self._last = (epoch, loss)

    def last(self) -> tuple[int, float]:
        return self._last


@contextmanager
def _epochs(total: int) -> Iterator[Any]:
    """An actor to report epochs to, and their progress while the block runs."""
    done: Any = ray.remote(num_cpus=0)(_Epochs).remote()
    over = threading.Event()

    def watch(progress: Progress) -> None:
        while not over.wait(1):
            epoch, loss = ray.get(done.last.remote())
            if epoch > progress.done:
                progress.to(epoch, f"loss {loss:.3f}")

    with Progress("train", total, unit="epochs") as progress:
        watcher = threading.Thread(target=watch, args=(progress,), daemon=True)
        watcher.start()
        try:
            yield done
        finally:
            over.set()
            watcher.join()
            ray.kill(done)
