"""kill -9 of shard actors and of a whole node, on a real two-node Ray: the result is the same as ever."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

_HERE = Path(__file__).parents[2]


def verdicts(case: str, seconds: int) -> list[dict[str, Any]]:
    program = [sys.executable, "-m", "tests.parallel.selection.faults", case]
    done = subprocess.run(program, cwd=_HERE, capture_output=True, text=True, timeout=seconds, check=False)
    assert done.returncode == 0, done.stderr
    found: list[dict[str, Any]] = json.loads(done.stdout.splitlines()[-1])
    return found


@pytest.mark.full
def test_select__killed_actors_change_nothing() -> None:
    assert verdicts("actors", 400) == [{"same": True, "restarts": 4}]


@pytest.mark.full
def test_select__a_lost_node_changes_nothing() -> None:
    (found,) = verdicts("node", 400)
    assert found["same"]
    assert found["restarts"] >= 1


@pytest.mark.full
def test_select__actors_that_die_while_they_read_and_a_node_with_slices_of_an_array() -> None:
    learning, array = verdicts("others", 400)
    assert learning == {"same": True, "restarts": 3}
    assert array["same"]
    assert array["restarts"] >= 1


@pytest.mark.full
def test_select__kills_at_every_question_and_at_random_moments() -> None:
    found = verdicts("exhaustive", 3600)
    assert all(run["same"] for run in found), found
    assert sum(run["restarts"] > 0 for run in found) >= len(found) // 2
