"""The rounds that a tag goes on from, and a line of random draws of the same dataset to measure them by."""

from collections.abc import Sequence

from lightly_ray.platform.storage.store.records import Tag

_SAMPLER = "SAMPLER_"


def line_of(tag: Tag, tags: Sequence[Tag]) -> list[Tag]:
    """The tags from the first selection to this one, each going on from the one before."""
    by_id, line = {one.id: one for one in tags}, [tag]
    while (before := _before(line[0], by_id)) is not None:
        line.insert(0, before)
    return line


def random_line(tag: Tag, tags: Sequence[Tag]) -> list[Tag]:
    """The longest line of random draws alone; it may begin with rounds of the tag's own line. Empty without one.

    A line that is the tag's own is nothing to measure it by.
    """
    own = line_of(tag, tags)
    lines = [line_of(one, tags) for one in tags if method_of(one) == "RANDOM"]
    other = [line for line in lines if line[-1].id not in {one.id for one in own} and _is_random(line, own)]
    return max(other, key=len, default=[])


def method_of(tag: Tag) -> str | None:
    """How a selection made it, None where none did."""
    return tag.creator.removeprefix(_SAMPLER) if tag.creator.startswith(_SAMPLER) else None


def _is_random(line: list[Tag], own: list[Tag]) -> bool:
    """Whether all that a line has beyond the tag's own is drawn at random, and it has not left it too late.

    What both have in common may be selected in any way: they begin there.
    """
    shared = {one.id for one in own}
    return all(method_of(one) == "RANDOM" for one in line if one.id not in shared)


def _before(tag: Tag, by_id: dict[str, Tag]) -> Tag | None:
    before = by_id.get(tag.preselected_tag_id or tag.prev_tag_id or "")
    if before is None or before.prev_tag_id is None or (before.mask - tag.mask).count:
        return None
    return before
