"""What worker and runner say to each other: a line of JSON each, told apart by ``kind``."""

from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import Field, TypeAdapter

from lightly_ray.platform.jobs.pinned import JsonModel, MaskField, Pinned
from lightly_ray.platform.storage.store.records import Json


class Assignment(JsonModel):
    """To the runner: a job to compute."""

    job_id: str
    dataset_id: str
    pinned: Pinned


class Progressed(JsonModel):
    """From the runner: how far its job is."""

    kind: Literal["progressed"] = "progressed"
    processed: int
    total: int


class Selected(JsonModel):
    """From the runner: a selection has ended with these samples, preselected included."""

    kind: Literal["selected"] = "selected"
    mask: MaskField
    provenance: Json

    @property
    def count(self) -> int:
        """How many samples are selected."""
        return self.mask.count


class Projected(JsonModel):
    """From the runner: a projection of ``count`` samples lies in a file."""

    kind: Literal["projected"] = "projected"
    file_key: str
    count: int


class Grouped(JsonModel):
    """From the runner: the groups of near duplicates among ``count`` samples are kept."""

    kind: Literal["grouped"] = "grouped"
    count: int


class KeptScore(JsonModel):
    """Scores of the samples of a tag that lie in a file."""

    file_key: str
    sha256: str
    count: int


class Evaluated(JsonModel):
    """From the runner: an evaluation of ``count`` samples lies in a file, and so do its scores, by name."""

    kind: Literal["evaluated"] = "evaluated"
    file_key: str
    metrics: Json
    scores: dict[str, KeptScore]
    count: int


class Failed(JsonModel):
    """The job has failed, and why."""

    kind: Literal["failed"] = "failed"
    error: str


@dataclass(frozen=True, slots=True)
class Died:
    """The runner has died without a word."""


@dataclass(frozen=True, slots=True)
class Stopped:
    """The worker stops, and with it the runner."""


FromRunner = Progressed | Selected | Projected | Grouped | Evaluated | Failed
Ended = Selected | Projected | Grouped | Evaluated | Failed | Died | Stopped
_ADAPTER: TypeAdapter[FromRunner] = TypeAdapter(Annotated[FromRunner, Field(discriminator="kind")])


def from_runner(line: bytes) -> FromRunner:
    """The message in a line of the runner."""
    return _ADAPTER.validate_json(line)
