"""Which tags are rounds of one line, and which line is a random one to measure it by."""

from lightly_ray.bitmask import BitMask
from lightly_ray.platform.services.reports.lines import line_of, method_of, random_line
from lightly_ray.platform.storage.store.records import Tag


def tag(name: str, before: str | None, rows: int, method: str | None = None) -> Tag:
    """A tag of the first rows."""
    creator, preselected = ("USER_WEBAPP", None) if method is None else (f"SAMPLER_{method}", before)
    return Tag(name, "d", name, BitMask.from_length(rows), before, None, preselected, creator, 0, 0)


ALL = tag("initial", None, 9)
FIRST = tag("first", "initial", 2, "RANDOM")
FAR = tag("far", "first", 4, "CORESET")
FARTHER = tag("farther", "far", 6, "CORAL")
RANDOM = [tag("r1", "first", 4, "RANDOM"), tag("r2", "r1", 6, "RANDOM")]
MIXED = tag("mixed", "r2", 8, "CORAL")
LATE = tag("late", "mixed", 9, "RANDOM")
TAGS = [ALL, FIRST, FAR, FARTHER, *RANDOM, MIXED, LATE]


def names(line: list[Tag]) -> list[str]:
    return [one.name for one in line]


def test_line_of() -> None:
    assert names(line_of(FARTHER, TAGS)) == ["first", "far", "farther"]
    assert names(line_of(FIRST, TAGS)) == ["first"]
    by_hand = tag("less", "far", 3)  # it lacks what the one before holds: it does not go on from it
    assert names(line_of(by_hand, [*TAGS, by_hand])) == ["less"]


def test_random_line__is_random_beyond_what_is_shared() -> None:
    assert names(random_line(FARTHER, TAGS)) == ["first", "r1", "r2"]
    assert names(random_line(LATE, TAGS)) == []
    assert names(random_line(RANDOM[0], TAGS)) == ["first", "r1", "r2"]
    assert random_line(FARTHER, [ALL, FIRST, FAR, FARTHER]) == []


def test_method_of() -> None:
    assert [method_of(one) for one in (ALL, FAR)] == [None, "CORESET"]
