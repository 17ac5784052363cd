"""The node on which a training job learns and selects is gone: it goes on from its last round, on another node."""

from pathlib import Path

import pytest

from tests.cluster.raylets import Raylets
from tests.digits import write_digits

SIZES = ["initial=20", "per_round=20", "n_rounds=3", "epochs=20", "model=descriptor", "learner=sklearn"]


@pytest.mark.full
def test_training__a_lost_node_changes_nothing(tmp_path: Path) -> None:
    words = [f"input_dir={write_digits(tmp_path / 'digits', every=8)}", *SIZES]
    with Raylets([{"num_cpus": 0}, {"num_cpus": 2}]) as raylets:
        expected = raylets.job("train_with_selection", *words, f"output_dir={tmp_path}/undisturbed").result()
        job = raylets.job("train_with_selection", *words, f"output_dir={tmp_path}/disturbed", seconds=600)
        job.wait_until(
            lambda: bool(
                list((tmp_path / "disturbed").glob("training/*/checkpoints/rounds/checkpoint_*/rounds.json"))
                and raylets.workers(1, "RayTrainWorker")
            )
        )
        raylets.kill(1)
        raylets.add(num_cpus=2)
        found = job.result()
    assert found["labels"] == [20, 40, 60, 80]
    assert found["accuracy"] == expected["accuracy"]
    assert Path(str(found["weights"])).read_bytes() == Path(str(expected["weights"])).read_bytes()
