"""The embedding job: one sorted file, resumable, repeatable, and extended when images are added."""

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from PIL import Image

from lightly_ray.api.api_workflow_upload_embeddings import read_embeddings_csv
from lightly_ray.data import resumable_output
from lightly_ray.data.resumable_output import ResumableOutput
from lightly_ray.errors import ConflictError, InvalidInputError, NotFoundError
from lightly_ray.parallel.embedding import embed as embed_module
from lightly_ray.parallel.embedding.extract import extract_in_order
from lightly_ray.settings import parse
from lightly_ray.workflow import embed_images
from lightly_ray.workflow.embed_images import EmbedImagesSettings, read_embedder, run_embed_images
from tests.embedding.onnx_files import tiny

pytestmark = pytest.mark.usefixtures("ray_local")
RANDOM = np.random.default_rng(2)


def _image(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(RANDOM.integers(0, 256, (9, 7, 3)).astype(np.uint8)).save(path)


@pytest.fixture
def images(tmp_path: Path) -> Path:
    for name in ["z.png", "b/c/d.png", "b/a.png", "a.png", "b/b.png", "y.png", ".hidden/h.png"]:
        _image(tmp_path / "images" / name)
    return tmp_path / "images"


@pytest.fixture
def settings(images: Path, tmp_path: Path) -> EmbedImagesSettings:
    return _settings(input_dir=images, output=tmp_path / "out" / "e.parquet")


def _settings(**values: Any) -> EmbedImagesSettings:
    return parse(EmbedImagesSettings, [f"{key}={value}" for key, value in {"model": "descriptor", **values}.items()])


def _vectors(settings: EmbedImagesSettings) -> dict[str, list[float]]:
    table = pq.read_table(settings.output)
    return dict(zip(table["filename"].to_pylist(), table["embedding"].to_pylist(), strict=True))


def test_job__one_file_sorted_by_name_its_embedder_and_its_csv(images: Path, tmp_path: Path) -> None:
    settings = _settings(input_dir=images, output=tmp_path / "out" / "e.parquet", csv=tmp_path / "out" / "e.csv")
    result = run_embed_images(settings)
    table = pq.read_table(settings.output)
    assert table["filename"].to_pylist() == ["a.png", "b/a.png", "b/b.png", "b/c/d.png", "y.png", "z.png"]
    vectors = np.array(table["embedding"].to_pylist(), dtype=np.float32)
    assert table.schema.field("embedding").type == pa.list_(pa.float32(), 5)
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, rtol=1e-5)
    embedder = read_embedder(settings.output)
    assert embedder is not None
    assert result["dimensions"] == 5
    assert (result["model"], result["space"]) == ("descriptor", embedder.space)
    assert embedder.space.encode() in pq.read_metadata(settings.output).metadata[b"lightly_ray"]
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [
        "e.csv",
        "e.parquet",
        "e.parquet.embedder.npz",
    ]
    csv = read_embeddings_csv(tmp_path / "out" / "e.csv")
    assert csv.filenames == table["filename"].to_pylist()
    np.testing.assert_array_equal(csv.embeddings, vectors)


