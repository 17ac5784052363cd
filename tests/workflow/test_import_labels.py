"""The command `import-labels` against a real platform."""

from pathlib import Path

import pytest

from lightly_ray.api import ApiWorkflowClient
from lightly_ray.errors import InvalidInputError
from lightly_ray.platform.embedded import EmbeddedPlatform
from lightly_ray.settings import parse
from lightly_ray.workflow.import_labels import ImportLabelsSettings, run_import_labels
from tests.label_tables import classes_of


def test_import_labels__by_command(
    uploaded: ApiWorkflowClient,
    live_platform: EmbeddedPlatform,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("LIGHTLY_TOKEN", live_platform.token)
    (tmp_path / "l.csv").write_text("filename,label\ncats/0.png,cat\ndogs/1.png,dog\nbirds/1.jpg,bird\n")
    words = [f"server={live_platform.url}", f"dataset_id={uploaded.dataset_id}", f"labels={tmp_path / 'l.csv'}"]
    result = run_import_labels(parse(ImportLabelsSettings, [*words, "source=round-1"]))
    assert (result["matched"], result["unknown"], result["changed"], result["source"]) == (2, 1, 0, "round-1")
    assert "first: birds/1.jpg" in capsys.readouterr().err
    assert classes_of(uploaded.labels("round-1")) == {"cats/0.png": "cat", "dogs/1.png": "dog"}


def test_import_labels__needs_a_dataset() -> None:
    with pytest.raises(InvalidInputError, match="which dataset"):
        run_import_labels(parse(ImportLabelsSettings, ["labels=l.csv"]))
