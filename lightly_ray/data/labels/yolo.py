"""The YOLO layout of Ultralytics: `data.yaml`, a text file of objects for each image, boxes, polygons or poses.

    class x_center y_center width height [confidence]
    class x y x y x y ...
    class x_center y_center width height x y visibility ...     with `kpt_shape` in data.yaml

The labels of `images/sub/a.jpg` are in `labels/sub/a.txt`; an empty file says that there is nothing to be seen, none
that nobody has labelled the image. Images need not be there: a list of their paths (`train: train.txt`) does. Without
either, a sample's name is that of its text file without the ending. `classes.txt` stands in for data.yaml.

The format: https://docs.ultralytics.com/datasets/
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import yaml

from lightly_ray.data.images import SUFFIXES
from lightly_ray.data.labels.folders import read_list, stem
from lightly_ray.data.labels.label_studio_names import name_in_export
from lightly_ray.data.labels.rows import Rows
from lightly_ray.data.labels.table import Labels, Task
from lightly_ray.data.listing import files_below
from lightly_ray.data.location import Location
from lightly_ray.data.text import read_text
from lightly_ray.errors import InvalidInputError

SETTINGS = ("data.yaml", "data.yml", "dataset.yaml", "dataset.yml")
CLASSES = "classes.txt"
_SPLITS = ("train", "val", "test")


@dataclass(frozen=True, slots=True)
class _Settings:
    """What data.yaml says: the classes by number, values per keypoint (0: none), folders and lists of images."""

    names: dict[int, str]
    per_keypoint: int
    splits: dict[str, list[str]]


def settings_of(folder: Location) -> Location | None:
    """The file that says that a folder is of this layout; None where it has none."""
    names = (*SETTINGS, CLASSES)
    return next((place for name in names if (place := folder.child(name)).info().is_file), None)


def read(place: Location, task: Task | None) -> Labels:
    """The labels of a folder.

    Raises:
        InvalidInputError: the classes have no names, or a line is none of the forms.
    """
    at = settings_of(place)
    if at is None:
        raise InvalidInputError(f"{place.shown!r} must have {SETTINGS[0]} or {CLASSES} with the names of the classes")
    settings = _read_settings(at)
    files = _Files(place, settings)
    rows, listed = Rows(repr(place.shown)), read_list(place)
    for label, (path, name) in files.images().items():
        whose = listed.get(path)
        rows.add(
            _objects(place.child(label), settings) if label in files.labels else None,
            filename=whose.filename if whose else name,
            sample_id=whose.sample_id if whose else None,
        )
    if task is None and not rows.has_objects:
        task = "keypoints" if settings.per_keypoint else "detection"
    return rows.labels(task, [settings.names[key] for key in sorted(settings.names)])


def _read_settings(place: Location) -> _Settings:
    text = read_text(place)
    if place.path.endswith(".txt"):
        return _Settings(dict(enumerate(line.strip() for line in text.splitlines() if line.strip())), 0, {})
    try:
        said = yaml.safe_load(text)
        names = said["names"]
        pairs = names.items() if isinstance(names, dict) else enumerate(names)
        shape = said.get("kpt_shape") or [0, 0]
        return _Settings({int(key): _word(name) for key, name in pairs}, int(shape[1]), _splits(said))
    except (yaml.YAMLError, KeyError, TypeError, ValueError, IndexError, AttributeError, RecursionError) as error:
        raise InvalidInputError(f"{place.shown!r} must have `names`, the classes of the numbers: {error}") from error


def _splits(said: dict[str, Any]) -> dict[str, list[str]]:
    """Folders and lists of each split, below the folder of data.yaml whatever machine they were written on."""
    splits = {}
    for key in _SPLITS:
        value = said.get(key) or []
        paths = [_plain(_word(one)) for one in (value if isinstance(value, list) else [value])]
        base = _plain(_word(said.get("path") or ""))
        splits[key] = [*paths, *(f"{base}/{path}" for path in paths if base)]
    return splits


def _word(value: object) -> str:
    """A text or a number; lists within lists that stand for themselves many times would fill the memory as a text."""
    if not isinstance(value, str | int | float):
        raise TypeError(f"a text or a number must stand where there is a {type(value).__name__}")
    return str(value)


def _plain(path: str) -> str:
    return "/".join(part for part in path.replace("\\", "/").split("/") if part not in ("", ".", ".."))


class _Files:
    """The images of a folder and their labels, by path below it."""

    def __init__(self, place: Location, settings: _Settings) -> None:
        self._place, self._splits = place, settings.splits
        below = [path[len(place.path) :].lstrip("/") for path in files_below(place, (".txt", *SUFFIXES))]
        self._texts = {path for path in below if path.endswith(".txt")}
        self._images = sorted(path for path in below if not path.endswith(".txt"))
        self._folders = sorted(
            {path for paths in settings.splits.values() for path in paths if not path.endswith(".txt")}, key=len
        )
        lists = {path for paths in settings.splits.values() for path in paths if path.endswith(".txt")}
        kept = {path for path in self._texts - lists if "labels" in path.split("/")[:-1]}
        self.labels = kept or {path for path in self._texts - lists if path not in (CLASSES, "README.txt")}

    def images(self) -> dict[str, tuple[str, str]]:
        """By the path of its labels, the path of each image and the name of its sample."""
        found: dict[str, tuple[str, str]] = {}
        for path, name in (*self._listed(), *((path, self._name(path)) for path in self._images)):
            label = self._label(path)
            twin = found.setdefault(label, (path, name))
            if twin[0] != path:
                raise InvalidInputError(
                    f"{self._place.shown!r}: {twin[0]!r} and {path!r} would have their labels in one file, {label!r}"
                )
        for label in sorted(self.labels - found.keys()):
            found[label] = (label, name_in_export(stem(_behind(label, "labels"))))
        return found

    def _listed(self) -> Iterator[tuple[str, str]]:
        for split, paths in self._splits.items():
            for path in paths:
                if path in self._texts:
                    for line in read_text(self._place.child(path)).replace("\r\n", "\n").split("\n"):
                        if line:
                            yield self._from_list(_plain(line), split)

    def _from_list(self, path: str, split: str) -> tuple[str, str]:
        """An image of a list, whose path may begin above the folder, and below a folder of its split."""
        parts = path.split("/")
        ways = ("/".join(parts[start:]) for start in range(len(parts)))
        path = next((way for way in ways if self._label(way) in self.labels), path)
        name = self._name(path)
        return path, name.removeprefix(f"{split}/") if f"images/{split}/" in path else name

    def _label(self, path: str) -> str:
        """As Ultralytics finds it: in the last folder `images` of the path, `labels` in its place."""
        head, _, tail = f"/{path}".rpartition("/images/")
        return stem(f"{head}/labels/{tail}".lstrip("/") if "/images/" in f"/{path}" else path) + ".txt"

    def _name(self, path: str) -> str:
        inside = [folder for folder in self._folders if path.startswith(f"{folder}/")]
        return name_in_export(path[len(inside[-1]) + 1 :] if inside else _behind(path, "images"))


def _behind(path: str, folder: str) -> str:
    return f"/{path}".rpartition(f"/{folder}/")[2].lstrip("/")


def _objects(place: Location, settings: _Settings) -> list[dict[str, Any]]:
    found = []
    for line_number, line in enumerate(read_text(place).splitlines(), start=1):
        if not line.strip():
            continue
        what = f"line {line_number} of {place.shown!r}"
        try:
            number, *values = (float(word) for word in line.split())
        except ValueError as error:
            raise InvalidInputError(f"{what} must be numbers, got {line!r:.80}") from error
        if number not in settings.names:
            raise InvalidInputError(f"{what}: the class {number:g} is not among the names of the classes")
        found.append({"class": settings.names[int(number)]} | _shape(values, settings.per_keypoint, what))
    return found


def _shape(values: list[float], per_keypoint: int, what: str) -> dict[str, Any]:
    if per_keypoint:
        if len(values) < 4 or (len(values) - 4) % per_keypoint:
            raise InvalidInputError(f"{what} has {len(values)} numbers behind its class, no box and keypoints")
        return {"box": _corners(values[:4]), "keypoints": _triples(values[4:], per_keypoint)}
    if len(values) in (4, 5):
        return {"box": _corners(values[:4]), "score": values[4] if len(values) == 5 else None}
    if len(values) < 6 or len(values) % 2:
        raise InvalidInputError(f"{what} has {len(values)} numbers behind its class: a box has 4, a polygon 6 or more")
    return {"polygons": [values]}


def _corners(values: list[float]) -> list[float]:
    x, y, width, height = values
    return [x - width / 2, y - height / 2, x + width / 2, y + height / 2]


def _triples(values: list[float], per_keypoint: int) -> list[float]:
    """A point without a visibility is seen, one at 0, 0 not labelled, as Ultralytics takes it."""
    if per_keypoint == 3:
        return values
    pairs = zip(values[::2], values[1::2], strict=True)
    return [value for x, y in pairs for value in (x, y, 2.0 if x or y else 0.0)]
