"""A platform with one large made-up dataset, to open the web app on: how quick is it with a million samples?

    python tests/benchmarks/web_dataset.py data_dir=/tmp/million samples=1000000 [sources=large]
    lightly-ray serve data_dir=/tmp/million

Prints one line of JSON: the folder, the dataset's id, the seconds. Every sample has metadata, an image and a
thumbnail, of which a few hundred are distinct; with ``sources=large`` every tenth sample has an image of 12 megapixels
and no thumbnail. There are 20 tags, an embedding of 32 coordinates with labels, scores on two tags, and a PCA.
"""

import io
import json
import sys
import time
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray
from PIL import Image, ImageDraw
from sqlalchemy import Connection, func, select

from lightly_ray.bitmask import BitMask
from lightly_ray.data.vectors import fixed_lists
from lightly_ray.platform.context import Store
from lightly_ray.platform.jobs.projection import project
from lightly_ray.platform.services import users
from lightly_ray.platform.services.images import store_image
from lightly_ray.platform.settings import StoreSettings
from lightly_ray.platform.storage.ids import new_id, now
from lightly_ray.platform.storage.schema import datasets as dataset_table
from lightly_ray.platform.storage.schema import samples as sample_table
from lightly_ray.platform.storage.store import datasets, embeddings, scores, tags
from lightly_ray.platform.storage.store.samples import Blob, Kind

DISTINCT, LARGE, DIMENSIONS, BATCH = 300, 60, 32, 20_000
CITIES = [f"city-{number:02d}" for number in range(12)]
CLASSES = ["car", "truck", "bus", "bicycle", "person", "dog", "tree", "sign", "boat", "cow"]


def picture(seed: int, width: int, height: int, form: str) -> bytes:
    """A drawing with a gradient, a few shapes and grain, as an image file."""
    rng = np.random.default_rng(seed)
    low, high = rng.integers(40, 216, (2, 3))
    ramp = np.linspace(low, high, width)[None] * np.linspace(1, 0.7, height)[:, None, None]
    image = Image.fromarray((ramp + rng.normal(0, 3, (height, width, 1))).clip(0, 255).astype(np.uint8))
    draw = ImageDraw.Draw(image)
    for _ in range(9):
        left, top = rng.uniform(0, 0.8, 2) * (width, height)
        box = [left, top, left + rng.uniform(0.05, 0.4) * width, top + rng.uniform(0.05, 0.4) * height]
        color = tuple(rng.integers(0, 256, 3).tolist())
        (draw.ellipse if rng.random() < 0.5 else draw.rectangle)(box, fill=color)
    out = io.BytesIO()
    image.save(out, form, quality=75)
    return out.getvalue()


def store_pictures(store: Store, dataset_id: str, kind: Kind, size: tuple[int, int], count: int) -> list[Blob]:
    """Distinct drawings, put into the storage."""
    form = "webp" if kind == "thumb" else "jpeg"
    files = (io.BytesIO(picture(seed, *size, form)) for seed in range(count))
    return [store_image(store.blobs, dataset_id, kind, file) for file in files]


