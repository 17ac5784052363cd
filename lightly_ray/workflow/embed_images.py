"""The job that embeds a folder: images at any depth -> one Parquet file, sorted by file name.

OUTPUT                  columns filename (string), embedding (fixed-size list of float32); its metadata name the model
OUTPUT.embedder.npz     the model's name and digest and the fitted axes, written before OUTPUT: what embeds new images
OUTPUT.parts/           finished parts while the job runs; an interrupted job goes on behind them

When images were added to the folder, the same command embeds these alone, with the embedder that is kept.
"""

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from pyarrow import fs
from pydantic import Field

from lightly_ray.data.embedding_csv import NO_LABEL, write_csv
from lightly_ray.data.images import find_images
from lightly_ray.data.location import Location
from lightly_ray.data.outputs import about_output, digest_of, finished
from lightly_ray.data.resumable_output import ResumableOutput, remove_parts, whole_output
from lightly_ray.embedding.embedder import Embedder
from lightly_ray.embedding.models import DEFAULT, Model, open_model
from lightly_ray.errors import ConflictError, InvalidInputError, NotFoundError
from lightly_ray.parallel.cluster import connected
from lightly_ray.parallel.embedding.auto_model import resolve_auto
from lightly_ray.parallel.embedding.embed import Axes, Fitted, embed_in_order, fit_embedder, reasons_of
from lightly_ray.progress import Progress
from lightly_ray.workflow.model_settings import EmbeddingSettings
from lightly_ray.workflow.place import Place

_EMBEDDER, _FITTED = ".embedder.npz", ".parts/fitted"


class EmbedImagesSettings(EmbeddingSettings):
    """Images -> embeddings, on Ray Data actors. Run again, it goes on, and embeds images that were added since."""

    input_dir: Place = Field(description="folder of images at any depth: a path, or a URI (s3://...)")
    output: Place = Field(description="Parquet file to write: a path, or a URI")
    csv: Place | None = Field(default=None, description="CSV file in the format of published clients, to write too")
    like: Place | None = Field(
        default=None, description="Parquet file of earlier embeddings: images are embedded as those were"
    )


@dataclass(frozen=True, slots=True)
class _Plan:
    """What is embedded, and how.

    Attributes:
        names: all images, sorted.
        model: what describes them.
        embedder: what embeds them; None: it is fitted on them.
        made_from: of the output.
        kept: embeddings that an earlier run finished, as `embed_in_order` yields them.
    """

    names: Sequence[str]
    model: Model
    embedder: Embedder | None
    made_from: Mapping[str, object]
    kept: pa.Table | None


def run_embed_images(settings: EmbedImagesSettings) -> dict[str, object]:
    """Embed all images of a folder.

    A file that cannot be decoded is named on standard error, counted, and left out. Run again when finished, this
    returns the same result at once; when interrupted, it goes on; when images were added, it embeds them.

    Raises:
        NotFoundError, InvalidInputError: there is no such folder, no image in it, or no such model.
        ConflictError: something else is at ``output``, or was made by another model.
    """
    return embed_found(settings, find_images(settings.input_dir))


def embed_found(
    settings: EmbedImagesSettings, images: Mapping[str, fs.FileInfo], embedder: Embedder | None = None
) -> dict[str, object]:
    """The same for images that were listed before, with an embedder where nothing is at ``output`` yet."""
    plan = _plan(settings, images, embedder)
    result = None if plan.kept is not None else finished(settings.output, plan.made_from)
    if result is None:
        result = _embed(settings, plan)
    else:
        sys.stderr.write(f"{settings.output.shown} is finished already\n")
    if settings.csv is not None:
        _write_csv(settings.output, settings.csv)
    remove_parts(settings.output)  # also those of a run that ended just before it could
    return result


def read_embedder(embeddings: Location) -> Embedder | None:
    """The embedder that is kept beside a file of embeddings, None where there is none."""
    place = embeddings.beside(_EMBEDDER)
    content = place.read()
    return None if content is None else Embedder.from_bytes(content, repr(place.shown))


def remove_embeddings(embeddings: Location) -> None:
    """Delete a file of embeddings, and what lies beside it."""
    for place in (embeddings, embeddings.beside(_EMBEDDER)):
        place.remove()
    remove_parts(embeddings)


def _plan(settings: EmbedImagesSettings, images: Mapping[str, fs.FileInfo], given: Embedder | None) -> _Plan:
    names = sorted(images)
    about = about_output(settings.output)
    embedder = given or _given_embedder(settings)
    if about is not None and settings.like is None:
        embedder = read_embedder(settings.output)
    model = model_for(settings, names, embedder)
    made_from = {
        "job": "embed_images",
        "input_dir": settings.input_dir.shown,
        "images": digest_of(images.values()),
        "model": model.digest,
        "reduce": settings.reduce,
    }
    kept = None
    if about is not None and embedder is not None and _grew(about, made_from, images, settings.output):
        kept = _kept(settings.output)
    return _Plan(names, model, embedder, made_from, kept)


def _given_embedder(settings: EmbedImagesSettings) -> Embedder | None:
    if settings.like is None:
        return None
    embedder = read_embedder(settings.like)
    if embedder is None:
        raise NotFoundError(f"there is no embedder {settings.like.beside(_EMBEDDER).shown!r}: how were these made?")
    return embedder


