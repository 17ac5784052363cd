"""Score predictions of a model: ``python jobs/score_predictions.py --help``."""

from lightly_ray.settings import run
from lightly_ray.workflow.score_predictions import ScorePredictionsSettings, run_score_predictions

if __name__ == "__main__":
    run(run_score_predictions, ScorePredictionsSettings)
