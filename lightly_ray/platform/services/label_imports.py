"""Labels on their way in: fitted to the dataset, joined with what their source said before, stored in one piece.

The file of all that the source says then is written first, under a new key; the row that names it, and the marks of
samples that cannot be labelled, follow in one transaction, if nobody has imported meanwhile; otherwise once more. What
dies in between leaves a file that nothing names.
"""

import dataclasses
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from lightly_ray.api.models import Counted, LabelReport
from lightly_ray.bitmask import BitMask
from lightly_ray.data.labels.files import read_labels
from lightly_ray.data.labels.joining import join
from lightly_ray.data.labels.packed import read_packed
from lightly_ray.data.labels.same import same_rows
from lightly_ray.data.labels.table import SCHEMA, Labels, Task, checked, union_of_classes
from lightly_ray.data.text import unicode_hint
from lightly_ray.errors import InvalidInputError
from lightly_ray.platform import limits
from lightly_ray.platform.context import Platform
from lightly_ray.platform.services.labels import Said, read_import, write_import
from lightly_ray.platform.services.mappings import Mappings, read_mappings
from lightly_ray.platform.storage.ids import new_id
from lightly_ray.platform.storage.store import datasets, label_imports, tags
from lightly_ray.platform.storage.store.records import LabelImport

MOST_NAMES = 10  # of each kind in a report
CREATOR = "IMPORT"  # of marks, in the words of the protocol
_WHAT = "the labels"


@dataclass(frozen=True, slots=True)
class Wanted:
    """An import as somebody asks for it.

    Attributes:
        dataset_id: which dataset.
        source: the name under which the labels are kept.
        creator: the name of the user.
    """

    dataset_id: str
    source: str
    creator: str


@dataclass(frozen=True, slots=True)
class _Fitted:
    """Labels whose samples have been found.

    Attributes:
        said: the matched ones that somebody has labelled, in mappings order; of no import yet.
        names: (N,) file names of all samples of the dataset, by row.
        matched, unknown, without_label, by_base_name: as in the report.
    """

    said: Said
    names: pa.LargeStringArray
    matched: Counted
    unknown: Counted
    without_label: Counted
    by_base_name: Counted


@dataclass(frozen=True, slots=True)
class _Merged:
    """What a source says after an import.

    Attributes:
        said: all of it.
        unchanged, changed: (n,) of the n samples of the import, in their order.
    """

    said: Said
    unchanged: NDArray[np.bool_]
    changed: NDArray[np.bool_]


def take_packed(platform: Platform, wanted: Wanted, file: Path) -> LabelReport:
    """Import a file that `write_packed` has written; raises as `read_packed`, `checked` and `take`."""
    with file.open("rb") as content:
        packed = read_packed(content, _WHAT, limits.LABEL_VALUES)
    return take(platform, wanted, checked(packed.task, packed.table, _WHAT, packed.classes))


def take_file(platform: Platform, wanted: Wanted, file: Path, task: Task | None = None) -> LabelReport:
    """Import a file that a labelling tool has written; raises as `read_labels` and `take`."""
    try:
        labels = read_labels(file, task=task)
    except InvalidInputError as error:  # where it lies here is nobody's business
        raise type(error)(str(error).replace(f"{str(file)!r}", "the file")) from error
    return take(platform, wanted, labels)


def take(platform: Platform, wanted: Wanted, labels: Labels) -> LabelReport:
    """Import labels: all of those whose samples the dataset has, or nothing.

    A sample that the source has labelled before gets its new label; one that the labels do not speak of keeps what it
    has. What changes nothing is not stored.

    Args:
        platform: where.
        wanted: into which source of which dataset, and who asks.
        labels: checked.

    Raises:
        NotFoundError: there is no such dataset (DATASET_UNKNOWN).
        InvalidInputError: the dataset has no tags yet; half of the samples or more are unknown; two rows may be of
            one sample, or one of two; the source has labels of another task, or spells a class differently.
    """
    limits.label_source(wanted.source)
    with platform.database.read() as db:
        datasets.read(db, wanted.dataset_id)
        tags.initial(db, wanted.dataset_id)
    fitted = _fitted(labels, read_mappings(platform, wanted.dataset_id))
    report: LabelReport | None = None
    while report is None:  # somebody else has imported meanwhile: what they said comes first
        report = _import(platform, wanted, fitted)
    return report