def model_for(settings: EmbedImagesSettings, names: Sequence[str], embedder: Embedder | None) -> Model:
    """What describes images: the model that is set, else that of the embedder.

    Raises:
        ConflictError: the embedder was made by another model.
        InvalidInputError, NotFoundError: there is no such model, or it cannot be used.
    """
    if settings.model is None and embedder is not None:
        return embedder.open_model()
    name = resolve_auto(settings.model or DEFAULT, settings.input_dir, names)
    model = open_model(name, settings.options)
    if embedder is not None and model.digest != embedder.digest:
        raise ConflictError(
            f"the embeddings that are there were made by model {embedder.model!r}, not by {name!r} as it is now: leave "
            "model out, or give another name"
        )
    return model


def _grew(
    about: Mapping[str, Any], made_from: Mapping[str, object], images: Mapping[str, fs.FileInfo], output: Location
) -> bool:
    """Whether the output that is there lacks nothing but images that were added since."""
    then = about["made_from"]
    if then.get("images") == made_from["images"] or {**then, "images": None} != {**made_from, "images": None}:
        return False
    column = pq.read_table(output.path, filesystem=output.filesystem, columns=["filename"])["filename"]
    before = [*column.to_pylist(), *about["result"]["corrupt"]]
    unchanged = all(name in images for name in before) and len(before) < len(images)
    return unchanged and digest_of(images[name] for name in before) == then["images"]


def _kept(output: Location) -> pa.Table:
    table = pq.read_table(output.path, filesystem=output.filesystem).replace_schema_metadata()
    return table.append_column("error", pa.array([""] * len(table), pa.string())).append_column(
        "several", pa.array([False] * len(table), pa.bool_())
    )


def _embed(settings: EmbedImagesSettings, plan: _Plan) -> dict[str, object]:
    resumable = ResumableOutput(settings.output, plan.made_from)
    names = plan.names
    if plan.kept is not None:
        sys.stderr.write(f"{len(plan.kept):,} of {len(names):,} images are embedded already, only others are now\n")
    if resumable.rows:
        sys.stderr.write(f"an earlier run embedded {resumable.rows:,} of {len(names):,} images, going on behind them\n")
    with connected(), Progress("embed images", len(names), unit="images") as progress:
        progress.advance(resumable.rows if plan.kept is None else len(plan.kept))
        fitted = _fitted(settings, plan, progress)
        space = fitted.embedder.space
        if resumable.facts.setdefault("space", space) != space:
            raise ConflictError(
                f"parts of {settings.output.shown!r} were made by another embedder: delete the folder "
                f"{settings.output.beside('.parts').shown!r} first"
            )
        loader = settings.loader.to_loader()
        rest = names[resumable.rows :]
        for table in embed_in_order(settings.input_dir, rest, plan.model, fitted, loader=loader, progress=progress):
            for reason in reasons_of(table).values():
                sys.stderr.write(f"skipped: {reason}\n")
            resumable.add(table)
        resumable.write()
    settings.output.beside(_EMBEDDER).write(fitted.embedder.to_bytes())
    return _join(settings, plan, fitted.embedder, resumable)


def _fitted(settings: EmbedImagesSettings, plan: _Plan, progress: Progress) -> Fitted:
    """What embeds, from an earlier run where there is one: parts must not come from axes that differ in a last bit."""
    if plan.embedder is not None:
        return Fitted(plan.embedder, plan.kept)
    # By all that decides it: a run with other settings must not find it.
    decided = "-".join(str(plan.made_from[key]) for key in ("images", "model", "reduce"))
    place = settings.output.beside(f"{_FITTED}-{decided}.arrow")
    content = place.read()
    if content is not None:
        return Fitted.from_bytes(content)
    fitted = fit_embedder(
        settings.input_dir,
        plan.names,
        plan.model,
        axes=Axes(settings.reduce),
        loader=settings.loader.to_loader(),
        progress=progress,
    )
    if fitted.kept is not None:
        place.write(fitted.to_bytes())
    return fitted


def _join(
    settings: EmbedImagesSettings, plan: _Plan, embedder: Embedder, resumable: ResumableOutput
) -> dict[str, object]:
    corrupt: list[str] = []
    several: list[str] = []
    for table in resumable.tables(["filename", "error", "several"]):
        corrupt += reasons_of(table)
        several += table.filter(table["several"])["filename"].to_pylist()
    size = resumable.schema.field("embedding").type.list_size
    if len(corrupt) == resumable.rows:
        raise InvalidInputError(f"none of the {resumable.rows} images in {settings.input_dir.shown!r} can be read")
    result: dict[str, object] = {
        "output": settings.output.shown,
        "embedder": settings.output.beside(_EMBEDDER).shown,
        "model": embedder.model,
        "space": embedder.space,
        "images": len(plan.names) - len(corrupt),
        "dimensions": size,
        "corrupt": corrupt,
        "first_frames": several,
    }
    schema = pa.schema([("filename", pa.string()), ("embedding", pa.list_(pa.float32(), size))])
    with whole_output(settings.output, schema) as whole:
        for table in resumable.tables():
            whole.write(table.filter(pc.equal(table["error"], "")).select(["filename", "embedding"]))
        whole.describe(plan.made_from, result)
    return result


def _write_csv(output: Location, csv: Location) -> None:
    file = pq.ParquetFile(output.path, filesystem=output.filesystem)
    batches = (
        batch.append_column("label", pa.array([NO_LABEL] * len(batch), pa.string())) for batch in file.iter_batches()
    )
    size = file.schema_arrow.field("embedding").type.list_size
    csv.write_pieces(write_csv(batches, size))
