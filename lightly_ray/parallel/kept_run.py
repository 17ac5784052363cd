"""Runs of Ray Train that go on where they were interrupted."""

import ray.train

from lightly_ray.data.location import Location

_RETRIES = 3  # of lost workers


def kept_run(name: str, runs: Location) -> ray.train.RunConfig:
    """How a run is kept: one of the same name in the same folder begins behind its last checkpoint.

    Args:
        name: of the run: what decides its result.
        runs: folder for checkpoints, which all nodes see.
    """
    return ray.train.RunConfig(
        name=name,
        storage_path=runs.path,
        storage_filesystem=runs.filesystem,
        failure_config=ray.train.FailureConfig(max_failures=_RETRIES),
        checkpoint_config=ray.train.CheckpointConfig(num_to_keep=2),
    )
