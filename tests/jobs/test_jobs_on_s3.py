"""Jobs whose inputs and outputs lie in an object store that speaks S3, over HTTP."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from lightly_ray.data import resumable_output
from lightly_ray.data.location import Location
from lightly_ray.data.predictions import row_groups
from lightly_ray.data.resumable_output import ResumableOutput
from lightly_ray.embedding.embedder import Embedder
from lightly_ray.workflow.embed_images import EmbedImagesSettings, run_embed_images
from lightly_ray.workflow.score_predictions import ScorePredictionsSettings, run_score_predictions
from lightly_ray.workflow.select_samples import SelectSamplesSettings, run_select_samples

FOLDER = "jobs"  # other tests write into the same bucket
pytestmark = pytest.mark.usefixtures("ray_local")


@pytest.fixture
def at(s3_options: str) -> Callable[[str], str]:
    """Turns a key into a URI of the store."""
    return lambda key: f"s3://key:secret@images/{FOLDER}/{key}{s3_options}"


def _read(uri: str) -> pa.Table:
    place = Location.parse(uri)
    files, path = place.filesystem, place.path
    return pq.read_table(path, filesystem=files)


@pytest.mark.full
def test_jobs__embed_score_and_select_in_a_store(at: Callable[[str], str], images: Path) -> None:
    place = Location.parse(at("photos"))
    files, root = place.filesystem, place.path
    names = sorted(path.relative_to(images).as_posix() for path in images.rglob("*.png"))
    for name in names:
        with files.open_output_stream(f"{root}/{name}") as stream:
            stream.write((images / name).read_bytes())
    embedded = run_embed_images(EmbedImagesSettings(input_dir=at("photos"), output=at("e.parquet"), model="descriptor"))
    assert _read(at("e.parquet"))["filename"].to_pylist() == names
    assert "secret" not in str(embedded)
    content = Location.parse(at("e.parquet.embedder.npz")).read()
    assert content is not None
    assert Embedder.from_bytes(content).space == embedded["space"]

    place = Location.parse(at("p.parquet"))
    files, path = place.filesystem, place.path
    probabilities = np.random.default_rng(0).dirichlet([1, 1, 1], size=len(names))
    pq.write_table(pa.table({"filename": names, "probabilities": list(probabilities)}), path, filesystem=files)
    scoring = ScorePredictionsSettings(predictions=at("p.parquet"), task="classification", output=at("s.parquet"))
    assert run_score_predictions(scoring)["samples"] == len(names)

    settings = SelectSamplesSettings(
        embeddings=at("e.parquet"), scores=at("s.parquet"), method="coral", n_samples="4", output=at("o.parquet")
    )
    result = run_select_samples(settings)
    assert len(_read(at("o.parquet"))) == 4
    assert "secret" not in str([result, _read(at("o.parquet")).schema.metadata])
    assert run_select_samples(settings) == result
    left = files.get_file_info(pa.fs.FileSelector(f"images/{FOLDER}", recursive=True))
    found = [info.path.removeprefix(f"images/{FOLDER}/") for info in left if "photos" not in info.path]
    assert sorted(found) == ["e.parquet", "e.parquet.embedder.npz", "o.parquet", "p.parquet", "s.parquet"]


@pytest.mark.full
def test_job__goes_on_in_a_store(
    at: Callable[[str], str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    names = [f"{row:02}.jpg" for row in range(31)]
    table = pa.table({"filename": names, "scores": [[0.75]] * 31, "labels": [[row % 3] for row in range(31)]})
    place = Location.parse(at("boxes.parquet"))
    files, path = place.filesystem, place.path
    pq.write_table(table, path, filesystem=files, row_group_size=4)
    settings = ScorePredictionsSettings(predictions=at("boxes.parquet"), task="detection", output=at("d.parquet"))
    monkeypatch.setattr(row_groups, "PIECE_ROWS", 4)
    monkeypatch.setattr(resumable_output, "PART_SECONDS", 0.0)
    before = ResumableOutput.add

    def interrupted(self: ResumableOutput, scores: pa.Table) -> None:
        if self.rows >= 12:
            raise KeyboardInterrupt
        before(self, scores)

    with monkeypatch.context() as patch:
        patch.setattr(ResumableOutput, "add", interrupted)
        with pytest.raises(KeyboardInterrupt):
            run_score_predictions(settings)
    parts = files.get_file_info(pa.fs.FileSelector(f"images/{FOLDER}/d.parquet.parts"))
    assert [info.size > 0 for info in parts] == [True] * 3
    assert run_score_predictions(settings)["samples"] == 31
    assert "an earlier run scored 12 samples" in capsys.readouterr().err
    assert _read(at("d.parquet"))["filename"].to_pylist() == names
    left = files.get_file_info(pa.fs.FileSelector(f"images/{FOLDER}", recursive=True))
    assert [info.path for info in left if "d.parquet" in info.path] == [f"images/{FOLDER}/d.parquet"]
