"""The version of a dataset: another one after every kind of change, the same after none."""

import time
from collections.abc import Callable

import pytest
from sqlalchemy import Connection

from lightly_ray.bitmask import BitMask
from lightly_ray.errors import NotFoundError
from lightly_ray.platform.services.dataset_version import dataset_version, samples_version
from lightly_ray.platform.storage.database import Database
from lightly_ray.platform.storage.store import datasets, embeddings, samples, scores, tags
from lightly_ray.platform.storage.store.samples import Blob, NewSample


class Made:
    """A dataset with one of everything."""

    def __init__(self, db: Connection) -> None:
        self.id = datasets.create(db, "some")
        self.sample = self.add(db, "a.png")
        self.first = tags.create_initial(db, datasets.lock(db, self.id), img_type="full", creator="USER")
        self.tag = self.add_tag(db, "some")
        self.embedding = embeddings.get_or_create(db, self.id, "some").id
        self.embed(db)
        self.score(db)
        self.project(db)

    def add(self, db: Connection, name: str) -> str:
        return samples.upsert(db, self.id, [NewSample(name)], at_most=9)[0]

    def add_tag(self, db: Connection, name: str) -> str:
        return tags.insert(db, self.id, tags.NewTag(name, BitMask(1), self.first, "USER", {}))

    def embed(self, db: Connection) -> None:
        embeddings.add_version(db, self.embedding, embeddings.Upload("a", "b", 1, 2))

    def score(self, db: Connection) -> None:
        scores.put(db, self.tag, "margin", scores.Upload("a", "b", 1))

    def project(self, db: Connection, key: str = "a") -> None:
        embeddings.put_projection(db, self.embedding, "PCA", 1, key)

    def upsize(self, db: Connection) -> None:
        self.add(db, "b.png")
        tags.upsize(db, datasets.lock(db, self.id), "more", "USER")


# What is changed, how, and whether that changes what is stored beside the samples with a row.
CHANGES: dict[str, tuple[Callable[[Connection, Made], object], bool]] = {
    "a sample without a row": (lambda db, it: it.add(db, "b.png"), False),
    "a sample with a row": (lambda db, it: it.upsize(db), True),
    "metadata": (lambda db, it: samples.change(db, it.id, it.sample, custom_meta_data={"x": 1}), True),
    "a file": (lambda db, it: samples.set_file(db, it.id, it.sample, "full", Blob("a", "b", 1)), True),
    "a tag": (lambda db, it: it.add_tag(db, "other"), False),
    "a tag's name": (lambda db, it: tags.rename(db, it.id, it.tag, "other"), False),
    "a tag less": (lambda db, it: tags.remove(db, it.id, it.tag), False),
    "an embedding": (lambda db, it: it.embed(db), False),
    "a projection": (lambda db, it: it.project(db, "b"), False),
    "scores": (lambda db, it: it.score(db), False),
}


def versions(database: Database, dataset_id: str) -> tuple[str, str]:
    with database.read() as db:
        return dataset_version(db, dataset_id), samples_version(db, dataset_id)


@pytest.mark.parametrize("change", CHANGES)
def test_version__another_one_after_a_change(database: Database, change: str) -> None:
    with database.write() as db:
        made = Made(db)
    before = versions(database, made.id)
    assert versions(database, made.id) == before
    time.sleep(0.002)  # times are milliseconds
    apply, of_samples = CHANGES[change]
    with database.write() as db:
        apply(db, made)
    after = versions(database, made.id)
    assert after[0] != before[0]
    assert (after[1] != before[1]) == of_samples


def test_version__of_another_dataset_stays(database: Database) -> None:
    with database.write() as db:
        other = datasets.create(db, "other")
    before = versions(database, other)
    with database.write() as db:
        Made(db)
    assert versions(database, other) == before


def test_version__unknown(database: Database) -> None:
    with database.read() as db, pytest.raises(NotFoundError, match="no dataset with id"):
        dataset_version(db, "0" * 24)
