"""All partitions on Ray actors: asked at once, gathered, and made anew where one is lost.

The driver keeps what a shard's state follows from: where its rows are read, and all centers so far. When
an actor or its node dies, a new actor reads the part again, learns the centers in one request, and is
asked again; the result cannot differ. Ray restarts nothing by itself, because it could not replay.

Actors ask Ray for no CPU: one that waits for a CPU which the caller of `select` holds would wait for
ever. They are spread over the nodes by their CPUs instead, each with its share of threads.
"""

from collections.abc import Callable, Sequence
from contextlib import suppress
from types import TracebackType
from typing import Any, Self

import numpy as np
import ray
from ray.exceptions import RayError, RayTaskError
from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

from lightly_ray.data.ids import Ids, RowNumbers
from lightly_ray.data.vectors import Matrix
from lightly_ray.errors import InvalidInputError, LightlyRayError, WorkerLostError
from lightly_ray.parallel.selection.shard_actor import ShardActor
from lightly_ray.parallel.selection.shard_spec import Order
from lightly_ray.selection.protocol import Proposal, Request

_FOR_EVER = 1e9  # seconds
_MOST_LOSSES = 5  # of one shard without an answer in between


class ActorShards:
    """Partitions on Ray actors, as `lightly_ray.selection.protocol.Shards`. Use as a context manager.

    Args:
        orders: per partition, what makes its order: called each time its worker is started.
        ids: of all samples, for messages.
        preselected: how many preselected samples all partitions hold together.
        timeout: seconds after which a worker that has not answered counts as hanging, None for never.

    Attributes:
        restarts: how many workers were lost and made anew.
        mark: fingerprint of all vectors, modulo 2^64.
    """

    def __init__(
        self,
        orders: Sequence[Callable[[], Order]],
        ids: Ids,
        *,
        preselected: int = 0,
        timeout: float | None = None,
    ) -> None:
        self._orders = orders
        self._ids = ids
        self._preselected = preselected
        self._timeout = timeout
        self._workers: list[Any] = [None] * len(orders)
        self._homes: list[str] = [""] * len(orders)
        self._losses = [0] * len(orders)
        self._marks: list[int | None] = [None] * len(orders)
        self._centers: list[Matrix] = []
        self._center_rows: list[RowNumbers] = []
        self.restarts = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for shard in range(len(self._workers)):
            self._end(shard)

    def __len__(self) -> int:
        return len(self._orders)

    @property
    def mark(self) -> int:
        """Fingerprint of all vectors, modulo 2^64."""
        return sum(mark or 0 for mark in self._marks) % 2**64

    def load(self) -> None:
        """Start all workers and let them read their parts.

        Raises:
            InvalidInputError: a vector is bad, or a file cannot be read.
            WorkerLostError: workers hang, or are lost again and again.
        """
        self._make(set(range(len(self))))

    def propose(self, request: Request) -> list[Proposal]:
        """Hand the same request to every shard."""
        known = self._preselected + sum(len(rows) for rows in self._center_rows)
        if len(request.centers) and request.known == known:
            self._centers.append(request.centers)
            self._center_rows.append(request.center_rows)
        proposals: list[Proposal] = self._ask("propose", ray.put(request))
        return proposals

    def fetch(self, rows: RowNumbers) -> list[tuple[RowNumbers, Matrix]]:
        """From every shard: those of ``rows`` that it holds, and their vectors."""
        found: list[tuple[RowNumbers, Matrix]] = self._ask("fetch", rows)
        return found

    def whereabouts(self) -> list[tuple[str, int]]:
        """Node and process id of every worker."""
        places: list[tuple[str, int]] = self._ask("whereabouts")
        return places

    def _ask(self, method: str, *arguments: object) -> list[Any]:
        """Ask all shards at once; one that is lost on the way is made anew and asked again."""
        answers: dict[int, Any] = {}
        while len(answers) < len(self):
            missing = [shard for shard in range(len(self)) if shard not in answers]
            found, lost = self._gather(
                {shard: getattr(self._workers[shard], method).remote(*arguments) for shard in missing}, method
            )
            answers.update(found)
            for shard in found:
                self._losses[shard] = 0
            self._lose(lost)
            self._make(set(lost))
        return [answers[shard] for shard in range(len(self))]

    def _make(self, unloaded: set[int]) -> None:
        """Start workers and bring them to where all others are."""
        untaught: set[int] = set()
        while unloaded or untaught:
            untaught |= unloaded
            lost = self._load(unloaded) or self._teach(untaught)
            self._lose(lost)
            unloaded, untaught = set(lost), untaught if lost else set()

    def _load(self, shards: set[int]) -> dict[int, Exception]:
        """Start workers and let them read their parts; returns who was lost."""
        for shard in shards:
            self._start(shard)
        answers, lost = self._gather(
            {shard: self._workers[shard].load.remote(self._orders[shard]()) for shard in shards}, "load"
        )
        faults = [answer.fault for answer in answers.values() if answer.fault is not None]
        if faults:
            raise min(faults, key=lambda fault: fault.row).error(self._ids)
        for shard, answer in answers.items():
            if self._marks[shard] not in (None, answer.mark):
                raise InvalidInputError(
                    f"the embeddings of {self._name(shard)} changed while they were being selected from"
                )
            self._marks[shard] = answer.mark
        return lost

    def _teach(self, shards: set[int]) -> dict[int, Exception]:
        """Send the preselected samples, from worker to worker, and all centers so far; returns who was lost."""
        if self._preselected:
            pairs = [worker.preselected.options(num_returns=2).remote() for worker in self._workers]
            _, lost = self._gather({shard: pair[1] for shard, pair in enumerate(pairs)}, "preselected")
            if lost:
                return lost
            parts = [pair[0] for pair in pairs]
            _, lost = self._gather({shard: self._workers[shard].learn.remote(*parts) for shard in shards}, "learn")
            if lost:
                return lost
        if not self._centers:
            return {}
        everything = Request(
            self._preselected, np.concatenate(self._centers), np.concatenate(self._center_rows), np.inf, 0
        )
        shared = ray.put(everything)
        return self._gather({shard: self._workers[shard].propose.remote(shared) for shard in shards}, "propose")[1]

    def _gather(self, asked: dict[int, Any], method: str) -> tuple[dict[int, Any], dict[int, Exception]]:
        """Answers, and why there is none, per shard."""
        self._wait(asked, method)
        answers: dict[int, Any] = {}
        lost: dict[int, Exception] = {}
        for shard, answer in asked.items():
            try:
                answers[shard] = ray.get(answer)  # All of them are here already.
            except RayTaskError as error:
                cause = error.cause
                if isinstance(cause, LightlyRayError):
                    raise cause from None
                if not isinstance(cause, RayError):
                    raise
                lost[shard] = error  # It could not get what it needed, from a worker that is gone.
            except RayError as error:
                lost[shard] = error
        return answers, lost

    def _wait(self, asked: dict[int, Any], method: str) -> None:
        if not asked:
            return
        # Ray counts in whole milliseconds, which an infinity is none of.
        timeout = None if self._timeout is None else min(self._timeout, _FOR_EVER)
        late = set(ray.wait(list(asked.values()), num_returns=len(asked), timeout=timeout)[1])
        if late:
            silent = ", ".join(self._name(shard) for shard, answer in asked.items() if answer in late)
            raise WorkerLostError(f"no answer to {method!r} within {self._timeout:g} s from {silent}")

    def _lose(self, lost: dict[int, Exception]) -> None:
        for shard, error in lost.items():
            self.restarts += 1
            self._losses[shard] += 1
            if self._losses[shard] > _MOST_LOSSES:
                raise WorkerLostError(
                    f"{self._name(shard)} was lost {self._losses[shard]} times in a row, the last time because: {error}"
                ) from error

    def _start(self, shard: int) -> None:
        self._end(shard)
        home, threads = self._home(shard)
        self._homes[shard] = home
        # Soft: where the node is gone before the worker starts, any other will do.
        placement = NodeAffinitySchedulingStrategy(home, soft=True)
        self._workers[shard] = ShardActor.options(scheduling_strategy=placement).remote(threads)  # type: ignore[attr-defined]  # Ray adds it to the class

    def _home(self, shard: int) -> tuple[str, int]:
        """The node with the most CPUs per worker, and the threads of a worker there."""
        known = ray.nodes()  # type: ignore[no-untyped-call]  # Ray leaves it untyped
        nodes = {node["NodeID"]: int(node["Resources"].get("CPU", 0)) for node in known if node["Alive"]}
        others = [home for other, home in enumerate(self._homes) if other != shard]
        share = {node: cpus / (1 + others.count(node)) for node, cpus in nodes.items()}
        home = max(share, key=lambda node: share[node])
        workers = round(len(self) * nodes[home] / max(1, sum(nodes.values())))
        return home, max(1, nodes[home] // max(1, workers))

    def _end(self, shard: int) -> None:
        worker, self._workers[shard] = self._workers[shard], None
        self._homes[shard] = ""
        if worker is not None:
            with suppress(RayError):
                ray.kill(worker)

    def _name(self, shard: int) -> str:
        return f"shard {shard + 1} of {len(self)} on node {self._homes[shard]}"
