"""Which blobs the database names, which can be made again, and which are there."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from sqlalchemy import JSON, Connection, select

from lightly_ray.platform.storage.schema import deletions, metadata, samples

_OBJECTS = {"pinned", "provenance"}  # columns of JSON that name blobs
_KEY = re.compile(r"datasets/[0-9a-f]{24}/\S+\Z")
# Made when they are asked for, of what the database names.
_MADE_AGAIN = re.compile(r"datasets/(?P<dataset>[0-9a-f]{24})/(columns|reports|thumbnails)/")
# Named by clients, by their content.
_BY_DIGEST = re.compile(r"datasets/(?P<dataset>[0-9a-f]{24})/predictions/[0-9a-f]{64}\.parquet\Z")


def named(db: Connection) -> Iterator[tuple[str, str]]:
    """Every blob that the database names, with where it does, such as ``samples 65f0...``; some come twice."""
    for table in metadata.sorted_tables:
        keys = [column for column in table.columns if column.name.endswith("_key")]
        # Jobs keep the versions that they work on, tags the order in which they were chosen.
        objects = [column for column in table.columns if isinstance(column.type, JSON) and column.name in _OBJECTS]
        if not keys and not objects:
            continue
        query = select(table.primary_key.columns[0], *keys, *objects).execution_options(yield_per=5_000)
        if table is samples:  # those of a deleted dataset are still there a while, and their files at any moment not
            query = query.where(samples.c.dataset_id.not_in(select(deletions.c.dataset_id)))
        for row in db.execute(query):
            for value in row[1 : 1 + len(keys)]:
                if value is not None:
                    yield str(value), f"{table.name} {row[0]}"
            for value in row[1 + len(keys) :]:
                yield from ((key, f"{table.name} {row[0]}") for key in _inside(value))


def _inside(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        if _KEY.match(value):
            yield value
    elif isinstance(value, Mapping):
        for one in value.values():
            yield from _inside(one)
    elif isinstance(value, list):
        for one in value:
            yield from _inside(one)


def stands_alone(key: str, dataset_ids: set[str]) -> bool:
    """Whether a blob of a dataset that exists belongs there though no row names it."""
    found = _MADE_AGAIN.match(key) or _BY_DIGEST.match(key)
    return found is not None and found["dataset"] in dataset_ids
