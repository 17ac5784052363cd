"""Labels in columns: CSV and Parquet with `filename` and `label`; `sample_id` and `cannot_be_labelled` may be there.

A row gives one label; a sample with several has as many rows. A sample whose rows have none is one that nobody has
labelled. What is no class of a whole image stands in a column `annotations`: in Parquet as `table.SCHEMA` has it, with
its task in the metadata, in CSV as JSON of that. No row is touched one by one: a million take a second or two.
"""

import json

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pacsv
from numpy.typing import NDArray

from lightly_ray.data.joined_columns import join_columns
from lightly_ray.data.labels.packed import KEY
from lightly_ray.data.labels.rows import labels_of
from lightly_ray.data.labels.table import ANNOTATION, SCHEMA, TASKS, Labels, Task, checked
from lightly_ray.data.location import Location
from lightly_ray.data.parquet import open_parquet
from lightly_ray.errors import InvalidInputError, TooLargeError

NAMES = ("filename", "file_name")
MOST_ROWS = 100_000_000
_BLOCK = 16 << 20  # bytes


def read_csv(place: Location, task: Task | None) -> Labels:
    """The labels of a CSV file with a header.

    Raises:
        UnreadableError: it is no CSV.
        InvalidInputError: it has not the columns, or a sample has one label twice.
    """
    options = pacsv.ConvertOptions(column_types=dict.fromkeys(header(place), pa.string()), strings_can_be_null=True)
    options.null_values = [""]
    parse = pacsv.ParseOptions(newlines_in_values=True)
    try:
        with place.filesystem.open_input_stream(place.path) as stream:
            read = pacsv.ReadOptions(block_size=_BLOCK)
            table = pacsv.read_csv(stream, read_options=read, parse_options=parse, convert_options=options)
    except (pa.ArrowException, OSError) as error:
        raise place.unreadable(error, " as CSV") from error
    table = pa.table({name: _unharmed(table[name]) for name in table.column_names})
    if "annotations" in table.column_names:
        return _with_objects(table, place, task)
    return _with_classes(table, place, task)


def header(place: Location) -> list[str]:
    """The columns of a CSV file.

    Raises:
        UnreadableError: it is no CSV.
        InvalidInputError: a column stands there twice.
    """
    try:
        with (
            place.filesystem.open_input_stream(place.path) as stream,
            pacsv.open_csv(stream, parse_options=pacsv.ParseOptions(newlines_in_values=True)) as reader,
        ):
            names: list[str] = reader.schema.names
    except (pa.ArrowException, OSError, UnicodeDecodeError) as error:
        raise place.unreadable(error, " as CSV") from error
    if len(set(names)) < len(names):
        twice = next(name for name in names if names.count(name) > 1)
        raise InvalidInputError(f"{place.shown!r} has the column {twice!r} more than once")
    return names


def read_parquet(place: Location, task: Task | None) -> Labels:
    """The labels of a Parquet file.

    Raises:
        UnreadableError: it is broken.
        TooLargeError: it has more rows than `MOST_ROWS`.
        InvalidInputError: as `read_csv`, or the annotations are not those of `table.SCHEMA`.
    """
    wanted = {"sample_id", "cannot_be_labelled", "label", "annotations", *NAMES}
    with open_parquet(place, buffer=_BLOCK) as file:
        if file.metadata.num_rows > MOST_ROWS:
            raise TooLargeError(f"{place.shown!r} has {file.metadata.num_rows:,} rows, at most {MOST_ROWS:,} are read")
        table = file.read(columns=[name for name in file.schema_arrow.names if name in wanted])
        metadata = file.schema_arrow.metadata or {}
    if "annotations" not in table.column_names:
        return _with_classes(table, place, task)
    table = _completed(table, table["annotations"], place)
    said, classes = _task_said(metadata.get(KEY, b"{}"), place)
    if said is not None and task in (None, said):
        return checked(said, table, repr(place.shown), classes)
    return labels_of(table, repr(place.shown), task)


def _task_said(text: bytes, place: Location) -> tuple[Task | None, list[str]]:
    """Task and classes that the metadata of a file say."""
    try:
        about = json.loads(text)
        task, classes = about.get("task"), [str(name) for name in about.get("classes", ())]
    except (ValueError, AttributeError, TypeError) as error:
        raise InvalidInputError(f"{place.shown!r}: its metadata do not say a task and classes: {error}") from error
    if task is not None and task not in TASKS:
        raise InvalidInputError(f"{place.shown!r}: its metadata say the unknown task {task!r}")
    return task, classes


def _completed(table: pa.Table, annotations: pa.ChunkedArray, place: Location) -> pa.Table:
    """A table of `SCHEMA` with the keys of another."""
    names = _keys(table, place)
    cannot = _flags(table, place)
    try:
        return pa.table([names["sample_id"], names["filename"], cannot, annotations], names=SCHEMA.names).cast(SCHEMA)
    except (pa.ArrowException, ValueError) as error:
        raise InvalidInputError(f"{place.shown!r}: its columns are not those of labels: {error}") from error


