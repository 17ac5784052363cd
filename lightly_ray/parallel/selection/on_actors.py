"""A selection's shards on a cluster: connects, deals out the rows, and lets the workers read them."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext

from lightly_ray.parallel.cluster import cluster_cpus, connected
from lightly_ray.parallel.selection.actor_shards import ActorShards
from lightly_ray.parallel.selection.moments import moments_on_workers
from lightly_ray.parallel.selection.partitions import Partition, partition_rows
from lightly_ray.parallel.selection.resources import LoadedShards, Resources, require_memory
from lightly_ray.parallel.selection.shard_spec import ShardSpec, specify_shard
from lightly_ray.parallel.selection.whitened_blocks import fit_whitening
from lightly_ray.progress import step
from lightly_ray.selection.request import Problem


@contextmanager
def loaded_on_actors(problem: Problem, resources: Resources) -> Iterator[LoadedShards]:
    """Shards of a problem on Ray actors, which end with the `with` block."""
    with connected():
        needed = problem.needed
        partitions = partition_rows(problem.source, needed, resources.partitions or cluster_cpus())
        require_memory(problem, resources, len(partitions))

        whitening = problem.whitening
        if problem.settings.whitens and whitening is None:
            parts = [(partition.for_worker(), partition.rows) for partition in partitions]
            whitening = fit_whitening(moments_on_workers(parts, resources.timeout, resources.remote_args), problem.ids)

        def specify(partition: Partition) -> Callable[[], ShardSpec]:
            with_fingerprint = resources.checkpoint is not None
            return lambda: specify_shard(
                problem, partition.for_worker(), partition.rows, whitening, with_fingerprint=with_fingerprint
            )

        with ActorShards(
            [specify(partition) for partition in partitions],
            problem.ids,
            preselected=len(problem.centers),
            timeout=resources.timeout,
            remote_args=resources.remote_args,
        ) as shards:
            with step(f"read {len(needed):,} embeddings") if resources.progress else nullcontext():
                shards.load()
            yield LoadedShards(shards, None, shards.fingerprint, lambda: shards.restarts, whitening)
