"""The job that selects: embeddings (and scores) -> one Parquet file, and a tag of the platform where one is given.

OUTPUT               columns filename, row, gain, added, random: preselected samples first, then the picks in order
OUTPUT.checkpoint    the picks so far while the job runs; an interrupted job goes on behind them
"""

import sys
from typing import Self

import pyarrow as pa
from pydantic import Field, model_validator

from lightly_ray import __version__
from lightly_ray.api import ApiWorkflowClient
from lightly_ray.data.location import Location, hide_credentials
from lightly_ray.data.outputs import ParquetOutput, fingerprint_files, finished
from lightly_ray.data.parquet import read_columns
from lightly_ray.data.text import read_names
from lightly_ray.errors import ConflictError, InvalidInputError
from lightly_ray.methods import DEFAULT_SCORE, AskedMethod, Normalize, default_normalize, require_size
from lightly_ray.parallel.selection.score_inputs import default_score_of
from lightly_ray.parallel.selection.select import OrSkip, Selection, select
from lightly_ray.workflow.destination import DatasetSettings
from lightly_ray.workflow.place import Place


class SelectSamplesSettings(DatasetSettings):
    """Choose samples by their embeddings, and by scores for coral and active_learning."""

    embeddings: Place = Field(description="Parquet file, folder or pattern, or .npy file; a path, or a URI (s3://...)")
    n_samples: str = Field(description="size of the result, preselected samples included; a share where it has a point")
    output: Place = Field(description="Parquet file to write: a path, or a URI")
    method: AskedMethod = Field(default="auto", description="how to select; auto: as suits what is given")
    scores: Place | None = Field(
        default=None, description="Parquet with filenames and scores, for coral: what score_predictions writes"
    )
    score: str | None = Field(
        default=None,
        description=f"which column of the scores; default: {DEFAULT_SCORE} where it is there, else the first",
    )
    predictions: Place | None = Field(
        default=None, description="Parquet with filenames and class probabilities, for auto, coverage and coral"
    )
    labels: Place | None = Field(
        default=None, description="Parquet with filenames and labels (class numbers) of preselected samples"
    )
    on_missing: OrSkip = Field(default="raise", description="what a sample without a score that may be selected does")
    on_error: OrSkip = Field(default="raise", description="what a sample without a usable embedding does")
    preselected: Place | None = Field(
        default=None, description="samples selected already: Parquet file, or text file with a filename a line"
    )
    query: Place | None = Field(
        default=None, description="samples that may be selected, given like preselected; default: all"
    )
    cannot_be_labelled: Place | None = Field(
        default=None, description="samples that are never picked and repel nothing, given like preselected"
    )
    id_column: str = Field(default="filename", description="column of the filenames in all inputs")
    embedding_column: str = Field(default="embedding", description="column of the vectors in the embeddings")
    min_distance: float | None = Field(default=None, description="stop before samples would lie nearer than this")
    normalize: Normalize | None = Field(
        default=None,
        description="true: bring embeddings to unit length first; whiten: scale their principal axes to unit variance "
        "before; default: whiten for coreset and coral without min_distance, which are often worse than random else",
    )
    random_share: float = Field(
        default=0.0, ge=0, lt=1, description="this part of the picks is drawn at random before the others"
    )
    seed: int = Field(default=0, description="of random, and of the first pick of coreset")
    certify: int = Field(default=1, ge=1, description="spend this many times the picks on a tighter certificate")
    partitions: int | None = Field(default=None, ge=1, description="shards; default: one per CPU of the cluster")
    memory_limit: int | None = Field(default=None, ge=1, description="bytes that all shards together may hold")
    timeout: float | None = Field(default=None, gt=0, description="seconds that a shard may take for one answer")
    name: str | None = Field(default=None, description="name of the tag that the dataset gets; needed with a dataset")

    @model_validator(mode="after")
    def _check_name(self) -> Self:
        if (self.name is None) != (self.dataset is None and self.dataset_id is None):
            raise ValueError("name, of the tag to make, and a dataset (dataset or dataset_id) belong together")
        return self


