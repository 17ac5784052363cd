"""Samples held out for validation: drawn before anything is selected, and offered to no selection from then on.

A tag of theirs is found by how it was made, not by its name. The draw is a function of seed and file
names, so the same dataset gives the same set wherever it is drawn; images that are appended later do not change it.
"""

from dataclasses import dataclass
from functools import reduce

import numpy as np
from sqlalchemy import Connection

from lightly_ray.bitmask import BitMask
from lightly_ray.errors import ConflictError, InvalidInputError
from lightly_ray.methods import CANNOT_BE_LABELLED_TAG, resolve_size
from lightly_ray.platform.storage.store import datasets, jobs, samples, tags
from lightly_ray.selection.random_draw import random_keys, smallest


@dataclass(frozen=True, slots=True)
class Wanted:
    """A held-out set that is asked for.

    Attributes:
        name: of its tag.
        share: of the samples that are neither selected nor held out yet, in (0, 1).
        seed: of the draw.
        creator: who asks.
    """

    name: str
    share: float
    seed: int
    creator: str


@dataclass(frozen=True, slots=True)
class NeverOffered:
    """What no selection offers, and why; the ids of the tags that hold samples out for validation."""

    cannot_be_labelled: BitMask
    validation: BitMask
    validation_tags: list[str]


def draw(db: Connection, dataset_id: str, wanted: Wanted) -> str:
    """Hold samples out and return the id of their tag.

    What is selected already is not drawn: a model may have learned from it. The provenance says how many that were.

    Raises:
        InvalidInputError: the share is none, the name has another meaning, or nothing is left to draw from.
        ConflictError: the name is taken (TAG_NAME_EXISTS), or a selection waits or runs.
    """
    dataset = datasets.lock(db, dataset_id)
    if not 0 < wanted.share < 1:
        raise InvalidInputError(f"share is a part of the samples, more than 0 and less than 1; got {wanted.share:g}")
    if wanted.name == CANNOT_BE_LABELLED_TAG:
        raise InvalidInputError(f"the tag {CANNOT_BE_LABELLED_TAG!r} holds what cannot be labelled: take another name")
    first = tags.initial(db, dataset.id)
    if jobs.live(db, dataset.id, "SAMPLING"):
        raise ConflictError("a selection of this dataset waits or runs and may take what is held out: wait for its end")
    selected = tags.selected(db, dataset.id)
    not_offered = never_offered(db, dataset.id)
    free = first.mask - selected - not_offered.cannot_be_labelled - not_offered.validation
    if not free.count:
        raise InvalidInputError("no sample is left to hold out: all are selected, held out, or cannot be labelled")
    count = resolve_size(float(str(wanted.share)), free.count)
    keys = random_keys(free.select(samples.mappings(db, dataset.id)), wanted.seed)
    mask = BitMask.from_rows(free.to_rows()[np.sort(smallest(keys, count))])
    provenance = {
        "kind": tags.VALIDATION,
        "method": "RANDOM",
        "share": wanted.share,
        "seed": wanted.seed,
        "drawn_from": free.count,
        "selected_before": selected.count,
        "selected": count,
    }
    return tags.insert(db, dataset.id, tags.NewTag(wanted.name, mask, first.id, wanted.creator, provenance))


def never_offered(db: Connection, dataset_id: str) -> NeverOffered:
    """What no selection of a dataset offers.

    Raises:
        NotFoundError: there is no such dataset (DATASET_UNKNOWN).
    """
    datasets.read(db, dataset_id)
    marked = tags.cannot_be_labelled(db, dataset_id)
    listed = tags.held_out(db, dataset_id)
    validation = reduce(BitMask.union, (tag.mask for tag in listed), BitMask())
    return NeverOffered(BitMask() if marked is None else marked.mask, validation, [tag.id for tag in listed])
