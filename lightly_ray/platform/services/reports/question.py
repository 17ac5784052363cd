"""What a tag was chosen from: the sets of rows that its report is about."""

from dataclasses import dataclass
from functools import reduce

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection

from lightly_ray.bitmask import BitMask
from lightly_ray.errors import InvalidInputError
from lightly_ray.platform.services import held_out
from lightly_ray.platform.storage.store import datasets, tags
from lightly_ray.platform.storage.store.records import Json, Tag


@dataclass(frozen=True, slots=True, eq=False)
class Question:
    """A tag, and what it was chosen from.

    Attributes:
        tag: the tag.
        provenance: how it was made.
        first: the tag of all samples.
        total: rows of the dataset.
        query: rows that the radius is about: the query set, without what is never offered.
        pool: rows that could be chosen, the new ones among them.
        before, new: rows selected before, and by this tag.
        held_out: rows held out for validation, now.
    """

    tag: Tag
    provenance: Json
    first: Tag
    total: int
    query: NDArray[np.int64]
    pool: NDArray[np.int64]
    before: NDArray[np.int64]
    new: NDArray[np.int64]
    held_out: NDArray[np.int64]


def read(db: Connection, dataset_id: str, tag_id: str) -> Question:
    """What is asked of a tag.

    Raises:
        NotFoundError: there is no such dataset or tag.
        InvalidInputError: the tag has added no sample to the one before it, or all that there are.
    """
    total = datasets.read(db, dataset_id).total
    tag, first = tags.read(db, dataset_id, tag_id), tags.initial(db, dataset_id)
    provenance, never = tags.provenance(db, tag_id), held_out.never_offered(db, dataset_id)
    if provenance.get("kind") == "sampling":
        query = _mask(provenance.get("query_tag"))
        before = _mask(provenance.get("preselected_tag"))
        out = [_mask(provenance.get("cannot_be_labelled")), *map(_mask, provenance.get("held_out", ()))]
    else:
        query, before = first.mask, _before(db, tag)
        out = [never.cannot_be_labelled, never.validation]
    new = tag.mask - before
    offered = reduce(BitMask.difference, out, query)
    pool = (offered - before) | new
    if not new.count or tag.id == first.id:
        raise InvalidInputError(
            f"the tag {tag.name!r} has {'all samples' if new.count else 'no new sample'}: there is nothing to report"
        )
    return Question(
        tag=tag,
        provenance=provenance,
        first=first,
        total=total,
        query=(offered | new).to_rows(),
        pool=pool.to_rows(),
        before=before.to_rows(),
        new=new.to_rows(),
        held_out=never.validation.to_rows(),
    )


def _before(db: Connection, tag: Tag) -> BitMask:
    """What a tag that was put together goes on from: the tag before it where it holds all of that."""
    if tag.prev_tag_id is None:
        return BitMask()
    parent = tags.read(db, tag.dataset_id, tag.prev_tag_id)
    goes_on = parent.prev_tag_id is not None and not (parent.mask - tag.mask).count
    return parent.mask if goes_on else BitMask()


def _mask(told: Json | None) -> BitMask:
    return BitMask() if told is None else BitMask.from_hex(told["mask"])
