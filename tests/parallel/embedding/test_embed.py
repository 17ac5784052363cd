"""Images on Ray actors: the same vectors as in this process, in file-name order, corrupt files named."""

import io
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from PIL import Image

from lightly_ray.data.images import as_rgb, list_images, open_image
from lightly_ray.data.location import Location
from lightly_ray.embedding.embedder import Embedder
from lightly_ray.embedding.models import open_model
from lightly_ray.embedding.reduction import fit_reduction
from lightly_ray.errors import InvalidInputError, UnreadableError
from lightly_ray.parallel.embedding import embed as module
from lightly_ray.parallel.embedding.auto_model import resolve_auto
from lightly_ray.parallel.embedding.embed import Axes, Fitted, embed, embed_folder, embed_in_order
from lightly_ray.parallel.embedding.extract import Loader, extract_in_order
from lightly_ray.progress import Progress
from tests.embedding.onnx_files import tiny

pytestmark = pytest.mark.usefixtures("ray_local")
DESCRIPTOR = open_model("descriptor")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    random = np.random.default_rng(8)
    for number in range(70):  # more than one batch
        path = tmp_path / "images" / f"{number % 3}" / f"{number:02}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(random.integers(0, 256, (11, 13, 3)).astype(np.uint8)).save(path)
    return tmp_path / "images"


def _names(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*.png"))


def _features(folder: Path, names: list[str]) -> np.ndarray:
    return DESCRIPTOR.load(1, gpu=False)([as_rgb(open_image(folder / name)) for name in names])


def test_embed_folder__equals_the_model_in_this_process(folder: Path) -> None:
    names = _names(folder)
    embedded = embed_folder(Location.parse(str(folder)), names[::-1], DESCRIPTOR)
    reduction = fit_reduction(_features(folder, names))
    assert embedded.filenames == names
    np.testing.assert_array_equal(embedded.embedder.reduction.axes, reduction.axes)  # type: ignore[union-attr]  # fitted
    np.testing.assert_array_equal(embedded.embeddings, reduction.embed(_features(folder, names)))
    assert embedded.embeddings.shape == (70, 69)


@pytest.mark.full
def test_embed_folder__those_that_axes_are_fitted_on_are_not_read_twice(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    names, asked = _names(folder), []
    before = extract_in_order

    def counted(root: Location, wanted: list[str], *rest: object) -> object:
        asked.append(list(wanted))
        return before(root, wanted, *rest)  # type: ignore[arg-type]  # handed on as they came

    monkeypatch.setattr(module, "extract_in_order", counted)
    monkeypatch.setattr(module, "FIT_ON", 20)
    embedded = embed_folder(Location.parse(str(folder)), names, DESCRIPTOR, axes=Axes(4), loader=Loader(batch_size=8))
    assert [len(one) for one in asked] == [20, 50]
    assert sorted(asked[0] + asked[1]) == names
    assert embedded.filenames == names
    np.testing.assert_array_equal(embedded.embeddings, embedded.embedder.embed(_features(folder, names)))


def test_embed_folder__corrupt_images_are_named_and_left_out(folder: Path) -> None:
    (folder / "1/01.png").write_bytes(b"broken")
    (folder / "1/04.png").write_bytes(b"")
    out = io.BytesIO()
    frames = [Image.new("L", (5, 5), value) for value in (0, 255)]
    frames[0].save(out, "gif", save_all=True, append_images=frames[1:])
    (folder / "0/moving.gif").write_bytes(out.getvalue())
    embedded = embed_folder(Location.parse(str(folder)), list_images(folder), DESCRIPTOR)
    assert list(embedded.corrupt) == ["1/01.png", "1/04.png"]
    assert "1/01.png" in embedded.corrupt["1/01.png"]
    assert len(embedded.filenames) == 69
    assert np.isfinite(embedded.embeddings).all()
    assert embedded.first_frames == ["0/moving.gif"]


@pytest.mark.full
def test_embed_folder__a_file_that_is_gone_is_one_clear_error(folder: Path) -> None:
    with pytest.raises(UnreadableError, match=r"cannot read '.*gone\.png'"):
        embed_folder(Location.parse(str(folder)), ["0/00.png", "gone.png"], DESCRIPTOR)


@pytest.mark.full
def test_embed_folder__without_two_readable_images_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(b"broken")
    with pytest.raises(InvalidInputError, match=r"0 of 1 images can be read: .*a.png"):
        embed_folder(Location.parse(str(tmp_path)), ["a.png"], DESCRIPTOR)


@pytest.mark.full
def test_embed__names_the_images_as_an_upload_does_and_goes_on_with_its_embedder(folder: Path) -> None:
    (folder / "link").symlink_to(folder, target_is_directory=True)
    (folder / "hidden").mkdir()
    first = embed(folder, model="descriptor", reduce=6)
    assert sorted([*first.filenames, *first.corrupt]) == list_images(folder)
    again = embed(folder, embedder=Embedder.from_bytes(first.embedder.to_bytes()))
    np.testing.assert_array_equal(again.embeddings, first.embeddings)


@pytest.mark.full
def test_embed__a_network_without_reduction(folder: Path, tmp_path: Path) -> None:
    path = tiny(tmp_path / "tiny.onnx")
    embedded = embed(folder, model=str(path), reduce=0)
    names = _names(folder)
    values = open_model(str(path)).load(1, gpu=False)([as_rgb(open_image(folder / name)) for name in names])
    np.testing.assert_allclose(np.linalg.norm(embedded.embeddings, axis=1), 1, rtol=1e-6)
    np.testing.assert_array_equal(embedded.embeddings, embedded.embedder.embed(values))


@pytest.mark.full
def test_embed_in_order__rows_that_are_there_come_in_their_place(folder: Path) -> None:
    names = _names(folder)
    embedder = Embedder.of(DESCRIPTOR, None)
    there = [names[row] for row in (0, 1, 5, 30, 69)]
    row = {"embedding": [7.0] * 2028, "error": "", "several": False}
    schema = pa.schema(
        [
            ("filename", pa.string()),
            ("embedding", pa.list_(pa.float32(), 2028)),
            ("error", pa.string()),
            ("several", pa.bool_()),
        ]
    )
    kept = pa.Table.from_pylist([{"filename": name, **row} for name in [*there, "zz-unknown"]], schema=schema)
    with Progress("", show=False) as progress:
        tables = list(
            embed_in_order(
                Location.parse(str(folder)),
                names[1:],  # an interrupted run goes on behind its first row
                DESCRIPTOR,
                Fitted(embedder, kept),
                loader=Loader(batch_size=4),
                progress=progress,
            )
        )
    found = pa.concat_tables(tables)
    assert found["filename"].to_pylist() == names[1:]
    first = [vector[0] for vector in found["embedding"].to_pylist()]
    assert [name for name, value in zip(names[1:], first, strict=True) if value == 7] == there[1:]
    assert progress.done == 65


@pytest.mark.parametrize(("sizes", "model"), [([30, 40, 300], "descriptor"), ([64, 64, 20], "efficientnet-lite1")])
def test_auto__the_descriptor_where_the_median_image_is_tiny(tmp_path: Path, sizes: list[int], model: str) -> None:
    for number, size in enumerate(sizes):
        Image.new("L", (size, 5)).save(tmp_path / f"{number}.png")
    (tmp_path / "broken.png").write_bytes(b"broken")
    assert resolve_auto("auto", Location.parse(tmp_path), list_images(tmp_path)) == model
    assert resolve_auto("x.onnx", Location.parse(tmp_path), []) == "x.onnx"
