"""Tags that people make: of a mask, of file names, of two other tags. Selections make theirs in `jobs`."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from sqlalchemy import Connection

from lightly_ray.bitmask import BitMask
from lightly_ray.data.text import unicode_hint
from lightly_ray.errors import InvalidInputError
from lightly_ray.platform import limits
from lightly_ray.platform.context import Platform
from lightly_ray.platform.services.mappings import in_pieces
from lightly_ray.platform.storage.store import datasets, tags
from lightly_ray.platform.storage.store.records import Json


@dataclass(frozen=True, slots=True)
class Wanted:
    """A tag as a client describes it.

    Attributes:
        name: free in the dataset.
        prev_tag_id: the tag it goes on from.
        mask: its samples.
        tot_size: how many samples the client thinks there are, None where it does not say.
        creator: who made it.
        provenance: what the client says of how it chose the samples; kept as that, not as our own word.
    """

    name: str
    prev_tag_id: str
    mask: BitMask
    tot_size: int | None
    creator: str
    provenance: Json | None


@dataclass(frozen=True, slots=True)
class Combination:
    """Two tags and what to do with them; a name where the result is to be a tag."""

    tag_id1: str
    tag_id2: str
    operation: Literal["UNION", "INTERSECTION", "DIFFERENCE"]
    new_tag_name: str | None
    creator: str


def create(db: Connection, dataset_id: str, wanted: Wanted) -> str:
    """Make a tag and return its id.

    Raises:
        InvalidInputError: the mask does not fit the dataset.
        NotFoundError: the previous tag is unknown (TAG_PREVTAG_NOT_IN_DATASET).
        ConflictError: the name is taken (TAG_NAME_EXISTS).
    """
    dataset = datasets.lock(db, dataset_id)
    tags.read(db, dataset_id, wanted.prev_tag_id, code="TAG_PREVTAG_NOT_IN_DATASET")
    if wanted.tot_size not in {None, dataset.total}:
        raise _invalid(f"the dataset has {dataset.total} samples, got totSize {wanted.tot_size}")
    mask = wanted.mask
    if not mask.fits(dataset.total):
        raise _invalid(f"the mask needs {mask.value.bit_length()} samples, the dataset has {dataset.total}")
    provenance = {"kind": "manual", "selected": mask.count}
    if wanted.provenance is not None:
        provenance["declared"] = limits.metadata(wanted.provenance, "the provenance")
    return tags.insert(db, dataset_id, tags.NewTag(wanted.name, mask, wanted.prev_tag_id, wanted.creator, provenance))


def combine(db: Connection, dataset_id: str, wanted: Combination) -> tuple[str, str | None]:
    """Combine two tags.

    Returns:
        The mask, hexadecimal, and the id of the tag that holds it, None where no name was given.

    Raises:
        NotFoundError: a tag is unknown.
        ConflictError: the name is taken (TAG_NAME_EXISTS).
    """
    datasets.lock(db, dataset_id)
    left, right = (tags.read(db, dataset_id, tag_id) for tag_id in (wanted.tag_id1, wanted.tag_id2))
    a, b = left.mask, right.mask
    mask = {"UNION": a.union, "INTERSECTION": a.intersection, "DIFFERENCE": a.difference}[wanted.operation](b)
    if wanted.new_tag_name is None:
        return mask.to_hex(), None
    provenance = {
        "kind": "arithmetics",
        "operation": wanted.operation,
        "tags": [{"id": tag.id, "name": tag.name, "mask": tag.mask.to_hex()} for tag in (left, right)],
    }
    new = tags.NewTag(wanted.new_tag_name, mask, left.id, wanted.creator, provenance)
    return mask.to_hex(), tags.insert(db, dataset_id, new)


def mask_of(
    platform: Platform, dataset_id: str, bit_mask_data: str | None = None, file_names: list[str] | None = None
) -> BitMask:
    """The samples that a client names, in one of the two ways.

    Raises:
        InvalidInputError: the mask is none, a file name is unknown, or it is not one of the two.
        NotFoundError: there is no such dataset.
    """
    if (bit_mask_data is None) == (file_names is None):
        raise _invalid("a tag is made of either bitMaskData or fileNames")
    if file_names is None:
        return BitMask.from_hex(bit_mask_data or "")
    distinct = pa.array(file_names, pa.large_string()).unique()
    known = in_pieces(platform, dataset_id)
    named = pc.is_in(known, distinct)
    if pc.sum(named, min_count=0).as_py() != len(distinct):
        unknown = distinct.filter(pc.invert(pc.is_in(distinct, known)))
        first = unknown[0].as_py()
        hint = unicode_hint(first, known)
        raise _invalid(f"{len(unknown)} file names are no samples of the dataset, first: {first[:300]!r}{hint}")
    return BitMask.from_rows(np.flatnonzero(named))


def _invalid(message: str) -> InvalidInputError:
    return InvalidInputError(message, code="DATASET_TAG_INVALID")
