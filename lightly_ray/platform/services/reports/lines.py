"""The rounds that a tag goes on from, a line of random draws to measure them by, and how good their models were.

The model of a round is the one whose predictions are stored under the name of the round's tag. Where samples are held
out for validation, it is measured on these alone.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from lightly_ray.platform.context import Platform
from lightly_ray.platform.services import evaluated
from lightly_ray.platform.storage.store import tags
from lightly_ray.platform.storage.store.records import Tag
from lightly_ray.report.rounds import Round

_SAMPLER = "SAMPLER_"
_METRICS = ("accuracy", "average_precision")


@dataclass(frozen=True, slots=True)
class Measured:
    """How good the model of a round was.

    Attributes:
        metric, value: as the evaluation has it.
        samples: how many it was measured on; None for what is no share of samples.
        tag: the name of the tag whose samples that were.
        stale: whether labels or predictions have changed since.
    """

    metric: str
    value: float
    samples: int | None
    tag: str
    stale: bool


def measured(platform: Platform, dataset_id: str) -> dict[str, Measured]:
    """The newest evaluation of each round that has one, by the name of its tag."""
    with platform.database.read() as db:
        held_out = {tag.id for tag in tags.held_out(db, dataset_id)}
        listed = evaluated.listing(db, dataset_id)
    counted = [one for one in listed if not held_out or one.stored.tag_id in held_out]
    newest = sorted(counted, key=lambda one: (one.stored.predictions_version, one.stored.created_at))
    found = {one.predictions.name: _measured(platform, one) for one in newest}
    return {name: one for name, one in found.items() if one is not None}


def rounds_of(line: Sequence[Tag], models: Mapping[str, Measured], labels: Mapping[str, dict[str, int]]) -> list[Round]:
    """A line as rounds; ``labels`` per class by the name of the tag."""
    rounds = []
    for tag in line:
        model = models.get(tag.name)
        plain = Round(tag.name, method_of(tag), tag.mask.count, per_class=labels.get(tag.name))
        if model is not None:
            plain = replace(plain, accuracy=model.value, measured_on=model.samples, metric=model.metric)
        rounds.append(plain)
    return rounds


def _measured(platform: Platform, one: evaluated.Evaluated) -> Measured | None:
    metric = next((name for name in _METRICS if one.stored.metrics.get(name) is not None), None)
    if metric is None:
        return None
    samples = evaluated.result(platform.blobs, one.stored)["counts"]["evaluated"] if metric == "accuracy" else None
    stale = one.stale or one.stored.predictions_version != one.predictions.version
    return Measured(metric, one.stored.metrics[metric], samples, one.stored.tag_name, stale)


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
