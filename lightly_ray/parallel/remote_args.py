"""`ray_remote_args`: where tasks and actors run, as the caller of a public function says it in Ray's own words."""

import warnings
from collections.abc import Mapping
from importlib import import_module
from typing import TYPE_CHECKING, Any

from lightly_ray.errors import InvalidInputError

if TYPE_CHECKING:
    import ray.data

RemoteArgs = Mapping[str, Any]
KNOWN = (
    "accelerator_type",
    "label_selector",
    "memory",
    "num_cpus",
    "num_gpus",
    "placement_group",
    "resources",
    "runtime_env",
    "scheduling_strategy",
)

# How often a worker of ours may be lost: Ray Data would go on for ever, also with what never fits into a node's memory.
# Not for a Dataset that is handed on: what follows it would no longer be done in the same tasks.
_MOST_LOSSES = 10
TASK_LOSSES: dict[str, Any] = {"max_retries": _MOST_LOSSES}
ACTOR_LOSSES: dict[str, Any] = {"max_restarts": _MOST_LOSSES, "max_task_retries": _MOST_LOSSES}


def checked_args(given: RemoteArgs | None) -> dict[str, Any]:
    """The options of a task or an actor.

    Args:
        given: as the caller wrote them; a placement group becomes its scheduling strategy, which holds for what the
            tasks start, too.

    Raises:
        InvalidInputError: one is unknown, or there are two that say where.
    """
    args = dict(given or {})
    unknown = sorted(set(args).difference(KNOWN))
    if unknown:
        raise InvalidInputError(f"ray_remote_args has no {unknown[0]!r}: give {', '.join(KNOWN)}")
    if "placement_group" in args:
        if "scheduling_strategy" in args:
            raise InvalidInputError("ray_remote_args: give placement_group or scheduling_strategy, not both")
        group = args.pop("placement_group")
        strategies = import_module("ray.util.scheduling_strategies")  # who has a group has loaded Ray; no other should
        args["scheduling_strategy"] = strategies.PlacementGroupSchedulingStrategy(
            placement_group=group, placement_group_capture_child_tasks=True
        )
    return args


def map_batches(dataset: "ray.data.Dataset", function: Any, **options: Any) -> "ray.data.Dataset":
    """`Dataset.map_batches` with any option of a task or an actor.

    Ray Data warns that it will not take all of them for good; users who cannot change that are not told.
    """
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "`ray_remote_args` is deprecated")
        return dataset.map_batches(function, **options)
