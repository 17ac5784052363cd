"""A user's program that says where on a cluster its work is to run: `python -m tests.cluster.chosen_nodes WHAT FOLDER`.

It prints a digest of what came out, to be compared with that where it says nothing: all of it would fill the pipe.
"""

import hashlib
import json
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import ray.data

import lightly_ray

X = np.random.default_rng(0).normal(size=(60_000, 32)).astype(np.float32)
NAMES = [f"{row:05}.jpg" for row in range(len(X))]
PROBABILITIES = np.random.default_rng(1).dirichlet(np.ones(50), len(X)).astype(np.float32)


def select(_folder: str, args: Mapping[str, Any] | None) -> list[str]:
    """Whitened first, so by tasks and by actors."""
    found = lightly_ray.select(
        X, 1500, "coreset", ids=NAMES, normalize="whiten", partitions=2, progress=False, ray_remote_args=args
    )
    return [str(name) for name in found.ids]


def score(_folder: str, args: Mapping[str, Any] | None) -> list[float]:
    """Of a Dataset."""
    column = pa.FixedSizeListArray.from_arrays(pa.array(PROBABILITIES.ravel()), PROBABILITIES.shape[1])
    table = pa.table({"filename": NAMES, "probabilities": column})
    blocks = ray.data.from_arrow([table.slice(start, 6000) for start in range(0, len(table), 6000)])
    rows = lightly_ray.score(blocks, task="classification", ray_remote_args=args).take_all()
    return [row["uncertainty_margin"] for row in sorted(rows, key=lambda row: str(row["filename"]))]


def embed(folder: str, args: Mapping[str, Any] | None) -> list[list[float]]:
    """Images of a folder."""
    found: list[list[float]] = lightly_ray.embed(folder, model="descriptor", ray_remote_args=args).embeddings.tolist()
    return found


def main() -> None:
    """Do it on the cluster that `RAY_ADDRESS` names."""
    what, folder, selector = sys.argv[1:]
    works: dict[str, Callable[..., Sequence[object]]] = {"select": select, "score": score, "embed": embed}
    found = works[what](folder, {"label_selector": json.loads(selector)})
    digest = hashlib.blake2b(json.dumps(found).encode()).hexdigest()
    sys.stdout.write(json.dumps({"count": len(found), "digest": digest}) + "\n")


if __name__ == "__main__":
    main()
