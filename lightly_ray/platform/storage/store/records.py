"""Rows of the database as frozen dataclasses: a field per column, under the same name."""

from dataclasses import dataclass, field
from typing import Any, TypeVar

from sqlalchemy import Row

from lightly_ray.bitmask import BitMask
from lightly_ray.data.labels.table import Task

R = TypeVar("R")
Json = dict[str, Any]


def record(kind: type[R], row: Row[Any]) -> R:
    """Build a record from a row that has exactly its columns."""
    return kind(**row._mapping)


@dataclass(frozen=True, slots=True)
class Dataset:
    """A dataset."""

    id: str
    owner_id: str
    name: str
    type: str
    img_type: str | None
    total: int
    n_samples: int
    size_in_bytes: int
    upload: Json | None
    created_at: int
    last_modified_at: int
    changes: int
    descriptions: int

    @property
    def version(self) -> str:
        """Text that is another one after every change of the dataset or of what belongs to it."""
        # The time tells apart what a restored backup counts twice.
        return f"{self.changes:x}-{self.last_modified_at:x}"


@dataclass(frozen=True, slots=True)
class Sample:
    """One image of a dataset."""

    id: str
    dataset_id: str
    file_name: str
    row: int | None
    thumb_name: str | None
    exif: Json | None
    meta_data: Json | None
    custom_meta_data: Json | None
    full_expected: bool
    full_key: str | None
    full_sha256: str | None
    full_bytes: int | None
    thumb_key: str | None
    thumb_sha256: str | None
    thumb_bytes: int | None
    created_at: int
    last_modified_at: int


@dataclass(frozen=True, slots=True)
class Named:
    """What an address of a sample's image is made of: without metadata, which takes forty times as long to read."""

    id: str
    file_name: str
    full_key: str | None


@dataclass(frozen=True, slots=True)
class Outline:
    """What exports say of a sample.

    Attributes:
        id, row, file_name, full_key, thumb_key, created_at: of the sample.
        shape: of its metadata, whatever a client has written there; None where it has not.
    """

    id: str
    row: int
    file_name: str
    full_key: str | None
    thumb_key: str | None
    created_at: int
    shape: Any

    @property
    def size(self) -> tuple[Any, Any]:
        """Height and width in pixels, None where the upload has not said them."""
        known = isinstance(self.shape, list) and len(self.shape) >= 2
        return (self.shape[0], self.shape[1]) if known else (None, None)


@dataclass(frozen=True, slots=True)
class Tag:
    """A named set of samples. Its provenance, which may be large, is read by itself."""

    id: str
    dataset_id: str
    name: str
    mask: BitMask
    prev_tag_id: str | None
    query_tag_id: str | None
    preselected_tag_id: str | None
    creator: str
    created_at: int
    last_modified_at: int


@dataclass(frozen=True, slots=True)
class Embedding:
    """A vector per sample, in a file."""

    id: str
    dataset_id: str
    name: str
    version: int
    file_key: str | None
    sha256: str | None
    rows: int | None
    dimension: int | None
    descriptor_key: str | None
    descriptor_sha256: str | None
    created_at: int
    uploaded_at: int | None


@dataclass(frozen=True, slots=True)
class Projection:
    """A 2-d picture of an embedding."""

    id: str
    embedding_id: str
    method: str
    version: int
    file_key: str
    created_at: int


@dataclass(frozen=True, slots=True)
class Score:
    """A number per sample of a tag, in a file; ``predictions`` where it is computed of stored ones when it is read."""

    id: str
    tag_id: str
    score_type: str
    version: int
    file_key: str
    sha256: str
    count: int
    created_at: int
    uploaded_at: int
    predictions: "StoredPredictions | None" = None


@dataclass(frozen=True, slots=True)
class StoredPredictions:
    """What a model predicts of the samples of a dataset: the newest version of a name."""

    id: str
    dataset_id: str
    name: str
    task: Task
    version: int
    file_key: str
    sha256: str
    rows: int
    classes: list[str]
    creator: str
    created_at: int
    uploaded_at: int


@dataclass(frozen=True, slots=True)
class StoredEvaluation:
    """How good a version of predictions was, against the labels of some imports, on the samples of a tag."""

    id: str
    dataset_id: str
    predictions_id: str
    predictions_version: int
    source: str | None
    label_imports: list[str]
    tag_id: str | None
    tag_name: str
    metrics: Json
    file_key: str
    created_at: int


@dataclass(frozen=True, slots=True)
class LabelImport:
    """One import of labels, and the file of all that its source says after it."""

    id: str
    dataset_id: str
    source: str
    version: int
    task: Task
    file_key: str
    sha256: str
    samples: int
    report: Json
    creator: str
    created_at: int
    withdrawn_at: int | None
    withdrawn_by: str | None


@dataclass(frozen=True, slots=True)
class Job:
    """A selection or projection, queued, running or ended; the last two, which may be large, where asked for."""

    id: str
    dataset_id: str
    kind: str
    name: str | None
    status: str
    attempts: int
    worker: str | None
    lease_until: int | None
    cancelled: bool
    processed: int
    total: int
    result: str | None
    error: str | None
    created_at: int
    finished_at: int | None
    request: Json = field(default_factory=dict)
    pinned: Json = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ListedJob:
    """A job as people see it.

    Attributes:
        job: without its request and what is pinned.
        dataset_name: of its dataset.
        name: of the tag that it makes, the method of a projection, or the predictions that are evaluated.
    """

    job: Job
    dataset_name: str
    name: str | None
