"""A platform served over real HTTP on a loopback port, and a caller that speaks the protocol."""

import csv
import dataclasses
import json
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import requests
from numpy.typing import NDArray

from lightly_ray.platform.context import Platform
from lightly_ray.platform.listening import address, listen
from lightly_ray.platform.server import http_server
from lightly_ray.platform.services import tokens, users
from lightly_ray.platform.settings import ServeSettings
from lightly_ray.platform.storage.ids import new_id
from lightly_ray.platform.storage.store.records import Sample
from tests.platform.calls import Calls

PNG = b"\x89PNG\r\n\x1a\n"


@contextmanager
def serving(platform: Platform) -> Iterator[str]:
    """The URL of a server in a thread of this process."""
    with listen("127.0.0.1", 0) as listener:
        server = http_server(platform)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        try:
            yield address(listener)
        finally:
            server.should_exit = True
            thread.join()


@dataclass
class Api(Calls):
    """Calls a platform as a client does: the token in the query."""

    url: str
    token: str
    session: requests.Session = field(default_factory=requests.Session)

    def send(self, method: str, path: str, **options: Any) -> requests.Response:
        query = {"token": self.token, **options.pop("params", {})}
        return self.session.request(method, self.url + path, params=query, timeout=60, **options)

    def call(self, method: str, path: str, **options: Any) -> Any:
        answer = self.send(method, path, **options)
        assert answer.ok, f"{method} {path}: {answer.status_code} {answer.text}"
        return answer.json()

    def dataset(self, count: int = 0, *, tagged: bool = True) -> "Dataset":
        """A new dataset with ``count`` samples named b-00.png ..., sent in reverse order."""
        dataset = Dataset(self, self.post("/v1/datasets", {"name": f"set-{new_id()}"})["id"])
        if count:
            dataset.add([f"b-{number:02d}.png" for number in reversed(range(count))])
            if tagged:
                dataset.tag_all()
        return dataset


@contextmanager
def opened(folder: Path, database: str | None) -> Iterator[Platform]:
    """A platform of a test's own: the worker that other tests share takes no job of it."""
    platform = Platform.open(ServeSettings(data_dir=folder, database=database))
    try:
        yield platform
    finally:
        platform.database.close()


@contextmanager
def over_http(platform: Platform) -> Iterator[Api]:
    """A platform's server in a thread, and a caller with a token; there is no worker."""
    with platform.database.write() as db:
        token = tokens.create(db, users.admin(db), "tests")
    with serving(platform) as url:
        yield Api(url, token)


def member(platform: Platform, url: str) -> tuple[str, Api]:
    """The name of a new member, and a caller with their token."""
    name = f"user-{new_id()}"
    with platform.database.write() as db:
        return name, Api(url, tokens.create(db, users.create(db, name), "laptop"))


