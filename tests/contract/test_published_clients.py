"""Published clients, unchanged, against our platform: what they select equals `lightly_ray.select` on the same data.

Each release runs in an environment of its own (`peers`), in a process of its own (`published_client`).
"""

import io
import json
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from PIL import Image

from lightly_ray import select
from lightly_ray.active_learning.agents import ActiveLearningAgent
from lightly_ray.active_learning.scorers import ScorerClassification
from lightly_ray.api import ApiWorkflowClient
from lightly_ray.data.images import list_images
from tests.api.downloads import download
from tests.conftest import missing
from tests.contract.peers import VERSIONS, PeerError, peer

if TYPE_CHECKING:
    from lightly_ray.platform.embedded import EmbeddedPlatform

pytestmark = pytest.mark.full

RNG = np.random.default_rng(0)
COUNT, FIRST, SECOND = 40, 9, 17
NAMES = sorted(f"{kind}/{number:02}.png" for kind in ("cats", "dogs") for number in range(COUNT // 2))
VECTORS = RNG.normal(size=(COUNT, 6)).astype(np.float32)
PREDICTIONS = RNG.dirichlet(np.ones(4), size=COUNT)


MORE = ["birds/00.png", "birds/01.png", "eels/00.png"]
MORE_VECTORS = RNG.normal(size=(len(MORE), 6)).astype(np.float32) + 3


@pytest.fixture(scope="module")
def pool(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Images, their embeddings and predictions, in a folder; and more of them to append."""
    folder = tmp_path_factory.mktemp("pool")
    for part, names in (("images", NAMES), ("more", MORE)):
        for name in names:
            (folder / part / name).parent.mkdir(parents=True, exist_ok=True)
            pixels = RNG.integers(0, 256, size=(150, 31, 3), dtype=np.uint8)
            Image.fromarray(pixels).save(folder / part / name)
    np.savez(folder / "vectors.npz", names=np.array(NAMES), values=VECTORS)
    np.savez(folder / "more.npz", names=np.array(MORE), values=MORE_VECTORS)
    np.savez(folder / "predictions.npz", names=np.array(NAMES), values=PREDICTIONS)
    return folder


def first_session(version: str, platform: "EmbeddedPlatform", pool: Path, output: Path, mode: str) -> dict[str, Any]:
    """Create, upload, embed, select and download with a published client; returns what it saw."""
    settings = {
        "images": str(pool / "images"),
        "mode": mode,
        "vectors": str(pool / "vectors.npz"),
        "predictions": str(pool / "predictions.npz"),
        "first": FIRST,
        "second": SECOND,
    }
    return run(version, platform, output, settings)


def run(version: str, platform: "EmbeddedPlatform", output: Path, settings: dict[str, Any]) -> dict[str, Any]:
    """Run `published_client` in the environment of a release."""
    try:
        python, environment = peer(version)
    except PeerError as error:
        missing("published-client", f"lightly {version} cannot be installed: {error}")
        raise
    told = settings | {"token": platform.token, "output": str(output)}
    (output / "settings.json").write_text(json.dumps(told))
    script = Path(__file__).with_name("published_client.py")
    done = subprocess.run(
        [python, "-W", "ignore", script, output / "settings.json", output / "result.json"],
        env={**environment, "LIGHTLY_SERVER_LOCATION": platform.url},
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-4000:]
    assert "Unsuccessful" not in done.stdout + done.stderr
    result: dict[str, Any] = json.loads((output / "result.json").read_text())
    assert result["version"] == version
    return result


def in_order(names: list[str], chosen: Any) -> list[str]:
    return [name for name in names if name in set(chosen)]


@pytest.mark.parametrize("mode", ["full", "thumbnails", "metadata"])
@pytest.mark.parametrize("version", VERSIONS)
def test_published_client__selects_what_select_selects(
    version: str, mode: str, live_platform: "EmbeddedPlatform", pool: Path, tmp_path: Path
) -> None:
    seen = first_session(version, live_platform, pool, tmp_path, mode)
    client = ApiWorkflowClient(live_platform.token, dataset_id=seen["dataset_id"], server=live_platform.url)
    names = client.get_filenames()
    assert names == NAMES
    assert seen["coreset"]["query"] == names

    first = select(VECTORS, FIRST, "coreset", ids=names).ids
    assert seen["coreset"]["labeled"] == seen["coreset"]["added"] == in_order(names, first)
    margin = np.array(seen["scores"]["uncertainty_margin"])
    ours = ScorerClassification(PREDICTIONS).calculate_scores()
    for name, values in seen["scores"].items():
        np.testing.assert_allclose(ours[name], values, rtol=1e-12, atol=1e-15)
    coral = select(VECTORS, SECOND, method="coral", ids=names, scores=margin, preselected=first)
    assert seen["coral"]["labeled"] == in_order(names, coral.ids)
    assert seen["coral"]["added"] == in_order(names, coral.added_ids)
    assert seen["coral"]["unlabeled"] == [name for name in names if name not in set(coral.ids)]
    assert seen["random"]["labeled"] == in_order(names, select(VECTORS, FIRST, method="random", ids=names).ids)

    assert seen["by_score"]["labeled"] == in_order(
        names, [names[row] for row in np.argsort(-margin, kind="stable")[:FIRST]]
    )

    agent = ActiveLearningAgent(client, preselected_tag_name="al-iteration-1")
    assert agent.labeled_set == seen["coral"]["labeled"]
    if mode == "full":
        check_files(client, pool / "images", tmp_path / "images", coral.ids)


@pytest.mark.parametrize("version", [version for version in VERSIONS if version != "1.1.17"])  # that one cannot append
def test_published_client__appends_images_and_embeddings(
    version: str, live_platform: "EmbeddedPlatform", pool: Path, tmp_path: Path
) -> None:
    before = first_session(version, live_platform, pool, tmp_path, "full")
    settings = {
        "dataset_id": before["dataset_id"],
        "images": str(pool / "more"),
        "mode": "full",
        "vectors": str(pool / "more.npz"),
        "second": SECOND + 4,
    }
    seen = run(version, live_platform, tmp_path, settings)
    client = ApiWorkflowClient(live_platform.token, dataset_id=before["dataset_id"], server=live_platform.url)
    names = client.get_filenames()
    assert names == NAMES + MORE
    vectors = np.concatenate([VECTORS, MORE_VECTORS])
    expected = select(vectors, SECOND + 4, "coreset", ids=names, preselected=before["coral"]["labeled"])
    assert seen["coreset"]["query"] == names
    assert seen["coreset"]["added"] == in_order(names, expected.added_ids)
    assert set(seen["coreset"]["added"]) & set(MORE)


def check_files(client: ApiWorkflowClient, sent: Path, got: Path, chosen: list[Any]) -> None:
    """The download holds the chosen images, pixel for pixel, and the platform has the files byte for byte."""
    assert list_images(got) == sorted(chosen)
    for name in chosen:
        np.testing.assert_array_equal(np.asarray(Image.open(got / name)), np.asarray(Image.open(sent / name)))
    name = chosen[0]
    rows = {
        row["fileName"]: row["readUrl"] for row in client.export_filenames_and_read_urls_by_tag_name("al-iteration-1")
    }
    assert download(client.transport, rows[name]) == (sent / name).read_bytes()
    thumb = client.transport.get(f"/v1/datasets/{client.dataset_id}/mappings", field="_id")[0]
    url = client.transport.get(f"/v1/datasets/{client.dataset_id}/samples/{thumb}/readurl", type="thumbnail")
    assert max(Image.open(io.BytesIO(download(client.transport, url))).size) == 128
