"""The job that compares methods: resumable, the same again, and what it refuses."""

import sys
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from numpy.typing import NDArray
from PIL import Image

import lightly_ray
from lightly_ray.data.vectors import fixed_lists
from lightly_ray.errors import ConflictError, InvalidInputError
from lightly_ray.settings import parse
from lightly_ray.workflow import compare_methods
from lightly_ray.workflow.compare_methods import CompareMethodsSettings, _slug, run_compare_methods
from lightly_ray.workflow.comparison.experiment import LabelledData, Plan, run_method

RANDOM = np.random.default_rng(5)
LABELS = RANDOM.integers(0, 3, 240)
X = (RANDOM.normal(size=(240, 6)) + 2 * RANDOM.normal(size=(3, 6))[LABELS]).astype(np.float32)
DATA = LabelledData(X, LABELS, ["a", "b", "c"])
PLAN = Plan(180, (3, 6, 15), refits=2, cross_validated=False)


@pytest.fixture
def table(tmp_path: Path) -> Path:
    names = [f"{row:03d}.jpg" for row in range(240)]
    columns = {"filename": names, "embedding": fixed_lists(X), "label": [DATA.classes[one] for one in LABELS]}
    pq.write_table(pa.table(columns).take(RANDOM.permutation(240)), tmp_path / "data.parquet")
    return tmp_path / "data.parquet"


def compare(table: Path, *words: str) -> dict[str, Any]:
    usual = {"data": str(table), "output": str(table.parent / "out"), "seeds": "2", "budgets": "3,6,15", "model": "c1"}
    given = dict(word.split("=", 1) for word in words)
    return run_compare_methods(parse(CompareMethodsSettings, [f"{k}={v}" for k, v in (usual | given).items()]))


@pytest.mark.full
@pytest.mark.usefixtures("ray_local")
def test_job__goes_on_and_gives_the_same(table: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    words = ["methods=auto,coral", "refits=2"]
    result = compare(table, *words)
    assert list(result["accuracy"]) == ["random", "auto", "coral"]
    for method, curves in result["accuracy"].items():
        assert curves[1] == run_method(DATA, PLAN, method, 1).accuracy
    out = table.parent / "out"
    report, picture = (out / "comparison.md").read_text(), (out / "comparison.png").read_bytes()
    assert "| auto | " in report
    assert "2 seeds, 2 selections between two budgets" in report
    kept = sorted((out / "runs").iterdir())
    assert len(kept) == 6
    for place in kept[::2]:
        place.unlink()
    times = {place: place.stat().st_mtime_ns for place in kept[1::2]}
    assert compare(table, *words) == result
    assert ((out / "comparison.md").read_text(), (out / "comparison.png").read_bytes()) == (report, picture)
    assert {place: place.stat().st_mtime_ns for place in times} == times
    with pytest.raises(ConflictError, match=r"holds a comparison with other budgets, refits: choose another output"):
        compare(table, "budgets=3,9")
    monkeypatch.setattr(compare_methods, "__version__", "0.0.9")
    with pytest.raises(ConflictError, match=r"holds a comparison with other version of lightly_ray: choose"):
        compare(table, *words)


@pytest.mark.full
@pytest.mark.usefixtures("ray_local")
def test_job__a_folder_of_images_and_a_held_out_table(tmp_path: Path, table: Path) -> None:
    for number in range(24):
        folder = tmp_path / "photos" / ("dark" if number % 2 else "light")
        folder.mkdir(parents=True, exist_ok=True)
        level = RANDOM.integers(0, 90, (20, 20, 3)) + (0 if number % 2 else 150)
        Image.fromarray(level.astype(np.uint8)).save(folder / f"{number:02d}.png")
    result = compare(table, f"data={tmp_path / 'photos'}", f"output={tmp_path / 'o1'}", "methods=auto", "budgets=4")
    assert result["pool"] == 18
    assert np.mean(result["accuracy"]["auto"]) > 0.8
    for more in (tmp_path / "photos").iterdir():  # other images at the same place
        Image.fromarray(np.zeros((20, 20, 3), np.uint8)).save(more / "more.png")
    with pytest.raises(ConflictError, match=r"holds a comparison with other data, pool"):
        compare(table, f"data={tmp_path / 'photos'}", f"output={tmp_path / 'o1'}", "methods=auto", "budgets=4")
    with pytest.raises(InvalidInputError, match=r"held_out is of a table: the images of '.*photos'"):
        compare(table, f"data={tmp_path / 'photos'}", f"held_out={table}")
    data = pq.read_table(table)
    names = pa.array([f"held_out/{name}" for name in data["filename"].to_pylist()])
    other = tmp_path / "other.parquet"
    pq.write_table(data.set_column(0, "filename", names), other)
    tested = compare(table, f"held_out={other}", f"output={tmp_path / 'o2'}", "methods=auto", "model=cv", "pool=100")
    assert tested["pool"] == 100
    assert np.mean(np.array(tested["accuracy"]["auto"])[:, -1]) > 0.6


def test_experiment__methods_are_in_pairs_and_learn() -> None:
    assert run_method(DATA, PLAN, "random", 3) == run_method(DATA, PLAN, "random", 3)
    assert run_method(DATA, PLAN, "random", 3) != run_method(DATA, PLAN, "random", 4)
    # Methods that need a model begin with the same random labels.
    assert run_method(DATA, PLAN, "coral", 3).accuracy[0] == run_method(DATA, PLAN, "random", 3).accuracy[0]
    assert run_method(DATA, PLAN, "auto", 3).accuracy[-1] > 0.6


def first(embeddings: NDArray[np.float32], n_samples: int, **given: Any) -> list[str]:
    assert len(embeddings) == len(given["ids"])
    assert set(given["labels"]) == set(given["preselected"])
    return [*given["preselected"], *(one for one in given["ids"] if one not in given["preselected"])][:n_samples]


def strange(embeddings: NDArray[np.float32], n_samples: int, **given: Any) -> list[str]:
    return ["nobody"] * n_samples


def short(embeddings: NDArray[np.float32], n_samples: int, **given: Any) -> list[str]:
    return list(given["ids"][:1])


def test_experiment__a_function_of_the_users(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "mine", sys.modules[__name__])
    assert len(run_method(DATA, PLAN, "mine:first", 0).accuracy) == 3
    with pytest.raises(InvalidInputError, match=r"mine:strange was asked for 3 .* gave 'nobody', which is no id"):
        run_method(DATA, PLAN, "mine:strange", 0)
    with pytest.raises(InvalidInputError, match=r"mine:short was asked for 3 new ids beside 0, it gave 1 new ids"):
        run_method(DATA, PLAN, "mine:short", 0)


@pytest.mark.usefixtures("ray_local")
@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["methods=guess"], r"a method is one of auto, random, .*, or module:function; got 'guess'"),
        (["methods=json:nothing"], r"there is no 'json:nothing'"),
        (["methods=no_such_module:f"], r"there is no 'no_such_module:f'"),
        (["budgets=5,3"], r"budgets rise from 1 on, got 5,3"),
        (["budgets=5,x"], r"budgets are whole numbers with commas between"),
        (["budgets=5,181"], r"240 samples of 3 classes give a pool of 180: too few for 181 labels"),
        (["budgets=", "pool=9"], r"give a pool of 9: too few for one label a class"),
        (["label_column=nothing"], r"nothing"),
    ],
)
def test_job__bad_input(table: Path, words: list[str], message: str) -> None:
    with pytest.raises(InvalidInputError, match=message):
        compare(table, *words)
    assert not (table.parent / "out" / "runs").exists()


