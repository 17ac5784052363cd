"""A selection's shards on a cluster: connects, deals out the rows, and lets the workers read them."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext

from lightly_ray.parallel.cluster import cluster_cpus, connected
from lightly_ray.parallel.selection.actor_shards import ActorShards
from lightly_ray.parallel.selection.partitions import Part, parts_of
from lightly_ray.parallel.selection.problem import Job, Loaded, order_of, require_memory
from lightly_ray.parallel.selection.shard_spec import Order
from lightly_ray.progress import step


@contextmanager
def loaded_on_actors(job: Job) -> Iterator[Loaded]:
    """Shards of a job on Ray actors, which end with the `with` block."""
    with connected():
        parts = parts_of(job.source, job.plan.needed, job.resources.partitions or cluster_cpus())

        require_memory(job, len(parts))

        def recipe(part: Part) -> Callable[[], Order]:
            return lambda: order_of(job, part.ship(), part.rows)

        preselected = len(job.plan.preselected)
        orders = [recipe(part) for part in parts]
        with ActorShards(orders, job.ids, preselected=preselected, timeout=job.resources.timeout) as shards:
            # No Progress: whoever listens to one wants to hear of picks.
            with step(f"read {len(job.plan.needed):,} embeddings") if job.resources.progress else nullcontext():
                shards.load()
            yield Loaded(shards, None, shards.mark, lambda: shards.restarts)
