"""All partitions on Ray actors: asked at once, gathered, and replaced where one is lost.

The driver keeps what a shard's state follows from: where its rows are read, and all centers so far. When
an actor or its node dies, a new actor reads the rows again, learns the centers in one request, and is
asked again; the result cannot differ. Ray restarts nothing by itself, because it could not replay.

Actors ask Ray for no CPU: one that waits for a CPU which the caller of `select` holds would wait
without end. They are spread over the nodes by their CPUs instead, each with its share of threads.
"""

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from types import TracebackType
from typing import Any, Self

import numpy as np
import ray
from ray.exceptions import RayError, RayTaskError
from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

from lightly_ray.data.ids import Ids, RowNumbers
from lightly_ray.data.vectors import Matrix, VectorFault
from lightly_ray.errors import InvalidInputError, LightlyRayError, WorkerLostError
from lightly_ray.parallel import metrics
from lightly_ray.parallel.cluster import look_for_head
from lightly_ray.parallel.errors import in_one_line
from lightly_ray.parallel.selection.pieces import as_arguments, count_pieces
from lightly_ray.parallel.selection.shard_actor import ShardActor
from lightly_ray.parallel.selection.shard_spec import ShardSpec
from lightly_ray.selection.protocol import Proposal, Request

_NO_TIMEOUT = 1e9  # seconds
_MOST_LOSSES = 5  # of one shard without an answer in between


