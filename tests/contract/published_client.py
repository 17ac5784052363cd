"""One session with a published client, run inside its own environment by `test_published_clients`.

    python published_client.py SETTINGS.json RESULT.json

SETTINGS holds token, images, mode, first, second, output, and vectors and predictions (.npz: names + values); with
dataset_id, images are appended to that dataset instead. The server is in LIGHTLY_SERVER_LOCATION. RESULT gets what
the client saw. Nothing of this project is imported.
"""

import csv
import json
import sys
from pathlib import Path
from typing import Any

import lightly
import numpy as np
from lightly.active_learning.agents import ActiveLearningAgent
from lightly.active_learning.scorers import ScorerClassification
from lightly.api import ApiWorkflowClient
from lightly.openapi_generated.swagger_client import SamplingMethod

try:
    from lightly.active_learning.config import SelectionConfig as Config
except ImportError:
    from lightly.active_learning.config import SamplerConfig as Config


def by_name(path: str) -> dict[str, Any]:
    """{file name: row} of an .npz file."""
    with np.load(path) as file:
        return dict(zip(file["names"].tolist(), file["values"], strict=True))


def write_csv(path: Path, vectors: dict[str, Any]) -> None:
    """The embedding file as the published tools write it: float32 numbers in their shortest form, any order."""
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        size = len(next(iter(vectors.values())))
        writer.writerow(["filenames", *(f"embedding_{column}" for column in range(size)), "labels"])
        for name in sorted(vectors, reverse=True):
            writer.writerow([name, *(str(value) for value in vectors[name]), "0"])


def sets(agent: Any) -> dict[str, list[str]]:
    """All sets of an agent after a query."""
    return {name: getattr(agent, f"{name}_set") for name in ("query", "labeled", "unlabeled", "added")}


def session(settings: dict[str, Any]) -> dict[str, Any]:
    """Create, upload, embed, select, download; return what was seen."""
    client = ApiWorkflowClient(token=settings["token"])
    client.create_new_dataset_with_unique_name(f"published {settings['mode']}")
    client.upload_dataset(settings["images"], mode=settings["mode"], max_workers=4)
    output = Path(settings["output"])
    write_csv(output / "embeddings.csv", by_name(settings["vectors"]))
    client.upload_embeddings(str(output / "embeddings.csv"), name="default")

    agent = ActiveLearningAgent(client, query_tag_name="initial-tag")
    agent.query(Config(method=SamplingMethod.CORESET, n_samples=settings["first"], name="initial-selection"))
    seen = {"version": lightly.__version__, "dataset_id": client.dataset_id, "coreset": sets(agent)}

    agent = ActiveLearningAgent(client, query_tag_name="initial-tag", preselected_tag_name="initial-selection")
    predictions = by_name(settings["predictions"])
    scorer = ScorerClassification([predictions[name].tolist() for name in agent.query_set])
    seen["scores"] = {name: [float(value) for value in values] for name, values in scorer.calculate_scores().items()}
    agent.query(Config(method=SamplingMethod.CORAL, n_samples=settings["second"], name="al-iteration-1"), scorer)
    seen["coral"] = sets(agent)

    agent = ActiveLearningAgent(client, query_tag_name="initial-tag")
    agent.query(Config(method=SamplingMethod.RANDOM, n_samples=settings["first"], name="at-random"))
    seen["random"] = sets(agent)

    agent = ActiveLearningAgent(client, query_tag_name="initial-tag")
    by_score = Config(method=SamplingMethod.ACTIVE_LEARNING, n_samples=settings["first"], name="by-score")
    agent.query(by_score, scorer)
    seen["by_score"] = sets(agent)
    if settings["mode"] == "full":
        client.download_dataset(str(output / "images"), tag_name="al-iteration-1")
    return seen


def append(settings: dict[str, Any]) -> dict[str, Any]:
    """Append images and their embeddings to a dataset, and select with a client that knows only the dataset."""
    client = ApiWorkflowClient(token=settings["token"], dataset_id=settings["dataset_id"])
    client.upload_dataset(settings["images"], mode=settings["mode"], max_workers=4)
    path = Path(settings["output"]) / "more.csv"
    write_csv(path, by_name(settings["vectors"]))
    client.upload_embeddings(str(path), name="default")

    client = ApiWorkflowClient(token=settings["token"], dataset_id=settings["dataset_id"])
    agent = ActiveLearningAgent(client, query_tag_name="initial-tag", preselected_tag_name="al-iteration-1")
    agent.query(Config(method=SamplingMethod.CORESET, n_samples=settings["second"], name="after-append"))
    return {"version": lightly.__version__, "coreset": sets(agent)}


if __name__ == "__main__":
    asked = json.loads(Path(sys.argv[1]).read_text())
    Path(sys.argv[2]).write_text(json.dumps(append(asked) if "dataset_id" in asked else session(asked)))
