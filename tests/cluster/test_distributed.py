"""The active-learning jobs on two machines with addresses of their own, data in S3, the platform on PostgreSQL."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

import lightly_ray
from tests.cluster.namespaces import ADDRESSES, Machines
from tests.conftest import missing
from tests.digits import write_digits

pytestmark = pytest.mark.full
HOST = ADDRESSES["services"]
S3 = f"http://{HOST}:5000"
PLATFORM = f"http://{HOST}:8000"
KEYS = {"AWS_ACCESS_KEY_ID": "key", "AWS_SECRET_ACCESS_KEY": "secret", "AWS_DEFAULT_REGION": "us-east-1"}
QUIET = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}

WAIT = """
import sys, time, requests
for _ in range(600):
    try:
        if requests.get(sys.argv[1], timeout=5).status_code < 500:
            break
    except requests.RequestException:
        pass
    time.sleep(0.2)
else:
    sys.exit("no answer of " + sys.argv[1])
"""
COPY = """
import sys
from pyarrow import fs
from lightly_ray.data.location import Location
source, target = Location.parse(sys.argv[1]), Location.parse(sys.argv[2])
fs.copy_files(source.path, target.path, source_filesystem=source.filesystem, destination_filesystem=target.filesystem)
"""


def _uri(key: str) -> str:
    return f"s3://key:secret@data/{key}?scheme=http&endpoint_override={HOST}:5000&region=us-east-1"


@pytest.fixture(scope="module")
def machines() -> Iterator[Machines]:
    if os.geteuid() != 0 or shutil.which("ip") is None:
        missing("namespaces", "they need root and iproute2")
    with Machines() as machines:
        yield machines


@pytest.fixture(scope="module")
def token_file(machines: Machines, postgresql_url: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A platform on its own machine, with PostgreSQL and S3."""
    folder = tmp_path_factory.mktemp("services")
    machines.environment.update(KEYS)
    machines.start("services", [sys.executable, "-m", "moto.server", "-H", HOST, "-p", "5000"], **QUIET)
    machines.run("services", ["-c", WAIT, S3])
    bucket = "import sys, boto3; boto3.client('s3', endpoint_url=sys.argv[1]).create_bucket(Bucket='data')"
    machines.run("services", ["-c", bucket, S3])
    serve = [str(Path(sys.executable).with_name("lightly-ray")), "serve", f"data_dir={folder}", f"host={HOST}"]
    store = [f"database={postgresql_url}", "storage=s3://data/platform", f"storage_endpoint={S3}", "port=8000"]
    # Its worker selects in its own process: it is no node of the Ray.
    environment = {name: value for name, value in machines.environment.items() if name != "RAY_ADDRESS"}
    machines.start("services", [*serve, *store], env=environment, **QUIET)
    machines.run("head", ["-c", WAIT, f"{PLATFORM}/readyz"])
    return folder / "admin-token"


def test_main_job__on_two_machines(machines: Machines, token_file: Path, tmp_path: Path) -> None:
    images, sizes = write_digits(tmp_path / "digits", every=8), ["initial=20", "per_round=20", "n_rounds=2", "seeds=1"]
    where = [f"server={PLATFORM}", f"token_file={token_file}", f"input_dir={images}", f"output_dir={tmp_path}/out"]
    found = machines.program(["jobs/active_learning.py", *where, "model=descriptor", *sizes]).result()
    assert sorted(found["methods"]) == ["auto", "coral", "coreset", "random"]
    assert all(curve["labels"] == [20, 40, 60] for curve in found["methods"].values())
    assert found["server"] == PLATFORM


def test_chain__from_images_in_s3_to_a_selection_there(machines: Machines, tmp_path: Path) -> None:
    machines.environment.update(KEYS)
    images = write_digits(tmp_path / "digits", every=8)
    machines.run("head", ["-c", COPY, str(images), _uri("digits")])
    embed = ["jobs/embed_images.py", f"input_dir={_uri('digits')}", f"output={_uri('e.parquet')}", "model=descriptor"]
    assert machines.program(embed).result()["images"] == len(list(images.rglob("*.png")))
    select = ["jobs/select_samples.py", f"embeddings={_uri('e.parquet')}", f"output={_uri('o.parquet')}"]
    how = ["method=coreset", "n_samples=50", "partitions=2"]
    assert machines.program([*select, *how]).result()["stats"]["partitions"] == 2
    for name in ("e", "o"):
        machines.run("head", ["-c", COPY, _uri(f"{name}.parquet"), str(tmp_path / f"{name}.parquet")])
    expected = lightly_ray.select(str(tmp_path / "e.parquet"), 50, "coreset", normalize="whiten", progress=False)
    selected = pq.read_table(tmp_path / "o.parquet")
    assert selected["filename"].to_pylist() == list(expected.ids)
    np.testing.assert_array_equal(selected["gain"].to_numpy()[1:], np.asarray(expected.gains)[1:])
