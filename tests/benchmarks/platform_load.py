"""A platform under load: 50 clients that read and write at once, beside one deletion of a large dataset.

    python tests/benchmarks/platform_load.py data_dir=/tmp/load [database=postgresql://...] [servers=2] [clients=50]
        [seconds=60] [large=200000]

Prints one line of JSON: requests per second, seconds of reads (median, 95 of 100, longest), answers by status, writes
that were acknowledged and are not there, seconds of CPU a request took the server, whether the deleted dataset had
something left at the end. Clients are processes of eight threads each; nothing is retried.
"""

import json
import random
import statistics
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from http import HTTPStatus
from http.client import HTTPConnection
from itertools import repeat
from typing import Any
from urllib.parse import urlsplit

import psutil
import requests
from sqlalchemy import func, select

from lightly_ray.platform import lifeline
from lightly_ray.platform.context import Store
from lightly_ray.platform.listening import address, listen
from lightly_ray.platform.services import users
from lightly_ray.platform.settings import ADMIN_FILE, ServeSettings
from lightly_ray.platform.storage.ids import new_id, now
from lightly_ray.platform.storage.schema import samples
from lightly_ray.platform.storage.store import datasets

THREADS, START = 8, 200


class Client:
    """One client: nine reads to one write, of a dataset that all share."""

    def __init__(self, url: str, token: str, dataset_id: str, number: int) -> None:
        self.url, self.path, self.number = url, f"/v1/datasets/{dataset_id}", number
        # Not `requests`: its millisecond of CPU a request would be taken from the server on the same machine.
        self.connection = HTTPConnection(urlsplit(url).netloc, timeout=120)
        self.token = token
        self.reads: list[float] = []
        self.statuses: Counter[int] = Counter()
        self.written: list[str] = []

    def run(self, seconds: float) -> None:
        """Ask until the time is over."""
        chance, until = random.Random(self.number), time.monotonic() + seconds
        ids = json.loads(self.ask("GET", f"{self.path}/mappings?field=_id"))
        reads = ["", "/tags", "/samples?pageSize=50&pageOffset=100", f"/samples/{ids[0]}", "/embeddings", "/mappings"]
        while time.monotonic() < until:
            if chance.random() < 0.1:
                self._write()
            else:
                start = time.perf_counter()
                self.ask("GET", self.path + chance.choice(reads))
                self.reads.append(time.perf_counter() - start)

    def ask(self, method: str, path: str, **options: Any) -> bytes:
        """Send a request; what was answered, nothing where that was no success."""
        made = requests.Request(method, self.url + path, **options).prepare() if options else None
        headers, body = (dict(made.headers), made.body) if made else ({}, None)
        self.connection.request(method, path, body, headers | {"Authorization": f"Bearer {self.token}"})
        answer = self.connection.getresponse()
        content = answer.read()
        self.statuses[answer.status] += 1
        return content if answer.status < HTTPStatus.BAD_REQUEST else b""

    def _write(self) -> None:
        name = f"{self.number}/{new_id()}.png"
        parts = {"samples": (None, json.dumps([{"fileName": name}])), "full-0": ("x", b"\x89PNG" + name.encode() * 400)}
        if self.ask("POST", f"{self.path}/samples/batch", files=parts):
            self.written.append(name)


def clients(url: str, token: str, dataset_id: str, numbers: range, seconds: float) -> list[Client]:
    """Some clients, each in a thread of this process."""
    some = [Client(url, token, dataset_id, number) for number in numbers]
    threads = [threading.Thread(target=one.run, args=(seconds,)) for one in some]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return some


def add_large(store: Store, count: int) -> str:
    """A dataset with many samples, to be deleted."""
    with store.database.write() as db:
        dataset_id = datasets.create(db, users.admin(db).id, f"large-{new_id()}")
        rows = (
            {"id": new_id(), "dataset_id": dataset_id, "file_name": f"{row:08d}", "row": row, "full_expected": False}
            for row in range(count)
        )
        at = {"created_at": now(), "last_modified_at": now()}
        while some := [row | at for row, _ in zip(rows, range(20_000), strict=False)]:
            db.execute(samples.insert(), some)
        datasets.change(db, dataset_id, total=count, n_samples=count)
    return dataset_id


