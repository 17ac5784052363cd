"""Pieces of predictions, scored in the order of the samples, from any sample on."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import ray.data

from lightly_ray.data.location import Location
from lightly_ray.data.predictions import row_groups
from lightly_ray.parallel.scoring import execute
from lightly_ray.parallel.scoring.execute import Scoring, score_in_order
from lightly_ray.scores.detection import FrequencyConfig
from lightly_ray.scores.prediction_columns import Columns
from lightly_ray.scores.read_tasks import ReadTasks, cut_predictions

pytestmark = pytest.mark.usefixtures("ray_local")
NAMES = [f"{row:02}" for row in range(29)]
SCORING = Scoring(Columns("classification", "filename"), FrequencyConfig(), "raise")


@pytest.fixture
def read_tasks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ReadTasks:
    """Pieces of 7, 7, 7, 7 and 1 sample."""
    monkeypatch.setattr(row_groups, "PIECE_ROWS", 7)
    values = np.random.default_rng(2).dirichlet([1, 1, 1], 29).tolist()
    pq.write_table(pa.table({"filename": NAMES, "probabilities": values}), tmp_path / "p.parquet", row_group_size=7)
    return cut_predictions(Location.parse(tmp_path / "p.parquet"), SCORING.columns, None)


def test_cut_predictions__knows_its_samples(read_tasks: ReadTasks) -> None:
    assert (read_tasks.rows, read_tasks.bounds.tolist()) == (29, [0, 7, 14, 21, 28, 29])


@pytest.mark.parametrize("first", [0, 1, 6, 7, 20, 28])
def test_score_in_order__goes_on_from_any_sample(first: int, read_tasks: ReadTasks) -> None:
    whole = pa.concat_tables(score_in_order(read_tasks, SCORING))
    assert whole["filename"].to_pylist() == NAMES
    rest = pa.concat_tables(score_in_order(read_tasks, SCORING, first))
    assert rest.equals(whole.slice(first))


def test_score_in_order__behind_the_last_sample(read_tasks: ReadTasks) -> None:
    assert list(score_in_order(read_tasks, SCORING, 29)) == []


def test_score_in_order__leaves_the_order_of_other_datasets_alone(read_tasks: ReadTasks) -> None:
    list(score_in_order(read_tasks, SCORING))
    assert not ray.data.DataContext.get_current().execution_options.preserve_order


def test_score_in_order__another_order_is_an_error(read_tasks: ReadTasks, monkeypatch: pytest.MonkeyPatch) -> None:
    def turned(tasks: list[pa.Table], score: object) -> ray.data.Dataset:
        return straight(tasks[::-1], score)  # type: ignore[arg-type]  # handed on as it came

    straight = execute._mapped
    monkeypatch.setattr(execute, "_mapped", turned)
    with pytest.raises(RuntimeError, match="scores of sample 0 were expected"):
        list(score_in_order(read_tasks, SCORING))
