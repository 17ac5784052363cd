"""What a job works on, fixed when it is queued, so that later uploads do not change it.

Models in memory, JSON in the database and in the pipe to the runner alone.
"""

from functools import reduce
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, InstanceOf, PlainSerializer, TypeAdapter

from lightly_ray.bitmask import BitMask
from lightly_ray.data.labels.table import Task
from lightly_ray.methods import Normalize
from lightly_ray.platform.storage import audit
from lightly_ray.platform.storage.store.records import Json

MaskField = Annotated[
    InstanceOf[BitMask],
    BeforeValidator(lambda value: BitMask.from_hex(value) if isinstance(value, str) else value),
    PlainSerializer(lambda mask: mask.to_hex(), return_type=str),
]
"""A mask, hexadecimal as JSON."""


class JsonModel(BaseModel):
    """Base of what is kept or sent as JSON: frozen, unknown keys refused."""

    model_config = ConfigDict(frozen=True, extra="forbid", from_attributes=True)

    def to_json(self) -> Json:
        """As JSON values."""
        return self.model_dump(mode="json")


class Asker(JsonModel):
    """Who queued a job; the audit says that its result is by that user."""

    user: str
    user_id: str | None
    token: str
    dataset_name: str | None

    @classmethod
    def current(cls) -> Self | None:
        """Whoever acts here."""
        who = audit.current()
        return cls.model_validate(who) if who.user else None


class PinnedTag(JsonModel):
    """A tag, with the samples that it had."""

    id: str
    name: str
    mask: MaskField


class PinnedEmbedding(JsonModel):
    """One version of an embedding."""

    id: str
    name: str
    version: int
    file_key: str
    sha256: str
    dimension: int


class PinnedStored(JsonModel):
    """One version of stored predictions."""

    id: str
    name: str
    task: Task
    version: int
    file_key: str
    sha256: str


class PinnedScore(JsonModel):
    """One version of the scores of a tag; with ``predictions`` they are computed of these, and not in the file."""

    id: str
    score_type: str
    version: int
    file_key: str
    sha256: str
    predictions: PinnedStored | None = None


class PinnedPredictions(JsonModel):
    """Class probabilities and labels: a file that is called by its digest, so it never changes."""

    file_key: str
    sha256: str


class PinnedSelection(JsonModel):
    """A selection: its settings, as `select` takes them, and its data. Some methods look at no embedding."""

    kind: Literal["SAMPLING"] = "SAMPLING"
    tag_name: str
    method: str
    n_samples: int | float
    min_distance: float | None
    seed: int
    normalize: Normalize | None
    prev_tag_id: str
    query: PinnedTag
    preselected: PinnedTag | None
    embedding: PinnedEmbedding | None
    score: PinnedScore | None
    random_share: float = 0.0
    predictions: PinnedPredictions | None = None
    cannot_be_labelled: PinnedTag | None = None
    held_out: tuple[PinnedTag, ...] = ()
    request_id: str | None = None  # of the HTTP request that queued it
    asked_by: Asker | None = None

    @property
    def never_offered(self) -> BitMask:
        """What may not be selected: it cannot be labelled, or is held out for validation."""
        marked = () if self.cannot_be_labelled is None else (self.cannot_be_labelled,)
        return reduce(BitMask.union, (tag.mask for tag in (*marked, *self.held_out)), BitMask())


class PinnedProjection(JsonModel):
    """A picture of an embedding in two dimensions."""

    kind: Literal["PROJECTION"] = "PROJECTION"
    method: str
    embedding: PinnedEmbedding
    request_id: str | None = None
    asked_by: Asker | None = None


class PinnedGrouping(JsonModel):
    """Groups of near duplicates, linked by steps that are no longer than ``within``."""

    kind: Literal["GROUPING"] = "GROUPING"
    within: float
    embedding: PinnedEmbedding
    rows: int  # of the embedding
    request_id: str | None = None
    asked_by: Asker | None = None


class PinnedEvaluation(JsonModel):
    """Predictions measured against labels, on the samples of a tag."""

    kind: Literal["EVALUATION"] = "EVALUATION"
    predictions: PinnedStored
    source: str | None  # of the labels, None: all
    label_imports: list[str]  # their ids; an import never changes
    tag: PinnedTag
    request_id: str | None = None
    asked_by: Asker | None = None


AnyPinned = PinnedSelection | PinnedProjection | PinnedGrouping | PinnedEvaluation
Pinned = Annotated[AnyPinned, Field(discriminator="kind")]
_ADAPTER: TypeAdapter[AnyPinned] = TypeAdapter(Pinned)


def pinned_of(kind: str, stored: Any) -> AnyPinned:
    """What the database keeps of a job of this kind."""
    return _ADAPTER.validate_python({"kind": kind, **stored})
