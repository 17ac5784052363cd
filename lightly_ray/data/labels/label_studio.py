"""Label Studio's exports: JSON, JSON_MIN and CSV, and the regions in them.

A sample's keys are `sample_id` and `filename` of a task's data, else the address of its image: the path of a local
file (`?d=`), an object's key, else the base name without the hash that an upload gets. Of several annotations the one
that is the ground truth counts, else the newest; those that were skipped count where all were, and then the sample
cannot be labelled. What a tag of another kind gives (text, ratings, relations) is passed over.

Keypoints belong to the region that is their parent, whose label is their class; their place in the object is that of
their own label among all labels of keypoints in the file, numbers by value. `meta` says which are hidden. JSON alone
says which region is whose parent.

The format: https://labelstud.io/guide/export
"""

import csv
import io
import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from lightly_ray.data.json_list import read_objects
from lightly_ray.data.labels.label_studio_names import name_of_address
from lightly_ray.data.labels.label_studio_regions import ABOUT_REGION, Regions
from lightly_ray.data.labels.rows import Rows
from lightly_ray.data.labels.table import Labels, Task
from lightly_ray.data.location import Location
from lightly_ray.errors import InvalidInputError

Entry = dict[str, Any]
_NAMES = ("filename", "lightlyFileName", "fileName")
_ABOUT = {"id", "annotator", "annotation_id", "created_at", "updated_at", "lead_time", "agreement", "history"}
CSV_COLUMNS = {"annotation_id", "annotator", "lead_time"}


def read(place: Location, task: Task | None) -> Labels:
    """The labels of an export, JSON or CSV.

    Raises:
        InvalidInputError: it is broken, a task has no key, or a region is of a shape that is not read.
    """
    regions, rows = Regions(), Rows(repr(place.shown))
    with place.filesystem.open_input_stream(place.path) as stream:
        begins = stream.read(64).removeprefix(b"\xef\xbb\xbf").lstrip()[:1]
    tasks = read_objects(place) if begins in (b"[", b"") else _csv_rows(place)
    newest: dict[str, tuple[tuple[Any, ...], Entry]] = {}
    for number, entry in enumerate(tasks):
        what = f"{place.shown!r}: task {entry.get('id', number)!r}"
        if isinstance(entry.get("data"), dict):
            _add_task(entry, regions, rows, what)
            continue
        key, stamp = str(entry.get("id", number)), _stamp(entry)
        if key not in newest or newest[key][0] < stamp:
            newest[key] = (stamp, entry)
    for key, (_, entry) in newest.items():
        _add_minimal(entry, regions, rows, f"{place.shown!r}: task {key!r}")
    regions.finish()
    return rows.labels(task)


def _add_task(entry: Entry, regions: Regions, rows: Rows, what: str) -> None:
    annotations = entry.get("annotations", entry.get("completions")) or []
    if not isinstance(annotations, list) or not all(isinstance(one, dict) for one in annotations):
        raise InvalidInputError(f"{what}: its annotations must be those of an export, got {annotations!r:.60}")
    done = [one for one in annotations if not (one.get("was_cancelled") or one.get("skipped"))]
    best = max(done, key=_stamp, default=None)
    sample_id, filename = _keys(entry["data"], what)
    rows.add(
        None if best is None else regions.of(best.get("result") or [], what),
        filename=filename,
        sample_id=sample_id,
        cannot_be_labelled=bool(annotations) and not done,
    )


def _stamp(annotation: Mapping[str, Any]) -> tuple[Any, ...]:
    at = annotation.get("updated_at") or annotation.get("created_at") or ""
    number = annotation.get("id", annotation.get("annotation_id"))
    return bool(annotation.get("ground_truth")), str(at), str(number).zfill(20)


def _keys(data: Mapping[str, Any], what: str) -> tuple[str | None, str | None]:
    """Sample id and file name that a task's data bring."""
    sample_id = data.get("sample_id")
    name = next((data[key] for key in _NAMES if isinstance(data.get(key), str)), None)
    if name is None and sample_id is None:
        texts = [value for value in data.values() if isinstance(value, str)]
        address = data.get("image") or (texts[0] if len(texts) == 1 else None)
        if not isinstance(address, str):
            raise InvalidInputError(f"{what}: its data have neither sample_id nor filename nor image: {data!r:.80}")
        name = name_of_address(address)
    return None if sample_id is None else str(sample_id), name


def _csv_rows(place: Location) -> Iterator[Entry]:
    csv.field_size_limit(1 << 26)
    with io.TextIOWrapper(place.filesystem.open_input_stream(place.path), "utf-8-sig", newline="") as text:
        reader = csv.DictReader(text)
        try:
            for row in reader:
                if None in row or None in row.values():
                    raise InvalidInputError(
                        f"line {reader.line_num} of {place.shown!r} has other columns than the first"
                    )
                yield {key: _parsed(value) for key, value in row.items()}
        except (csv.Error, UnicodeDecodeError) as error:
            raise InvalidInputError(f"{place.shown!r} is broken: {error}") from error


def _parsed(text: str) -> Any:
    """A field: a list or an object is JSON, an empty one is missing."""
    if text[:1] in ("[", "{"):
        try:
            return json.loads(text)
        except ValueError:
            return text
    return text or None


def _add_minimal(entry: Entry, regions: Regions, rows: Rows, what: str) -> None:
    outputs = _outputs(entry, what)
    results = [one for value in outputs.values() for one in _as_results(value, what)]
    labelled = bool(outputs) or entry.get("annotation_id") is not None
    data = {key: value for key, value in entry.items() if key not in _ABOUT and key not in outputs}
    sample_id, filename = _keys(data, what)
    rows.add(regions.of(results, what) if labelled else None, filename=filename, sample_id=sample_id)


def _outputs(entry: Entry, what: str) -> Entry:
    """What was labelled, among the fields of the task's data.

    In JSON_MIN these stand between `id` and `annotator`. A CSV is sorted: there they are the fields with regions or
    choices in them, or else the only one that is no key.
    """
    keys = list(entry)
    places = [keys.index(key) for key in ("id", "annotator", "annotation_id") if key in entry]
    if len(places) == 3 and places == sorted(places):
        return {key: entry[key] for key in keys[places[0] + 1 : places[1]] if entry[key] is not None}
    known = {*_ABOUT, *_NAMES, "sample_id", "image", "scores", "meta"}
    others = {key: value for key, value in entry.items() if key not in known and value is not None}
    others = {key: value for key, value in others.items() if not key.startswith("_data_")}
    telling = {key: value for key, value in others.items() if isinstance(value, list | dict)}
    if not telling and len(others) > 1:
        raise InvalidInputError(f"{what}: which of {', '.join(sorted(others))} is the label? Export it as JSON")
    return telling or others


def _as_results(value: Any, what: str) -> list[Mapping[str, Any]]:
    """A field of JSON_MIN or CSV as results of the full JSON."""
    if isinstance(value, str):
        return [{"value": {"choices": [value]}}]
    if isinstance(value, Mapping):
        value = [value]
    if not isinstance(value, Sequence):
        raise InvalidInputError(f"{what}: a label must be a text, regions or choices, got {value!r:.60}")
    results: list[Mapping[str, Any]] = []
    for one in value:
        if isinstance(one, str):
            results.append({"value": {"choices": [one]}})
        elif isinstance(one, Mapping):
            results.append({**{key: one[key] for key in ABOUT_REGION if key in one}, "value": one})
        else:
            raise InvalidInputError(f"{what}: a label must be a text, regions or choices, got {one!r:.60}")
    return results