@pytest.mark.full
def test_job__goes_on_where_it_was_interrupted(
    settings: EmbedImagesSettings, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(resumable_output, "PART_SECONDS", 0.0)
    monkeypatch.setattr(embed_module, "FIT_ON", 2)
    settings = settings.model_copy(update={"loader": settings.loader.model_copy(update={"batch_size": 2})})
    expected = run_embed_images(settings.model_copy(update={"output": settings.output.beside(".expected")}))
    before, rows = ResumableOutput.add, []

    def interrupted(self: ResumableOutput, table: pa.Table) -> None:
        if self.rows:
            rows.append(self.rows)
            raise KeyboardInterrupt
        before(self, table)

    with monkeypatch.context() as patch:
        patch.setattr(ResumableOutput, "add", interrupted)
        with pytest.raises(KeyboardInterrupt):
            run_embed_images(settings)
    assert not Path(settings.output).exists()
    with monkeypatch.context() as patch:
        patch.setattr(embed_images, "fit_embedder", lambda *_, **__: pytest.fail("axes were fitted again"))
        result = run_embed_images(settings)
    assert f"an earlier run embedded {rows[0]} of 6 images" in capsys.readouterr().err
    assert result["space"] == expected["space"]
    assert _vectors(settings) == _vectors(settings.model_copy(update={"output": settings.output.beside(".expected")}))


@pytest.mark.full
def test_job__killed_before_it_tidied_up(settings: EmbedImagesSettings) -> None:
    result = run_embed_images(settings)
    left = Path(f"{settings.output}.parts")
    left.mkdir()
    (left / "000000000000.parquet").write_bytes(b"as it was")
    before = Path(settings.output).stat().st_mtime_ns
    assert run_embed_images(settings) == result  # finished: it is not made again
    assert Path(settings.output).stat().st_mtime_ns == before
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


@pytest.mark.full
def test_job__images_that_were_added_are_embedded_alike_and_alone(
    settings: EmbedImagesSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    (Path(settings.input_dir) / "y.png").write_bytes(b"broken")
    first = run_embed_images(settings)
    before = _vectors(settings)
    for name in ("0.png", "b/bb.png", "zz.png"):
        _image(Path(settings.input_dir) / name)
    asked: list[str] = []
    extract = extract_in_order

    def counted(root: object, wanted: list[str], *rest: object) -> object:
        asked.extend(wanted)
        return extract(root, wanted, *rest)  # type: ignore[arg-type]  # handed on as they came

    monkeypatch.setattr(embed_module, "extract_in_order", counted)
    second = run_embed_images(settings.model_copy(update={"model": None}))  # the kept model is the default then
    assert asked == ["0.png", "b/bb.png", "y.png", "zz.png"]
    after = _vectors(settings)
    assert list(after) == ["0.png", "a.png", "b/a.png", "b/b.png", "b/bb.png", "b/c/d.png", "z.png", "zz.png"]
    assert before.items() <= after.items()
    assert (second["space"], second["images"], second["corrupt"]) == (first["space"], 8, ["y.png"])
    # The new ones lie where `like` puts them as well.
    like = _settings(input_dir=settings.input_dir, output=settings.output.beside(".like"), like=settings.output)
    run_embed_images(like)
    assert _vectors(like) == after


@pytest.mark.full
def test_job__images_that_changed_or_went_are_refused(settings: EmbedImagesSettings) -> None:
    run_embed_images(settings)
    image = Path(settings.input_dir) / "z.png"
    content = image.read_bytes()
    image.write_bytes(content[::-1])
    _image(image.with_name("zz.png"))
    with pytest.raises(ConflictError, match="made from something else"):
        run_embed_images(settings)
    image.unlink()
    with pytest.raises(ConflictError, match="made from something else"):
        run_embed_images(settings)


def test_job__another_model_on_the_same_output_is_refused(settings: EmbedImagesSettings, tmp_path: Path) -> None:
    run_embed_images(settings)
    path = tiny(tmp_path / "tiny.onnx")
    other = {"input_dir": settings.input_dir, "model": path}
    with pytest.raises(ConflictError, match="were made by model 'descriptor', not by "):
        run_embed_images(_settings(**other, output=settings.output))
    with pytest.raises(ConflictError, match="were made by model 'descriptor', not by "):
        run_embed_images(_settings(**other, output=tmp_path / "f.parquet", like=settings.output))
    with pytest.raises(NotFoundError, match=r"there is no embedder '.*g\.parquet\.embedder\.npz'"):
        run_embed_images(_settings(**other, output=tmp_path / "f.parquet", like=tmp_path / "g.parquet"))


def test_job__another_run_that_ends_meanwhile_is_told(
    settings: EmbedImagesSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = ResumableOutput.write

    def slower(self: ResumableOutput) -> None:
        before(self)
        (Path(f"{settings.output}.parts") / "000000000000.parquet").unlink(missing_ok=True)

    monkeypatch.setattr(ResumableOutput, "write", slower)
    with pytest.raises(ConflictError, match=r"another run of this job writes '.*e\.parquet'"):
        run_embed_images(settings)
    assert not Path(settings.output).exists()


@pytest.mark.full
def test_job__corrupt_images_alone_leave_nothing(settings: EmbedImagesSettings) -> None:
    for path in Path(settings.input_dir).rglob("*.png"):
        path.write_bytes(b"broken")
    with pytest.raises(InvalidInputError, match="0 of 6 images can be read"):
        run_embed_images(settings)
    with pytest.raises(InvalidInputError, match=r"none of the 6 images in .* can be read"):
        run_embed_images(settings.model_copy(update={"reduce": 0}))
    assert not Path(settings.output).exists()


def test_job__bad_folders_are_named(tmp_path: Path) -> None:
    output = tmp_path / "e.parquet"
    with pytest.raises(NotFoundError, match="nowhere"):
        run_embed_images(_settings(input_dir=tmp_path / "nowhere", output=output))
    with pytest.raises(InvalidInputError, match="holds no image"):
        run_embed_images(_settings(input_dir=tmp_path, output=output))
    assert list(tmp_path.iterdir()) == []
