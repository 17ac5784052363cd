"""The grown-up platform: files in S3, two servers and two workers on one database."""

import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import requests

from lightly_ray.platform.context import Platform, Store
from lightly_ray.platform.jobs.worker import Worker
from lightly_ray.platform.server import worker_settings
from lightly_ray.platform.services import tokens, users
from lightly_ray.platform.settings import ServeSettings
from lightly_ray.platform.storage.ids import new_id
from tests.platform.conftest import NewDatabase
from tests.platform.served import PNG, Api, Dataset, ended, read_csv, serving

VECTORS = np.random.default_rng(0).normal(size=(9, 4)).astype(np.float32)


@pytest.fixture
def servers(new_database: NewDatabase, s3_endpoint: str, tmp_path: Path) -> Iterator[tuple[Api, Api]]:
    """Two servers that share nothing but database and bucket (and, with SQLite, the folder it is in)."""
    storage = {"storage": f"s3://images/{new_id()}", "storage_endpoint": s3_endpoint, "database": new_database()}
    settings = ServeSettings.model_validate({"data_dir": tmp_path, **storage})
    platforms = [Platform.open(settings) for _ in range(2)]
    with platforms[0].database.write() as db:
        token = tokens.create(db, users.admin(db), "tests")
    workers = [Worker(worker_settings(one.settings), Store(one.database, one.blobs)) for one in platforms]
    threads = [threading.Thread(target=worker.run) for worker in workers]
    for thread in threads:
        thread.start()
    with serving(platforms[0]) as first, serving(platforms[1]) as second:
        yield Api(first, token), Api(second, token)
    for worker in workers:
        worker.stopping.set()
    for thread, platform in zip(threads, platforms, strict=True):
        thread.join()
        platform.database.close()
    assert not (tmp_path / "blobs").exists()


def test_two_servers__one_platform(servers: tuple[Api, Api]) -> None:
    one, two = servers
    dataset = one.dataset(9)
    seen = Dataset(two, dataset.id)
    sample = two.get(f"{dataset.path}/mappings", field="_id")[4]
    url = one.get(f"{dataset.path}/samples/{sample}/writeurl", isThumbnail="False")
    assert requests.put(url.replace(one.url, two.url), data=PNG, timeout=9).status_code == 200
    url = two.get(f"{dataset.path}/samples/{sample}/readurl", type="full")
    assert requests.get(url.replace(two.url, one.url), timeout=9).content == PNG
    embedding = seen.embed(VECTORS)
    where = one.get(f"{dataset.path}/embeddings/{embedding}/readCSVUrl")
    names, vectors = read_csv(requests.get(where, timeout=9).text)
    assert names == dataset.names()
    np.testing.assert_array_equal(vectors, VECTORS)
    jobs = [
        api.sampling(embedding, f"tag-{count}", "CORESET", count)
        for count, api in ((2, dataset), (5, seen), (7, dataset))
    ]
    assert {ended(two, job)["status"] for job in jobs} == {"FINISHED"}
    tags = seen.tags()
    assert [len(seen.names_of(tags[f"tag-{count}"]["id"])) for count in (2, 5, 7)] == [2, 5, 7]
    two.call("DELETE", dataset.path, json={})
    assert one.refused("GET", dataset.path)[0] == 404
