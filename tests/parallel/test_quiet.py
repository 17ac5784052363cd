"""What a program prints that calls `select` and `score`: what it prints itself."""

import os
import subprocess
import sys

import pytest

PROGRAM = """
import sys
import numpy as np, pyarrow as pa
import lightly_ray

table = pa.table({"filename": [str(row) for row in range(50)], "embedding": np.random.rand(50, 4).tolist()})
if sys.argv[1] == "its own":
    import ray
    # Of one CPU Ray Data rightly warns where the step before still holds it.
    ray.init(address="local", num_cpus=2, include_dashboard=False, log_to_driver=False)
    import ray.data
    data = ray.data.from_arrow(table)
    print("started", file=sys.stderr, flush=True)
    lightly_ray.select(data, 5, progress=False)
    assert ray.data.DataContext.get_current().enable_progress_bars
    assert data.context.enable_progress_bars
else:
    print("started", file=sys.stderr, flush=True)
    boxes = pa.table({"filename": ["a"], "scores": [[0.5]], "labels": [[1]]})
    lightly_ray.score(boxes, task="detection").take_all()
print("ended", file=sys.stderr)
"""


@pytest.mark.full
@pytest.mark.parametrize("with_ray", ["its own", "ours"])
def test_select_and_score__say_nothing_of_ray(with_ray: str) -> None:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("RAY_")}
    command = [sys.executable, "-W", "ignore", "-c", PROGRAM, with_ray]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    assert done.stdout == ""
    assert done.stderr[done.stderr.index("started") :].splitlines() == ["started", "ended"]
