"""A run of Ray Train that selects between its rounds, on the cluster on which it trains.

Rounds are finished or not: a run of the same name in the same place begins behind its last checkpoint, and what a
round comes to follows from the checkpoint before it alone. So a run that was killed ends as one that was not.
"""

from typing import cast

import ray
import ray.train
from ray.train.v2.api.data_parallel_trainer import DataParallelTrainer

from lightly_ray.data.location import Location
from lightly_ray.parallel.cluster import cluster_cpus
from lightly_ray.parallel.interrupts import interruptible
from lightly_ray.parallel.kept_run import kept_run
from lightly_ray.parallel.training.rounds_worker import Plan, Pool, Progressed, Selector, train


def train_in_rounds(pool: Pool, plan: Plan, selector: Selector, runs: Location, name: str) -> Progressed:
    """Train on what is selected, round by round. Needs a connection to Ray.

    Args:
        pool: what may be selected.
        plan: how many rounds, and what one does.
        selector: what is asked between rounds.
        runs: folder for checkpoints, which all nodes see.
        name: of this run: what decides its result. One of this name goes on in the round in which it was interrupted.
    """
    # While the worker waits for its Datasets they need a CPU: with one alone it must not hold that.
    cpus = 1 if cluster_cpus() > 1 else 0
    trainer = DataParallelTrainer(
        train,
        train_loop_config={"pool": ray.put(pool), "plan": plan, "selector": selector},
        scaling_config=ray.train.ScalingConfig(num_workers=1, resources_per_worker={"CPU": cpus}),
        run_config=kept_run(name, runs),
    )
    with interruptible():
        result = trainer.fit()
    return Progressed.read(cast("ray.train.Checkpoint", result.checkpoint))  # there is one after the first round
