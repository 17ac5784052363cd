"""How fast labels come back: ``python tests/benchmarks/label_import.py [CASE] ...``.

csv        1,000,000 lines `filename,label`, by the client: the file read, sent, checked, joined, stored
boxes      1,000,000 boxes of 1,000,000 samples, packed, by the client
again      the same boxes once more: nothing is stored
base       the boxes by base names alone
changed    half of the boxes moved

The dataset of 1,000,000 samples is made before the clock starts, in one platform on SQLite. The first import of a
dataset reads all names from the database, later ones from a file. One line of JSON each, seconds.
"""

import json
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from sqlalchemy import update

from lightly_ray.api import ApiWorkflowClient
from lightly_ray.api.models import LabelReport
from lightly_ray.data.labels.table import ANNOTATION, SCHEMA, Labels
from lightly_ray.platform.context import Platform
from lightly_ray.platform.embedded import EmbeddedPlatform
from lightly_ray.platform.services import users
from lightly_ray.platform.settings import ServeSettings
from lightly_ray.platform.storage.ids import new_id, now
from lightly_ray.platform.storage.schema import datasets as dataset_rows
from lightly_ray.platform.storage.schema import samples
from lightly_ray.platform.storage.store import datasets, tags

COUNT = 1_000_000
NAMES = [f"camera {number // 10_000:02d}/image {number:07d}.jpg" for number in range(COUNT)]
CLASSES = np.array(["bicycle", "car", "person"])


def main() -> None:
    """Run the named cases, or all."""
    with tempfile.TemporaryDirectory() as folder:
        dataset_id = _dataset(Path(folder) / "platform")
        with EmbeddedPlatform(Path(folder) / "platform") as platform:
            client = ApiWorkflowClient(platform.token, dataset_id, server=platform.url, show_progress=False)
            cases = _cases(client, Path(folder))
            for name in sys.argv[1:] or cases:
                started = time.perf_counter()
                report = cases[name]()
                seconds = round(time.perf_counter() - started, 2)
                counts = {"matched": report.matched.count, "unchanged": report.unchanged.count}
                sys.stdout.write(json.dumps({"benchmark": name, "seconds": seconds, **counts}) + "\n")
                sys.stdout.flush()


def _cases(client: ApiWorkflowClient, folder: Path) -> dict[str, Callable[[], LabelReport]]:
    rng = np.random.default_rng(0)
    words = CLASSES[rng.integers(0, len(CLASSES), COUNT)]
    lines = (f"{NAMES[row]},{words[row]}\n" for row in rng.permutation(COUNT).tolist())
    (folder / "labels.csv").write_text("filename,label\n" + "".join(lines))
    boxes = _boxes(NAMES, words, 0)
    kept = boxes.table.slice(0, COUNT // 2)
    others = _boxes(NAMES, words, 1).table
    others = others.filter(pc.invert(pc.is_in(others["filename"], kept["filename"].combine_chunks())))
    moved = Labels("detection", boxes.classes, pa.concat_tables([kept, others]))
    bases = _boxes([name.rpartition("/")[2] for name in NAMES], words, 0)
    return {
        "csv": lambda: client.import_labels(folder / "labels.csv", "csv"),
        "boxes": lambda: client.import_labels(boxes, "boxes"),
        "again": lambda: client.import_labels(boxes, "boxes"),
        "base": lambda: client.import_labels(bases, "base"),
        "changed": lambda: client.import_labels(
            Labels("detection", boxes.classes, pa.concat_tables([moved, others])), "boxes"
        ),
    }


def _boxes(names: list[str], words: np.ndarray, seed: int) -> Labels:
    rng = np.random.default_rng(seed)
    corner = rng.random((COUNT, 2)) / 2
    boxes = np.concatenate([corner, corner + 0.01 + rng.random((COUNT, 2)) * 0.4], axis=1)
    known = {
        "class": pa.array(words.astype(object), pa.string()),
        "box": pa.FixedSizeListArray.from_arrays(pa.array(boxes.ravel()), 4),
    }
    arrays = [known.get(field.name, pa.nulls(COUNT, field.type)) for field in ANNOTATION]
    annotations = pa.StructArray.from_arrays(arrays, fields=list(ANNOTATION))
    columns = {
        "sample_id": pa.nulls(COUNT, pa.string()),
        "filename": pa.array(names),
        "cannot_be_labelled": pa.repeat(False, COUNT),
        "annotations": pa.ListArray.from_arrays(pa.array(np.arange(COUNT + 1), pa.int32()), annotations),
    }
    table = pa.table(columns, SCHEMA).take(pa.array(rng.permutation(COUNT)))
    return Labels("detection", tuple(CLASSES.tolist()), table)


def _dataset(data_dir: Path) -> str:
    """Written straight into the database: it is not what is measured."""
    platform, at = Platform.open(ServeSettings(data_dir=data_dir)), now()
    same = {"full_expected": False, "created_at": at, "last_modified_at": at}
    with platform.database.write() as db:
        dataset_id = datasets.create(db, users.admin(db).id, "a million")
        for start in range(0, COUNT, 50_000):
            some = NAMES[start : start + 50_000]
            rows = [{"id": new_id(), "dataset_id": dataset_id, "file_name": name, **same} for name in some]
            db.execute(samples.insert(), rows)
        db.execute(update(dataset_rows).values(n_samples=COUNT))
        tags.create_initial(db, datasets.lock(db, dataset_id), img_type="meta", creator="USER_PIP")
    platform.database.close()
    return dataset_id


if __name__ == "__main__":
    main()
