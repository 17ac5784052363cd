"""Select from images that are new, night by night: ``python jobs/select_new.py --help``."""

from lightly_ray.settings import run
from lightly_ray.workflow.select_new import SelectNewSettings, run_select_new

if __name__ == "__main__":
    run(run_select_new, SelectNewSettings)
