"""What the writers of labels take: the samples of a tag, each with its address, scores, labels and predictions."""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from lightly_ray.data.labels.geometry import around, labelled_points
from lightly_ray.data.labels.table import Labels, Task
from lightly_ray.data.location import Location
from lightly_ray.errors import InvalidInputError

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

    @property
    def shown(self) -> str:
        """How errors name it."""
        return f"sample {self.filename!r}"


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

    def shown(self, sample: Sample) -> Sequence[Annotation] | None:
        """What a format with one place for labels and predictions says of a sample; None: nothing is known.

        Labels go before predictions, and nothing is said of what cannot be labelled.
        """
        if sample.cannot_be_labelled or sample.labels is not None:
            return sample.labels
        return sample.predictions if self.predictions else None

    def most_keypoints(self) -> int:
        """The length of the longest skeleton that is shown."""
        shown = (one.get("keypoints") for sample in self.samples for one in self.shown(sample) or [])
        return max((len(points) // 3 for points in shown if points is not None), default=0)


@dataclass(frozen=True, slots=True)
class File:
    """A file of a format that is a folder.

    Attributes:
        path: below the folder, with forward slashes.
        content: its bytes, its pieces, or the local file that has them, which a written folder links to.
    """

    path: str
    content: bytes | Iterable[bytes] | Path


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
    """A table of labels, and its rows by sample id, or by file name where they have no id."""

    ids: dict[str, int]
    names: dict[str, int]
    table: pa.Table | None

    @classmethod
    def up(cls, labels: Labels | None) -> "_Looked":
        ids, names = dict[str, int](), dict[str, int]()
        if labels is not None:
            keys = zip(*(labels.table[name].to_pylist() for name in ("sample_id", "filename")), strict=True)
            for row, (sample_id, name) in enumerate(keys):
                if sample_id is None:
                    names[name] = row
                else:
                    ids[sample_id] = row
        return cls(ids, names, None if labels is None else labels.table)

    def of(self, samples: Sequence[Sample]) -> list[tuple[Sequence[Annotation] | None, bool]]:
        if self.table is None:
            return [(None, False)] * len(samples)
        rows = [self.ids.get(one.sample_id, self.names.get(one.filename)) for one in samples]
        part = self.table.take(pa.array(rows, pa.int64()))
        cannot = pc.fill_null(part["cannot_be_labelled"], False).to_pylist()
        return list(zip(annotation_lists(part["annotations"]), cannot, strict=True))


def annotation_lists(column: pa.ChunkedArray) -> list[list[Annotation] | None]:
    """The annotations of each sample as Python has them, without the fields that none of them has."""
    lists = column.combine_chunks()
    values = pc.list_flatten(lists)
    fields = {field.name: pc.struct_field(values, field.name) for field in values.type}
    fields = {name: field for name, field in fields.items() if field.null_count < len(field)}
    rows = zip(*(field.to_pylist() for field in fields.values()), strict=True)
    annotations = iter([dict(zip(fields, row, strict=True)) for row in rows])
    lengths = pc.list_value_length(lists).to_pylist()
    return [None if length is None else list(islice(annotations, length)) for length in lengths]


def object_box(annotation: Annotation, sample: Sample) -> Sequence[float]:
    """The box of an object with keypoints, or else the one around those that are labelled.

    Raises:
        InvalidInputError: it has neither.
    """
    box = annotation.get("box") or around(labelled_points(annotation["keypoints"]))
    if box is None:
        raise InvalidInputError(f"{sample.shown} has keypoints without a box, and none can be drawn around them")
    return box


def require_uri(sample: Sample, name: str) -> str:
    """The address of a sample's image.

    Raises:
        InvalidInputError: it has none.
    """
    if sample.uri is None:
        raise InvalidInputError(f"{sample.shown} has no address of its image, which {name} needs to show it")
    return sample.uri


def content_of(content: bytes | Iterable[bytes] | Path) -> bytes:
    """The bytes of an image or a file.

    Raises:
        UnreadableError: it is a local file that cannot be read.
    """
    if isinstance(content, Path):
        return Location.parse(content).read_existing()
    return content if isinstance(content, bytes) else b"".join(content)


def as_json(value: object) -> str:
    """JSON of one line, the same for the same value."""
    return json.dumps(value, ensure_ascii=False, allow_nan=False, default=list)


def joined(texts: Iterable[str], separator: str = ",\n") -> Iterator[bytes]:
    """Texts with something between them, in pieces of some size."""
    between, rest = "", iter(texts)
    while some := list(islice(rest, _PART)):
        yield (between + separator.join(some)).encode()
        between = separator
