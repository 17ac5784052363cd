"""The platform is killed, away for half a minute, and started again, while an agent waits for its selection."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
import requests

from lightly_ray.active_learning.agents import ActiveLearningAgent
from lightly_ray.active_learning.config import SamplerConfig
from lightly_ray.api import ApiWorkflowClient
from lightly_ray.platform.listening import listen

AWAY = 30.0  # seconds


@contextmanager
def _served(folder: Path, port: int, workers: int) -> Iterator[None]:
    """`lightly-ray serve`, killed at the end of the block."""
    command = [sys.executable, "-c", "from lightly_ray.cli import main; main()", "serve"]
    words = [f"data_dir={folder}", f"port={port}", f"workers={workers}", "log=warning"]
    with subprocess.Popen([*command, *words], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as server:
        try:
            until = time.monotonic() + 120
            while not _ready(port):
                assert server.poll() is None
                assert time.monotonic() < until
                time.sleep(0.1)
            yield
        finally:
            os.kill(server.pid, signal.SIGKILL)


def _ready(port: int) -> bool:
    try:
        return requests.get(f"http://127.0.0.1:{port}/readyz", timeout=5).ok
    except requests.RequestException:
        return False


@pytest.mark.full
def test_agent__waits_for_a_platform_that_is_away(tmp_path: Path, images: Path) -> None:
    with listen("127.0.0.1", 0) as listener:
        port = listener.getsockname()[1]
    with _served(tmp_path, port, workers=0):  # nobody takes the selection up before the platform is killed
        client = ApiWorkflowClient((tmp_path / "admin-token").read_text(), server=f"http://127.0.0.1:{port}")
        client.create_dataset("away")
        client.upload_dataset(images, mode="metadata")
        vectors = np.random.default_rng(0).normal(size=(12, 3)).astype(np.float32)
        client.upload_embeddings_from_arrays(client.get_filenames(), vectors)
        agent = ActiveLearningAgent(client)
        query = threading.Thread(target=agent.query, args=[SamplerConfig("coreset", 7, name="first")], daemon=True)
        query.start()
        while not client.transport.get("/v1/jobs", datasetId=client.dataset_id):
            time.sleep(0.05)
    time.sleep(AWAY)
    assert query.is_alive()
    with _served(tmp_path, port, workers=1):
        query.join(120)
        assert len(agent.added_set) == 7
        assert [tag.name for tag in client.get_all_tags()].count("first") == 1
