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
    """The samples that no selection offers, as masks, and why."""

    cannot_be_labelled: MaskField
    validation: MaskField

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
