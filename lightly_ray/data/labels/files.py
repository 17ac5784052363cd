"""Labels from a file, a folder or an archive in any of the formats, which its content tells or its name says.

    label-studio   JSON, JSON_MIN or CSV         huggingface   metadata.jsonl or .csv
    cvat           XML 1.1 for images            csv           `filename,label`
    coco           JSON                          parquet       the same columns, or `table.SCHEMA`
    yolo           a folder with data.yaml       imagefolder   a folder of images for each class
    voc            a folder of XML

A ZIP stands for the folder in it. In a folder that is of no such layout, the one file of labels counts.
"""

import json
from collections.abc import Callable

from pyarrow import fs

from lightly_ray._types import PathLike
from lightly_ray.data.images import SUFFIXES
from lightly_ray.data.labels import (
    coco,
    columns,
    cvat,
    hugging_face,
    image_folder,
    label_studio,
    voc,
    xml_file,
    yolo,
)
from lightly_ray.data.labels.folders import LIST
from lightly_ray.data.labels.table import TASKS, Labels, Task
from lightly_ray.data.labels.unzipped import ENDINGS, unzipped
from lightly_ray.data.listing import files_below, infos_below
from lightly_ray.data.location import Location
from lightly_ray.errors import InvalidInputError, NotFoundError, TooLargeError

MOST_BYTES = 1 << 30
"""Of a file of labels, and of all of them in a folder or, unpacked, in an archive: 1 GiB."""
_PACKED = (".gz", ".bz2", ".zst", ".lz4", ".br", ".xz", ".7z", ".rar", ".tar", ".tgz")
_ROOTS = {cvat.ROOT: "cvat", voc.ROOT: "voc"}

FORMATS: dict[str, Callable[[Location, Task | None], Labels]] = {
    "label-studio": label_studio.read,
    "cvat": cvat.read,
    "coco": coco.read,
    "yolo": yolo.read,
    "voc": voc.read,
    "imagefolder": image_folder.read,
    "csv": columns.read_csv,
    "parquet": columns.read_parquet,
    "huggingface": hugging_face.read,
}
"""The formats that are read, by name."""
_OF_FOLDERS = ("yolo", "voc", "imagefolder", "huggingface")


def read_labels(path: PathLike, *, format: str | None = None, task: Task | None = None) -> Labels:
    """The labels of a file, a folder or a ZIP.

    Args:
        path: on any file system.
        format: one of `FORMATS`; None: its content tells.
        task: which of its annotations are read, where there are those of several; None: the only one there is.

    Raises:
        NotFoundError: nothing is there.
        UnreadableError: it is broken, or ends in the middle.
        TooLargeError: it has more than `MOST_BYTES`; nothing of it has been read then.
        InvalidInputError: its format cannot be told or is unknown, or what it says cannot be; the message names the
            file and the sample.
    """
    if format is not None and format not in FORMATS:
        raise InvalidInputError(f"unknown format {format!r}, it must be one of {', '.join(FORMATS)}")
    if task is not None and task not in TASKS:
        raise InvalidInputError(f"unknown task {task!r}, it must be one of {', '.join(TASKS)}")
    place = Location.parse(path)
    _require_plain(place)
    if place.info().is_file and _begins(place)[:4] == b"PK\x03\x04":  # images in it are not read, and do not count
        with unzipped(place, MOST_BYTES) as folder:
            return _read(_only_folder(folder), format, task)
    _require_size(place)
    return _read(place, format, task)


def _read(place: Location, format: str | None, task: Task | None) -> Labels:
    if place.info().type == fs.FileType.Directory:
        name = format or _layout_of(place)
        return FORMATS[name](place if name in _OF_FOLDERS else _only_file(place, name), task)
    if (format is None and place.path.endswith(yolo.SETTINGS)) or format == "yolo":
        return yolo.read(place.at(place.path.rpartition("/")[0]), task)
    return FORMATS[format or format_of(place)](place, task)


