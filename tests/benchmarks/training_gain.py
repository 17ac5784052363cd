"""What training learns: ``python tests/benchmarks/training_gain.py --help``. Needs the extra `torch`.

A linear probe on the network's features: logistic regression on the images of a training folder, its accuracy on those
of a test folder; classes are the names of their folders. The same network before and after it was trained on the images
of the training folder without their labels.
"""

import tempfile
import time
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from pydantic import Field
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from lightly_ray.embedding.training.start import open_start
from lightly_ray.parallel.cluster import connected
from lightly_ray.parallel.embedding.embed import embed
from lightly_ray.settings import Settings, run
from lightly_ray.workflow.train_model import TrainModelSettings, run_train_model


class GainSettings(Settings):
    """Accuracy of a linear probe before and after training."""

    train_dir: Path = Field(default=Path("jobs/clothing/train"), description="folder of a folder per class")
    test_dir: Path = Field(default=Path("jobs/clothing/test"), description="another of the same classes")
    model: str = Field(default="resnet-10", description="what is trained")
    max_epochs: int = Field(default=10, ge=1, description="how often every image is seen")


def measure(settings: GainSettings) -> dict[str, object]:
    """Train, and probe on both sides."""
    with tempfile.TemporaryDirectory() as folder, connected():
        trained = Path(folder) / "trained.onnx"
        started = time.monotonic()
        values = {
            "input_dir": str(settings.train_dir),
            "output": str(trained),
            "model": settings.model,
            "trainer": {"max_epochs": settings.max_epochs},
        }
        losses = run_train_model(TrainModelSettings.model_validate(values))["losses"]
        seconds = time.monotonic() - started
        start, untrained = open_start(settings.model), Path(folder) / "untrained.onnx"
        metadata = {"lightly_ray.preparation": start.preparation.model_dump_json()}
        untrained.write_bytes(start.build(start.weights(), metadata))
        before, after = (_probe(settings, str(model)) for model in (untrained, trained))
    return {
        "model": settings.model,
        "epochs": settings.max_epochs,
        "seconds": round(seconds),
        "losses": losses,
        "untrained": round(before, 3),
        "trained": round(after, 3),
        "points": round(100 * (after - before), 1),
    }


def _probe(settings: GainSettings, model: str) -> float:
    (known, labels), (unseen, expected) = (
        _features(folder, model) for folder in (settings.train_dir, settings.test_dir)
    )
    probe = make_pipeline(StandardScaler(), LogisticRegression(C=0.1, max_iter=3000)).fit(known, labels)
    return float(probe.score(unseen, expected))


def _features(folder: Path, model: str) -> tuple[NDArray[np.float32], list[str]]:
    embedded = embed(folder, model=model, reduce=0)
    return embedded.embeddings, [name.split("/")[0] for name in embedded.filenames]


if __name__ == "__main__":
    run(measure, GainSettings)
