"""A folder with a folder of images for each class.

The sample's name is the path below the folder of its class; `samples.csv`, where the folder has one, says better.
"""

from collections.abc import Iterator

from lightly_ray.data.images import SUFFIXES
from lightly_ray.data.labels.exporting import Export, File, Sample
from lightly_ray.data.labels.folders import list_of, places, read_list
from lightly_ray.data.labels.rows import Rows
from lightly_ray.data.labels.table import Labels, Task
from lightly_ray.data.listing import files_below
from lightly_ray.data.location import Location
from lightly_ray.errors import InvalidInputError


def read(place: Location, task: Task | None) -> Labels:
    """The classes of the images below a folder.

    Raises:
        InvalidInputError: an image lies in no folder of a class.
    """
    rows, listed = Rows(repr(place.shown)), read_list(place)
    found: dict[str, tuple[str, str]] = {}
    for path in sorted(files_below(place, SUFFIXES)):
        below = path[len(place.path) :].lstrip("/")
        name, slash, filename = below.partition("/")
        if not slash:
            raise InvalidInputError(f"{place.shown!r}: the image {below!r} lies in no folder of a class")
        key = listed[below].sample_id if below in listed else filename
        if key in found:
            raise InvalidInputError(f"{place.shown!r}: {found[key][1]!r} and {below!r} are one image of two classes")
        found[key] = (name, below)
        whose = listed.get(below)
        rows.add(
            [{"class": name}],
            filename=whose.filename if whose else filename,
            sample_id=whose.sample_id if whose else None,
        )
    return rows.labels(task or "classification")


def write(export: Export) -> Iterator[File]:
    """The images that have a class, in its folder; the others stand in the list alone.

    Raises:
        InvalidInputError: the labels are no classes, a sample has several or no image here, or a class cannot be the
            name of a folder.
    """
    if export.task != "classification":
        raise InvalidInputError(f"imagefolder has folders of classes, no place for {export.task}")
    listed: list[tuple[Sample, str]] = []
    for sample, path in places(export.samples):
        below = _class_folder(export, sample)
        listed.append((sample, below and f"{below}/{path}"))
        if below:
            image = export.image(sample)
            if image is None:
                raise InvalidInputError(f"{sample.shown} has no image here to be put into the folder {below!r}")
            yield File(f"{below}/{path}", image)
    yield File("samples.csv", list_of(listed))


def _class_folder(export: Export, sample: Sample) -> str:
    names = [annotation["class"] for annotation in export.shown(sample) or []]
    if len(names) > 1:
        raise InvalidInputError(f"{sample.shown} has the classes {', '.join(names)}: a folder of images has one each")
    name = names[0] if names else ""
    if names and (not name.strip(". ") or name.startswith(".") or any(mark in name for mark in "/\\\0")):
        raise InvalidInputError(f"the class {name!r} cannot be the name of a folder")
    return name