def _require_plain(place: Location) -> None:
    info = place.info()
    if info.type == fs.FileType.NotFound:
        raise NotFoundError(f"there is no file or folder {place.shown!r}")
    if info.is_file and place.path.lower().endswith(_PACKED):
        raise InvalidInputError(f"{place.shown!r} is packed: unpack it first, or give a ZIP")


def _require_size(place: Location) -> None:
    info = place.info()
    size = info.size
    if info.type == fs.FileType.Directory:
        size = sum(info.size for info in infos_below(place, ENDINGS))
    if size > MOST_BYTES:
        raise TooLargeError(
            f"{place.shown!r} has {size:,} bytes of labels, at most {MOST_BYTES:,} are read: give it in parts"
        )


def _begins(place: Location) -> bytes:
    try:
        with place.filesystem.open_input_stream(place.path) as stream:
            content: bytes = stream.read(1 << 16)
    except OSError as error:
        raise place.unreadable(error) from error
    return content


def format_of(place: Location) -> str:
    """The format of a file, by its content.

    Raises:
        UnreadableError: it is broken.
        InvalidInputError: it cannot be told.
    """
    content = _begins(place)
    text = content.removeprefix(b"\xef\xbb\xbf").lstrip()
    if content.startswith(b"PAR1"):
        return "parquet"
    if text.startswith(b"["):
        return "label-studio"
    if text.startswith(b"{"):
        return "huggingface" if _is_object(text.split(b"\n")[0], "file_name") else "coco"
    if text.startswith(b"<"):
        root = xml_file.root_of(place)
        if root in _ROOTS:
            return _ROOTS[root]
    elif text and b"\0" not in text:
        return _format_of_csv(place)
    raise InvalidInputError(f"{place.shown!r} is of no format that is known: name it, one of {', '.join(FORMATS)}")


def _is_object(line: bytes, key: str) -> bool:
    try:
        value = json.loads(line)
    except ValueError:
        return False
    return isinstance(value, dict) and key in value


def _format_of_csv(place: Location) -> str:
    names = set(columns.header(place))
    if names >= label_studio.CSV_COLUMNS:
        return "label-studio"
    return "huggingface" if "file_name" in names else "csv"


def _layout_of(place: Location) -> str:
    if yolo.settings_of(place):
        return "yolo"
    if any(place.child(name).info().is_file for name in hugging_face.FILES):
        return "huggingface"
    paths = files_below(place, ENDINGS)
    xml = [path for path in paths if path.lower().endswith(".xml")]
    if xml and xml_file.root_of(place.at(xml[0])) == voc.ROOT:
        return "voc"
    if len(paths) == 1 and paths[0] != place.child(LIST).path:
        return format_of(place.at(paths[0]))
    others = [path for path in files_below(place) if not path.lower().endswith(SUFFIXES)]
    if all(path == place.child(LIST).path for path in others) and files_below(place, SUFFIXES):
        return "imagefolder"
    raise InvalidInputError(
        f"{place.shown!r} is a folder of no format that is known; name the file in it, or the format, one of "
        f"{', '.join(_OF_FOLDERS)}"
    )


def _only_file(place: Location, format: str) -> Location:
    paths = files_below(place, ENDINGS)
    if len(paths) != 1:
        raise InvalidInputError(f"{place.shown!r} has {len(paths)} files of labels: name the one to read as {format}")
    return place.at(paths[0])


def _only_folder(place: Location) -> Location:
    """What an archive holds, without the one folder around all of it."""
    infos = place.filesystem.get_file_info(fs.FileSelector(place.path))
    shown = [one for one in infos if not one.base_name.startswith((".", "__MACOSX"))]
    if len(shown) != 1 or shown[0].type != fs.FileType.Directory:
        return place
    inner = place.at(shown[0].path)
    within = place.filesystem.get_file_info(fs.FileSelector(inner.path))
    is_class = any(one.is_file and one.path.lower().endswith(SUFFIXES) for one in within)
    return place if is_class else inner
