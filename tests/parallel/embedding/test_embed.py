"""Images on Ray actors: the same vectors as in this process, in file-name order, corrupt files named."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from lightly_ray.data.images import decode_rgb, list_images
from lightly_ray.data.location import Location
from lightly_ray.embedding.descriptor import features, fit
from lightly_ray.errors import InvalidInputError
from lightly_ray.parallel.embedding.embed import embed, embed_folder, fit_descriptor

pytestmark = pytest.mark.usefixtures("ray_local")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    random = np.random.default_rng(8)
    for number in range(70):  # more than one batch
        path = tmp_path / f"{number % 3}" / f"{number:02}.png"
        path.parent.mkdir(exist_ok=True)
        Image.fromarray(random.integers(0, 256, (11, 13, 3)).astype(np.uint8)).save(path)
    return tmp_path


def _names(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*.png"))


def test_embed_folder__equals_the_descriptor_in_this_process(folder: Path) -> None:
    names = _names(folder)
    embedded = embed_folder(Location.parse(str(folder)), list(reversed(names)))
    values = np.stack([features(decode_rgb(folder / name)) for name in names])
    assert embedded.filenames == names
    np.testing.assert_array_equal(embedded.embeddings, embedded.descriptor.embed(values))
    assert embedded.embeddings.shape == (70, 69)


def test_fit_descriptor__does_not_depend_on_the_order_of_arrival(folder: Path) -> None:
    names = _names(folder)
    values = np.stack([features(decode_rgb(folder / name)) for name in names])
    np.testing.assert_array_equal(fit_descriptor(Location.parse(str(folder)), names).axes, fit(values).axes)


def test_embed_folder__corrupt_images_are_named_and_left_out(folder: Path) -> None:
    (folder / "1/01.png").write_bytes(b"broken")
    embedded = embed_folder(Location.parse(str(folder)), _names(folder))
    assert list(embedded.corrupt) == ["1/01.png"]
    assert "1/01.png" in embedded.corrupt["1/01.png"]
    assert len(embedded.filenames) == 69
    assert np.isfinite(embedded.embeddings).all()


def test_fit_descriptor__without_two_readable_images_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(b"broken")
    with pytest.raises(InvalidInputError, match=r"0 of 1 images can be read: .*a.png"):
        fit_descriptor(Location.parse(str(tmp_path)), ["a.png"])


def test_embed__names_the_images_as_an_upload_does(folder: Path, tmp_path: Path) -> None:
    (folder / "link").symlink_to(folder, target_is_directory=True)
    embedded = embed(folder)
    assert sorted([*embedded.filenames, *embedded.corrupt]) == list_images(folder)
