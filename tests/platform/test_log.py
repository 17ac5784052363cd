"""The log as JSON: a line per event, with the ids of the request and of the job that it queued, in every process."""

import io
import json
import logging
import re
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import requests

from lightly_ray.platform import log
from lightly_ray.platform.settings import ADMIN_FILE
from tests.platform.served import Api, ended


@pytest.fixture
def lines() -> Iterator[io.StringIO]:
    """What a logger of its own writes as JSON."""
    logger, stream = logging.getLogger("tests.log"), io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(log._Json())
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    logger.propagate = False
    yield stream
    logger.removeHandler(handler)


def test_json__ids_hold_for_the_block_and_nest(lines: io.StringIO) -> None:
    logger = logging.getLogger("tests.log")
    logger.info("before %d", 1)
    with log.about(request="r1"):
        with log.about(job="j1", request=None):
            logger.info("within", extra={"fields": {"ms": 3.5}})
        assert log.request_id() == "r1"
        logger.warning("two\nlines")
    assert log.request_id() is None
    first, second, third = (json.loads(line) for line in lines.getvalue().splitlines())
    assert set(first) == {"time", "level", "logger", "message"}
    assert (first["message"], first["level"], first["logger"]) == ("before 1", "info", "tests.log")
    assert (second["request"], second["job"], second["ms"]) == ("r1", "j1", 3.5)
    assert (third["request"], third["message"], third.get("job")) == ("r1", "two\nlines", None)


def test_json__an_exception_is_one_line(lines: io.StringIO) -> None:
    try:
        int("bad value")
    except ValueError:
        logging.getLogger("tests.log").exception("failed")
    (line,) = lines.getvalue().splitlines()
    assert json.loads(line)["error"].endswith("with base 10: 'bad value'")


class Served:
    """A server with a worker, as `lightly-ray serve` starts them, and what they log."""

    def __init__(self, folder: Path) -> None:
        command = [sys.executable, "-c", "from lightly_ray.cli import main; main()", "serve"]
        settings = [f"data_dir={folder}", "port=0", "log_format=json"]
        self.process = subprocess.Popen([*command, *settings], stderr=subprocess.PIPE)
        self.lines: list[str] = []
        self._reader = threading.Thread(target=self._read)
        self._reader.start()
        serving = self.wait_for(lambda line: line["message"].startswith("serving on "))["message"]
        self.url = re.findall(r"http://[^,]*", serving)[0]
        self.token = (folder / ADMIN_FILE).read_text().strip()

    def _read(self) -> None:
        assert self.process.stderr is not None
        with self.process.stderr as stream:
            self.lines += (line.decode() for line in stream)

    def wait_for(self, wanted: Any) -> dict[str, Any]:
        until = time.monotonic() + 60
        while time.monotonic() < until:
            for line in [json.loads(line) for line in list(self.lines)]:
                if wanted(line):
                    return dict(line)
            time.sleep(0.05)
        raise AssertionError(f"no such line in {self.lines}")

    def end(self) -> None:
        self.process.terminate()
        self.process.wait(30)
        self._reader.join()


@contextmanager
def served(folder: Path) -> Iterator[Served]:
    process = Served(folder)
    try:
        yield process
    finally:
        process.end()


@pytest.mark.full
def test_log__the_request_that_queued_a_job_is_in_the_lines_of_its_worker(tmp_path: Path) -> None:
    with served(tmp_path) as server:
        api = Api(server.url, server.token)
        dataset = api.dataset(7)
        body = {"newTagName": "drawn", "method": "RANDOM", "config": {"stoppingCondition": {"nSamples": 3}}}
        answer = api.send("POST", f"{dataset.path}/sampling", json=body)
        request, job = answer.headers["x-request-id"], answer.json()["jobId"]
        ended(api, job)
        access = server.wait_for(lambda line: line.get("request") == request and line["logger"] == "lightly_ray.access")
        begun = server.wait_for(lambda line: line.get("job") == job and "attempt 1" in line["message"])
        done = server.wait_for(lambda line: line.get("job") == job and "3 samples" in line["message"])
        requests.get(f"{server.url}/healthz", timeout=9)
    assert (access["method"], access["path"], access["status"]) == ("POST", f"{dataset.path}/sampling", 202)
    assert begun["request"] == done["request"] == request
    assert server.token not in "".join(server.lines)
    assert server.lines.pop() == "interrupted\n"  # by the signal that ends it
    assert all(json.loads(line) for line in server.lines)
