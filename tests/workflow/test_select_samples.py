"""The selection job: the same as `select`, whole or not at all, repeatable, and a tag where a platform is given."""

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import lightly_ray
from lightly_ray.api import ApiWorkflowClient
from lightly_ray.errors import ApiError, ConflictError, InvalidInputError, NotFoundError
from lightly_ray.platform.embedded import EmbeddedPlatform
from lightly_ray.settings import parse
from lightly_ray.workflow.select_samples import SelectSamplesSettings, run_select_samples

NAMES = [f"{kind}/{number}.png" for kind in ("cats", "dogs") for number in range(6)]
VECTORS = np.random.default_rng(3).normal(size=(12, 5)).astype(np.float32)
SCORES = np.random.default_rng(4).random(12)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    vectors = pa.FixedSizeListArray.from_arrays(pa.array(VECTORS.ravel()), 5)
    pq.write_table(pa.table({"filename": NAMES, "embedding": vectors}), tmp_path / "embeddings.parquet")
    pq.write_table(pa.table({"filename": NAMES[::-1], "margin": SCORES[::-1]}), tmp_path / "scores.parquet")
    (tmp_path / "before.txt").write_text("dogs/5.png\ncats/2.png\n")
    return tmp_path


def _settings(folder: Path, *words: str) -> SelectSamplesSettings:
    known = {word.split("=")[0] for word in words}
    usual = [f"embeddings={folder}/embeddings.parquet", f"output={folder}/out.parquet", "n_samples=5"]
    return parse(SelectSamplesSettings, [*words, *(word for word in usual if word.split("=")[0] not in known)])


@pytest.mark.parametrize(
    ("said", "normalize"), [([], "whiten"), (["normalize=false"], False), (["normalize=whiten"], "whiten")]
)
def test_job__gives_what_select_gives(folder: Path, said: list[str], normalize: Any) -> None:
    words = [
        *said,
        f"preselected={folder}/before.txt",
        f"scores={folder}/scores.parquet",
        "score=margin",
        "method=coral",
    ]
    result = run_select_samples(_settings(folder, *words, "n_samples=7"))
    options: dict[str, Any] = {"method": "coral", "scores": SCORES, "preselected": ["dogs/5.png", "cats/2.png"]}
    expected = lightly_ray.select(VECTORS, 7, ids=NAMES, progress=False, normalize=normalize, **options)
    table = pq.read_table(folder / "out.parquet")
    assert table["filename"].to_pylist() == expected.ids
    assert table["added"].to_pylist() == [False] * 2 + [True] * 5
    np.testing.assert_array_equal(table["gain"].to_numpy()[2:], expected.gains)
    assert result["n_added"] == 5


def test_job__a_part_is_random(folder: Path) -> None:
    words = ["method=coreset", "random_share=0.5", "seed=3", f"preselected={folder}/before.txt"]
    result = run_select_samples(_settings(folder, *words))
    expected = lightly_ray.select(
        VECTORS,
        5,
        "coreset",
        ids=NAMES,
        preselected=["dogs/5.png", "cats/2.png"],
        random_share=0.5,
        seed=3,
        normalize="whiten",
        progress=False,
    )
    table = pq.read_table(folder / "out.parquet")
    assert table["filename"].to_pylist() == expected.ids
    assert table["random"].to_pylist() == [False, False, True, True, False]
    assert result["n_random"] == 2
    with pytest.raises(InvalidInputError, match=r"random_share"):
        _settings(folder, "random_share=1")


def test_job__leaves_out_what_cannot_be_labelled(folder: Path) -> None:
    marked = [NAMES[0], NAMES[4], "dogs/5.png"]
    (folder / "marked.txt").write_text("\n".join(marked))
    pq.write_table(pa.table({"filename": marked}), folder / "marked.parquet")
    options: dict[str, Any] = {"ids": NAMES, "preselected": ["dogs/5.png", "cats/2.png"], "normalize": "whiten"}
    expected = lightly_ray.select(VECTORS, 7, "coreset", cannot_be_labelled=marked, progress=False, **options)
    for kind in ("txt", "parquet"):
        words = [
            "n_samples=7",
            "method=coreset",
            f"preselected={folder}/before.txt",
            f"cannot_be_labelled={folder}/marked.{kind}",
        ]
        output = folder / f"{kind}.parquet"
        run_select_samples(_settings(folder, *words, f"output={output}"))
        assert pq.read_table(output)["filename"].to_pylist() == expected.ids
    (folder / "marked.txt").write_text("no.png")
    with pytest.raises(InvalidInputError, match=r"cannot_be_labelled: 1 of 1 ids are not among"):
        run_select_samples(_settings(folder, f"cannot_be_labelled={folder}/marked.txt"))


