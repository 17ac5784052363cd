"""A tag in the form of a labelling tool: its samples with addresses, labels, scores and predictions, as a stream."""

import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import chain

import numpy as np
from numpy.typing import NDArray

from lightly_ray.bitmask import BitMask
from lightly_ray.data.labels.exporting import Export, Sample, with_labels
from lightly_ray.data.labels.exports import EXPORTS, stream
from lightly_ray.data.labels.table import Labels, Task, union_of_classes
from lightly_ray.errors import InvalidInputError, NotFoundError
from lightly_ray.platform.context import Platform
from lightly_ray.platform.services import stored_predictions
from lightly_ray.platform.services.columns import scoring
from lightly_ray.platform.services.labels import joined, read_import
from lightly_ray.platform.services.members import members
from lightly_ray.platform.services.pre_annotations import as_labels
from lightly_ray.platform.storage.store import label_imports, predictions, samples, tags
from lightly_ray.platform.storage.store.records import LabelImport, Outline

_CHUNK = 2**20
_IN_MEMORY = 8 * 2**20  # of an export, before it lies in a file
_TASK: dict[str, Task] = {"yolo": "detection"}  # what is to be labelled, where nothing says so
_WITHOUT_LABELS = {"filenames", "labelbox", "zip"}


@dataclass(frozen=True, slots=True)
class Wanted:
    """An export as somebody asks for it.

    Attributes:
        dataset_id, tag_id: of what.
        format: a name of `EXPORTS`.
        labels: the source whose labels go along; None: all of them.
        predictions: the name of those that go along; None: none.
    """

    dataset_id: str
    tag_id: str
    format: str
    labels: str | None = None
    predictions: str | None = None


@dataclass(frozen=True, slots=True)
class _Samples:
    """The samples of a tag, read anew whenever they are gone through; no transaction stays open meanwhile."""

    platform: Platform
    dataset_id: str
    mask: BitMask
    scores: dict[str, NDArray[np.float32]]
    address: Callable[[Outline], str]

    def __iter__(self) -> Iterator[Sample]:
        return map(self._one, members(self.platform, self.dataset_id, self.mask))

    def _one(self, it: Outline) -> Sample:
        height, width = it.size
        uri = None if it.full_key is None and it.thumb_key is None else self.address(it)
        scores = {name: float(values[it.row]) for name, values in self.scores.items() if not np.isnan(values[it.row])}
        return Sample(it.id, it.file_name, uri, width, height, scores)


def pieces(platform: Platform, wanted: Wanted, address: Callable[[Outline], str]) -> Iterator[bytes]:
    """The bytes of an export, by sample in mappings order; what is wrong is said before the first of them.

    Args:
        platform: where.
        wanted: what.
        address: the URL that a tool reads a sample's image from.

    Raises:
        NotFoundError: there is no such dataset, tag, source of labels, or predictions.
        InvalidInputError: no format is called so, or it has no place for what is to go along; labels are of several
            tasks and none was named; a sample lacks what the format needs.
    """
    content = stream(wanted.format, _export(platform, wanted, address))
    # With images it is as large as they are; what may be wrong with them shows at the first.
    return _begun(content if _has_images(wanted.format) else _kept(content))


def _export(platform: Platform, wanted: Wanted, address: Callable[[Outline], str]) -> Export:
    if wanted.format not in EXPORTS:
        raise InvalidInputError(f"unknown format {wanted.format!r}, it must be one of {', '.join(EXPORTS)}")
    with platform.database.read() as db:
        mask = tags.read(db, wanted.dataset_id, wanted.tag_id).mask
    predicted = _predicted(platform, wanted)
    said = _said(platform, wanted, None if predicted is None else predicted.task)
    known = [one for one in (said, predicted) if one is not None]
    scores = _scores(platform, wanted.dataset_id) if EXPORTS[wanted.format].takes_scores else {}
    found = _Samples(platform, wanted.dataset_id, mask, scores, address)
    return Export(
        with_labels(found, said, predicted),
        task=known[0].task if known else _TASK.get(wanted.format, "classification"),
        classes=union_of_classes([one.classes for one in known], "labels and predictions"),
        image=lambda sample: _image(platform, wanted.dataset_id, sample.sample_id),
        predictions=predicted is not None,
    )


def _predicted(platform: Platform, wanted: Wanted) -> Labels | None:
    if wanted.predictions is None:
        return None
    with platform.database.read() as db:
        stored = predictions.read(db, wanted.dataset_id, wanted.predictions)
    return as_labels(stored_predictions.load(platform.blobs, stored.file_key))


def _said(platform: Platform, wanted: Wanted, task: Task | None) -> Labels | None:
    """The labels that go along; of a task, where predictions are of one."""
    if wanted.format in _WITHOUT_LABELS:
        return None
    with platform.database.read() as db:
        found = label_imports.current(db, wanted.dataset_id, wanted.labels)
        if wanted.labels is not None and not found:
            raise label_imports.unknown(db, wanted.dataset_id, wanted.labels)
    if wanted.labels is None and task is not None:
        found = [it for it in found if it.task == task]
    _require_one_task(found, task)
    return joined([read_import(platform.blobs, it) for it in found]).labels if found else None


def _require_one_task(found: list[LabelImport], task: Task | None) -> None:
    by_task = {it.task: f"{it.task} ({it.source!r})" for it in found}
    if task is not None:
        by_task.setdefault(task, f"{task} (the predictions)")
    if len(by_task) > 1:
        raise InvalidInputError(f"one task is exported, got {', '.join(by_task.values())}: name the source of labels")


def _scores(platform: Platform, dataset_id: str) -> dict[str, NDArray[np.float32]]:
    """All scores by their titles, by row."""
    listed = scoring.list_columns(platform, dataset_id)
    found = {it["title"]: scoring.read_values(platform, dataset_id, it["key"]) for it in listed}
    return {title: score[1] for title, score in found.items() if score is not None}


def _image(platform: Platform, dataset_id: str, sample_id: str) -> bytes | None:
    with platform.database.read() as db:
        key = samples.read(db, dataset_id, sample_id).full_key
    try:
        return None if key is None else platform.blobs.read(key)
    except NotFoundError:
        return None


def _has_images(format: str) -> bool:
    return format == "zip" or EXPORTS[format].is_folder


def _kept(content: Iterator[bytes]) -> Iterator[bytes]:
    """An empty piece once all of it is made, then the content."""
    with tempfile.SpooledTemporaryFile(max_size=_IN_MEMORY) as file:
        file.writelines(content)
        file.seek(0)
        yield b""
        while chunk := file.read(_CHUNK):
            yield chunk


def _begun(content: Iterator[bytes]) -> Iterator[bytes]:
    """The content, whose first piece is made now."""
    first = next(content, b"")
    return chain([first], content)
