"""The labels of a dataset as they are now: what each source says, and what all of them say together.

A source is a name under which labels are imported, `round-1` or `reviewed`. Where several say something of one sample,
the one whose label of it was brought or changed last is right; importing the same again brings nothing.
"""

import hashlib
import io
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from lightly_ray.data.labels.packed import read_packed, write_packed
from lightly_ray.data.labels.table import SCHEMA, Labels, Task, union_of_classes
from lightly_ray.errors import InvalidInputError
from lightly_ray.platform.context import Platform
from lightly_ray.platform.storage.blobs import Blobs
from lightly_ray.platform.storage.store import datasets, label_imports
from lightly_ray.platform.storage.store.records import Json, LabelImport

_ROW, _IMPORT = "row", "import_id"


@dataclass(frozen=True, slots=True)
class Said:
    """All that a source says, or several together.

    Attributes:
        labels: a row per sample, in mappings order; ids and file names are those of the dataset.
        rows: (n,) rows of these samples in the dataset, ascending.
        imports: (n,) strings, the id of the import that has brought or changed each of them last.
    """

    labels: Labels
    rows: NDArray[np.int64]
    imports: pa.Array


@dataclass(frozen=True, slots=True)
class SampleSaid:
    """What a source says of one sample.

    Attributes:
        source, task: whose, and of what kind.
        cannot_be_labelled: an annotator could not.
        annotations: as Python has `table.ANNOTATION`.
        classes: of these annotations, each with its number among all of the source.
    """

    source: str
    task: Task
    cannot_be_labelled: bool
    annotations: list[Json]
    classes: dict[str, int]


def read_current(platform: Platform, dataset_id: str, source: str | None = None) -> Labels:
    """The labels that count now.

    Args:
        platform: where.
        dataset_id: of a dataset.
        source: one source; None: all that are not withdrawn, joined sample by sample.

    Returns:
        A row per labelled sample, in mappings order, with the sample's id and file name; also of samples that cannot
        be labelled.

    Raises:
        NotFoundError: there is no such dataset (DATASET_UNKNOWN), or no labels (LABELS_UNKNOWN).
        InvalidInputError: all sources are asked for, and they are of several tasks, or spell a class differently.
    """
    return said_now(platform, dataset_id, source).labels


def version_of(platform: Platform, dataset_id: str, source: str | None = None) -> str:
    """Text that is another one whenever `read_current` would answer something else; empty where there are no labels.

    Raises:
        NotFoundError: there is no such dataset (DATASET_UNKNOWN).
    """
    with platform.database.read() as db:
        datasets.read(db, dataset_id)
        return "-".join(it.id for it in label_imports.current(db, dataset_id, source))


def said_now(platform: Platform, dataset_id: str, source: str | None = None) -> Said:
    """As `read_current`, with the rows of the samples and where each label comes from."""
    with platform.database.read() as db:
        datasets.read(db, dataset_id)
        imports = label_imports.current(db, dataset_id, source)
        if not imports:
            raise label_imports.unknown(db, dataset_id, source)
    by_task = {it.task: it.source for it in imports}
    if len(by_task) > 1:
        found = ", ".join(f"{task} (as {name!r})" for task, name in by_task.items())
        raise InvalidInputError(f"the labels are of several tasks: {found}; name the source that is meant")
    return joined([read_import(platform.blobs, it) for it in imports])


def read_import(blobs: Blobs, it: LabelImport) -> Said:
    """All that a source has said after one import."""
    with blobs.open(it.file_key) as file:
        packed = read_packed(file, f"the import {it.id}")
    rows = packed.table[_ROW].to_numpy()
    imports = packed.table[_IMPORT].combine_chunks()
    return Said(Labels(packed.task, packed.classes, packed.table.select(SCHEMA.names)), rows, imports)


def of_sample(platform: Platform, dataset_id: str, row: int) -> list[SampleSaid]:
    """What each source says of one sample, the newest import last; nothing where it does not speak of it."""
    with platform.database.read() as db:
        imports = label_imports.current(db, dataset_id)
    found = []
    for it in imports:
        with platform.blobs.open(it.file_key) as file:
            packed = read_packed(file, f"the import {it.id}", only=(_ROW, row))
        numbers = {name: number for number, name in enumerate(packed.classes)}
        for one in packed.table.select(["cannot_be_labelled", "annotations"]).to_pylist():
            skipped, annotations = bool(one["cannot_be_labelled"]), one["annotations"] or []
            classes = {annotation["class"]: numbers[annotation["class"]] for annotation in annotations}
            found.append(SampleSaid(it.source, it.task, skipped, annotations, classes))
    return found


def write_import(blobs: Blobs, key: str, said: Said) -> str:
    """Keep all that a source says; returns the file's sha256."""
    out = io.BytesIO()
    write_packed(said.labels, out, {_ROW: pa.array(said.rows), _IMPORT: said.imports})
    out.seek(0)
    blobs.put(key, out)
    return hashlib.sha256(out.getbuffer()).hexdigest()


def joined(parts: list[Said]) -> Said:
    """Several in one: of each sample, what the newest import says.

    Args:
        parts: one or more, of one task.

    Raises:
        InvalidInputError: two classes differ by case alone.
    """
    table, rows, imports = newest_rows(parts)
    classes = union_of_classes([part.labels.classes for part in parts], "the labels of all sources")
    return Said(Labels(parts[0].labels.task, classes, table), rows, imports)


def newest_rows(parts: list[Said]) -> tuple[pa.Table, NDArray[np.int64], pa.Array]:
    """Table, rows and imports of several in one, as of `Said`: of each sample, what the newest import says."""
    if len(parts) == 1:
        return parts[0].labels.table, parts[0].rows, parts[0].imports
    rows = np.concatenate([part.rows for part in parts])
    imports = pa.chunked_array([part.imports for part in parts], pa.string()).combine_chunks()
    order = np.lexsort((_ages(imports), rows))
    last = np.append(rows[order][1:] != rows[order][:-1], [True] * bool(len(rows)))
    chosen = order[last]
    table = pa.concat_tables([part.labels.table for part in parts]).take(pa.array(chosen))
    return table, rows[chosen], imports.take(pa.array(chosen))


def _ages(imports: pa.Array) -> NDArray[np.int64]:
    """Numbers that ascend as the ids of imports do, which sort by age."""
    encoded = imports.dictionary_encode()
    ranks: NDArray[np.int64] = pc.rank(encoded.dictionary).take(encoded.indices).to_numpy().astype(np.int64)
    return ranks
