"""The formats that are a list or a table of samples: file names, CSV, Labelbox's rows, and images in a ZIP."""

import csv
import io
from collections.abc import Iterator
from itertools import islice

from lightly_ray.data.labels.exporting import Annotation, Export, Sample, as_json, content_of, joined, require_uri
from lightly_ray.data.labels.folders import places
from lightly_ray.data.spreadsheets import harmless
from lightly_ray.data.zip_stream import MISSING, Entry, missing_list, zip_stream
from lightly_ray.errors import InvalidInputError

_PART = 5_000  # samples
_PREDICTED = ("predicted_label", "predicted_score")


def write_names(export: Export) -> Iterator[bytes]:
    """One file name per line."""
    yield from joined((f"{sample.filename}\n" for sample in export.samples), "")


def write_csv(export: Export) -> Iterator[bytes]:
    """A header, then a line for each label of a sample, or one without a label; a score that is missing is empty.

    Columns: `sample_id`, `filename`, `label`, or for other tasks than classification `annotations` as JSON,
    `cannot_be_labelled`, the scores by name, and where predictions go along the likeliest class and its score. A text
    that a spreadsheet would take for a formula has an apostrophe in front.
    """
    about = ("sample_id", "filename", "label" if export.task == "classification" else "annotations")
    scores = sorted({name for sample in export.samples for name in sample.scores})
    header = [*about, "cannot_be_labelled", *scores, *(_PREDICTED if export.predictions else ())]
    if len(set(header)) < len(header):
        raise InvalidInputError(f"a score must not be called like another column of the CSV: {', '.join(header)}")
    lines = (line for sample in export.samples for line in _lines(sample, export, scores))
    yield _csv([header])
    while some := list(islice(lines, _PART)):
        yield _csv(some)


def _csv(rows: list[list[object]]) -> bytes:
    out = io.StringIO()
    csv.writer(out).writerows([harmless(value) if isinstance(value, str) else value for value in row] for row in rows)
    return out.getvalue().encode()


def _lines(sample: Sample, export: Export, scores: list[str]) -> Iterator[list[object]]:
    rest: list[object] = ["true" if sample.cannot_be_labelled else "", *(sample.scores.get(name) for name in scores)]
    if export.predictions:
        rest += _likeliest(sample, export)
    for label in _labels(sample, export):
        yield [sample.sample_id, sample.filename, label, *rest]


def _labels(sample: Sample, export: Export) -> list[str | None]:
    if sample.labels is None or sample.cannot_be_labelled:
        return [None]
    if export.task != "classification":
        return [as_json([{key: value for key, value in one.items() if value is not None} for one in sample.labels])]
    return [annotation["class"] for annotation in sample.labels] or [None]


def _likeliest(sample: Sample, export: Export) -> list[object]:
    """Class and score of a sample's best prediction; for other tasks there is none of the whole image."""
    if not sample.predictions or export.task != "classification":
        return [None, None]
    best: Annotation = max(sample.predictions, key=lambda one: one.get("score") or 0.0)
    return [best["class"], best.get("score")]


def write_labelbox(export: Export) -> Iterator[bytes]:
    """A list of data rows, whose global key is the sample's id and external id its name.

    Raises:
        InvalidInputError: a sample has no address of its image.
    """
    yield b"[\n"
    yield from joined(as_json(_data_row(sample)) for sample in export.samples)
    yield b"\n]\n"


def _data_row(sample: Sample) -> dict[str, str]:
    uri = require_uri(sample, "labelbox")
    return {"row_data": uri, "global_key": sample.sample_id, "media_type": "IMAGE", "external_id": sample.filename}


def write_zip(export: Export) -> Iterator[bytes]:
    """The images under their names; those that are not there are listed in `MISSING.txt`."""
    return zip_stream(_entries(export))


def _entries(export: Export) -> Iterator[Entry]:
    missing = list[str]()
    for sample, path in places(export.samples, taken=[MISSING]):
        image = export.image(sample)
        if image is None:
            missing.append(sample.filename)
        else:
            yield Entry(path, content_of(image))
    if missing:
        yield missing_list(missing)
