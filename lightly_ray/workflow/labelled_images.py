"""A folder of images with a sub-folder per class -> what to select from, and what to test on.

With splits (``train/`` beside ``validation/`` or ``test/``, each with a folder per class) the pool is ``train/`` and
everything else is held out. Without, every class gives a quarter of its images to the held-out set, at random.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from lightly_ray.data.images import find_corrupt, list_images
from lightly_ray.errors import InvalidInputError
from lightly_ray.selection.random_draw import random_keys

_POOL, _HELD_OUT = "train", ("validation", "test")
_HELD_OUT_SHARE = 0.25


@dataclass(frozen=True, slots=True)
class LabelledImages:
    """Images of one folder, and the class of each.

    Attributes:
        root: the folder.
        filenames: N names below it, sorted.
        labels: N classes.
    """

    root: Path
    filenames: list[str]
    labels: list[str]

    def get_filenames(self) -> list[str]:
        """File names, as an upload asks for them."""
        return self.filenames

    def get_filepath_from_filename(self, filename: str) -> str:
        """Where one file lies, as an upload asks for it."""
        return str(self.root / filename)

    def by_name(self) -> dict[str, str]:
        """Class by file name."""
        return dict(zip(self.filenames, self.labels, strict=True))


@dataclass(frozen=True, slots=True)
class ImagePool:
    """Everything one active-learning experiment reads.

    Attributes:
        name: what to call the dataset.
        pool: what may be selected; its labels are looked at only for selected images.
        held_out: what accuracy is measured on.
        corrupt: reason by file name, for the images that were left out since they cannot be decoded.
    """

    name: str
    pool: LabelledImages
    held_out: LabelledImages
    corrupt: dict[str, str]

    @property
    def places(self) -> dict[str, str]:
        """The pool's file names below the root of the held-out set, where the pool lies -> below its own."""
        below = self.pool.root.relative_to(self.held_out.root)
        return {(below / name).as_posix(): name for name in self.pool.filenames}


def bundled_photographs() -> Path:
    """The photographs beside the jobs of a clone."""
    folder = Path(__file__).parents[2] / "jobs" / "clothing"
    if not folder.is_dir():
        raise InvalidInputError("the photographs that come with this job are in a clone of the project: give input_dir")
    return folder


def read_pool(folder: Path) -> ImagePool:
    """Find images, classes and splits, and decode every image once.

    Raises:
        NotFoundError: there is no such folder.
        InvalidInputError: it holds no images, no class folders, a single class, or a class of one image where the
            split is drawn at random.
    """
    filenames = list_images(folder)
    corrupt = find_corrupt(folder, filenames)
    usable = [name for name in filenames if name not in corrupt]
    if not usable:
        raise InvalidInputError(f"none of the {len(filenames)} images in {str(folder)!r} can be read")
    if any((folder / split).is_dir() for split in _HELD_OUT) and (folder / _POOL).is_dir():
        pool = _labelled(folder / _POOL, _below(usable, (_POOL,)), depth=0)
        held_out = _labelled(folder, _below(usable, _HELD_OUT, keep=True), depth=1)
    else:
        pool, held_out = _split(_labelled(folder, usable, depth=0))
    if len(set(pool.labels)) < 2:
        raise InvalidInputError(f"{str(pool.root)!r} holds {len(set(pool.labels))} classes, at least 2 are needed")
    return ImagePool(folder.resolve().name, pool, held_out, corrupt)


def _below(filenames: Sequence[str], splits: Sequence[str], *, keep: bool = False) -> list[str]:
    chosen = [name for name in filenames if PurePosixPath(name).parts[0] in splits]
    return chosen if keep else [str(PurePosixPath(*PurePosixPath(name).parts[1:])) for name in chosen]


def _labelled(root: Path, filenames: Sequence[str], *, depth: int) -> LabelledImages:
    if not filenames:
        raise InvalidInputError(f"{str(root)!r} holds no readable image in a split that is needed")
    for name in filenames:
        if len(PurePosixPath(name).parts) < depth + 2:
            raise InvalidInputError(f"{str(root / name)!r} lies in no class folder: expected CLASS/IMAGE")
    return LabelledImages(root, list(filenames), [PurePosixPath(name).parts[depth] for name in filenames])


def _split(images: LabelledImages) -> tuple[LabelledImages, LabelledImages]:
    single = sorted(label for label, count in Counter(images.labels).items() if count == 1)
    if single:
        raise InvalidInputError(
            f"class {single[0]!r} in {str(images.root)!r} has 1 image; a random split needs at least 2 of each class, "
            f"one to learn from and one to test on (or give folders {_POOL}/ and {_HELD_OUT[1]}/)"
        )
    keys = random_keys(images.filenames, seed=0)
    held_out: set[int] = set()
    for label in set(images.labels):
        rows = [row for row, other in enumerate(images.labels) if other == label]
        count = max(1, round(_HELD_OUT_SHARE * len(rows)))
        held_out.update(sorted(rows, key=lambda row: (keys[row], row))[:count])
    return _take(images, [row for row in range(len(images.labels)) if row not in held_out]), _take(
        images, sorted(held_out)
    )


def _take(images: LabelledImages, rows: Sequence[int]) -> LabelledImages:
    return LabelledImages(images.root, [images.filenames[row] for row in rows], [images.labels[row] for row in rows])