def test_job__a_share_and_a_query_set(folder: Path) -> None:
    (folder / "query.txt").write_text("\n".join(NAMES[:8]))
    run_select_samples(_settings(folder, f"query={folder}/query.txt", "n_samples=0.5", "seed=4"))
    chosen = pq.read_table(folder / "out.parquet")["filename"].to_pylist()
    assert len(chosen) == 4
    assert set(chosen) <= set(NAMES[:8])


def test_job__leaves_its_output_alone_and_no_checkpoint(folder: Path) -> None:
    result = run_select_samples(_settings(folder))
    before = (folder / "out.parquet").stat().st_mtime_ns
    assert run_select_samples(_settings(folder)) == result
    assert (folder / "out.parquet").stat().st_mtime_ns == before
    # The output of one selection is the preselected set of the next.
    run_select_samples(
        _settings(folder, f"preselected={folder}/out.parquet", f"output={folder}/b.parquet", "n_samples=6")
    )
    assert pq.read_table(folder / "b.parquet")["filename"].to_pylist()[:5] == _chosen(folder)
    assert not [*folder.glob("*unfinished*"), *folder.glob("*checkpoint*")]


def _chosen(folder: Path) -> list[str]:
    names: list[str] = pq.read_table(folder / "out.parquet")["filename"].to_pylist()
    return names


def test_job__other_settings_or_files_are_refused(folder: Path) -> None:
    run_select_samples(_settings(folder))
    with pytest.raises(ConflictError, match="seed=0 then, 1 now"):
        run_select_samples(_settings(folder, "seed=1"))
    pq.write_table(pq.read_table(folder / "embeddings.parquet").slice(1), folder / "embeddings.parquet")
    with pytest.raises(ConflictError, match="files="):
        run_select_samples(_settings(folder))


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["n_samples=13"], "n_samples=13 is more than the 12"),
        (["n_samples=many"], "n_samples must be a whole number or a share"),
        (["method=coral"], "needs scores"),
        (["scores={0}/scores.parquet", "score=entropy", "method=coral"], "has no column 'entropy'"),
        (["preselected={0}/embeddings.parquet", "id_column=name"], "has no column 'name'"),
    ],
)
def test_job__bad_settings_leave_nothing(folder: Path, words: list[str], message: str) -> None:
    with pytest.raises(InvalidInputError, match=message):
        run_select_samples(_settings(folder, *(word.format(folder) for word in words)))
    assert not list(folder.glob("out*"))


def test_job__missing_files_are_named(folder: Path) -> None:
    for key in ("embeddings", "scores", "preselected"):
        with pytest.raises(NotFoundError, match=r"nowhere\.parquet"):
            run_select_samples(_settings(folder, f"{key}={folder}/nowhere.parquet", "method=coral"))


def test_settings__a_destination_is_whole(folder: Path) -> None:
    for words, message in (
        (["server=http://127.0.0.1:1"], "server and token_file need a dataset of that platform"),
        (["dataset=x", "dataset_id=y", "name=t"], "give dataset, a name, or dataset_id, not both"),
        (["dataset=x"], "name, of the tag to make, and a dataset"),
        (["name=t"], "name, of the tag to make, and a dataset"),
    ):
        with pytest.raises(InvalidInputError, match=message):
            _settings(folder, *words)