def _keys(table: pa.Table, place: Location) -> dict[str, pa.ChunkedArray]:
    name = next((name for name in NAMES if name in table.column_names), None)
    if name is None and "sample_id" not in table.column_names:
        raise InvalidInputError(
            f"{place.shown!r} needs a column filename or sample_id, it has {', '.join(table.column_names)}"
        )
    nothing = pa.chunked_array([pa.nulls(len(table), pa.string())])
    columns = {"sample_id": "sample_id", "filename": name}
    return {
        key: _texts(table[column], place) if column in table.column_names else nothing
        for key, column in columns.items()
    }


def _texts(column: pa.ChunkedArray, place: Location) -> pa.ChunkedArray:
    column = join_columns(column.chunks, "of text")
    try:
        return column.cast(pa.string())
    except pa.ArrowException as error:
        raise InvalidInputError(f"{place.shown!r}: a column must hold texts, it has {column.type}") from error


def _flags(table: pa.Table, place: Location) -> pa.ChunkedArray:
    if "cannot_be_labelled" not in table.column_names:
        return pa.chunked_array([pa.repeat(pa.scalar(False), len(table))])
    column = table["cannot_be_labelled"]
    try:
        return pc.fill_null(column.cast(pa.bool_()), False)
    except pa.ArrowException as error:
        raise InvalidInputError(f"{place.shown!r}: cannot_be_labelled must be true or false: {error}") from error


def _unharmed(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """As `spreadsheets.unharmed`, for all of a column."""
    return pc.replace_substring_regex(column, r"\A'('*[=+\-@\t\r])", r"\1")


def _with_objects(table: pa.Table, place: Location, task: Task | None) -> Labels:
    try:
        objects = [None if text is None else json.loads(text) for text in table["annotations"].to_pylist()]
        annotations = pa.chunked_array([pa.array(objects, SCHEMA.field("annotations").type)])
    except (ValueError, TypeError, pa.ArrowException) as error:
        raise InvalidInputError(f"{place.shown!r}: the column annotations must hold JSON of labels: {error}") from error
    return labels_of(_completed(table, annotations, place), repr(place.shown), task)


def _with_classes(table: pa.Table, place: Location, task: Task | None) -> Labels:
    if task not in (None, TASKS[0]):
        raise InvalidInputError(f"{place.shown!r} has a column of labels, which is classification, no {task}")
    if "label" not in table.column_names:
        raise InvalidInputError(f"{place.shown!r} needs a column label, it has {', '.join(table.column_names)}")
    keys, labels = _keys(table, place), _texts(table["label"], place).combine_chunks()
    labels = pc.if_else(pc.equal(labels, ""), None, labels)
    sample = pc.coalesce(keys["sample_id"], keys["filename"]).combine_chunks()
    if sample.null_count:
        row = int(np.flatnonzero(pc.is_null(sample))[0])
        raise InvalidInputError(f"{place.shown!r}: row {row} has neither a sample id nor a file name")
    encoded = sample.dictionary_encode()
    codes = encoded.indices.to_numpy().astype(np.int64)
    _require_distinct(codes, labels, sample, place)
    count = len(encoded.dictionary)
    firsts = np.full(count, len(codes))
    np.minimum.at(firsts, codes, np.arange(len(codes)))
    cannot = np.zeros(count, dtype=bool)
    cannot[codes[np.asarray(_flags(table, place))]] = True
    grouped = pa.table(
        [
            keys["sample_id"].take(pa.array(firsts)),
            keys["filename"].take(pa.array(firsts)),
            pa.array(cannot),
            _lists(codes, count, labels, cannot),
        ],
        schema=SCHEMA,
    )
    return labels_of(grouped, repr(place.shown), "classification")


def _lists(codes: NDArray[np.int64], count: int, labels: pa.Array, cannot: NDArray[np.bool_]) -> pa.ListArray:
    """The annotations of each sample: its labels as classes, none where it cannot be labelled."""
    counted = np.asarray(pc.is_valid(labels)) & ~cannot[codes]
    order = np.argsort(codes[counted], kind="stable")
    names = labels.filter(pa.array(counted)).take(pa.array(order))
    lengths = np.bincount(codes[counted], minlength=count)
    offsets = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int32)
    arrays = [names if field.name == "class" else pa.nulls(len(names), field.type) for field in ANNOTATION]
    values = pa.StructArray.from_arrays(arrays, fields=list(ANNOTATION))
    return pa.ListArray.from_arrays(pa.array(offsets), values, mask=pa.array((lengths == 0) & ~cannot))


def _require_distinct(codes: NDArray[np.int64], labels: pa.Array, sample: pa.Array, place: Location) -> None:
    encoded = labels.dictionary_encode()
    rows = np.flatnonzero(pc.is_valid(labels))
    pairs = codes[rows] * (len(encoded.dictionary) + 1) + pc.fill_null(encoded.indices, 0).to_numpy()[rows]
    _, firsts = np.unique(pairs, return_index=True)
    if len(firsts) < len(rows):
        row = int(rows[np.setdiff1d(np.arange(len(rows)), firsts)[0]])
        raise InvalidInputError(
            f"{place.shown!r}: the sample {sample[row].as_py()!r} has the label {labels[row].as_py()!r} more than once"
        )
