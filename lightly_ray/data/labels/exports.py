"""The formats that samples and their labels are written in, by name; each a file, or a folder of files.

A second export of the same input is byte for byte the first.
"""

import secrets
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from lightly_ray._types import PathLike
from lightly_ray.data.atomic import make_folder
from lightly_ray.data.labels import (
    coco,
    cvat_file,
    fiftyone,
    hugging_face,
    image_folder,
    label_studio_tasks,
    simple_exports,
    yolo_folder,
)
from lightly_ray.data.labels.exporting import Export, File, content_of
from lightly_ray.data.location import Location
from lightly_ray.data.zip_stream import Entry, zip_stream
from lightly_ray.errors import InvalidInputError


@dataclass(frozen=True, slots=True)
class Format:
    """How one format is written.

    Attributes:
        ending: of its file; `.zip` for a folder, which is streamed as one.
        media_type: of its stream.
        pieces: writes a file; None for a folder.
        files: writes a folder; None for a file.
        takes_predictions: whether it has a place for them.
        takes_scores: whether it has one for scores.
    """

    ending: str
    media_type: str
    pieces: Callable[[Export], Iterator[bytes]] | None = None
    files: Callable[[Export], Iterator[File]] | None = None
    takes_predictions: bool = True
    takes_scores: bool = False

    @property
    def is_folder(self) -> bool:
        """Whether it is a folder of files."""
        return self.files is not None


_ZIP = (".zip", "application/zip")
EXPORTS: dict[str, Format] = {
    "filenames": Format(".txt", "text/plain", simple_exports.write_names, takes_predictions=False),
    "csv": Format(".csv", "text/csv", simple_exports.write_csv, takes_scores=True),
    "label-studio": Format(".json", "application/json", label_studio_tasks.write, takes_scores=True),
    "cvat": Format(".xml", "application/xml", cvat_file.write),
    "coco": Format(".json", "application/json", coco.write),
    "yolo": Format(*_ZIP, files=yolo_folder.write),
    "labelbox": Format(".json", "application/json", simple_exports.write_labelbox, takes_predictions=False),
    "huggingface": Format(".jsonl", "application/jsonl", hugging_face.write, takes_predictions=False),
    "fiftyone": Format(*_ZIP, files=fiftyone.write),
    "imagefolder": Format(*_ZIP, files=image_folder.write, takes_predictions=False),
    "zip": Format(*_ZIP, simple_exports.write_zip, takes_predictions=False),
}
"""The formats that are written, by name."""


def stream(name: str, export: Export) -> Iterator[bytes]:
    """The bytes of a file in a format; of a format that is a folder, a ZIP of it.

    Raises:
        InvalidInputError: no format is called so, or it has no place for predictions, or for labels of this task;
            from the first piece on, as the format's own file says.
    """
    format = _format(name, export)
    if format.pieces is not None:
        return format.pieces(export)
    return zip_stream(Entry(file.path, content_of(file.content)) for file in _files(format, export))


def write(name: str, export: Export, place: PathLike) -> None:
    """Write a file, or a folder that is not there yet; whole or not at all.

    Images that are local files are linked to from a folder, not copied.

    Raises:
        InvalidInputError: as `stream`; it cannot be written there, or is a folder that is no local one, or is there.
    """
    format, at = _format(name, export), Location.parse(place)
    if format.pieces is not None:
        at.write_pieces(format.pieces(export))
        return
    target = Path(at.path)
    if not at.is_local or target.exists():
        raise InvalidInputError(f"cannot write {at.shown!r}: {name} is a folder, which must be local and not there yet")
    draft = target.with_name(f".{target.name}.{secrets.token_hex(4)}")
    try:
        for file in _files(format, export):
            _put(draft / file.path, file)
        draft.rename(target)
    except OSError as error:
        raise InvalidInputError(f"cannot write {at.shown!r}: {error}") from error
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def _format(name: str, export: Export) -> Format:
    if name not in EXPORTS:
        raise InvalidInputError(f"unknown format {name!r}, it must be one of {', '.join(EXPORTS)}")
    if export.predictions and not EXPORTS[name].takes_predictions:
        able = ", ".join(name for name, one in EXPORTS.items() if one.takes_predictions)
        raise InvalidInputError(f"{name} has no place for predictions; these formats have: {able}")
    return EXPORTS[name]


def _files(format: Format, export: Export) -> Iterator[File]:
    return iter(()) if format.files is None else format.files(export)


def _put(path: Path, file: File) -> None:
    make_folder(path.parent)
    if isinstance(file.content, Path):
        path.symlink_to(file.content.absolute())
    else:
        with path.open("xb") as stream:
            stream.writelines([file.content] if isinstance(file.content, bytes) else file.content)
