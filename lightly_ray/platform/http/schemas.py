"""What answers and bodies look like, in the spelling of the protocol."""

from typing import Annotated, Any, Literal, NotRequired

from pydantic import BaseModel, ConfigDict, Field, Strict
from pydantic.alias_generators import to_camel
from typing_extensions import TypedDict

from lightly_ray.methods import INITIAL_TAG, VALIDATION_TAG

Object = dict[str, Any]


class Created(TypedDict):
    """The id of what was made."""

    id: str


class DatasetData(TypedDict):
    """A dataset."""

    id: str
    name: str
    userId: str
    type: str
    imgType: str | None
    nSamples: int
    sizeInBytes: int
    createdAt: int
    lastModifiedAt: int


class SampleData(TypedDict):
    """A sample."""

    id: str
    type: str
    datasetId: str
    fileName: str
    thumbName: str | None
    exif: Object | None
    metaData: Object | None
    customMetaData: Object | None
    createdAt: int
    lastModifiedAt: int


class TagData(TypedDict):
    """A tag."""

    id: str
    datasetId: str
    prevTagId: str | None
    queryTagId: str | None
    preselectedTagId: str | None
    name: str
    bitMaskData: str
    totSize: int
    createdAt: int
    lastModifiedAt: int


class NeverOffered(TypedDict):
    """What no selection offers, as masks, and the ids of the tags that hold samples out for validation."""

    cannotBeLabelled: str
    validation: str
    validationTags: list[str]


class EmbeddingData(TypedDict):
    """An embedding."""

    id: str
    name: str
    isProcessed: bool
    createdAt: int
    is2d: bool


class Embedding2dData(TypedDict):
    """A 2-d projection; coordinates, in mappings order, where one was asked for by its id."""

    id: str
    datasetId: str
    embeddingId: str
    name: str
    dimensionalityReductionMethod: str
    createdAt: int
    coordinatesDimension1: NotRequired[list[float]]
    coordinatesDimension2: NotRequired[list[float]]


class ScoreData(TypedDict):
    """Scores of a tag; the numbers where one was asked for by its id."""

    id: str
    tagId: str
    scoreType: str
    createdAt: int
    uploadedAt: int
    scores: NotRequired[list[float]]


class PredictionsData(TypedDict):
    """Stored predictions: what the newest version of a name holds."""

    id: str
    name: str
    task: str
    version: int
    rows: int
    classes: list[str]
    creator: str
    createdAt: int
    uploadedAt: int


class EvaluationData(TypedDict):
    """An evaluation; figures by class and the worst samples where one was asked for by its id."""

    id: str
    task: str
    predictionsId: str
    predictionsName: str
    predictionsVersion: int
    source: str | None
    tagId: str | None
    tagName: str
    metrics: Object
    stale: bool
    createdAt: int
    result: NotRequired[Object]


class LabelImportData(TypedDict):
    """One import of labels."""

    id: str
    source: str
    version: int
    task: str
    samples: int
    sha256: str
    report: Object
    creator: str
    createdAt: int
    withdrawnAt: int | None
    withdrawnBy: str | None


class JobMeta(TypedDict):
    """How far a job has come."""

    total: int
    processed: int


class JobResult(TypedDict):
    """What a job has made."""

    type: str
    data: str


class JobData(TypedDict):
    """A job."""

    id: str
    jobId: str
    datasetId: str
    jobType: str
    status: str
    meta: JobMeta
    waitTimeTillNextPoll: int
    createdAt: int
    finishedAt: NotRequired[int]
    error: NotRequired[str]
    result: NotRequired[JobResult]


class Body(BaseModel):
    """A request body. Fields that a later client adds are passed over."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, frozen=True)


class DatasetBody(Body):
    """Make a dataset."""

    name: str
    type: Literal["Images", "Videos", "Crops"] = "Images"


class SampleBody(Body):
    """Add a sample."""

    file_name: str
    thumb_name: str | None = None
    exif: Object | None = None
    meta_data: Object | None = None
    custom_meta_data: Object | None = None


class SampleChange(Body):
    """Describe a sample again; what is absent stays."""

    file_name: str | None = None
    thumb_name: str | None = None
    exif: Object | None = None
    meta_data: Object | None = None
    custom_meta_data: Object | None = None


class InitialTagBody(Body):
    """Finish a first upload."""

    img_type: Literal["full", "thumbnail", "meta"] = "full"
    name: str = INITIAL_TAG
    creator: str = "UNKNOWN"


class UpsizeBody(Body):
    """Finish an upload of further images."""

    upsize_tag_name: str
    upsize_tag_creator: str = "UNKNOWN"


class TagBody(Body):
    """Make a tag, of a mask or of file names."""

    name: str
    prev_tag_id: str
    bit_mask_data: str | None = None
    file_names: list[str] | None = None
    tot_size: int | None = None
    creator: str = "UNKNOWN"
    provenance: Object | None = None  # what the client says of how it chose the samples


class MarkBody(Body):
    """Mark samples as such that cannot be labelled."""

    file_names: list[str]
    creator: str = "UNKNOWN"


class ValidationBody(Body):
    """Hold samples out for validation: a share of those that are not selected yet, drawn at random."""

    name: str = VALIDATION_TAG
    share: float = Field(default=0.1, allow_inf_nan=False)
    seed: int = 0
    creator: str = "UNKNOWN"


class TagChange(Body):
    """Rename a tag."""

    name: str


class ArithmeticsBody(Body):
    """Combine two tags."""

    tag_id1: Annotated[str, Field(alias="tagId1")]
    tag_id2: Annotated[str, Field(alias="tagId2")]
    operation: Literal["UNION", "INTERSECTION", "DIFFERENCE"]
    new_tag_name: str | None = None
    creator: str = "UNKNOWN"


class ScoresBody(Body):
    """Upload scores."""

    score_type: str
    scores: list[Annotated[float, Strict()]]  # strictly: no text, no booleans


class ProjectionBody(Body):
    """Ask for a 2-d projection."""

    dimensionality_reduction_method: str


class EvaluationBody(Body):
    """Measure stored predictions, by their id or name, against labels."""

    predictions: str
    source: str | None = None
    tag_id: str | None = None


class Queued(TypedDict):
    """The id of a job."""

    jobId: str
