"""A whole active-learning loop on real images, with one command: ``python jobs/active_learning.py --help``."""

from lightly_ray.settings import run
from lightly_ray.workflow.active_learning import ActiveLearningSettings, run_active_learning

if __name__ == "__main__":
    run(run_active_learning, ActiveLearningSettings)
