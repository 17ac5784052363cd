"""Regions of Label Studio, whose numbers are per cent of the image, as annotations; rules: `label_studio`."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from lightly_ray.data.labels import label_studio_rle
from lightly_ray.data.labels.geometry import relative, require_size
from lightly_ray.data.labels.masks import packed
from lightly_ray.errors import InvalidInputError

HIDDEN = "hidden"
ABOUT_REGION = ("id", "parentID", "original_width", "original_height", "meta")
_LABELS = ("rectanglelabels", "polygonlabels", "brushlabels", "keypointlabels", "labels")
_BARE = ("rectangle", "polygon", "brush", "keypoint")  # its label is a result of its own, with the same id
Entry = dict[str, Any]


class Regions:
    """All regions of a file, as their keypoints find their places only when all are known."""

    def __init__(self) -> None:
        self._points: list[tuple[Entry, dict[str, list[float]]]] = []

    def of(self, results: Sequence[Mapping[str, Any]], what: str) -> list[Entry]:
        """The annotations that the results of one annotation of a task stand for.

        Raises:
            InvalidInputError: a region has no label, is rotated, or is of a shape that is not read.
        """
        try:
            return self._annotations(results, what)
        except (KeyError, TypeError, AttributeError, ValueError) as error:
            if isinstance(error, InvalidInputError):
                raise
            raise InvalidInputError(f"{what}: a region is broken: {error!r}") from error

    def finish(self) -> None:
        """Give every object its keypoints, in the order of their labels."""
        names = sorted({name for _, points in self._points for name in points}, key=_order)
        for entry, points in self._points:
            entry["keypoints"] = [value for name in names for value in points.get(name, (0.0, 0.0, 0.0))]

    def _annotations(self, results: Sequence[Mapping[str, Any]], what: str) -> list[Entry]:
        image = _Image(what)
        results = [one for one in results if one.get("type") != "relation"]
        labelled = {one.get("id") for one in results if _labels_of(one["value"]) is not None}
        for one in results:
            names = _labels_of(one["value"])
            if "choices" in one["value"]:
                image.found += [{"class": str(name)} for name in one["value"]["choices"]]
            elif names is None:
                _require_known(one, labelled, what)
            elif not names:
                raise InvalidInputError(f"{what}: a region has no label")
            else:
                shape = _shape(one, what)
                for name in names:
                    image.put(one, shape, str(name))
        self._points += image.with_points()
        return image.found


class _Image:
    """The objects of one image, put together from regions and those whose parents they are."""

    def __init__(self, what: str) -> None:
        self._what = what
        self.found: list[Entry] = []
        self._objects: dict[object, Entry] = {}
        self._points: list[tuple[object, str, list[float]]] = []

    def put(self, one: Mapping[str, Any], shape: Entry, name: str) -> None:
        """A region with one of its labels."""
        parent = self._objects.get(one.get("parentID"))
        if "point" in shape:
            self._points.append((one.get("parentID"), name, shape["point"]))
        elif parent and "polygons" in shape and parent.get("polygons") and parent["class"] == name:
            parent["polygons"] += shape["polygons"]
        else:
            entry = {"class": name, "score": one.get("score"), **shape}
            self.found.append(entry)
            if one.get("id"):
                self._objects.setdefault(one["id"], entry)

    def with_points(self) -> list[tuple[Entry, dict[str, list[float]]]]:
        """The objects that have keypoints, and these by their labels; what has no parent is an object of its own."""
        of_object: dict[object, dict[str, list[float]]] = {}
        for parent, name, point in self._points:
            if parent not in self._objects:
                self.found.append({"class": name, "keypoints": point})
            elif of_object.setdefault(parent, {}).setdefault(name, point) is not point:
                raise InvalidInputError(f"{self._what}: an object has the keypoint {name!r} more than once")
        return [(self._objects[parent], points) for parent, points in of_object.items()]


def _order(name: str) -> tuple[int, str]:
    return (int(name), "") if name.isdecimal() else (1 << 60, name)


def _labels_of(value: Mapping[str, Any]) -> Sequence[str] | None:
    return next((value[key] for key in _LABELS if key in value), None)


def _require_known(one: Mapping[str, Any], labelled: set[Any], what: str) -> None:
    """Refuse a shape that would be lost; what has none is of a tag that gives no labels."""
    kind = str(one.get("type") or one["value"].get("type") or "").lower()
    other = next((key for key in one["value"] if key.endswith("labels")), None)
    if other is not None or (kind.startswith("ellipse")):
        raise InvalidInputError(f"{what}: a region of the kind {other or kind}, which is not read")
    if kind in _BARE and one.get("id") not in labelled:
        raise InvalidInputError(f"{what}: a {kind} has no label")


def _shape(one: Mapping[str, Any], what: str) -> Entry:
    value = one["value"]
    readers: dict[str, Callable[[Mapping[str, Any], str], Entry]] = {
        "rle": _mask,
        "points": _polygon,
        "keypointlabels": _keypoint,
        "width": _box,
        "x": _keypoint,
    }
    reader = next((readers[key] for key in readers if key in value), None)
    if reader is None:
        raise InvalidInputError(f"{what}: a region of a shape that is not read: {sorted(value)}")
    return reader(one, what)


def _mask(one: Mapping[str, Any], what: str) -> Entry:
    width, height = require_size(one.get("original_width"), one.get("original_height"), what)
    return {"mask": packed(label_studio_rle.decode(one["value"]["rle"], int(height), int(width), what))}


def _polygon(one: Mapping[str, Any], _what: str) -> Entry:
    return {"polygons": [[number / 100 for x, y in one["value"]["points"] for number in (x, y)]]}


def _keypoint(one: Mapping[str, Any], _what: str) -> Entry:
    value = one["value"]
    hidden = HIDDEN in ((one.get("meta") or {}).get("text") or [])
    return {"point": [value["x"] / 100, value["y"] / 100, 1.0 if hidden else 2.0]}


def _box(one: Mapping[str, Any], what: str) -> Entry:
    value = one["value"]
    if value.get("rotation"):
        raise InvalidInputError(f"{what}: a box is rotated: draw it as a polygon")
    left, top = value["x"], value["y"]
    return {"box": relative([left, top, left + value["width"], top + value["height"]], 100, 100)}