@contextmanager
def served(settings: ServeSettings) -> Iterator[tuple[str, str, psutil.Process]]:
    """A server as `lightly-ray serve` starts it: its address, the admin token, its process."""
    with listen("127.0.0.1", 0) as listener:
        url, server = address(listener), lifeline.spawn("serve", settings, listener=listener)
    try:
        while not _ready(url):
            time.sleep(0.1)
        yield url, (settings.data_dir / ADMIN_FILE).read_text("utf-8").strip(), psutil.Process(server.pid)
    finally:
        lifeline.end(server, patience=15)


def main(settings: ServeSettings, *, count: int, seconds: int, large: int) -> None:
    """Load it, and print what came of it."""
    store = Store.open(settings)
    gone = add_large(store, large)
    with served(settings) as (url, token, server):
        first = Client(url, token, "", 0)
        dataset_id = json.loads(first.ask("POST", "/v1/datasets", json={"name": f"load-{new_id()}"}))["id"]
        path = f"/v1/datasets/{dataset_id}"
        items = [{"fileName": f"a/{number:04d}.png"} for number in range(START)]
        assert first.ask("POST", f"{path}/samples/batch", files={"samples": (None, json.dumps(items))})
        assert first.ask("POST", f"{path}/tags/initial", json={"imgType": "meta"})
        used, parts = _cpu(server), [range(at, min(at + THREADS, count)) for at in range(0, count, THREADS)]
        with ProcessPoolExecutor(len(parts)) as pool:
            futures = pool.map(_summary, repeat(url), repeat(token), repeat(dataset_id), parts, repeat(seconds))
            start = time.perf_counter()
            assert first.ask("DELETE", f"/v1/datasets/{gone}")
            answered = time.perf_counter() - start
            summaries = list(futures)
        used = _cpu(server) - used
        with store.database.read() as db:
            there = set(db.scalars(select(samples.c.file_name).where(samples.c.dataset_id == dataset_id)))
            left = db.scalar(select(func.count()).where(samples.c.dataset_id == gone))
    reads = sorted(second for one in summaries for second in one[0])
    statuses = sum((Counter(one[1]) for one in summaries), Counter[int]())
    shown = {
        "requests_per_second": round(statuses.total() / seconds, 1),
        "read_seconds": [round(it, 3) for it in (statistics.median(reads), reads[len(reads) * 95 // 100], reads[-1])],
        "statuses": dict(statuses),
        "writes": sum(len(one[2]) for one in summaries),
        "lost_writes": sum(name not in there for one in summaries for name in one[2]),
        "cpu_ms_a_request": round(1000 * used / statuses.total(), 2),
        "deletion": {"samples": large, "answered_seconds": round(answered, 3), "samples_left": left},
    }
    sys.stdout.write(json.dumps(shown) + "\n")
    store.database.close()


def _ready(url: str) -> bool:
    try:
        return requests.get(f"{url}/readyz", timeout=5).ok
    except requests.RequestException:
        return False


def _summary(
    url: str, token: str, dataset_id: str, numbers: range, seconds: float
) -> tuple[list[float], dict[int, int], list[str]]:
    some = clients(url, token, dataset_id, numbers, seconds)
    statuses = sum((one.statuses for one in some), Counter[int]())
    return [it for one in some for it in one.reads], dict(statuses), [name for one in some for name in one.written]


def _cpu(process: psutil.Process) -> float:
    times = [one.cpu_times() for one in (process, *process.children(recursive=True))]
    return float(sum(one.user + one.system for one in times))


if __name__ == "__main__":
    given = dict(word.split("=", 1) for word in sys.argv[1:])
    defaults = {"clients": "50", "seconds": "60", "large": "200000"}
    clients_, seconds_, large_ = (int(given.pop(name, usual)) for name, usual in defaults.items())
    asked = ServeSettings.model_validate({**given, "workers": 0, "log": "warning"})
    main(asked, count=clients_, seconds=seconds_, large=large_)
