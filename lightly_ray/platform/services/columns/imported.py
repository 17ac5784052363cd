"""Imported labels as a column: what each sample shows, in a word."""

import hashlib
import json
from collections.abc import Sequence
from functools import partial

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from lightly_ray.platform.context import Platform
from lightly_ray.platform.services.columns.fields import Categories
from lightly_ray.platform.services.columns.summary import Summary, Title, category_summary, little_endian
from lightly_ray.platform.services.kept import compressed, kept
from lightly_ray.platform.services.labels import newest_rows, read_import
from lightly_ray.platform.storage.store import label_imports
from lightly_ray.platform.storage.store.records import LabelImport

KEY = "label:imported"
NOTHING, SKIPPED = "nothing to be seen", "cannot be labelled"


def read(platform: Platform, dataset_id: str, total: int) -> tuple[Summary, bytes] | None:
    """The column of all imported labels that are of the task of the newest import, sample by sample the newest.

    Args:
        platform: where.
        dataset_id: of a dataset.
        total: how many samples it has.

    Returns:
        The summary, and the values, little-endian and gzipped; None where there is none, or so many different ones
        that there is nothing to choose from.
    """
    with platform.database.read() as db:
        imports = label_imports.current(db, dataset_id)
    if not imports:
        return None
    used = [it for it in imports if it.task == imports[-1].task]
    version = hashlib.blake2b("".join(it.id for it in used).encode(), digest_size=8).hexdigest()
    key = f"datasets/{dataset_id}/columns/labels/imported-{version}-{total}"
    # The summary in a line of its own, then the values.
    line, _, content = kept(platform.blobs, key, partial(_made, platform, used, f"{version}-{total}")).partition(b"\n")
    summary: Summary | None = json.loads(line)
    return None if summary is None else (summary, content)


def _made(platform: Platform, imports: Sequence[LabelImport], version: str) -> bytes:
    table, rows, _ = newest_rows([read_import(platform.blobs, it) for it in imports])
    total = int(version.rpartition("-")[2])
    words = np.full(total, None, dtype=object)
    for texts in (_all_classes(table), _main_class(table)):  # the second where combinations are too many
        words[rows] = texts
        categories = Categories(total)
        categories.add(0, pa.array(words, pa.string()))
        if categories.offered:
            break
    title = Title(KEY, "label", "label", version)
    column = category_summary(title, categories.codes, categories.texts) if categories.offered else None
    if column is None:
        return b"null\n"
    return json.dumps(column[0]).encode() + b"\n" + compressed(little_endian(column[1]))


def _all_classes(table: pa.Table) -> NDArray[np.object_]:
    """The classes of each sample, each once, in alphabetic order."""
    rows, numbers, _, names = _counted(table)
    texts = _without_classes(table)
    for row, number in zip(rows.tolist(), numbers.tolist(), strict=True):
        texts[row] = names[number] if texts[row] in (None, NOTHING) else f"{texts[row]}, {names[number]}"
    return texts


def _main_class(table: pa.Table) -> NDArray[np.object_]:
    """The class that each sample has most of; of equally many, the first by alphabet."""
    rows, numbers, counts, names = _counted(table)
    order = np.lexsort((-numbers, counts, rows))
    texts = _without_classes(table)
    texts[rows[order]] = np.array(names, dtype=object)[numbers[order]]  # the last of a row stays
    return texts


def _counted(table: pa.Table) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64], list[str]]:
    """Rows and classes of the table, each pair once and in order, how often each comes, and the names of classes."""
    column = table["annotations"].combine_chunks()
    classes = pc.struct_field(pc.list_flatten(column), "class")
    names: list[str] = sorted(pc.unique(classes).to_pylist())
    numbers = pc.index_in(classes, value_set=pa.array(names, pa.string())).to_numpy().astype(np.int64)
    parents = pc.list_parent_indices(column).to_numpy(zero_copy_only=False).astype(np.int64)
    pairs, counts = np.unique(parents * max(1, len(names)) + numbers, return_counts=True)
    rows, numbers = np.divmod(pairs, max(1, len(names)))
    return rows, numbers, counts, names


def _without_classes(table: pa.Table) -> NDArray[np.object_]:
    skipped = np.asarray(pc.fill_null(table["cannot_be_labelled"], False), dtype=bool)
    return np.where(skipped, SKIPPED, NOTHING).astype(object)