def _fitted(labels: Labels, dataset: Mappings) -> _Fitted:
    ids, names = dataset.ids, dataset.names
    found = join(labels.table, ids, names, _WHAT)
    unknown = np.flatnonzero(found.rows < 0)
    _require_most(labels.table, unknown, names)
    nobody = pc.and_(pc.is_null(labels.table["annotations"]), pc.invert(_skipped(labels.table)))
    silent = np.asarray(nobody, dtype=bool)
    matched = np.argsort(found.rows, kind="stable")[len(unknown) :]
    order = matched[~silent[matched]]
    rows = found.rows[order]
    table = labels.table.take(pa.array(order))
    for name, values in (("sample_id", ids), ("filename", names)):
        place = table.schema.get_field_index(name)
        table = table.set_column(place, SCHEMA.field(name), values.take(pa.array(rows)).cast(pa.string()))
    said = Said(Labels(labels.task, labels.classes, table), rows, pa.nulls(len(rows), pa.string()))
    return _Fitted(
        said,
        names,
        matched=_counted(names, found.rows[matched]),
        unknown=_counted(_called(labels.table), unknown),
        without_label=_counted(names, found.rows[matched[silent[matched]]]),
        by_base_name=_counted(names, np.sort(found.rows[found.by_base_name])),
    )


def _require_most(table: pa.Table, unknown: NDArray[np.int64], names: pa.LargeStringArray) -> None:
    if not len(table):
        raise InvalidInputError("there are no labels in it: nothing was imported")
    if 2 * len(unknown) < len(table):
        return
    first = table.slice(int(unknown[0]), 1).to_pylist()[0]
    if first["sample_id"] is not None:
        example = f"the sample id {first['sample_id']!r}: is it an export of another dataset?"
    else:
        example = f"{first['filename']!r}{unicode_hint(first['filename'], names)}"
    raise InvalidInputError(
        f"{len(unknown)} of {len(table)} samples of the labels are not in the dataset, first: {example}; file names of "
        f"the dataset look like {names[0].as_py()!r}; nothing was imported"
    )


def _import(platform: Platform, wanted: Wanted, fitted: _Fitted) -> LabelReport | None:
    """One try; None where another import, or a withdrawal, came between."""
    with platform.database.read() as db:
        before = label_imports.newest(db, wanted.dataset_id, wanted.source)
    import_id = new_id()
    old = None if before is None or before.withdrawn_at is not None else _read(platform, before, fitted)
    merged = _merged(old, dataclasses.replace(fitted.said, imports=pa.array([import_id] * len(fitted.said.rows))))
    report = _report(wanted, fitted, merged)
    if _is_old(merged, old):
        return report
    key = f"datasets/{wanted.dataset_id}/labels/{import_id}.parquet"
    sha256 = write_import(platform.blobs, key, merged.said)
    report = report.model_copy(update={"import_id": import_id})
    new = label_imports.NewImport(
        id=import_id,
        source=wanted.source,
        version=1 if before is None else before.version + 1,
        task=fitted.said.labels.task,
        file_key=key,
        sha256=sha256,
        samples=len(merged.said.rows),
        report=report.model_dump(by_alias=True, mode="json"),
        creator=wanted.creator,
    )
    with platform.database.write() as db:
        datasets.lock(db, wanted.dataset_id)
        if label_imports.newest(db, wanted.dataset_id, wanted.source) != before:
            return None
        label_imports.add(db, wanted.dataset_id, new)
        marked = _cannot_be_labelled(fitted.said)
        if len(marked):
            tags.mark(db, wanted.dataset_id, BitMask.from_rows(marked), CREATOR)
    return report