class Pictures:
    """The files that the samples share."""

    def __init__(self, store: Store, dataset_id: str, *, large: bool) -> None:
        self.thumbs = store_pictures(store, dataset_id, "thumb", (192, 144), DISTINCT)
        self.fulls = store_pictures(store, dataset_id, "full", (640, 480), DISTINCT)
        self.large = store_pictures(store, dataset_id, "full", (4000, 3000), LARGE) if large else []

    def columns(self, row: int) -> dict[str, object]:
        """What a sample knows of its files."""
        if self.large and row % 10 == 0:
            full, thumb = self.large[row // 10 % LARGE], Blob(None, None, None)  # type: ignore[arg-type]  # it has none
        else:
            full, thumb = self.fulls[row % DISTINCT], self.thumbs[row % DISTINCT]
        return {
            "full_key": full.key,
            "full_sha256": full.sha256,
            "full_bytes": full.size,
            "thumb_key": thumb.key,
            "thumb_sha256": thumb.sha256,
            "thumb_bytes": thumb.size,
        }


def metadata(rng: np.random.Generator, count: int) -> list[dict[str, object]]:
    """As clients measure it, for some samples."""
    mean, std = rng.uniform(0.1, 0.9, (count, 3)), rng.uniform(0.05, 0.3, (count, 3))
    sizes = np.array([[480, 640], [1080, 1920], [3000, 4000]])[rng.integers(0, 3, count)]
    return [
        {
            "mean": mean[at].tolist(),
            "std": std[at].tolist(),
            "snr": float(mean[at].mean() / std[at].mean()),
            "sharpness": float(rng.gamma(4, 8)),
            "sizeInBytes": int(rng.lognormal(12, 0.5)),
            "shape": [*sizes[at].tolist(), 3],
            "sumOfValues": (mean[at] * sizes[at].prod()).tolist(),
            "sumOfSquares": (std[at] * sizes[at].prod()).tolist(),
            "corruption": "",
            "is_corrupted": False,
        }
        for at in range(count)
    ]


def add_samples(db: Connection, dataset_id: str, names: list[str], pictures: Pictures) -> None:
    """All samples, without rows, in batches."""
    rng, at = np.random.default_rng(1), now()
    for start in range(0, len(names), BATCH):
        some = names[start : start + BATCH]
        rows = [
            {
                "id": new_id(),
                "dataset_id": dataset_id,
                "file_name": name,
                "meta_data": meta,
                "custom_meta_data": {"speed": round(float(rng.gamma(3, 9)), 1), "weather": weather, "hour": hour},
                "full_expected": True,
                **pictures.columns(start + place),
                "created_at": at,
                "last_modified_at": at,
            }
            for place, (name, meta, weather, hour) in enumerate(
                zip(
                    some,
                    metadata(rng, len(some)),
                    rng.choice(["sun", "rain", "snow", "fog"], len(some)).tolist(),
                    rng.integers(0, 24, len(some)).tolist(),
                    strict=True,
                )
            )
        ]
        db.execute(sample_table.insert(), rows)
    size = func.sum(sample_table.c.full_bytes + func.coalesce(sample_table.c.thumb_bytes, 0))
    counted = select(size).where(sample_table.c.dataset_id == dataset_id).scalar_subquery()
    known = {"n_samples": len(names), "size_in_bytes": counted}
    db.execute(dataset_table.update().where(dataset_table.c.id == dataset_id).values(**known))


def add_tags(db: Connection, dataset_id: str, count: int) -> list[tuple[str, BitMask]]:
    """The initial tag, and 19 that grow as rounds of a selection do."""
    first = tags.create_initial(db, datasets.lock(db, dataset_id), img_type="full", creator="USER_PIP")
    made, order = [(first, BitMask.from_length(count))], np.random.default_rng(2).permutation(count)
    for number in range(1, 20):
        mask = BitMask.from_rows(order[: max(1, count * number // 100)])
        new = tags.NewTag(f"round-{number:02d}", mask, made[-1][0], "SAMPLER_CORESET", {"kind": "made up"})
        made.append((tags.insert(db, dataset_id, new), mask))
    return made


def put_array(store: Store, key: str, values: NDArray[np.floating]) -> str:
    """Keep an array as .npy; return its key."""
    file = io.BytesIO()
    np.save(file, values, allow_pickle=False)
    file.seek(0)
    store.blobs.put(key, file)
    return key


def add_scores(db: Connection, store: Store, dataset_id: str, tag: tuple[str, BitMask]) -> None:
    """Two scores on a tag."""
    rng = np.random.default_rng(3)
    for score_type in ("uncertainty_margin", "uncertainty_entropy"):
        values = rng.beta(2, 5, tag[1].count)
        key = put_array(store, f"datasets/{dataset_id}/scores/{new_id()}.npy", values)
        scores.put(db, tag[0], score_type, scores.Upload(key, "0" * 64, len(values)))


def add_embedding(db: Connection, store: Store, dataset_id: str, names: list[str]) -> None:
    """Clusters of unequal size with a label each, and their PCA."""
    rng = np.random.default_rng(4)
    label = rng.choice(len(CLASSES), len(names), p=np.arange(1, 11) / 55)
    vectors = rng.normal(0, 3, (len(CLASSES), DIMENSIONS))[label] + rng.normal(size=(len(names), DIMENSIONS))
    vectors = vectors.astype(np.float32)
    texts = pa.array(CLASSES).take(pa.array(label))
    table = pa.table({"filename": names, "embedding": fixed_lists(vectors), "label": texts})
    file = io.BytesIO()
    pq.write_table(table, file)
    file.seek(0)
    key = f"datasets/{dataset_id}/embeddings/{new_id()}.parquet"
    store.blobs.put(key, file)
    embedding = embeddings.get_or_create(db, dataset_id, "EfficientNet-Lite1")
    embeddings.add_version(db, embedding.id, embeddings.Upload(key, "0" * 64, *vectors.shape))
    points = put_array(store, f"datasets/{dataset_id}/projections/{new_id()}.npy", project(vectors, "PCA"))
    embeddings.put_projection(db, embedding.id, "PCA", 1, points)


def main(settings: dict[str, str]) -> None:
    """Make the folder and say where it is."""
    started, count = time.perf_counter(), int(settings.get("samples", "1000000"))
    folder = Path(settings["data_dir"])
    store = Store.open(StoreSettings(data_dir=folder))
    names = [f"{CITIES[row * len(CITIES) // count]}/{row % 4}/{row:08d}.jpg" for row in range(count)]
    names.sort()
    with store.database.write() as db:
        dataset_id = datasets.create(db, users.admin(db).id, f"made up {count}")
        pictures = Pictures(store, dataset_id, large=settings.get("sources") == "large")
        add_samples(db, dataset_id, names, pictures)
        made = add_tags(db, dataset_id, count)
        for tag in (made[0], made[-1]):
            add_scores(db, store, dataset_id, tag)
        add_embedding(db, store, dataset_id, names)
    store.database.close()
    seconds = round(time.perf_counter() - started, 1)
    line = {"data_dir": str(folder), "dataset": dataset_id, "samples": count, "seconds": seconds}
    sys.stdout.write(json.dumps(line) + "\n")


if __name__ == "__main__":
    main(dict(argument.split("=", 1) for argument in sys.argv[1:]))
