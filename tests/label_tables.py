"""Labels for tests, written as one thinks of them."""

import io
from collections.abc import Mapping, Sequence
from typing import Any

import pyarrow as pa

from lightly_ray.data.labels.packed import write_packed
from lightly_ray.data.labels.table import ANNOTATION, SCHEMA, Labels, Task, checked

SKIPPED = "cannot be labelled"
Said = str | Sequence[Mapping[str, Any]] | None


def labels(said: Mapping[str, Said], task: Task = "classification", *, by: str = "filename") -> Labels:
    """Labels by sample: a class, annotations, `SKIPPED`, or None where nobody has labelled it.

    Args:
        said: by file name, or what else the file brings.
        task: of the labels.
        by: "filename" or "sample_id", what the keys are.
    """
    return checked(task, table_of(said, by=by), "the test")


def table_of(said: Mapping[str, Said], *, by: str = "filename") -> pa.Table:
    """The table of such labels, unchecked."""
    rows = [
        {by: name, "cannot_be_labelled": what == SKIPPED, "annotations": _annotations(what)}
        for name, what in said.items()
    ]
    empty = {field.name: None for field in SCHEMA}
    return pa.Table.from_pylist([empty | row for row in rows], SCHEMA)


def classes_of(found: Labels) -> dict[str, Any]:
    """What is said of each file name: its class, None for no annotation, or `SKIPPED`."""
    return {
        row["filename"]: SKIPPED if row["cannot_be_labelled"] else ", ".join(one["class"] for one in row["annotations"])
        for row in found.table.to_pylist()
    }


def packed(found: Labels) -> bytes:
    """As clients send them."""
    out = io.BytesIO()
    write_packed(found, out)
    return out.getvalue()


def _annotations(what: Said) -> list[dict[str, Any]] | None:
    if what is None:
        return None
    if what == SKIPPED:
        return []
    given = [{"class": what}] if isinstance(what, str) else what
    return [{field.name: None for field in ANNOTATION} | dict(one) for one in given]
