"""What a worker of Ray Train does: views of its images, the loss, a step, and a checkpoint after every epoch."""

import math
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import ray
import ray.data
import ray.train
import ray.train.torch
import torch
from numpy.typing import NDArray

from lightly_ray.embedding.training.nt_xent import nt_xent
from lightly_ray.embedding.training.start import Start, open_start
from lightly_ray.embedding.training.trainable import Trainable
from lightly_ray.embedding.training.training import Training
from lightly_ray.embedding.training.views import view
from lightly_ray.parallel.cluster import own_cpus

_SHUFFLED = 2048  # images among which a batch is drawn
_PROJECTED = 128  # dimensions in which views are compared, as in the paper
_TEMPERATURE = 0.1
_RATE, _RATE_OF = 3e-3, 64  # learning rate, for that many images a step; it grows with the root of their number
_DECAY, _WARM_UP = 1e-4, 0.1  # of the weights; share of the steps
_STATE = "state.pt"


class _Learner:
    """A network, the head that views are compared behind, and what moves them."""

    def __init__(self, start: Start, device: torch.device) -> None:
        self.network, self.head = to_network(start).to(device), _head(start.dimensions).to(device)
        self._preparation, self._device = start.preparation, device
        self.optimizer = torch.optim.AdamW([*self.network.parameters(), *self.head.parameters()], weight_decay=_DECAY)
        self.losses: list[float] = []

    def load_state(self, state: Mapping[str, Any]) -> None:
        for name in ("network", "head", "optimizer"):
            getattr(self, name).load_state_dict(state[name])
        self.losses = state["losses"]

    def state(self) -> dict[str, Any]:
        parts = {name: getattr(self, name).state_dict() for name in ("network", "head", "optimizer")}
        return parts | {"losses": self.losses}

    def step(self, projections: torch.nn.Module, images: NDArray[np.uint8], random: torch.Generator) -> float:
        """Learn from a batch; returns its loss. ``projections`` is network and head, on all workers."""
        pixels = torch.as_tensor(images, device=self._device)
        first, second = (view(pixels, self._preparation, random) for _ in range(2))
        one, other = projections(torch.cat([first, second])).chunk(2)
        loss = nt_xent(one, other, _TEMPERATURE)
        self.optimizer.zero_grad()
        loss.backward()
        self.optimizer.step()
        return float(loss)


def train(config: dict[str, Any]) -> None:
    """What a worker of Ray Train does; see `contrastive.train_network` for what is in ``config``."""
    training: Training = config["training"]
    worker = ray.train.get_context().get_world_rank()
    torch.set_num_threads(own_cpus())
    device = ray.train.torch.get_device()
    learner = _Learner(open_start(training.model), device)
    checkpoint = ray.train.get_checkpoint()
    if checkpoint is not None:
        learner.load_state(read_state(checkpoint))
    projections = ray.train.torch.prepare_model(torch.nn.Sequential(learner.network, learner.head))
    batch_size = min(training.batch_size, config["images"])
    steps = config["images"] // batch_size
    for epoch in range(len(learner.losses), training.max_epochs):
        random = torch.Generator(device).manual_seed(epoch * training.num_workers + worker)
        total = 0.0
        for step, images in enumerate(_batches(config["parts"][worker], batch_size, epoch)):
            done = (epoch * steps + step) / (steps * training.max_epochs)
            for group in learner.optimizer.param_groups:
                group["lr"] = _rate(done, batch_size * training.num_workers)
            total += learner.step(projections, images, random)
        learner.losses.append(total / steps)
        _report(learner.state(), config["done"] if worker == 0 else None)


def _batches(part: ray.data.Dataset, size: int, epoch: int) -> Iterator[NDArray[np.uint8]]:
    """Whole batches (size, P, P, 3) of a part, in another order each epoch."""
    shuffled = part.randomize_block_order(seed=epoch)
    for batch in shuffled.iter_batches(
        batch_size=size,
        batch_format="numpy",
        drop_last=True,
        local_shuffle_buffer_size=_SHUFFLED,
        local_shuffle_seed=epoch,
    ):
        yield np.asarray(batch["pixels"])


def _rate(done: float, images: int) -> float:
    """Learning rate when a share of all steps is done: it rises, then falls as half a cosine (Loshchilov 2017)."""
    highest = _RATE * math.sqrt(images / _RATE_OF)
    if done < _WARM_UP:
        return highest * (done + 0.01) / (_WARM_UP + 0.01)
    return highest * 0.5 * (1 + math.cos(math.pi * (done - _WARM_UP) / (1 - _WARM_UP)))


def _report(state: Mapping[str, Any], done: Any) -> None:
    metrics = {"loss": state["losses"][-1], "epoch": len(state["losses"])}
    if done is None:  # the state of one worker is that of all
        ray.train.report(metrics)
        return
    with tempfile.TemporaryDirectory() as folder:
        torch.save(state, Path(folder) / _STATE)
        ray.train.report(metrics, checkpoint=ray.train.Checkpoint.from_directory(folder))
    ray.get(done.add.remote(metrics["loss"], metrics["epoch"]))


def read_state(checkpoint: ray.train.Checkpoint) -> dict[str, Any]:
    """What `train` keeps in a checkpoint: network, head, optimizer and losses."""
    with checkpoint.as_directory() as folder:
        state: dict[str, Any] = torch.load(Path(folder) / _STATE, weights_only=True)
    return state


def to_network(start: Start) -> Trainable:
    """The network, with the weights it starts from."""
    return Trainable(start.features, start.weights(), start.epsilon)


def _head(dimensions: int) -> torch.nn.Sequential:
    torch.manual_seed(0)
    layers = torch.nn.Linear(dimensions, dimensions), torch.nn.Linear(dimensions, _PROJECTED)
    return torch.nn.Sequential(layers[0], torch.nn.BatchNorm1d(dimensions), torch.nn.ReLU(), layers[1])
