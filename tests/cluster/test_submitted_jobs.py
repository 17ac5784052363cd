"""The larger jobs by `ray job submit`, on a cluster of two raylets that takes them with a token only."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cluster.submitter import Submitter, cluster_with_a_token
from tests.digits import write_digits

pytestmark = pytest.mark.full


@pytest.fixture(scope="module")
def submit() -> Iterator[Submitter]:
    with cluster_with_a_token() as submitter:
        yield submitter


def test_main_job__gives_a_curve_of_each_method(submit: Submitter, tmp_path: Path) -> None:
    images, sizes = write_digits(tmp_path / "digits", every=8), ["initial=20", "per_round=20", "n_rounds=2", "seeds=1"]
    found = submit("active_learning", f"input_dir={images}", f"output_dir={tmp_path}/out", "model=descriptor", *sizes)
    methods = found["methods"]
    assert isinstance(methods, dict)
    assert sorted(methods) == ["auto", "coral", "coreset", "random"]
    assert all(curve["labels"] == [20, 40, 60] for curve in methods.values())
    assert (tmp_path / "out" / "learning_curve.png").stat().st_size > 0


def test_nightly_job__selects_what_is_new(submit: Submitter, tmp_path: Path) -> None:
    every, folder = write_digits(tmp_path / "all", every=40), tmp_path / "photos"
    shutil.copytree(every / "3", folder / "3")
    words = [f"input_dir={folder}", f"output_dir={tmp_path}/out", "dataset=nights", "model=descriptor", "n_new=2"]
    first = submit("select_new", *words)
    assert (first["new"], first["tag"], first["added"]) == (len(list(folder.rglob("*.png"))), "nightly-1", 2)
    shutil.copytree(every / "5", folder / "5")
    second = submit("select_new", *words)
    assert (second["new"], second["tag"], second["selected"]) == (len(list(folder.glob("5/*"))), "nightly-2", 4)
    third = submit("select_new", *words)
    assert (third["new"], third["tag"]) == (0, None)


def test_training_job__selects_between_its_rounds(submit: Submitter, tmp_path: Path) -> None:
    images, sizes = write_digits(tmp_path / "digits", every=8), ["initial=20", "per_round=20", "n_rounds=1"]
    where = [f"input_dir={images}", f"output_dir={tmp_path}/out", "model=descriptor", "learner=sklearn"]
    assert submit("train_with_selection", *where, *sizes)["labels"] == [20, 40]


@pytest.mark.parametrize("variable", ["RAY_AUTH_TOKEN", "RAY_AUTH_MODE"])
def test_cluster__takes_no_job_without_a_token(submit: Submitter, tmp_path: Path, variable: str) -> None:
    assert submit.refuses(**{variable: None, "HOME": str(tmp_path)})
