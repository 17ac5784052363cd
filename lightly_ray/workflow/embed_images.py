"""The job that embeds a folder: images at any depth -> one Parquet file, sorted by file name.

OUTPUT                       columns filename (string), embedding (fixed-size list of float32)
OUTPUT.descriptor.npz        the fitted descriptor, written before OUTPUT
OUTPUT.parts/                finished chunks while the job runs; an interrupted job goes on behind them
"""

import sys
from collections.abc import Mapping, Sequence

import pyarrow as pa
from pydantic import Field

from lightly_ray._types import PathLike
from lightly_ray.data.images import find_images
from lightly_ray.data.outputs import digest_of, finished
from lightly_ray.data.resumable_output import finished_part, part_output, read_part, remove_parts, whole_output
from lightly_ray.embedding.descriptor import Descriptor
from lightly_ray.parallel.cluster import connected
from lightly_ray.parallel.embedding.embed import embed_folder, fit_descriptor
from lightly_ray.settings import Settings
from lightly_ray.workflow.place import Place

CHUNK = 16_384  # images; what an interrupted run loses at most, about a minute on two CPUs


class EmbedImagesSettings(Settings):
    """Images -> embeddings with the built-in descriptor, on Ray Data actors."""

    input_dir: Place = Field(description="folder of images at any depth: a path, or a URI (s3://...)")
    output: Place = Field(description="Parquet file to write: a path, or a URI")


def run_embed_images(settings: EmbedImagesSettings) -> dict[str, object]:
    """Embed all images of a folder.

    A file that cannot be decoded is named on standard error, counted, and left out. Run again when finished, this
    returns the same result at once; when interrupted, it goes on.

    Raises:
        NotFoundError, InvalidInputError: there is no such folder, or no image in it.
        ConflictError: something else is at ``output``.
    """
    names, fingerprint = list_with_fingerprint(settings.input_dir)
    made_from = {"job": "embed_images", "input_dir": settings.input_dir.shown, "images": fingerprint}
    result = finished(settings.output, made_from)
    if result is None:
        result = _embed(settings, names, made_from)
    else:
        sys.stderr.write(f"{settings.output.shown} is finished already\n")
    remove_parts(settings.output)  # also those of a run that ended just before it could
    return result


def list_with_fingerprint(folder: PathLike) -> tuple[list[str], str]:
    """Names of all images below a folder on any filesystem, sorted, and a digest of names, sizes and times."""
    infos = find_images(folder)
    names = sorted(infos)
    return names, digest_of(infos[name] for name in names)


def _embed(settings: EmbedImagesSettings, names: Sequence[str], made_from: Mapping[str, object]) -> dict[str, object]:
    corrupt: list[str] = []
    there = sum(finished_part(settings.output, start, made_from) is not None for start in range(0, len(names), CHUNK))
    if there:
        sys.stderr.write(f"an earlier run embedded {there * CHUNK:,} of {len(names):,} images, going on behind them\n")
    with connected():
        descriptor = _descriptor(settings, names, str(made_from["images"]))
        for start in range(0, len(names), CHUNK):
            corrupt += _embed_chunk(settings, names, start, descriptor, made_from)
    descriptor_place = settings.output.beside(".descriptor.npz")
    descriptor_place.write(descriptor.to_bytes())
    result: dict[str, object] = {
        "output": settings.output.shown,
        "descriptor": descriptor_place.shown,
        "images": len(names) - len(corrupt),
        "dimensions": len(descriptor.axes),
        "corrupt": corrupt,
    }
    with whole_output(settings.output, _schema(descriptor)) as whole:
        for start in range(0, len(names), CHUNK):
            whole.write(read_part(settings.output, start))
        whole.describe(made_from, result)
    return result


def _descriptor(settings: EmbedImagesSettings, names: Sequence[str], fingerprint: str) -> Descriptor:
    # Kept from the interrupted run: chunks must not come from descriptors that differ in a last bit.
    place = settings.output.beside(f".parts/descriptor-{fingerprint}.npz")
    content = place.read()
    if content is not None:
        return Descriptor.from_bytes(content)
    descriptor = fit_descriptor(settings.input_dir, names)
    place.write(descriptor.to_bytes())
    return descriptor


def _embed_chunk(
    settings: EmbedImagesSettings,
    names: Sequence[str],
    start: int,
    descriptor: Descriptor,
    made_from: Mapping[str, object],
) -> list[str]:
    """Embed one chunk into its part, unless an earlier run did; returns the names of its corrupt images."""
    result = finished_part(settings.output, start, made_from)
    if result is None:
        chunk = embed_folder(settings.input_dir, names[start : start + CHUNK], descriptor)
        for reason in chunk.corrupt.values():
            sys.stderr.write(f"skipped: {reason}\n")
        vectors = pa.FixedSizeListArray.from_arrays(pa.array(chunk.embeddings.ravel()), len(descriptor.axes))
        result = {"corrupt": list(chunk.corrupt)}
        with part_output(settings.output, start, _schema(descriptor)) as output:
            output.write(pa.table({"filename": chunk.filenames, "embedding": vectors}, schema=_schema(descriptor)))
            output.describe(made_from, result)
    return list(result["corrupt"])


def _schema(descriptor: Descriptor) -> pa.Schema:
    return pa.schema([("filename", pa.string()), ("embedding", pa.list_(pa.float32(), len(descriptor.axes)))])
