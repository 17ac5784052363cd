"""Compare methods of selection on labelled data: ``python jobs/compare_methods.py --help``."""

from lightly_ray.settings import run
from lightly_ray.workflow.compare_methods import CompareMethodsSettings, run_compare_methods

if __name__ == "__main__":
    run(run_compare_methods, CompareMethodsSettings)