def run_select_samples(settings: SelectSamplesSettings) -> dict[str, object]:
    """Select, write the result, and make the tag.

    Run again when finished, this returns the same result at once; when interrupted, it goes on.

    Raises:
        InvalidInputError, NotFoundError: an input or a setting cannot be used.
        ConflictError: something else is at ``output``, or the tag name is taken by other samples.
    """
    tables = (settings.embeddings, settings.scores, settings.predictions, settings.labels)
    lists = (settings.preselected, settings.query, settings.cannot_be_labelled)
    inputs = [place for place in (*tables, *lists) if place]
    made_from = {
        "job": "select_samples",
        **_said(settings),
        "files": {place.shown: fingerprint_files(place) for place in inputs},
    }
    earlier = finished(settings.output, made_from)
    if earlier is not None:
        sys.stderr.write(f"{settings.output.shown} is finished already\n")
        return earlier
    client = _client(settings)
    selection = _select(settings)
    result: dict[str, object] = {"output": settings.output.shown, **selection.summary()}
    if settings.scores is not None:
        result["score"] = _score(settings)
    if client is not None and settings.name is not None:
        result |= {"tag": settings.name, "tag_id": _make_tag(client, settings, selection)}
    with ParquetOutput(settings.output, selection.to_table().schema) as output:
        output.write(selection.to_table())
        output.describe(made_from, result)
    settings.output.beside(".checkpoint").remove()
    return result


def _said(settings: SelectSamplesSettings) -> dict[str, object]:
    """The settings that decide the result, without secrets."""
    chosen = settings.model_dump(mode="json", exclude={"output", "token_file", "timeout", "memory_limit"})
    if settings.server is not None:
        chosen["server"] = hide_credentials(settings.server)
    return chosen


def _select(settings: SelectSamplesSettings) -> Selection:
    return select(
        settings.embeddings,
        n_samples=_size(settings.n_samples),
        method=settings.method,
        id_column=settings.id_column,
        embedding_column=settings.embedding_column,
        preselected=_names(settings.preselected, settings.id_column),
        query=_names(settings.query, settings.id_column),
        cannot_be_labelled=_names(settings.cannot_be_labelled, settings.id_column),
        scores=settings.scores,
        score=_score(settings),
        predictions=settings.predictions,
        labels=settings.labels,
        on_missing=settings.on_missing,
        on_error=settings.on_error,
        min_distance=settings.min_distance,
        normalize=_normalize(settings),
        random_share=settings.random_share,
        seed=settings.seed,
        certify=settings.certify,
        partitions=settings.partitions,
        memory_limit=settings.memory_limit,
        timeout=settings.timeout,
        checkpoint=settings.output.beside(".checkpoint"),
    )


def _normalize(settings: SelectSamplesSettings) -> Normalize | None:
    if settings.normalize is None:
        return default_normalize(settings.method, settings.min_distance or 0)
    return settings.normalize


def _score(settings: SelectSamplesSettings) -> str | None:
    if settings.scores is None:
        return settings.score
    return settings.score or default_score_of(settings.scores, settings.id_column)


def _size(text: str) -> int | float:
    # As it is written: 1 is one sample, 1.0 is all of them.
    try:
        return require_size(float(text) if "." in text or "e" in text.lower() else int(text))
    except ValueError as error:
        raise InvalidInputError(f"n_samples must be a whole number or a share in (0, 1], got {text!r}") from error


def _names(place: Location | None, id_column: str) -> pa.ChunkedArray | list[str] | None:
    if place is None:
        return None
    if place.path.lower().endswith(".parquet"):
        return read_columns(place, [id_column])[id_column]
    return read_names(place)


def _client(settings: SelectSamplesSettings) -> ApiWorkflowClient | None:
    # Before the work: a wrong token, an unknown dataset or a taken name must not be found out after an hour.
    client = settings.dataset_client()
    if client is not None:
        client.get_all_tags()
    return client


def _make_tag(client: ApiWorkflowClient, settings: SelectSamplesSettings, selection: Selection) -> str:
    names = [str(name) for name in selection.ids]
    taken = next((tag for tag in client.get_all_tags() if tag.name == settings.name), None)
    if taken is not None:
        # An earlier run may have made the tag and ended before it wrote its output.
        if set(client.get_filenames_in_tag(taken)) != set(names):
            raise ConflictError(f"there is a tag {settings.name!r} with other samples", code="TAG_NAME_EXISTS")
        return str(taken.id)
    tag = client.create_tag_from_filenames(names, str(settings.name), provenance=_provenance(settings, selection))
    return str(tag.id)


def _provenance(settings: SelectSamplesSettings, selection: Selection) -> dict[str, object]:
    return {
        "kind": "job",
        "settings": _said(settings) | {"score": _score(settings)},
        **selection.summary(),
        "method": selection.method.upper(),
        "versions": {"lightly_ray": __version__},
    }
