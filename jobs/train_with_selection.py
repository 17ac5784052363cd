"""Train, and select between the rounds what to label next: ``python jobs/train_with_selection.py --help``."""

from lightly_ray.settings import run
from lightly_ray.workflow.train_with_selection import TrainWithSelectionSettings, run_train_with_selection

if __name__ == "__main__":
    run(run_train_with_selection, TrainWithSelectionSettings)
