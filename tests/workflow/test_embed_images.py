"""The embedding job: one sorted file, resumable, repeatable."""

from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from PIL import Image

from lightly_ray.embedding.descriptor import Descriptor
from lightly_ray.errors import ConflictError, InvalidInputError, NotFoundError
from lightly_ray.parallel.embedding.embed import embed_folder
from lightly_ray.workflow import embed_images
from lightly_ray.workflow.embed_images import EmbedImagesSettings, run_embed_images

pytestmark = pytest.mark.usefixtures("ray_local")


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> EmbedImagesSettings:
    monkeypatch.setattr(embed_images, "CHUNK", 4)
    random = np.random.default_rng(2)
    for name in ["z.png", "b/c/d.png", "b/a.png", "a.png", "b/b.png", "y.png", ".hidden/h.png"]:
        path = tmp_path / "images" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(random.integers(0, 256, (9, 7, 3)).astype(np.uint8)).save(path)
    return EmbedImagesSettings(input_dir=str(tmp_path / "images"), output=str(tmp_path / "out" / "e.parquet"))


def test_job__one_file_sorted_by_name_and_its_descriptor(settings: EmbedImagesSettings) -> None:
    result = run_embed_images(settings)
    table = pq.read_table(settings.output)
    assert table["filename"].to_pylist() == ["a.png", "b/a.png", "b/b.png", "b/c/d.png", "y.png", "z.png"]
    vectors = np.array(table["embedding"].to_pylist(), dtype=np.float32)
    assert vectors.shape == (6, 5)
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, rtol=1e-5)
    descriptor = Descriptor.from_bytes(Path(str(result["descriptor"])).read_bytes())
    assert descriptor.axes.shape[0] == result["dimensions"] == 5
    assert sorted(path.name for path in Path(settings.output).parent.iterdir()) == [
        "e.parquet",
        "e.parquet.descriptor.npz",
    ]


def test_job__goes_on_where_it_was_interrupted(settings: EmbedImagesSettings, monkeypatch: pytest.MonkeyPatch) -> None:
    calls = 0

    def interrupted(*args: object) -> object:
        nonlocal calls
        calls += 1
        if calls == 2:
            raise KeyboardInterrupt
        return embed_folder(*args)  # type: ignore[arg-type]  # handed on as they came

    monkeypatch.setattr(embed_images, "embed_folder", interrupted)
    with pytest.raises(KeyboardInterrupt):
        run_embed_images(settings)
    assert not Path(settings.output).exists()
    run_embed_images(settings)
    assert calls == 3  # the first chunk was not embedded again
    again = settings.model_copy(update={"output": settings.output.beside(".again")})
    run_embed_images(again)
    assert pq.read_table(again.output).equals(pq.read_table(settings.output))


def test_job__killed_before_it_tidied_up(settings: EmbedImagesSettings) -> None:
    result = run_embed_images(settings)
    left = Path(f"{settings.output}.parts")
    left.mkdir()
    (left / "000000000000.parquet").write_bytes(b"as it was")
    assert run_embed_images(settings) == result
    assert not left.exists()


def test_job__parts_of_other_images_are_refused(settings: EmbedImagesSettings, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(embed_images, "whole_output", interrupted)
    with pytest.raises(KeyboardInterrupt):
        run_embed_images(settings)
    (Path(settings.input_dir) / "z.png").unlink()
    with pytest.raises(ConflictError, match=r"images=.* delete the folder '.*e\.parquet\.parts' first"):
        run_embed_images(settings)


def test_job__run_again_returns_its_result_and_other_images_are_refused(settings: EmbedImagesSettings) -> None:
    result = run_embed_images(settings)
    before = Path(settings.output).stat().st_mtime_ns
    assert run_embed_images(settings) == result
    assert Path(settings.output).stat().st_mtime_ns == before
    (Path(settings.input_dir) / "z.png").unlink()
    with pytest.raises(ConflictError, match="made from something else"):
        run_embed_images(settings)


def test_job__an_image_that_was_replaced_by_one_of_its_size_is_noticed(settings: EmbedImagesSettings) -> None:
    run_embed_images(settings)
    image = Path(settings.input_dir) / "z.png"
    image.write_bytes(image.read_bytes()[::-1])
    with pytest.raises(ConflictError, match="made from something else"):
        run_embed_images(settings)


def test_job__another_run_that_ends_meanwhile_is_told(
    settings: EmbedImagesSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    def slower(*args: object) -> object:
        (Path(f"{settings.output}.parts") / "000000000000.parquet").unlink(missing_ok=True)
        return embed_folder(*args)  # type: ignore[arg-type]  # handed on as they came

    monkeypatch.setattr(embed_images, "embed_folder", slower)
    with pytest.raises(ConflictError, match=r"another run of this job writes '.*e\.parquet'"):
        run_embed_images(settings)
    assert not Path(settings.output).exists()


def test_job__a_corrupt_image_is_counted(settings: EmbedImagesSettings) -> None:
    (Path(settings.input_dir) / "y.png").write_bytes(b"broken")
    result = run_embed_images(settings)
    assert result["corrupt"] == ["y.png"]
    assert result["images"] == 5


def test_job__a_chunk_of_corrupt_images_alone(settings: EmbedImagesSettings) -> None:
    for name in ("y.png", "z.png"):  # the second chunk
        (Path(settings.input_dir) / name).write_bytes(b"broken")
    assert run_embed_images(settings)["corrupt"] == ["y.png", "z.png"]
    assert pq.read_table(settings.output)["filename"].to_pylist() == ["a.png", "b/a.png", "b/b.png", "b/c/d.png"]


def test_job__bad_folders_are_named(tmp_path: Path) -> None:
    output = str(tmp_path / "e.parquet")
    with pytest.raises(NotFoundError, match="nowhere"):
        run_embed_images(EmbedImagesSettings(input_dir=str(tmp_path / "nowhere"), output=output))
    with pytest.raises(InvalidInputError, match="holds no image"):
        run_embed_images(EmbedImagesSettings(input_dir=str(tmp_path), output=output))
    assert list(tmp_path.iterdir()) == []