def test_job__finds_server_token_and_dataset_as_the_client_does(
    uploaded: ApiWorkflowClient, live_platform: EmbeddedPlatform, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LIGHTLY_SERVER_LOCATION", uploaded.server)
    monkeypatch.setenv("LIGHTLY_TOKEN", f"{live_platform.token}\n")
    name = uploaded.get_dataset_by_id(uploaded.dataset_id).name
    result = run_select_samples(_settings(folder, f"dataset={name}", "name=by-name"))
    assert result["tag_id"] == uploaded.get_tag_by_name("by-name").id
    with pytest.raises(NotFoundError, match="there is no dataset 'nowhere'"):
        run_select_samples(_settings(folder, "dataset=nowhere", "name=x", f"output={folder}/other.parquet"))


def test_job__a_score_that_comes_twice_is_named(folder: Path) -> None:
    names = pq.read_table(folder / "embeddings.parquet")["filename"].to_pylist()
    table = pa.table({"filename": [*names, names[3]], "margin": [0.5] * len(names) + [0.0]})
    pq.write_table(table, folder / "twice.parquet")
    words = ["method=active_learning", f"scores={folder}/twice.parquet"]
    with pytest.raises(InvalidInputError, match=f"the score 'margin' in .*twice.* must be distinct: .*'{names[3]}'"):
        run_select_samples(_settings(folder, *words))


def test_job__takes_what_score_predictions_skipped(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    names = pq.read_table(folder / "embeddings.parquet")["filename"].to_pylist()
    scores = pa.array([None, *np.linspace(0, 1, len(names) - 1)], pa.float64())
    reasons = pa.array(["it has a value that is NaN", *[None] * (len(names) - 1)], pa.string())
    table = pa.table({"filename": names, "other": [0.5] * len(names), "uncertainty_margin": scores, "error": reasons})
    pq.write_table(table, folder / "scored.parquet")
    words = ["method=coral", f"scores={folder}/scored.parquet"]
    with pytest.raises(InvalidInputError, match=f"no finite score .*first: sample '{names[0]}'"):
        run_select_samples(_settings(folder, *words))
    with pytest.warns(UserWarning, match="1 samples that may be selected were left out"):
        result = run_select_samples(_settings(folder, *words, "on_missing=skip"))
    assert (result["n_skipped"], result["score"]) == (1, "uncertainty_margin")
    assert names[0] not in _chosen(folder)
    capsys.readouterr()
    assert run_select_samples(_settings(folder, *words, "on_missing=skip")) == result
    assert "is finished already" in capsys.readouterr().err


def test_job__makes_one_tag_with_its_provenance(
    uploaded: ApiWorkflowClient, live_platform: EmbeddedPlatform, folder: Path
) -> None:
    (folder / "token").write_text(live_platform.token)
    there = [f"server={uploaded.server}", f"token_file={folder}/token", f"dataset_id={uploaded.dataset_id}"]
    result = run_select_samples(_settings(folder, *there, "method=coreset", "name=first"))
    tag = uploaded.get_tag_by_name("first")
    assert result["tag_id"] == tag.id
    assert uploaded.get_filenames_in_tag(tag) == sorted(_chosen(folder))
    declared = uploaded.get_tag_provenance(tag.id)["declared"]
    assert declared["method"] == "CORESET"
    assert declared["radius"] == result["radius"]
    assert live_platform.token not in str(declared)
    # The tag was made but the output was lost: the next run finds the tag and makes the output.
    (folder / "out.parquet").unlink()
    assert run_select_samples(_settings(folder, *there, "method=coreset", "name=first"))["tag_id"] == tag.id
    with pytest.raises(ConflictError, match="'first'"):
        run_select_samples(_settings(folder, *there, "name=first", "method=random", f"output={folder}/other.parquet"))
    assert not (folder / "other.parquet").exists()


def test_job__a_wrong_destination_is_found_before_the_work(
    uploaded: ApiWorkflowClient, live_platform: EmbeddedPlatform, folder: Path
) -> None:
    (folder / "token").write_text(live_platform.token)
    there = [f"server={uploaded.server}", f"token_file={folder}/token", f"dataset_id={'0' * 24}", "name=first"]
    with pytest.raises((ApiError, NotFoundError), match="dataset"):
        run_select_samples(_settings(folder, *there))
    assert not list(folder.glob("out*"))


def test_job__auto_with_predictions_and_labels(folder: Path) -> None:
    probabilities = np.random.default_rng(6).dirichlet([1, 1, 1], 12)
    pq.write_table(
        pa.table({"filename": NAMES, "probabilities": probabilities.tolist()}), folder / "predictions.parquet"
    )
    pq.write_table(pa.table({"filename": ["dogs/5.png", "cats/2.png"], "label": [0, 2]}), folder / "labels.parquet")
    words = [f"{name}={folder}/{name}.parquet" for name in ("predictions", "labels")]
    result = run_select_samples(_settings(folder, *words, f"preselected={folder}/before.txt"))
    labels = {"dogs/5.png": 0, "cats/2.png": 2}
    expected = lightly_ray.select(
        VECTORS, 5, ids=NAMES, preselected=list(labels), predictions=probabilities, labels=labels, progress=False
    )
    assert _chosen(folder) == expected.ids
    assert (result["method"], result["why"]) == ("coverage", expected.why)
