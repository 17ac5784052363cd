"""What the writers of labels take: the samples of a tag, each with its address, scores, labels and predictions."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from lightly_ray.data.labels.table import Labels, Task

Annotation = Mapping[str, Any]
"""One element of `table.ANNOTATION` as Python has it; what it lacks is null."""

_PART = 5_000  # samples brought together with their labels at a time


@dataclass(frozen=True, slots=True)
class Sample:
    """One sample as it is exported.

    Attributes:
        sample_id: of the platform.
        filename: its full relative name.
        uri: where a tool finds its image; ends in the file's own base name. None: nowhere.
        width: of its image in pixels; None where nobody knows.
        height: likewise.
        scores: by name; one that is missing is None or left out.
        labels: its annotations; None: nobody has labelled it; empty: nothing to be seen.
        cannot_be_labelled: an annotator has said so.
        predictions: annotations with scores, which go along as pre-annotations; None: there are none.
    """

    sample_id: str
    filename: str
    uri: str | None = None
    width: int | None = None
    height: int | None = None
    scores: Mapping[str, float | None] = field(default_factory=dict)
    labels: Sequence[Annotation] | None = None
    cannot_be_labelled: bool = False
    predictions: Sequence[Annotation] | None = None


@dataclass(frozen=True, slots=True)
class Export:
    """All that a writer takes.

    Attributes:
        samples: in the order they are written; gone through more than once, so no generator.
        task: of the labels and the predictions.
        classes: of both, in the order that numbers them.
        image: the content of a sample's image, or the local file that has it; None where there is none. Asked only by
            formats with images in them.
        predictions: whether these go along. Where a format has one place for both, labels go before predictions.
    """

    samples: Iterable[Sample]
    task: Task = "classification"
    classes: Sequence[str] = ()
    image: Callable[[Sample], bytes | Path | None] = lambda _sample: None
    predictions: bool = False


@dataclass(frozen=True, slots=True)
class _Joined:
    samples: Iterable[Sample]
    labels: Labels | None
    predictions: Labels | None

    def __iter__(self) -> Iterator[Sample]:
        rest = iter(self.samples)
        labels, predictions = _Looked.up(self.labels), _Looked.up(self.predictions)
        while some := list(islice(rest, _PART)):
            found = zip(some, labels.of(some), predictions.of(some), strict=True)
            for sample, (said, cannot), (predicted, _) in found:
                yield replace(sample, labels=said, cannot_be_labelled=cannot, predictions=predicted)


def with_labels(
    samples: Iterable[Sample], labels: Labels | None = None, predictions: Labels | None = None
) -> Iterable[Sample]:
    """Samples with what labels and predictions say of them, by sample id, or by file name where they have no id."""
    return _Joined(samples, labels, predictions)


@dataclass(frozen=True, slots=True)
class _Looked:
    """A table of labels, and its keys."""

    keys: pa.Array
    by_name: bool
    table: pa.Table | None

    @classmethod
    def up(cls, labels: Labels | None) -> "_Looked":
        if labels is None:
            return cls(pa.array([], pa.string()), False, None)
        by_name = bool(labels.table["sample_id"].null_count)
        keys = labels.table["filename" if by_name else "sample_id"]
        return cls(keys.combine_chunks(), by_name, labels.table)

    def of(self, samples: Sequence[Sample]) -> list[tuple[Sequence[Annotation] | None, bool]]:
        if self.table is None:
            return [(None, False)] * len(samples)
        wanted = pa.array([one.filename if self.by_name else one.sample_id for one in samples], pa.string())
        part = self.table.take(pc.index_in(wanted, self.keys))
        annotations = part["annotations"].to_pylist()
        cannot = pc.fill_null(part["cannot_be_labelled"], False).to_pylist()
        return list(zip(annotations, cannot, strict=True))
