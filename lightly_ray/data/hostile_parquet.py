"""Parquet files from strangers: how much they unpack to is looked at before they are read.

A few KiB can stand for terabytes: a text that is written once and referred to a million times, a list of zeros. So
values are counted as the file says, texts by their references, without unpacking either.
"""

from collections.abc import Iterator, Sequence
from typing import BinaryIO

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from lightly_ray.data.parquet_footer import values_by_column
from lightly_ray.errors import InvalidInputError, TooLargeError

# What Arrow raises on a broken file; the last one, where a column's name is no text.
BROKEN = (pa.ArrowException, OSError, UnicodeDecodeError)
_ROWS = 1 << 16  # looked at in one go
_TENSOR = "arrow.fixed_shape_tensor"
_NAME = b"ARROW:extension:name"


def require_values(file: BinaryIO, what: str, at_most: int) -> None:
    """Refuse a file that says it unpacks to more values.

    Raises:
        UnreadableError: it is no Parquet file, or a broken one.
        TooLargeError: it does.
    """
    values = values_by_column(file, what).total()
    if values > at_most:
        raise TooLargeError(f"{what}: it unpacks to {values:,} values, at most {at_most:,} are taken")


def require_plain_types(schema: pa.Schema, what: str) -> None:
    """Refuse extension types, whose makers may run code of theirs when a file is read; tensors of Arrow are fine.

    Raises:
        InvalidInputError: a column, or something in it, has such a type.
    """
    for field in schema:
        for inner in _fields(field):
            name = _extension(inner)
            if name is not None and name != _TENSOR:
                raise InvalidInputError(f"{what}: the column {field.name!r} has the extension type {name!r}")


def require_small_texts(
    source: pq.ParquetFile, file: object, what: str, *, longest: int = 2**20, together: int = 2**30
) -> None:
    """Refuse texts that are too long, or too many.

    Args:
        source: the file, opened.
        file: the same, to be opened once more.
        what: the file, as errors name it.
        longest: bytes that one text may have.
        together: bytes that all may have.

    Raises:
        TooLargeError: a text, or all together, have more.
    """
    kinds = ("BYTE_ARRAY", "FIXED_LEN_BYTE_ARRAY")
    leaves = [source.schema.column(place) for place in range(len(source.schema.names))]
    paths = [leaf.path for leaf in leaves if leaf.physical_type in kinds]
    if not paths:
        return
    # Referred to, not repeated: a text of a MiB in a million rows is read as a MiB.
    by_reference = pq.ParquetFile(file, read_dictionary=paths)
    total = 0
    for batch in by_reference.iter_batches(batch_size=_ROWS, columns=paths):
        for texts in _texts(batch.columns):
            lengths = pc.binary_length(texts.dictionary)
            if (pc.max(lengths).as_py() or 0) > longest:
                raise TooLargeError(f"{what}: a text has {pc.max(lengths).as_py():,} bytes, at most {longest:,} fit")
            total += pc.sum(lengths.take(texts.indices)).as_py() or 0
            if total > together:
                raise TooLargeError(f"{what}: the texts unpack to more than {together:,} bytes")


def _texts(arrays: Sequence[pa.Array]) -> Iterator[pa.DictionaryArray]:
    for array in arrays:
        if isinstance(array, pa.ExtensionArray):
            yield from _texts([array.storage])
        elif pa.types.is_dictionary(array.type) and not pa.types.is_nested(array.type.value_type):
            yield array
        elif isinstance(array, pa.StructArray):
            yield from _texts(array.flatten())
        elif pa.types.is_nested(array.type):
            yield from _texts([array.flatten()])


def _fields(field: pa.Field) -> Iterator[pa.Field]:
    yield field
    kind = field.type.storage_type if isinstance(field.type, pa.BaseExtensionType) else field.type
    if pa.types.is_nested(kind):
        for place in range(kind.num_fields):
            yield from _fields(kind.field(place))


def _extension(field: pa.Field) -> str | None:
    if isinstance(field.type, pa.BaseExtensionType):
        return str(field.type.extension_name)
    name = (field.metadata or {}).get(_NAME)
    return None if name is None else name.decode("utf-8", "replace")