@dataclass
class Dataset:
    """One dataset of a platform."""

    api: Api
    id: str

    @property
    def path(self) -> str:
        return f"/v1/datasets/{self.id}"

    def add(self, names: Sequence[str]) -> list[dict[str, Any]]:
        """Samples without files, in one batch."""
        items = json.dumps([{"fileName": name} for name in names])
        answer: list[dict[str, Any]] = self.api.call(
            "POST", f"{self.path}/samples/batch", files={"samples": (None, items)}
        )
        return answer

    def tag_all(self) -> str:
        body = {"creator": "USER_PIP", "imgType": "full"}
        return str(self.api.post(f"{self.path}/tags/initial", body)["id"])

    def tags(self) -> dict[str, dict[str, Any]]:
        return {tag["name"]: tag for tag in self.api.get(f"{self.path}/tags")}

    def names(self) -> list[str]:
        found: list[str] = self.api.get(f"{self.path}/mappings", field="fileName")
        return found

    def names_of(self, tag_id: str) -> list[str]:
        found: list[str] = self.api.get(f"{self.path}/tags/{tag_id}/filenames")
        return found

    def tag(self, name: str, rows: Sequence[int]) -> str:
        """A tag of these rows, going on from the initial tag."""
        mask = hex(sum(1 << row for row in rows))
        body = {"name": name, "prevTagId": self.tags()["initial-tag"]["id"], "bitMaskData": mask}
        return str(self.api.post(f"{self.path}/tags", body)["id"])

    def embed(self, vectors: NDArray[np.floating], names: Sequence[str] | None = None, name: str = "default") -> str:
        """Upload vectors, (N, D), as CSV; return the embedding's id."""
        where = self.api.get(f"{self.path}/embeddings/writeCSVUrl", name=name)
        text = csv_text(self.names() if names is None else names, vectors)
        answer = requests.put(where["signedWriteUrl"], data=text.encode(), timeout=60)
        assert answer.status_code == 200, answer.text
        return str(where["embeddingId"])

    def one_of_each(self) -> dict[str, str]:
        """A tag, an embedding, scores and a selection of at least three samples; their ids by the names in paths."""
        tag, embedding = self.tag("some", [0, 2]), self.embed(np.eye(len(self.names())))
        score = self.api.post(f"{self.path}/tags/{tag}/scores", {"scoreType": "margin", "scores": [0.5, 1]})["id"]
        job = self.sampling(embedding, "chosen", "RANDOM", 2)
        sample = self.api.get(f"{self.path}/mappings", field="_id")[0]
        ids = {"dataset_id": self.id, "tag_id": tag, "embedding_id": embedding, "sample_id": sample, "job_id": job}
        return ids | {"score_id": score}

    def sampling(self, embedding_id: str, name: str, method: str, n_samples: float, **more: Any) -> str:
        """Queue a selection; return the job's id."""
        return str(
            self.api.post(f"{self.path}/embeddings/{embedding_id}/sampling", body(name, method, n_samples, **more))[
                "jobId"
            ]
        )


def body(name: str, method: str, n_samples: float, *, min_distance: float = -1, **more: Any) -> dict[str, Any]:
    """The body of a sampling request."""
    stop = {"nSamples": n_samples, "minDistance": min_distance}
    return {"newTagName": name, "method": method, "config": {"stoppingCondition": stop}, **more}


def csv_text(names: Sequence[str], vectors: NDArray[np.floating]) -> str:
    """The CSV that the published client writes."""
    header = ",".join(["filenames", *(f"embedding_{axis}" for axis in range(vectors.shape[1])), "labels"])
    rows = [",".join([name, *map(str, vector), "0"]) for name, vector in zip(names, vectors, strict=True)]
    return "".join(f"{line}\r\n" for line in [header, *rows])


def read_csv(text: str) -> tuple[list[str], NDArray[np.float32]]:
    """File names and vectors of such a CSV."""
    rows = list(csv.reader(text.splitlines()))
    assert rows[0][0] == "filenames"
    assert rows[0][-1] == "labels"
    return [row[0] for row in rows[1:]], np.array([row[1:-1] for row in rows[1:]], dtype=np.float32)


def ended(api: Api, job_id: str, seconds: float = 60) -> dict[str, Any]:
    """A job once it has ended."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        job: dict[str, Any] = api.get(f"/v1/jobs/{job_id}")
        if job["status"] in {"FINISHED", "FAILED"}:
            return job
        time.sleep(0.02)
    raise AssertionError(f"job {job_id} did not end within {seconds} s: {job}")


def until_gone(folder: Path, seconds: float = 30) -> None:
    """Wait until the files of a deleted dataset are removed."""
    until = time.monotonic() + seconds
    while folder.exists():
        assert time.monotonic() < until, f"{folder} is still there"
        time.sleep(0.02)


def a_sample(**fields: Any) -> Sample:
    """A sample as the store knows it, with these fields and no others."""
    empty = {field.name: None for field in dataclasses.fields(Sample)}
    return Sample(**{**empty, "file_name": "a.png", **fields})
