"""The formats that labels and samples are written in, by name; each a file, or a folder of files."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from lightly_ray._types import PathLike
from lightly_ray.data.labels.exporting import Export


@dataclass(frozen=True, slots=True)
class Format:
    """How one format is written.

    Attributes:
        ending: of its file, `.csv`; `.zip` for a folder, which is streamed as one.
        media_type: of its stream.
        folder: whether it is a folder of files.
        takes_predictions: whether it has a place for them.
    """

    ending: str
    media_type: str
    folder: bool
    takes_predictions: bool
    files: Callable[[Export], Iterator[tuple[str, Iterable[bytes]]]]


EXPORTS: dict[str, Format] = {}
# filenames, csv, label-studio, cvat, coco, yolo, labelbox, huggingface, fiftyone, imagefolder, zip


def stream(name: str, export: Export) -> Iterator[bytes]:
    """The bytes of a file in a format; of a format that is a folder, a ZIP of it.

    Raises:
        InvalidInputError: no format is called so, or it has no place for predictions, or for labels of this task.
    """
    raise NotImplementedError


def write(name: str, export: Export, place: PathLike) -> None:
    """Write a file, or a folder that is not there yet; whole or not at all.

    Raises:
        InvalidInputError: as `stream`, or it cannot be written there.
    """
    raise NotImplementedError
