"""A server killed in the middle of a session and started again: its clients ride it out."""

import os
import signal
import socket
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from lightly_ray import select
from lightly_ray.active_learning.agents import ActiveLearningAgent
from lightly_ray.active_learning.config import SamplerConfig
from lightly_ray.api import ApiWorkflowClient, upload_batches
from lightly_ray.data.images import list_images
from lightly_ray.platform.embedded import EmbeddedPlatform

pytestmark = pytest.mark.full


def free_port() -> int:
    with socket.socket() as any_free:
        any_free.bind(("127.0.0.1", 0))
        return int(any_free.getsockname()[1])


def kill(platform: EmbeddedPlatform) -> None:
    """As a crash: no farewell, no clean-up."""
    assert platform._server is not None
    os.kill(platform._server.pid, signal.SIGKILL)
    platform._server.wait()


def test_server_restarts__under_uploads_and_queries(
    images: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(upload_batches, "BATCH_SAMPLES", 1)
    port, names = free_port(), list_images(images)
    vectors = np.random.default_rng(0).normal(size=(12, 5)).astype(np.float32)
    with ThreadPoolExecutor(1) as background:
        with EmbeddedPlatform(tmp_path, port=port) as first:
            client = ApiWorkflowClient(first.token, server=first.url)
            client.create_dataset("survivor")
            upload = background.submit(client.upload_dataset, images, mode="full")
            while not client._samples():
                pass
            kill(first)
        with EmbeddedPlatform(tmp_path, port=port) as second:
            report = upload.result()
            assert report.uploaded == 12
            assert client.get_filenames() == names
            client.upload_embeddings_from_arrays(names, vectors)
            agent = ActiveLearningAgent(client)
            query = background.submit(agent.query, SamplerConfig(n_samples=4, name="four"))
            kill(second)
        with EmbeddedPlatform(tmp_path, port=port):
            query.result()
            assert set(agent.labeled_set) == set(select(vectors, 4, "coreset", ids=names, progress=False).ids)
            assert [tag.name for tag in client.get_all_tags()] == ["initial-tag", "four"]
            client.download_dataset(tmp_path / "back")
            assert all((tmp_path / "back" / name).read_bytes() == (images / name).read_bytes() for name in names)
