"""What requests cost by the size of a dataset: a real server on a large one, its time and its memory.

    python tests/benchmarks/web_dataset.py data_dir=/tmp/million samples=1000000
    python tests/benchmarks/platform_size.py data_dir=/tmp/million

Prints a line of JSON for each kind of request: median seconds of three, the median of the seconds of CPU that the
server took, which a busy machine does not change much, the size of the answer in MB, and the server's largest resident
memory so far in MB. The dataset gets further samples, tags and scores, and stays.
"""

import json
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
import requests

from lightly_ray.platform.embedded import EmbeddedPlatform
from lightly_ray.platform.storage.ids import new_id

REPEATS, BATCH = 3, 256


def main(data_dir: Path) -> None:
    """Ask for everything once to warm up, then three times."""
    with EmbeddedPlatform(data_dir) as platform:
        session = requests.Session()
        session.headers["Authorization"] = f"Bearer {platform.token}"

        def call(method: str, path: str, **options: Any) -> bytes:
            answer = session.request(method, platform.url + path, timeout=600, **options)
            answer.raise_for_status()
            return answer.content

        server = next(it for it in psutil.Process().children(recursive=True) if "serve" in it.cmdline())
        for name, ask in _asked(call).items():
            sizes, seconds, cpu = [], [], []
            for _ in range(1 + REPEATS):
                start, used = time.perf_counter(), _cpu(server)
                sizes.append(len(ask()))
                seconds.append(time.perf_counter() - start)
                cpu.append(_cpu(server) - used)
            shown = {"request": name, "seconds": _median(seconds[1:]), "cpu": _median(cpu[1:]), "mb": sizes[-1] / 1e6}
            sys.stdout.write(json.dumps(shown | {"server_peak_mb": round(_peak_mb(server))}) + "\n")
            sys.stdout.flush()


def _median(values: list[float]) -> float:
    return round(statistics.median(values), 3)


def _cpu(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system)


def _asked(call: Callable[..., bytes]) -> dict[str, Callable[[], bytes]]:
    dataset = max(json.loads(call("GET", "/v1/datasets")), key=lambda one: one["nSamples"])
    here = f"/v1/datasets/{dataset['id']}"
    tags = json.loads(call("GET", f"{here}/tags"))
    first = next(tag for tag in tags if tag["prevTagId"] is None)
    names = json.loads(call("GET", f"{here}/mappings", params={"field": "fileName"}))
    count = len(names)

    def page(offset: int) -> Callable[[], bytes]:
        return lambda: call("GET", f"{here}/samples", params={"pageSize": 100, "pageOffset": offset})

    def tag(of: list[str]) -> Callable[[], bytes]:
        return lambda: call("POST", f"{here}/tags", json={"name": new_id(), "prevTagId": first["id"], "fileNames": of})

    def add() -> bytes:
        items = [{"fileName": f"added/{new_id()}.png", "metaData": {"sharpness": 1.5}} for _ in range(BATCH)]
        return call("POST", f"{here}/samples/batch", files={"samples": (None, json.dumps(items))})

    scores = {"scoreType": "size", "scores": [number / count for number in range(count)]}
    return {
        "tag list": lambda: call("GET", f"{here}/tags"),
        "the dataset's record": lambda: call("GET", here),
        "list of datasets": lambda: call("GET", "/v1/datasets"),
        "a tag": lambda: call("GET", f"{here}/tags/{tags[-1]['id']}"),
        "a tag's provenance": lambda: call("GET", f"{here}/tags/{tags[-1]['id']}/provenance"),
        "mappings": lambda: call("GET", f"{here}/mappings", params={"field": "fileName"}),
        "100 samples at the start": page(0),
        "100 samples at the end": page(count - 100),
        f"{BATCH} new samples": add,
        "a tag of 10,000 names": tag(names[::100]),
        "a tag of half of the names": tag(names[::2]),
        "file names of a tag": lambda: call("GET", f"{here}/tags/{first['id']}/filenames"),
        "export of file names": lambda: call("GET", f"{here}/tags/{first['id']}/export/basic/filenames"),
        "export of read URLs": lambda: call(
            "GET", f"{here}/tags/{first['id']}/export/basic/filenames", params={"fileNameFormat": "REDIRECTED_READ_URL"}
        ),
        "export for COCO": lambda: call("GET", f"{here}/tags/{first['id']}/export/COCO/images"),
        "scores of all samples": lambda: call("POST", f"{here}/tags/{first['id']}/scores", json=scores),
    }


def _peak_mb(process: psutil.Process) -> float:
    status = Path(f"/proc/{process.pid}/status").read_text("utf-8")
    return next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM")) / 1024


if __name__ == "__main__":
    main(**{name: Path(value) for name, value in (word.split("=", 1) for word in sys.argv[1:])})
