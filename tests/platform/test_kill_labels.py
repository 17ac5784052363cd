"""kill -9 at every write of an import of labels: all of it is there, or nothing, and once more it ends well."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import requests

from lightly_ray.platform.context import Platform
from lightly_ray.platform.listening import listen
from lightly_ray.platform.services import tokens
from lightly_ray.platform.settings import ADMIN_FILE
from tests.label_tables import SKIPPED, classes_of, labels, packed
from tests.platform.deadly import COUNTED, process, ready
from tests.platform.http.routes.test_routes_labels import get, imports
from tests.platform.served import Api, Dataset

BEFORE = {"b-01.png": "cat", "b-03.png": "cat"}
IMPORTED = {"b-00.png": SKIPPED, "b-02.png": "dog", "b-03.png": "bird"}
AFTER = {"b-00.png": SKIPPED, "b-01.png": "cat", "b-02.png": "dog", "b-03.png": "bird"}
State = tuple[dict[str, Any], int, list[str]]


@contextmanager
def victim(platform: Platform, api: Api, at: int, **env: str) -> Iterator[Api | None]:
    """A server that kills itself at its write ``at``; None where that was before it answered."""
    with listen("127.0.0.1", 0) as listener:
        port = listener.getsockname()[1]
    settings = platform.settings.model_copy(update={"port": port, "workers": 0, "log": "error"})
    with process("serve", at, settings, **env) as server:
        it = Api(f"http://127.0.0.1:{port}", api.token)
        yield it if ready(it, server) else None


def labelled(api: Api) -> Dataset:
    """A dataset with the labels of a first import."""
    dataset = api.dataset(5)
    put(dataset, api, BEFORE)
    return dataset


def put(dataset: Dataset, it: Api, said: dict[str, str]) -> None:
    it.call("PUT", f"{dataset.path}/labels", params={"source": "round-1"}, data=packed(labels(said)))


def state(dataset: Dataset) -> State:
    """What is labelled, how many imports there are, and what is marked."""
    marked = dataset.tags().get("cannot-be-labelled")
    names = [] if marked is None else dataset.names_of(marked["id"])
    return classes_of(get(dataset)), len(imports(dataset)), names


def killed(platform: Platform, api: Api, at: int) -> bool:
    """Whether the import died; checks what is there at once and after the same request again."""
    dataset = labelled(api)
    died = True
    with victim(platform, api, at) as it:
        assert it is not None
        try:
            put(dataset, it, IMPORTED)
            died = False
        except requests.ConnectionError:
            pass
    before: State = (BEFORE, 1, [])
    after: State = (AFTER, 2, ["b-00.png"])
    assert state(dataset) in ([before, after] if died else [after])
    put(dataset, api, IMPORTED)
    assert state(dataset) == after
    return died


@pytest.fixture(scope="module")
def writes(platform: Platform, api: Api, tmp_path_factory: pytest.TempPathFactory) -> range:
    """The numbers of the writes that a server makes for the import: those after its start."""
    # Made by the first server of a folder, and by no other.
    tokens.ensure_admin(platform.database, platform.settings.data_dir / ADMIN_FILE)
    count, dataset = tmp_path_factory.mktemp("count") / "writes", labelled(api)
    with victim(platform, api, 0, **{COUNTED: str(count)}) as it:
        assert it is not None
        first = _number(count)
        put(dataset, it, IMPORTED)
        return range(first + 1, _number(count) + 1)


def _number(path: Path) -> int:
    return int(json.loads(path.read_text())) if path.exists() else 0


@pytest.mark.full
def test_kill__import_at_some_write(platform: Platform, api: Api, writes: range) -> None:
    assert len(writes) >= 8
    assert killed(platform, api, writes[-3])  # the row is there, and not committed


@pytest.mark.full
def test_kill__import_at_every_write(platform: Platform, api: Api, writes: range) -> None:
    assert [at for at in writes if not killed(platform, api, at)] == []
    assert not killed(platform, api, writes[-1] + 1)
