"""The version of a dataset: another one after every change of what belongs to it, and after nothing else."""

from collections.abc import Callable

import pytest
from sqlalchemy import Connection

from lightly_ray.bitmask import BitMask
from lightly_ray.platform.services import users
from lightly_ray.platform.storage.database import Database
from lightly_ray.platform.storage.store import datasets, embeddings, jobs, rows, samples, scores, tags

BLOB = samples.Blob("k", "0" * 64, 1)


class World:
    """A dataset with one of each thing, and another one beside it."""

    def __init__(self, db: Connection) -> None:
        self.db = db
        owner = users.admin(db).id
        self.id, self.other = (datasets.create(db, owner, name) for name in ("first", "second"))
        [self.sample] = samples.upsert(db, self.id, [samples.NewSample("a.png")], at_most=9)
        self.first = tags.create_initial(db, datasets.lock(db, self.id), img_type="full", creator="T")
        self.tag = tags.insert(db, self.id, tags.NewTag("some", BitMask(1), self.first, "T", {}))
        self.embedding = embeddings.get_or_create(db, self.id, "e").id
        self.job = jobs.add(db, self.id, "PROJECTION", name=None, request={}, pinned={})

    def versions(self) -> tuple[str, str]:
        return datasets.read(self.db, self.id).version, datasets.read(self.db, self.other).version


def _upsize(it: World) -> object:
    return tags.upsize(it.db, datasets.lock(it.db, it.id), "further", "T")


CHANGES: dict[str, Callable[[World], object]] = {
    "sample": lambda it: samples.upsert(it.db, it.id, [samples.NewSample("b.png")], at_most=9),
    "metadata": lambda it: samples.change(it.db, it.id, it.sample, custom_meta_data={"a": 1}),
    "again": lambda it: samples.upsert(it.db, it.id, [samples.NewSample("a.png", meta_data={"snr": 1})], at_most=9),
    "file": lambda it: samples.set_file(it.db, it.id, it.sample, "full", BLOB),
    "tag": lambda it: tags.insert(it.db, it.id, tags.NewTag("more", BitMask(1), it.first, "T", {})),
    "rename": lambda it: tags.rename(it.db, it.id, it.tag, "another"),
    "remove": lambda it: tags.remove(it.db, it.id, it.tag),
    "mark": lambda it: tags.mark(it.db, it.id, BitMask(1), "T"),
    "embedding": lambda it: embeddings.add_version(it.db, it.embedding, embeddings.Upload("k", "0" * 64, 1, 2)),
    "projection": lambda it: embeddings.put_projection(it.db, it.embedding, "PCA", 1, "k"),
    "scores": lambda it: scores.put(it.db, it.tag, "margin", scores.Upload("k", "0" * 64, 1)),
}
NOTHING: dict[str, Callable[[World], object]] = {
    "the same name": lambda it: tags.rename(it.db, it.id, it.tag, "some"),
    "no new samples": _upsize,
    "a job": lambda it: jobs.cancel(it.db, it.job),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_version__after_a_change(database: Database, change: Callable[[World], object]) -> None:
    with database.write() as db:
        world = World(db)
        mine, other = world.versions()
        changes = datasets.read(db, world.id).changes
        change(world)
        assert world.versions()[0] != mine
        assert datasets.read(db, world.id).changes > changes  # the time alone may be the same
        assert world.versions()[1] == other


@pytest.mark.parametrize("change", CHANGES)
def test_rows_version__after_what_is_said_of_samples(database: Database, change: str) -> None:
    with database.write() as db:
        world = World(db)
        before = rows.version(db, world.id)
        CHANGES[change](world)
        assert (rows.version(db, world.id) != before) == (change in {"metadata", "again"})
        samples.upsert(db, world.id, [samples.NewSample("c.png")], at_most=9)
        without_row = rows.version(db, world.id)
        _upsize(world)
        assert rows.version(db, world.id) != without_row


def test_version__after_marking_more(database: Database) -> None:
    with database.write() as db:
        world = World(db)
        samples.upsert(db, world.id, [samples.NewSample("b.png")], at_most=9)
        _upsize(world)
        tags.mark(db, world.id, BitMask(1), "T")
        changes = datasets.read(db, world.id).changes
        tags.mark(db, world.id, BitMask(1), "T")  # marked already
        assert datasets.read(db, world.id).changes == changes
        tags.mark(db, world.id, BitMask(2), "T")
        assert datasets.read(db, world.id).changes > changes


@pytest.mark.parametrize("act", NOTHING.values(), ids=NOTHING)
def test_version__after_nothing(database: Database, act: Callable[[World], object]) -> None:
    with database.write() as db:
        world = World(db)
        before = world.versions()
        act(world)
        assert world.versions() == before