@pytest.mark.usefixtures("ray_local")
def test_job__what_is_held_out_is_not_among_the_data(table: Path, tmp_path: Path) -> None:
    data = pq.read_table(table)
    names = [f"other/{name}" for name in data["filename"].to_pylist()]
    names[7], names[100] = "123.jpg", "045.jpg"
    pq.write_table(data.set_column(0, "filename", pa.array(names)), tmp_path / "other.parquet")
    with pytest.raises(InvalidInputError, match=r"held_out has 2 of its 240 samples in common .*, first: '045\.jpg'"):
        compare(table, f"held_out={tmp_path / 'other.parquet'}")


@pytest.mark.usefixtures("ray_local")
def test_job__labels_that_are_missing(table: Path) -> None:
    data = pq.read_table(table)
    lost = pa.array([None, *data["label"].to_pylist()[1:]], pa.string())
    pq.write_table(data.set_column(2, "label", lost), table)
    with pytest.raises(InvalidInputError, match=r"1 samples in '.*' have no label, first: '.*jpg'"):
        compare(table)
    pq.write_table(data.set_column(2, "label", pa.array(["one"] * 240)), table)
    with pytest.raises(InvalidInputError, match=r"has 1 classes, at least 2 are needed"):
        compare(table)
    pq.write_table(data.set_column(2, "label", pa.array(["one"] * 239 + ["two"])), table)
    with pytest.raises(InvalidInputError, match=r"class 'two' in '.*' has 1 sample, at least 2 are needed"):
        compare(table)


def test_runs__have_names_of_their_own() -> None:
    names = ["random", "active_learning", "m:pick", "m:Pick", "m.pick:pick", "m:pick.pick"]
    assert [_slug(name) for name in names[:2]] == names[:2]
    assert len({_slug(name) for name in names}) == len(names)
    assert all("/" not in _slug(name) and ":" not in _slug(name) for name in names)


def test_job__is_a_script() -> None:
    script = Path(lightly_ray.__file__).parents[1] / "jobs" / "compare_methods.py"
    assert "run_compare_methods" in script.read_text()
