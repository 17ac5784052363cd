"""A platform inside a job, as the main job starts it."""

import os
import signal
from pathlib import Path

import numpy as np
import psutil
import pytest
import requests

from lightly_ray.errors import InvalidInputError
from lightly_ray.platform.embedded import EmbeddedPlatform
from lightly_ray.platform.listening import listen
from tests.platform.served import Api, ended
from tests.platform.test_lifeline import descendants, gone

VECTORS = np.random.default_rng(0).normal(size=(12, 3)).astype(np.float32)


def children() -> set[int]:
    """Our child processes; other tests may have some that live on."""
    return {child.pid for child in psutil.Process().children()}


@pytest.mark.full
def test_embedded__selects_and_keeps_its_data(tmp_path: Path) -> None:
    before = children()
    with EmbeddedPlatform(tmp_path) as platform:
        [server] = children() - before
        api = Api(platform.url, platform.token)
        dataset = api.dataset(12)
        job = ended(api, dataset.sampling(dataset.embed(VECTORS), "five", "CORESET", 5))
        assert job["status"] == "FINISHED", job
        token, family = platform.token, descendants(server, 2)
    assert gone([server, *family])
    assert "data_dir" in platform.serve_command
    with EmbeddedPlatform(tmp_path) as platform:
        assert platform.token == token
        again = Api(platform.url, token).get(f"{dataset.path}/tags")
        assert [tag["name"] for tag in again] == ["initial-tag", "five"]


@pytest.mark.full
def test_embedded__killed_worker_is_replaced(tmp_path: Path) -> None:
    before = children()
    with EmbeddedPlatform(tmp_path) as platform:
        [server] = children() - before
        worker = psutil.Process(descendants(server, 2)[0])
        os.kill(worker.pid, signal.SIGKILL)
        api = Api(platform.url, platform.token)
        dataset = api.dataset(12)
        assert ended(api, dataset.sampling(dataset.embed(VECTORS), "five", "CORESET", 5))["status"] == "FINISHED"


def test_embedded__port_in_use(tmp_path: Path) -> None:
    with listen("127.0.0.1", 0) as taken, pytest.raises(InvalidInputError, match="cannot listen on 127"):
        EmbeddedPlatform(tmp_path, port=taken.getsockname()[1]).__enter__()


def test_embedded__wrong_token(tmp_path: Path) -> None:
    with EmbeddedPlatform(tmp_path) as platform:
        assert requests.get(f"{platform.url}/v1/datasets?token=wrong", timeout=9).status_code == 401


def test_embedded__does_not_ask_a_proxy_for_its_own_server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
    for name in ("HTTP_PROXY", "http_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    with EmbeddedPlatform(tmp_path) as platform:
        assert platform.token