class ActorShards:
    """Partitions on Ray actors, as `lightly_ray.selection.protocol.Shards`. Use as a context manager.

    Args:
        specs: per partition, what makes its specification: called each time its worker is started.
        ids: of all samples, for messages.
        preselected: how many preselected samples all partitions hold together.
        timeout: seconds after which a worker that has not answered counts as hanging, None for never.
        remote_args: of the actors; what they say comes before what is chosen here.

    Attributes:
        restarts: how many workers were lost and replaced.
        fingerprint: of all vectors, modulo 2^64.
    """

    def __init__(
        self,
        specs: Sequence[Callable[[], ShardSpec]],
        ids: Ids,
        *,
        preselected: int = 0,
        timeout: float | None = None,
        remote_args: Mapping[str, Any] | None = None,
    ) -> None:
        self._remote_args = dict(remote_args or {})
        self._specs = specs
        self._ids = ids
        self._preselected = preselected
        self._timeout = timeout
        self._workers: list[Any] = [None] * len(specs)
        self._nodes: list[str] = [""] * len(specs)
        self._losses = [0] * len(specs)
        self._fingerprints: list[int | None] = [None] * len(specs)
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
        return len(self._specs)

    @property
    def fingerprint(self) -> int:
        """Of all vectors, modulo 2^64."""
        return sum(one or 0 for one in self._fingerprints) % 2**64

    def load(self) -> None:
        """Start all workers and let them read their rows.

        Raises:
            InvalidInputError: a vector is bad, or a file cannot be read.
            WorkerLostError: workers hang, or are lost again and again.
        """
        self._make(set(range(len(self))))

    def propose(self, request: Request) -> list[Proposal]:
        """Hand the same request to every shard."""
        count = self._preselected + sum(len(rows) for rows in self._center_rows)
        if len(request.centers) and request.known == count:
            self._centers.append(request.centers)
            self._center_rows.append(request.center_rows)
        empty = replace(request, centers=request.centers[:0])
        pieces = count_pieces(request.limit * request.centers.shape[1] * request.centers.itemsize)
        answers = self._ask("propose", empty, pieces, *as_arguments(request.centers), num_returns=1 + pieces)
        return [replace(proposal, vectors=np.concatenate(vectors)) for proposal, *vectors in answers]

    def fetch(self, rows: RowNumbers) -> list[tuple[RowNumbers, Matrix]]:
        """From every shard: those of ``rows`` that it holds, and their vectors."""
        return self._ask("fetch", rows)

    def whereabouts(self) -> list[tuple[str, int]]:
        """Node and process id of every worker."""
        places: list[tuple[str, int]] = self._ask("whereabouts")
        return places

    def _ask(self, method: str, *arguments: object, num_returns: int = 1) -> list[Any]:
        """Ask all shards at once; one that is lost on the way is replaced and asked again."""
        answers: dict[int, Any] = {}
        while len(answers) < len(self):
            missing = [shard for shard in range(len(self)) if shard not in answers]
            asked = {shard: getattr(self._workers[shard], method).options(num_returns=num_returns) for shard in missing}
            gathered, lost = self._gather({shard: it.remote(*arguments) for shard, it in asked.items()}, method)
            answers.update(gathered)
            for shard in gathered:
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
        """Start workers and let them read their rows; returns those lost."""
        for shard in shards:
            self._start(shard)
        answers, lost = self._gather(
            {shard: self._workers[shard].load.remote(self._specs[shard]()) for shard in shards}, "load"
        )
        faults = [answer for answer in answers.values() if isinstance(answer, VectorFault)]
        if faults:
            raise min(faults, key=lambda fault: fault.row).error(self._ids)
        for shard, fingerprint in answers.items():
            if self._fingerprints[shard] not in (None, fingerprint):
                raise InvalidInputError(
                    f"the embeddings of {self._name(shard)} changed while they were being selected from"
                )
            self._fingerprints[shard] = fingerprint
        return lost

    def _teach(self, shards: set[int]) -> dict[int, Exception]:
        """Send the preselected samples, from worker to worker, and all centers so far; returns those lost."""
        if self._preselected:
            pairs = [worker.preselected.options(num_returns=2).remote() for worker in self._workers]
            _, lost = self._gather({shard: pair[1] for shard, pair in enumerate(pairs)}, "preselected")
            if lost:
                return lost
            vectors = [pair[0] for pair in pairs]
            _, lost = self._gather({shard: self._workers[shard].learn.remote(*vectors) for shard in shards}, "learn")
            if lost:
                return lost
        if not self._centers:
            return {}
        centers = np.concatenate(self._centers)
        rest = Request(self._preselected, centers[:0], np.concatenate(self._center_rows), np.inf, 0)
        everything = (rest, 1, *as_arguments(centers))
        return self._gather({shard: self._workers[shard].propose.remote(*everything) for shard in shards}, "propose")[1]

    def _gather(self, calls: dict[int, Any], method: str) -> tuple[dict[int, Any], dict[int, Exception]]:
        """Answers, and why there is none, per shard."""
        self._wait(calls, method)
        answers: dict[int, Any] = {}
        lost: dict[int, Exception] = {}
        for shard, answer in calls.items():
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

    def _wait(self, calls: dict[int, Any], method: str) -> None:
        if not calls:
            return
        # Ray counts in whole milliseconds, which an infinity is none of.
        timeout = None if self._timeout is None else min(self._timeout, _NO_TIMEOUT)
        shards = {piece: shard for shard, it in calls.items() for piece in (it if isinstance(it, list) else [it])}
        late = {shards[piece] for piece in ray.wait(list(shards), num_returns=len(shards), timeout=timeout)[1]}
        if late:
            silent = ", ".join(self._name(shard) for shard in calls if shard in late)
            raise WorkerLostError(f"no answer to {method!r} within {self._timeout:g} s from {silent}")

    def _lose(self, lost: dict[int, Exception]) -> None:
        if lost:
            look_for_head()
        for shard, error in lost.items():
            self.restarts += 1
            metrics.count(metrics.RESTARTS, 1)
            self._losses[shard] += 1
            if self._losses[shard] > _MOST_LOSSES:
                raise WorkerLostError(
                    f"{self._name(shard)} was lost {self._losses[shard]} times in a row, the last time because: "
                    f"{in_one_line(error)}"
                ) from error

    def _start(self, shard: int) -> None:
        self._end(shard)
        node, threads = self._place(shard)
        self._nodes[shard] = node
        # Soft: where the node is gone before the worker starts, any other will do.
        options: dict[str, Any] = self._remote_args
        if not {"label_selector", "scheduling_strategy"} & options.keys():
            options = {"scheduling_strategy": NodeAffinitySchedulingStrategy(node, soft=True), **options}
        actor: Any = ShardActor
        self._workers[shard] = actor.options(**options).remote(threads, f"{shard + 1} of {len(self)}")

    def _place(self, shard: int) -> tuple[str, int]:
        """The node with the most CPUs per worker, and the threads of a worker there."""
        nodes = ray.nodes()  # type: ignore[no-untyped-call]  # Ray leaves it untyped
        cpus = {node["NodeID"]: int(node["Resources"].get("CPU", 0)) for node in nodes if node["Alive"]}
        others = [node for other, node in enumerate(self._nodes) if other != shard]
        share = {node: count / (1 + others.count(node)) for node, count in cpus.items()}
        best = max(share, key=lambda node: share[node])
        workers = round(len(self) * cpus[best] / max(1, sum(cpus.values())))
        return best, max(1, cpus[best] // max(1, workers))

    def _end(self, shard: int) -> None:
        worker, self._workers[shard] = self._workers[shard], None
        self._nodes[shard] = ""
        if worker is not None:
            with suppress(RayError):
                ray.kill(worker)

    def _name(self, shard: int) -> str:
        return f"shard {shard + 1} of {len(self)} on node {self._nodes[shard]}"
