"""CVAT's XML 1.1 for images: boxes, polygons, masks, points, skeletons, and tags of whole images.

Polygons of one label in one group are the parts of one object, as in CVAT's own export to COCO. Points are keypoints:
all of them hidden where they are `occluded`; those of a skeleton in the order of their labels, `outside` is not
labelled. An image without a shape has been looked at, and nothing was seen. The sample's name is the image's.

The format: https://docs.cvat.ai/docs/manual/advanced/formats/format-cvat/
"""

from collections.abc import Callable
from typing import Any

import numpy as np

from lightly_ray.data.labels.geometry import relative, require_size
from lightly_ray.data.labels.masks import bits_of, packed, require_pixels
from lightly_ray.data.labels.rows import Rows
from lightly_ray.data.labels.table import Labels, Task
from lightly_ray.data.labels.xml_file import Node, number, read_children
from lightly_ray.data.location import Location
from lightly_ray.errors import InvalidInputError

ROOT = "annotations"
Entry = dict[str, Any]


def read(place: Location, task: Task | None) -> Labels:
    """The labels of a file.

    Raises:
        UnreadableError: it is no XML, or ends in the middle.
        InvalidInputError: a shape or an image lacks what it needs, or it is of a video.
    """
    rows = Rows(repr(place.shown))
    classes: list[str] = []
    points: dict[str, list[str]] = {}
    for node in read_children(place, ROOT):
        if node.tag == "meta":
            classes, points = _labels_of_meta(node)
        elif node.tag == "track":
            raise InvalidInputError(f"{place.shown!r} has tracks of a video: export it as `CVAT for images 1.1`")
        elif node.tag == "image":
            image = _Image(node, place, points)
            rows.add(image.annotations(), filename=image.name)
    return rows.labels(task, classes)


def _labels_of_meta(meta: Node) -> tuple[list[str], dict[str, list[str]]]:
    """The classes, and the names of the points of those that are skeletons."""
    classes: list[str] = []
    points: dict[str, list[str]] = {}
    nodes = [meta]
    while nodes:
        node = nodes.pop()
        if node.tag == "label":
            name, parent = node.word("name") or "", node.word("parent")
            if parent:
                points.setdefault(parent, []).append(name)
            else:
                classes.append(name)
        nodes += reversed(node.children)
    return classes, points


class _Image:
    """One image of a file."""

    def __init__(self, node: Node, place: Location, points: dict[str, list[str]]) -> None:
        self._node, self._points = node, points
        self.name = node.attributes.get("name", "")
        self.what = f"{place.shown!r}: image {self.name!r}"
        if not self.name:
            raise InvalidInputError(f"{place.shown!r}: an image has no name: {node.attributes}")

    def annotations(self) -> list[Entry]:
        """What was drawn, an entry for each object."""
        found: list[Entry] = []
        groups: dict[tuple[str, str], Entry] = {}
        readers: dict[str, Callable[[Node], Entry]] = {
            "box": self._box,
            "polygon": self._polygon,
            "mask": self._mask,
            "points": self._keypoints,
        }
        readers |= {"skeleton": self._skeleton, "tag": _no_shape}
        for shape in self._node.children:
            if shape.tag not in readers:
                raise InvalidInputError(f"{self.what}: a shape of the kind {shape.tag!r}, which is not read")
            if shape.attributes.get("outside") == "1":
                continue
            label = self._word(shape, "label")
            entry = readers[shape.tag](shape) | {"class": label}
            group = shape.attributes.get("group_id", "0")
            if shape.tag == "polygon" and group != "0":
                whole = groups.setdefault((group, label), entry)
                if whole is not entry:
                    whole["polygons"] += entry["polygons"]
                    continue
            found.append(entry)
        return found

    def _size(self) -> tuple[float, float]:
        texts = [self._node.attributes.get(name) for name in ("width", "height")]
        width, height = (None if text is None else number(text, f"{self.what}: a side") for text in texts)
        return require_size(width, height, self.what)

    def _word(self, shape: Node, name: str) -> str:
        if name not in shape.attributes:
            raise InvalidInputError(f"{self.what}: a {shape.tag} has no {name}")
        return shape.attributes[name]

    def _number(self, shape: Node, name: str) -> float:
        return number(self._word(shape, name), f"{self.what}: {name} of a {shape.tag}")

    def _box(self, shape: Node) -> Entry:
        if float(shape.attributes.get("rotation") or 0) % 360:
            raise InvalidInputError(f"{self.what}: a box is rotated: draw it as a polygon")
        corners = [self._number(shape, name) for name in ("xtl", "ytl", "xbr", "ybr")]
        return {"box": relative(corners, *self._size())}

    def _pairs(self, shape: Node) -> list[float]:
        what = f"{self.what}: points of a {shape.tag}"
        pairs = [pair.split(",") for pair in self._word(shape, "points").split(";") if pair]
        if any(len(pair) != 2 for pair in pairs):
            raise InvalidInputError(f"{what} must be x,y;x,y;...")
        return [number(value, what) for pair in pairs for value in pair]

    def _polygon(self, shape: Node) -> Entry:
        return {"polygons": [relative(self._pairs(shape), *self._size())]}

    def _keypoints(self, shape: Node) -> Entry:
        places, seen = relative(self._pairs(shape), *self._size()), _visibility(shape)
        triples = ((x, y, seen) for x, y in zip(places[::2], places[1::2], strict=True))
        return {"keypoints": [value for triple in triples for value in triple]}

    def _skeleton(self, shape: Node) -> Entry:
        names = self._points.get(self._word(shape, "label")) or sorted(
            (self._word(point, "label") for point in shape.all("points")), key=lambda name: (len(name), name)
        )
        triples = {name: [0.0, 0.0, 0.0] for name in names}
        for point in shape.all("points"):
            if point.attributes.get("outside") != "1":
                x, y = relative(self._pairs(point), *self._size())
                triples[self._word(point, "label")] = [x, y, _visibility(point)]
        return {"keypoints": [value for triple in triples.values() for value in triple]}

    def _mask(self, shape: Node) -> Entry:
        width, height = (int(side) for side in self._size())
        left, top, over, down = (int(self._number(shape, name)) for name in ("left", "top", "width", "height"))
        what = f"{self.what}: a mask"
        if min(left, top, over, down) < 0 or left + over > width or top + down > height:
            raise InvalidInputError(f"{what} of {over} x {down} pixels at {left}, {top} leaves the image")
        require_pixels(width * height, what)
        runs = [int(number(run, what)) for run in self._word(shape, "rle").split(",")]
        canvas = np.zeros((height, width), dtype=bool)
        canvas[top : top + down, left : left + over] = bits_of(runs, over * down, what).reshape(down, over)
        return {"mask": packed(canvas)}


def _no_shape(_shape: Node) -> Entry:
    return {}


def _visibility(shape: Node) -> float:
    return 1.0 if shape.attributes.get("occluded") == "1" else 2.0
