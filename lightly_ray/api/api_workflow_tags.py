"""Tags: list, find, make from file names, combine, delete, and where they came from."""

import warnings
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from lightly_ray.api.base import CREATOR, ClientBase
from lightly_ray.api.models import NeverOffered, TagData, created_id, parse, parse_list
from lightly_ray.bitmask import BitMask
from lightly_ray.errors import ApiError, ConflictError, InvalidInputError, NotFoundError
from lightly_ray.methods import (
    CANNOT_BE_LABELLED_TAG,
    INITIAL_TAG,
    VALIDATION_TAG,
    is_number,
    parse_method,
    require_integer,
)

TagDoesNotExistError = NotFoundError
ARITHMETICS = ("UNION", "INTERSECTION", "DIFFERENCE")


class TagsMixin(ClientBase):
    """The part of `ApiWorkflowClient` that handles tags."""

    def get_all_tags(self) -> list[TagData]:
        """All tags of the dataset, `initial-tag` first; none before images were uploaded."""
        return parse_list(TagData, self.transport.get(self._at("tags")))

    def get_tag_by_id(self, tag_id: str) -> TagData:
        """One tag.

        Raises:
            NotFoundError: the dataset has no tag with this id.
        """
        return parse(TagData, self.transport.get(self._at("tags", tag_id)))

    def get_tag_by_name(self, tag_name: str) -> TagData:
        """One tag.

        Raises:
            NotFoundError: the dataset has no tag of this name.
        """
        tags = self.get_all_tags()
        for tag in tags:
            if tag.name == tag_name:
                return tag
        have = ", ".join(repr(tag.name) for tag in tags[:10]) or "none: upload images first"
        raise NotFoundError(f"there is no tag {tag_name!r} in this dataset (it has {have})", code="TAG_UNKNOWN")

    def get_filenames_in_tag(
        self, tag_data: TagData, filenames_on_server: Sequence[str] | None = None, exclude_parent_tag: bool = False
    ) -> list[str]:
        """File names of a tag, in the order of the dataset.

        Args:
            tag_data: the tag.
            filenames_on_server: all file names of the dataset, where they are at hand; else they are fetched.
            exclude_parent_tag: leave out the samples of the tag that this one follows.
        """
        mask = tag_data.mask
        if exclude_parent_tag and tag_data.prev_tag_id is not None:
            mask = self.tag_arithmetics(tag_data.id, tag_data.prev_tag_id, "DIFFERENCE")
        return mask.select(filenames_on_server if filenames_on_server is not None else self.get_filenames())

    def mask_of(self, tag_data: TagData, *, exclude_parent_tag: bool) -> BitMask:
        """The samples of a tag, or only those that its query added.

        Other than in `get_filenames_in_tag`, a tag that goes on from the initial one begins from nothing: taking all
        samples away would leave nothing.
        """
        if not exclude_parent_tag or tag_data.prev_tag_id is None:
            return tag_data.mask
        parent = self.get_tag_by_id(tag_data.prev_tag_id)
        return tag_data.mask if parent.prev_tag_id is None else tag_data.mask.difference(parent.mask)

    def tag_arithmetics(self, tag_id1: str, tag_id2: str, operation: str) -> BitMask:
        """The union, intersection or difference of two tags, computed by the platform.

        Args:
            tag_id1: first tag.
            tag_id2: second tag, the one taken away in a difference.
            operation: UNION, INTERSECTION or DIFFERENCE.
        """
        if operation not in ARITHMETICS:
            raise InvalidInputError(f"operation must be one of {', '.join(ARITHMETICS)}, got {operation!r}")
        body = {"tagId1": tag_id1, "tagId2": tag_id2, "operation": operation}
        answer = self.transport.post(self._at("tags", "arithmetics", "bitmask"), body, repeat=True)
        if not isinstance(answer, dict) or "bitMaskData" not in answer:
            raise ApiError("the platform answered tag arithmetics without a bit mask")
        return BitMask.from_hex(answer["bitMaskData"])

    def create_tag_from_filenames(
        self,
        fnames_new_tag: Iterable[str],
        new_tag_name: str,
        parent_tag_id: str | None = None,
        *,
        provenance: Mapping[str, Any] | None = None,
    ) -> TagData:
        """Make a tag of the given samples.

        Args:
            fnames_new_tag: its file names, in any order.
            new_tag_name: its name.
            parent_tag_id: the tag it follows; `initial-tag` by default.
            provenance: how its samples were chosen, JSON values; kept with the tag as "declared".

        Raises:
            ConflictError: the name is taken, or nothing was uploaded yet.
            NotFoundError: a file name is not in the dataset; the message names the first.
        """
        tags = self._free_tag_name(new_tag_name)
        names = self.get_filenames()
        body = {
            "name": new_tag_name,
            "prevTagId": parent_tag_id or next(tag.id for tag in tags if tag.name == INITIAL_TAG),
            "bitMaskData": _mask_of(set(fnames_new_tag), names).to_hex(),
            "totSize": len(names),
            "creator": CREATOR,
        }
        if provenance is not None:
            body["provenance"] = dict(provenance)
        return self.get_tag_by_id(created_id(self.transport.post(self._at("tags"), body)))

    def mark_cannot_be_labelled(self, filenames: Iterable[str]) -> TagData:
        """Mark samples as such that cannot be labelled: no later selection offers them, and they repel nothing.

        They are in a tag named `cannot-be-labelled`, which grows; marking them again changes nothing. Delete the tag
        to take all marks back.

        Returns:
            The tag with all samples that are marked.

        Raises:
            InvalidInputError: a file name is not in the dataset, the message names the first; or nothing was uploaded
                yet.
        """
        body = {"fileNames": list(filenames), "creator": CREATOR}
        answer = self.transport.post(self._at("tags", CANNOT_BE_LABELLED_TAG), body, repeat=True)
        return self.get_tag_by_id(created_id(answer))

    def create_validation_tag(
        self, share: float = 0.1, method: str = "random", name: str = VALIDATION_TAG, *, seed: int = 0
    ) -> TagData:
        """Hold samples out for validation: no selection offers them from then on, and a report measures on them alone.

        Draw it before anything is selected. Later it is drawn of what is not selected, with a warning: that is a sample
        of what was left, and no longer of the data. Of images that are appended later, another one may be drawn. Delete
        the tag to offer its samples again.

        Args:
            share: of the samples that are neither selected nor held out yet, in (0, 1); rounded up.
            method: "random". A set that is chosen in any other way is no sample of the data, so accuracy on it is none
                of the data either.
            name: of the tag.
            seed: of the draw.

        Raises:
            InvalidInputError: there is no such share or method, or nothing is left to draw from.
            ConflictError: the name is taken, nothing was uploaded yet, or a selection waits or runs.
        """
        if parse_method(method) != "random":
            raise InvalidInputError(
                f"a held-out set is drawn by method='random', got {method!r}: what another method chooses is no fair "
                "sample of the data, and accuracy on it would say nothing of the rest"
            )
        self._free_tag_name(name)
        if not is_number(share):
            raise InvalidInputError(f"share must be a number, got {share!r}")
        body = {"name": name, "share": float(str(share)), "seed": require_integer(seed, "seed"), "creator": CREATOR}
        tag = self.get_tag_by_id(created_id(self.transport.post(self._at("tags", "validation"), body)))
        before = self.get_tag_provenance(tag.id)["selected_before"]
        if before:
            warnings.warn(
                f"{before} samples had been selected: {name!r} is a sample of what was left, not of the whole data",
                stacklevel=2,
            )
        return tag

    def get_never_offered(self) -> NeverOffered:
        """Which samples no selection offers: those that cannot be labelled, and those held out for validation."""
        return parse(NeverOffered, self.transport.get(self._at("tags", "never-offered")))

    def delete_tag_by_id(self, tag_id: str) -> None:
        """Delete a tag that no other tag follows."""
        self.transport.delete(self._at("tags", tag_id))

    def delete_tag_by_name(self, tag_name: str) -> None:
        """Delete a tag that no other tag follows."""
        self.delete_tag_by_id(self.get_tag_by_name(tag_name).id)

    def get_tag_provenance(self, tag_id: str) -> dict[str, Any]:
        """Where a tag came from: embedding and its hash, method, score, seed, parameters, radius, certificate."""
        return dict(self.transport.get(self._at("tags", tag_id, "provenance")))

    def _free_tag_name(self, name: str | None) -> list[TagData]:
        tags = self.get_all_tags()
        if not tags:
            raise ConflictError(
                f"the dataset has no {INITIAL_TAG} yet: upload images first", code="TAG_NO_TAG_IN_DATASET"
            )
        if any(tag.name == name for tag in tags):
            raise ConflictError(f"there is a tag {name!r} in this dataset already", code="TAG_NAME_EXISTS")
        return tags


def _mask_of(wanted: set[str], names: Sequence[str]) -> BitMask:
    rows = {filename: row for row, filename in enumerate(names)}
    unknown = sorted(wanted - rows.keys())
    if unknown:
        raise NotFoundError(
            f"{len(unknown)} of {len(wanted)} file names are not in the dataset, the first is {unknown[0]!r}",
            code="SAMPLE_UNKNOWN",
        )
    return BitMask.from_rows(rows[name] for name in wanted)
