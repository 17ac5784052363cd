"""A line of tags, ``NAME-1``, ``NAME-2``, ...: each goes on from what was selected before, and remembers its query set.

What a line has looked at is the query set of its last tag, as its provenance keeps it. Samples that are in the dataset
and not in there are new to the line: no other record of what is done has to be kept, nor can one be lost.
"""

import re
from collections.abc import Sequence

from lightly_ray.api import ApiWorkflowClient
from lightly_ray.api.models import TagData
from lightly_ray.bitmask import BitMask
from lightly_ray.methods import CANNOT_BE_LABELLED_TAG, INITIAL_TAG


class TagLine:
    """The line as it is now.

    Args:
        client: set to a dataset.
        name: of the line.
        after: the tag that the line's first goes on from; None: nothing is selected before it.

    Attributes:
        newest: what is selected already: the line's last tag, or what somebody has made since that goes on from it and
            holds all of it; None before the first.
        next_name: name of the tag that comes next.

    Raises:
        NotFoundError: there is no tag ``after``.
    """

    def __init__(self, client: ApiWorkflowClient, name: str, after: str | None) -> None:
        self._client, self._tags = client, client.get_all_tags()
        numbers = {
            int(match[1]): tag
            for tag in self._tags
            if (match := re.fullmatch(rf"{re.escape(name)}-([1-9][0-9]*)", tag.name))
        }
        self.next_name = f"{name}-{max(numbers, default=0) + 1}"
        self._last = numbers[max(numbers)] if numbers else None
        root = self._last
        if root is None and after is not None:
            root = client.get_tag_by_name(after)
        self.newest = None if root is None else _end_of(self._tags, root)

    def new_samples(self) -> int:
        """How many samples of the dataset the line has not looked at."""
        everything = next((tag.mask for tag in self._tags if tag.name == INITIAL_TAG), BitMask())
        if self._last is None:
            return everything.count
        # A tag of that name that was made by hand looked at nothing.
        query_tag = self._client.get_tag_provenance(self._last.id).get("query_tag") or {"mask": "0x0"}
        return (everything - BitMask.from_hex(query_tag["mask"])).count


def _end_of(tags: Sequence[TagData], root: TagData) -> TagData:
    """The last of those that go on from ``root``, one from the other, each holding all of the one before."""
    end = root
    for tag in tags:  # from the oldest to the newest
        goes_on = tag.prev_tag_id == end.id and tag.name != CANNOT_BE_LABELLED_TAG
        if goes_on and (tag.mask | end.mask) == tag.mask:
            end = tag
    return end
