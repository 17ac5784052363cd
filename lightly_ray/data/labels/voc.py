"""Pascal VOC: a folder of XML files, one per image, with boxes in pixels.

A file without an object says that there is nothing to be seen. Pixels are counted as by the tools that write this
format today, from 0 with xmax and ymax as the far edge; VOC 2012 itself counts from 1.

The format: http://host.robots.ox.ac.uk/pascal/VOC/
"""

from lightly_ray.data.labels.geometry import relative, require_size
from lightly_ray.data.labels.rows import Rows
from lightly_ray.data.labels.table import Labels, Task
from lightly_ray.data.labels.xml_file import Node, number, read_children
from lightly_ray.data.listing import list_files
from lightly_ray.data.location import Location
from lightly_ray.errors import InvalidInputError

ROOT = "annotation"
_SIDES = ("xmin", "ymin", "xmax", "ymax")


def read(place: Location, task: Task | None) -> Labels:
    """The labels of a file, or of all XML files of a folder at any depth.

    An image lies where its file does: `<filename>` below the folder that its file is in; what stands above
    `Annotations` and below it is kept.

    Raises:
        UnreadableError: a file is no XML, or ends in the middle.
        InvalidInputError: an object or an image lacks what it needs.
    """
    rows = Rows(repr(place.shown))
    for path in list_files(place, ".xml"):
        _read_file(place.at(path), _folder(place, path), rows)
    return rows.labels(task or "detection")


def _folder(place: Location, path: str) -> str:
    parts = path[len(place.path) :].strip("/").split("/")[:-1]
    return "".join(f"{part}/" for part in parts if part != "Annotations")


def _read_file(place: Location, folder: str, rows: Rows) -> None:
    whole = Node(ROOT, {}, list(read_children(place, ROOT)))
    name = whole.word("filename")
    if not name:
        raise InvalidInputError(f"{place.shown!r} has no <filename>")
    what = f"{place.shown!r}: image {name!r}"
    sizes = {side: one.word(side) for one in whole.all("size") for side in ("width", "height")}
    width, height = (None if not side else number(side, what) for side in (sizes.get("width"), sizes.get("height")))
    found = []
    for thing in whole.all("object"):
        box = next(iter(thing.all("bndbox")), None)
        if box is None:
            raise InvalidInputError(f"{what}: an object has no <bndbox>")
        corners = [number(box.word(side), f"{what}: {side}") for side in _SIDES]
        size = require_size(width, height, what)
        found.append({"class": thing.word("name"), "box": relative(corners, *size)})
    rows.add(found, filename=name if name.startswith(folder) else folder + name)
