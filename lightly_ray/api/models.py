"""What the platform answers, as objects with the attribute names users know; unknown keys are ignored."""

from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, InstanceOf, ValidationError
from pydantic.alias_generators import to_camel

from lightly_ray.bitmask import BitMask
from lightly_ray.errors import ApiError

MaskField = Annotated[InstanceOf[BitMask], BeforeValidator(BitMask.from_hex)]


class _Answer(BaseModel):
    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, extra="ignore", frozen=True)


class DatasetData(_Answer):
    """One dataset. Times are milliseconds since 1970."""

    id: str
    name: str
    type: str = "Images"
    user_id: str | None = None
    img_type: str | None = None
    n_samples: int
    size_in_bytes: int
    created_at: int
    last_modified_at: int


class TagData(_Answer):
    """One tag: a named set of samples as a bit mask, and the tag it follows."""

    id: str
    dataset_id: str
    name: str
    bit_mask_data: str
    tot_size: int
    created_at: int
    last_modified_at: int | None = None
    prev_tag_id: str | None = None
    query_tag_id: str | None = None
    preselected_tag_id: str | None = None

    @property
    def mask(self) -> BitMask:
        """The set of samples: bit i is the sample at row i of the dataset's mappings."""
        return BitMask.from_hex(self.bit_mask_data)


class NeverOffered(_Answer):
    """The samples that no selection offers, as masks, and why; the ids of the tags that hold out for validation."""

    cannot_be_labelled: MaskField
    validation: MaskField
    validation_tags: list[str]

    @property
    def mask(self) -> BitMask:
        """All of them."""
        return self.cannot_be_labelled | self.validation


class DatasetEmbeddingData(_Answer):
    """One embedding of a dataset."""

    id: str
    name: str
    is_processed: bool
    created_at: int
    is2d: bool | None = None


class TagActiveLearningScoresData(_Answer):
    """One kind of scores that was uploaded for a tag."""

    id: str
    tag_id: str
    score_type: str
    created_at: int
    uploaded_at: int | None = None


class PredictionsData(_Answer):
    """Predictions that are stored: the newest version of a name. Times are milliseconds since 1970."""

    id: str
    name: str
    task: str
    version: int
    rows: int
    classes: list[str]
    creator: str
    created_at: int
    uploaded_at: int


class EvaluationData(_Answer):
    """How good a version of predictions was.

    Attributes:
        source: of the labels that it was measured against; None: all.
        metrics: name -> a figure in [0, 1], None where there is none.
        stale: the labels have changed since.
        result: as `lightly_ray.evaluation.Evaluation.to_json`; None in a list.
    """

    id: str
    task: str
    predictions_id: str
    predictions_name: str
    predictions_version: int
    source: str | None = None
    tag_id: str | None = None
    tag_name: str
    metrics: dict[str, float | None]
    stale: bool
    created_at: int
    result: dict[str, Any] | None = None


class ShareData(_Answer):
    """With whom a dataset is shared, and whether that user may change it."""

    user: str
    writes: bool
    created_at: int


class ChangeData(_Answer):
    """A change, or the same several times within a minute; times are milliseconds since 1970.

    Attributes:
        user, token: who, and by which token.
        action: what was done.
        subject: to what, such as the name of a tag; "" where the action says it.
        at, last_at, count: when first and last, and how often.
    """

    id: str
    user: str
    token: str
    action: str
    subject: str
    dataset_id: str | None = None
    dataset_name: str | None = None
    at: int
    last_at: int
    count: int


class JobStatusMeta(_Answer):
    """How far a job is."""

    total: int = 0
    processed: int = 0


class JobStatusResult(_Answer):
    """What a finished job made."""

    type: str | None = None
    data: str | None = None


class JobStatusData(_Answer):
    """State of a job: UNKNOWN, WAITING, RUNNING, FAILED or FINISHED."""

    id: str
    status: str
    job_type: str | None = None
    wait_time_till_next_poll: float = 1
    error: str | None = None
    meta: JobStatusMeta | None = None
    result: JobStatusResult | None = None


class Counted(_Answer):
    """Some samples: how many, and the first of them.

    Attributes:
        count: how many.
        first: at most 10 file names, or ids where a file has no names; in the order of the dataset, those that it does
            not have in the order of the file.
    """

    count: int = 0
    first: tuple[str, ...] = ()

    def __int__(self) -> int:
        return self.count


class LabelReport(_Answer):
    """What an import of labels did.

    Attributes:
        source: whose labels they are now.
        task: classification, detection, segmentation or keypoints.
        import_id: of the import; None where it changed nothing, so that there is none.
        matched: samples of the file that the dataset has.
        unknown: samples of the file that the dataset does not have; they were left out.
        without_label: of the matched, those that nobody has labelled: the source says of them what it said before.
        unchanged: of the matched, those of which the source said just that before.
        changed: of the matched, those of which it said something else before. The rest of the matched are new.
        by_base_name: of the matched, those that were found by their base name alone.
        cannot_be_labelled: of the matched, those that an annotator could not label; no selection offers them again.
    """

    source: str
    task: str
    import_id: str | None = None
    matched: Counted
    unknown: Counted
    without_label: Counted
    unchanged: Counted
    changed: Counted
    by_base_name: Counted
    cannot_be_labelled: Counted


class LabelImport(_Answer):
    """One import of labels.

    Attributes:
        id, source, task: of it.
        version: 1, 2, ... of its source; the highest counts.
        samples: how many samples the source says something of since then.
        sha256: of the file that the platform keeps of that.
        report: what the import did.
        creator: the name of the token that imported.
        created_at: milliseconds since 1970.
        withdrawn_at, withdrawn_by: when and by whose token the source was withdrawn; None where it was not.
    """

    id: str
    source: str
    version: int
    task: str
    samples: int
    sha256: str
    report: LabelReport
    creator: str
    created_at: int
    withdrawn_at: int | None = None
    withdrawn_by: str | None = None


Answer = TypeVar("Answer", bound=_Answer)


def parse(kind: type[Answer], answer: Any) -> Answer:
    """Read one answer, or say that it is not what the protocol promises."""
    try:
        return kind.model_validate(answer)
    except ValidationError as error:
        where = ".".join(str(part) for part in error.errors()[0]["loc"]) or "the whole of it"
        raise ApiError(f"the platform answered something else than a {kind.__name__}: look at {where}") from error


def parse_list(kind: type[Answer], answers: Any) -> list[Answer]:
    """Read a list of answers."""
    if not isinstance(answers, list):
        raise ApiError(f"the platform answered something else than a list of {kind.__name__}")
    return [parse(kind, answer) for answer in answers]


def created_id(answer: Any) -> str:
    """The id in the answer to a request that made something."""
    if not isinstance(answer, dict) or not isinstance(answer.get("id"), str):
        raise ApiError("the platform answered without the id of what was made")
    return str(answer["id"])
