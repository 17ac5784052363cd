"""`upload` and `download` against a real platform."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from PIL import Image

from lightly_ray.data.location import Location
from lightly_ray.errors import InvalidInputError, NotFoundError
from lightly_ray.platform.embedded import EmbeddedPlatform
from lightly_ray.settings import parse
from lightly_ray.workflow.download import DownloadSettings, run_download
from lightly_ray.workflow.upload import UploadSettings, run_upload


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, object]]:
    """The settings that lead to a platform."""
    data_dir = tmp_path_factory.mktemp("platform")
    with EmbeddedPlatform(data_dir) as platform:
        yield {"server": platform.url, "token_file": data_dir / "admin-token"}


def draw(folder: Path, names: list[str]) -> None:
    for name in names:
        pixels = np.random.default_rng(len(name) + ord(name[-5])).integers(0, 256, (24, 20, 3), dtype=np.uint8)
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(pixels).save(path)


def test_upload_and_download__the_same_files(server: dict[str, object], tmp_path: Path) -> None:
    draw(tmp_path / "in", ["b/2.png", "a.png", "b/1.png"])
    settings = UploadSettings.model_validate({"input_dir": str(tmp_path / "in"), "dataset": "there and back", **server})
    assert run_upload(settings)["uploaded"] == 3
    assert run_upload(settings)["present"] == 3
    target = {"dataset": "there and back", "output_dir": tmp_path / "out", "filenames": tmp_path / "names.txt"}
    assert run_download(DownloadSettings.model_validate(target | server))["samples"] == 3
    assert (tmp_path / "names.txt").read_text() == "a.png\nb/1.png\nb/2.png\n"
    for name in ("a.png", "b/1.png", "b/2.png"):
        assert (tmp_path / "out" / name).read_bytes() == (tmp_path / "in" / name).read_bytes()


def test_upload_and_download__a_tag_its_embeddings_and_copies(server: dict[str, object], tmp_path: Path) -> None:
    names = [f"{row}.png" for row in range(5)]
    draw(tmp_path / "in", names)
    frames = [Image.new("L", (5, 5), value) for value in (0, 255)]
    frames[0].save(tmp_path / "in" / "moving.gif", save_all=True, append_images=frames[1:])
    vectors = np.random.default_rng(0).normal(size=(5, 3)).astype(np.float32)
    pq.write_table(pa.table({"filename": names, "embedding": list(vectors)}), tmp_path / "e.parquet")
    given = {"input_dir": str(tmp_path / "in"), "dataset": "with vectors", "embeddings": str(tmp_path / "e.parquet")}
    settings = UploadSettings.model_validate(given | server)
    first = run_upload(settings)
    assert (first["uploaded"], first["embedded"], first["first_frames"]) == (6, 5, ["moving.gif"])
    assert run_upload(settings)["embedded"] == 0
    client = settings.dataset_client()
    assert client is not None
    online = client.read_embedding("default")
    assert online is not None
    np.testing.assert_array_equal(online.embeddings, vectors)

    parent = client.create_tag_from_filenames(names[:2], "parent")
    client.create_tag_from_filenames(names[:4], "child", parent.id)
    asked = {"dataset": "with vectors", "tag_name": "child", "exclude_parent_tag": True}
    for folder, more in (("out", {}), ("copy", {"input_dir": str(tmp_path / "in")})):
        target = {**asked, **more, "output_dir": tmp_path / folder, **server}
        assert run_download(DownloadSettings.model_validate(target))["samples"] == 2
        assert sorted(path.name for path in (tmp_path / folder).iterdir()) == names[2:4]
        assert (tmp_path / folder / names[2]).read_bytes() == (tmp_path / "in" / names[2]).read_bytes()
    (tmp_path / "in" / names[3]).unlink()
    target = {**asked, "input_dir": str(tmp_path / "in"), "output_dir": tmp_path / "third", **server}
    with pytest.raises(NotFoundError, match=r"there is no file '.*3\.png' to copy"):
        run_download(DownloadSettings.model_validate(target))
    assert not (tmp_path / "third").exists()


def test_upload__embeddings_that_cannot_be_used(server: dict[str, object], tmp_path: Path) -> None:
    draw(tmp_path / "in", ["1.png"])
    (tmp_path / "text.parquet").write_text("text")
    pq.write_table(pa.table({"filename": ["2.png"], "embedding": [[1.0]]}), tmp_path / "other.parquet")
    pq.write_table(pa.table({"filename": ["0.png", "1.png"], "embedding": [[1.0], None]}), tmp_path / "hole.parquet")
    for name, message in (
        ("text.parquet", "is no Parquet file"),
        ("nowhere.parquet", "there is no file"),
        ("hole.parquet", r"hole\.parquet': '1\.png': the embedding is missing"),
        ("other.parquet", "not in the dataset, the first is '2"),
    ):
        given = {"input_dir": str(tmp_path / "in"), "dataset": "bad vectors", "embeddings": str(tmp_path / name)}
        with pytest.raises((InvalidInputError, NotFoundError), match=message):
            run_upload(UploadSettings.model_validate(given | server))


def test_upload__from_a_store(server: dict[str, object], s3_options: str, tmp_path: Path) -> None:
    draw(tmp_path, ["a.png"])
    uri = f"s3://key:secret@images/transfer{s3_options}"
    place = Location.parse(uri)
    place.child("deep/a.png").write((tmp_path / "a.png").read_bytes())
    place.child("broken.png").write(b"broken")
    with pytest.warns(UserWarning, match="1 corrupt images were left out"):
        result = run_upload(UploadSettings.model_validate({"input_dir": uri, "dataset": "from a store", **server}))
    assert (result["uploaded"], result["corrupt"]) == (1, ["broken.png"])


def test_download__unknown_dataset(server: dict[str, object], tmp_path: Path) -> None:
    told = {"dataset": "nobody's", "filenames": tmp_path / "names.txt"}
    with pytest.raises((NotFoundError, InvalidInputError), match="nobody"):
        run_download(DownloadSettings.model_validate(told | server))


@pytest.mark.parametrize("words", [["dataset=x"], ["dataset=x", "input_dir=o", "filenames=f"]])
def test_download__settings_that_say_nothing(words: list[str]) -> None:
    with pytest.raises(InvalidInputError, match="say where to"):
        parse(DownloadSettings, words)
