"""Labels as one table, whatever file they come from: a row per sample, a list of annotations in each.

All coordinates are relative to the width and height of the image, in [0, 1], x to the right and y down.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from lightly_ray.errors import InvalidInputError

Task = Literal["classification", "detection", "segmentation", "keypoints"]
TASKS: tuple[Task, ...] = get_args(Task)

ANNOTATION = pa.struct(
    {
        "class": pa.string(),  # never null
        "box": pa.list_(pa.float64(), 4),  # x0, y0, x1, y1
        "polygons": pa.list_(pa.list_(pa.float64())),  # each x, y, x, y, ...: the parts of one object
        # Run lengths of 0s and 1s in turn, beginning with 0s, down the columns, as COCO counts them.
        "mask": pa.struct({"height": pa.int32(), "width": pa.int32(), "counts": pa.list_(pa.int32())}),
        "keypoints": pa.list_(pa.float64()),  # x, y, visibility (0: not labelled, 1: hidden, 2: seen), x, y, ...
        "score": pa.float64(),  # of a prediction, in [0, 1]; null for labels
    }
)
SCHEMA = pa.schema(
    {
        "sample_id": pa.string(),  # of the platform, null where the file does not bring it
        "filename": pa.string(),  # as the file has it, null where it brings the id alone
        "cannot_be_labelled": pa.bool_(),  # an annotator has skipped or cancelled it; it has no annotations then
        "annotations": pa.list_(ANNOTATION),  # empty: looked at, and nothing to be seen; null: nobody has labelled it
    }
)

# What an object must have at least one of; a classification has its class alone.
SHAPES: dict[Task, tuple[str, ...]] = {
    "classification": (),
    "detection": ("box",),
    "segmentation": ("polygons", "mask"),
    "keypoints": ("keypoints",),
}
# Coordinates are kept to so many decimals: labels that go out in pixels or per cent come back as the same numbers.
DECIMALS = 9
# How far outside the image a coordinate may lie, relative to it: tools round to pixels. It is cut to the image.
EDGE = 2e-3


@dataclass(frozen=True, slots=True)
class Labels:
    """What a file of labels says.

    Attributes:
        task: of all of it.
        classes: their names, in the order of the file where it has one, else sorted; no two alike but for case.
        table: `SCHEMA`; no sample twice.
    """

    task: Task
    classes: tuple[str, ...]
    table: pa.Table


def checked(task: Task, table: pa.Table, what: str, classes: Sequence[str] = ()) -> Labels:
    """Labels that hold what is promised of them.

    Args:
        task: what the annotations are of.
        table: `SCHEMA`, as a reader has made it.
        what: the file, as errors name it.
        classes: known names in their order; those that occur beside them follow, sorted.

    Raises:
        InvalidInputError: a sample has neither id nor name or stands there twice, an annotation has no class or not the
            shape that its task needs, a coordinate is not finite or lies outside the image, a polygon has fewer than
            three points, a mask's runs are not as long as its image, or two classes differ by case alone.
    """
    table = table.select(SCHEMA.names).cast(SCHEMA).combine_chunks()
    _require_samples(table, what)
    flat = _Flat.of(table)
    _require_classes(flat, what)
    _require_shapes(flat, task, what)
    names = _class_names(flat, classes, what)
    return Labels(task, names, _with_annotations(table, _inside(flat, what)))


@dataclass(frozen=True, slots=True)
class _Flat:
    """All annotations, each with the row of its sample."""

    table: pa.Table
    rows: NDArray[np.int64]
    values: pa.StructArray

    @classmethod
    def of(cls, table: pa.Table) -> "_Flat":
        column = table["annotations"].combine_chunks()
        rows = pc.list_parent_indices(column).to_numpy(zero_copy_only=False)
        return cls(table, rows.astype(np.int64), pc.list_flatten(column))

    def sample(self, annotation: int) -> str:
        """How errors name the sample of an annotation."""
        return _sample(self.table, int(self.rows[annotation]))

    def field(self, name: str) -> pa.Array:
        """One field of all annotations; null where the annotation is."""
        return pc.struct_field(self.values, name)


def _sample(table: pa.Table, row: int) -> str:
    name, sample_id = table["filename"][row].as_py(), table["sample_id"][row].as_py()
    return repr(name) if name is not None else f"with id {sample_id!r}"


def _require_samples(table: pa.Table, what: str) -> None:
    ids, names = table["sample_id"], table["filename"]
    nobody = np.flatnonzero(pc.and_(pc.is_null(ids), pc.is_null(names)))
    if len(nobody):
        raise InvalidInputError(f"{what}: row {nobody[0]} has neither a sample id nor a file name")
    for column, kind in ((ids, "sample id"), (names, "file name")):
        # Where ids tell samples apart, names need not.
        told = column if column is ids else column.filter(pc.is_null(ids))
        counts = pc.value_counts(told.drop_null())
        twice = counts.filter(pc.greater(counts.field("counts"), 1))
        if len(twice):
            raise InvalidInputError(f"{what}: the {kind} {twice[0]['values'].as_py()!r} stands there more than once")


def _require_classes(flat: _Flat, what: str) -> None:
    names = flat.field("class")
    bad = np.flatnonzero(pc.fill_null(pc.equal(pc.utf8_length(pc.utf8_trim_whitespace(names)), 0), True))
    if len(bad):
        raise InvalidInputError(f"{what}: an annotation of sample {flat.sample(bad[0])} has no class")


def _class_names(flat: _Flat, known: Sequence[str], what: str) -> tuple[str, ...]:
    found = set(pc.unique(flat.field("class")).to_pylist())
    return union_of_classes([known, sorted(found.difference(known))], what)


def union_of_classes(lists: Iterable[Sequence[str]], what: str) -> tuple[str, ...]:
    """The classes of several lists, each once, in the order in which they come.

    Args:
        lists: names of classes.
        what: whose they are, as errors name it.

    Raises:
        InvalidInputError: two differ by case alone.
    """
    names = tuple(dict.fromkeys(name for names in lists for name in names))
    folded: dict[str, str] = {}
    for name in names:
        other = folded.setdefault(name.casefold(), name)
        if other != name:
            raise InvalidInputError(
                f"{what}: the classes {other!r} and {name!r} differ by case alone: is it one class?"
            )
    return names


def _require_shapes(flat: _Flat, task: Task, what: str) -> None:
    if SHAPES[task]:
        has = [np.asarray(pc.is_valid(flat.field(name))) for name in SHAPES[task]]
        bad = np.flatnonzero(~np.logical_or.reduce(has))
        if len(bad):
            raise InvalidInputError(
                f"{what}: an annotation of sample {flat.sample(bad[0])} has no {' or '.join(SHAPES[task])}, "
                f"which {task} needs"
            )
    _require_polygons(flat, what)
    _require_masks(flat, what)
    points = pc.list_value_length(flat.field("keypoints"))
    bad = np.flatnonzero(pc.fill_null(points, 3).to_numpy(zero_copy_only=False) % 3)
    if len(bad):
        raise InvalidInputError(
            f"{what}: keypoints of sample {flat.sample(bad[0])} are not triples of x, y, visibility"
        )


def _require_polygons(flat: _Flat, what: str) -> None:
    column = flat.field("polygons")
    lengths = pc.list_value_length(pc.list_flatten(column)).to_numpy(zero_copy_only=False)
    bad = np.flatnonzero((lengths < 6) | (lengths % 2 == 1))
    if len(bad):
        of = pc.list_parent_indices(column)[int(bad[0])].as_py()
        raise InvalidInputError(
            f"{what}: a polygon of sample {flat.sample(of)} has {lengths[bad[0]]} coordinates: it needs three points"
        )


def _require_masks(flat: _Flat, what: str) -> None:
    column = flat.field("mask")
    for number in np.flatnonzero(pc.is_valid(column)).tolist():
        mask = column[number]
        size = mask["height"].as_py() * mask["width"].as_py()
        counts = np.asarray(mask["counts"].values)
        if counts.sum() != size or (counts < 0).any():
            raise InvalidInputError(
                f"{what}: the runs of a mask of sample {flat.sample(number)} are {counts.sum()} pixels long, "
                f"its image has {size}"
            )


def _inside(flat: _Flat, what: str) -> pa.StructArray:
    """The annotations with coordinates a hair outside the image cut to it."""
    boxes = _cut(flat, "box", what, flat.field("box"))
    polygons = _cut(flat, "polygons", what, flat.field("polygons"))
    keypoints = _cut(flat, "keypoints", what, flat.field("keypoints"))
    _require_area(flat, boxes, what)
    new = {"box": boxes, "polygons": polygons, "keypoints": keypoints}
    arrays = [new.get(field.name, flat.field(field.name)) for field in ANNOTATION]
    return pa.StructArray.from_arrays(arrays, fields=list(ANNOTATION))


def _cut(flat: _Flat, name: str, what: str, column: pa.Array) -> pa.Array:
    inner, parents = column, np.arange(len(column))
    layers: list[pa.Array] = []
    while not pa.types.is_float64(inner.type):
        layers.append(inner)
        parents = parents[pc.list_parent_indices(inner).to_numpy(zero_copy_only=False)]
        inner = pc.list_flatten(inner)
    values = inner.to_numpy(zero_copy_only=False)
    seen = np.ones(len(values), dtype=bool)
    if name == "keypoints":  # what is not labelled lies anywhere, and visibility is no coordinate
        seen = np.repeat(values[2::3] > 0, 3) & (np.arange(len(values)) % 3 < 2)
    bad = np.flatnonzero(~np.isfinite(values) | (seen & ((values < -EDGE) | (values > 1 + EDGE))))
    if len(bad):
        raise InvalidInputError(
            f"{what}: {name} of sample {flat.sample(int(parents[bad[0]]))} leaves the image: "
            f"{values[bad[0]]:.6g} of its width or height"
        )
    result: pa.Array = pa.array(np.round(np.where(seen, np.clip(values, 0, 1), values), DECIMALS))
    for layer in reversed(layers):
        result = _relist(layer, result)
    return result


def _relist(layer: pa.Array, values: pa.Array) -> pa.Array:
    """A list array of the lengths and nulls of another, with other values."""
    missing = pc.is_null(layer)
    if pa.types.is_fixed_size_list(layer.type):
        size = layer.type.list_size
        places = np.zeros(len(layer) * size, dtype=np.int64)
        places[np.repeat(~np.asarray(missing), size)] = np.arange(len(values))
        filled = values.take(pa.array(places)) if len(values) else pa.nulls(len(places), values.type)
        return pa.FixedSizeListArray.from_arrays(filled, size, mask=missing)
    lengths = pc.fill_null(pc.list_value_length(layer), 0).to_numpy(zero_copy_only=False)
    offsets = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int32)
    return pa.ListArray.from_arrays(pa.array(offsets), values, mask=missing)


def _require_area(flat: _Flat, boxes: pa.Array, what: str) -> None:
    valid = np.flatnonzero(pc.is_valid(boxes))
    corners = pc.list_flatten(boxes).to_numpy(zero_copy_only=False).reshape(-1, 4)
    bad = np.flatnonzero((corners[:, :2] >= corners[:, 2:]).any(axis=1))
    if len(bad):
        shown = ", ".join(f"{value:.6g}" for value in corners[bad[0]])
        raise InvalidInputError(f"{what}: a box of sample {flat.sample(int(valid[bad[0]]))} is empty: {shown}")


def _with_annotations(table: pa.Table, annotations: pa.StructArray) -> pa.Table:
    column = _relist(table["annotations"].combine_chunks(), annotations)
    return table.set_column(table.schema.get_field_index("annotations"), SCHEMA.field("annotations"), column).cast(
        SCHEMA
    )
