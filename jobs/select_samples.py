"""Choose samples by embeddings and scores: ``python jobs/select_samples.py --help``."""

from lightly_ray.settings import run
from lightly_ray.workflow.select_samples import SelectSamplesSettings, run_select_samples

if __name__ == "__main__":
    run(run_select_samples, SelectSamplesSettings)