def _read(platform: Platform, before: LabelImport, fitted: _Fitted) -> Said:
    if before.task != fitted.said.labels.task:
        raise InvalidInputError(
            f"the source {before.source!r} has labels for {before.task}, these are for {fitted.said.labels.task}: give "
            "them a source of their own, or withdraw the others"
        )
    return read_import(platform.blobs, before)


def _merged(old: Said | None, new: Said) -> _Merged:
    unchanged, changed = np.zeros((2, len(new.rows)), dtype=bool)
    if old is None:
        return _Merged(new, unchanged, changed)
    _, at_old, at_new = np.intersect1d(old.rows, new.rows, assume_unique=True, return_indices=True)
    same = _same(old.labels.table.take(pa.array(at_old)), new.labels.table.take(pa.array(at_new)))
    unchanged[at_new[same]], changed[at_new[~same]] = True, True
    kept = np.ones(len(old.rows), dtype=bool)
    kept[at_old[~same]] = False
    kept_table, new_table = old.labels.table.filter(pa.array(kept)), new.labels.table.filter(pa.array(~unchanged))
    rows = np.concatenate([old.rows[kept], new.rows[~unchanged]])
    order = pa.array(np.argsort(rows))
    imports = pa.concat_arrays([old.imports.filter(pa.array(kept)), new.imports.filter(pa.array(~unchanged))])
    classes = _classes(old.labels.classes, new.labels.classes, kept_table)
    table = pa.concat_tables([kept_table, new_table]).take(order)
    return _Merged(
        Said(Labels(new.labels.task, classes, table), np.sort(rows), imports.take(order)), unchanged, changed
    )


def _is_old(merged: _Merged, old: Said | None) -> bool:
    """Whether an import brings nothing."""
    if old is None:
        return not len(merged.said.rows)
    return bool(merged.unchanged.all()) and merged.said.labels.classes == old.labels.classes


def _same(old: pa.Table, new: pa.Table) -> NDArray[np.bool_]:
    same = np.ones(len(old), dtype=bool)
    for name in ("cannot_be_labelled", "annotations"):
        same &= same_rows(old[name].combine_chunks(), new[name].combine_chunks())
    return same


def _classes(old: tuple[str, ...], new: tuple[str, ...], kept: pa.Table) -> tuple[str, ...]:
    """The classes of both; an old one that is spelled otherwise now is forgotten, if no sample has it any more."""
    folded = {name.casefold(): name for name in new}
    if any(folded.get(name.casefold(), name) != name for name in old):
        used = set(
            pc.unique(pc.struct_field(pc.list_flatten(kept["annotations"].combine_chunks()), "class")).to_pylist()
        )
        old = tuple(name for name in old if name in used or name in new)
    return union_of_classes([old, new], "the labels and those that the source has already")


def _report(wanted: Wanted, fitted: _Fitted, merged: _Merged) -> LabelReport:
    names, rows = fitted.names, fitted.said.rows
    return LabelReport(
        source=wanted.source,
        task=fitted.said.labels.task,
        import_id=None,
        matched=fitted.matched,
        unknown=fitted.unknown,
        without_label=fitted.without_label,
        unchanged=_counted(names, rows[merged.unchanged]),
        changed=_counted(names, rows[merged.changed]),
        by_base_name=fitted.by_base_name,
        cannot_be_labelled=_counted(names, _cannot_be_labelled(fitted.said)),
    )


def _cannot_be_labelled(said: Said) -> NDArray[np.int64]:
    return np.compress(np.asarray(_skipped(said.labels.table), dtype=bool), said.rows)


def _skipped(table: pa.Table) -> pa.ChunkedArray:
    return pc.fill_null(table["cannot_be_labelled"], False)


def _called(table: pa.Table) -> pa.ChunkedArray:
    return pc.coalesce(table["filename"], table["sample_id"])


def _counted(names: pa.Array | pa.ChunkedArray, rows: NDArray[np.int64]) -> Counted:
    return Counted(count=len(rows), first=tuple(names.take(pa.array(rows[:MOST_NAMES])).to_pylist()))
