"""Hostile names and values in every place of every route that takes text: an answer of ours, nothing out of its folder.

The places are found in the API's description, so a new route is tried by itself.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import quote

import pytest

from tests.platform.conftest import NewDatabase
from tests.platform.served import PNG, Api, opened, over_http

DEEP = "[" * 2_000 + "]" * 2_000
NAMES = [
    "../../outside",
    "..\\..\\outside",
    "%2e%2e%2foutside",
    "..%252f..%252foutside",
    "/outside",
    "//outside",
    "C:\\outside",
    "\\\\host\\outside",
    "file:///etc/passwd",
    "http://169.254.169.254/latest",
    ".",
    "..",
    "~/outside",
    "outside\x00.png",
    "a\r\nSet-Cookie: b=c",
    "\x1b[2Jescape",
    "a#b?c&d=e;f",
    "' OR 1=1; DROP TABLE datasets; --",
    "{{7*7}}${7*7}%(a)s{0.__class__}",
    "<svg onload=alert(1)>",
    "=1+1",
    "\u202egnp.exe",
    "caf\u00e9",
    "cafe\u0301",
    "ｆｕｌｌ．ｐｎｇ",
    "\ud800",
    "x" * 20_000,
    "CON",
    "",
]
VALUES: list[Any] = [
    None,
    True,
    -1,
    10**400,
    1e308,
    [],
    {},
    [None],
    {"a": {"b": None}},
    DEEP,
    "NaN",
    "0x",
    "0x" + "f" * 5_000,
]
SIMPLEST = {"string": "text", "integer": 1, "number": 1, "boolean": True, "array": [], "object": {}, "null": None}


class Place(NamedTuple):
    """A place of a route that text goes to: a parameter, or a field of the body."""

    method: str
    path: str
    kind: str
    name: str


@pytest.fixture(scope="module")
def own(new_database: NewDatabase, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Api, Path]]:
    """A platform in a folder that lies in one that is looked at."""
    around = tmp_path_factory.mktemp("around")
    with opened(around / "data", new_database()) as platform, over_http(platform) as api:
        yield api, around


def _resolved(document: dict[str, Any], schema: dict[str, Any]) -> dict[str, Any]:
    if "$ref" in schema:
        return _resolved(document, document["components"]["schemas"][schema["$ref"].rpartition("/")[2]])
    for key in ("anyOf", "allOf", "oneOf"):
        if key in schema:
            return _resolved(document, schema[key][0])
    return schema


def _body(document: dict[str, Any], operation: dict[str, Any]) -> dict[str, Any]:
    content = operation.get("requestBody", {}).get("content", {})
    return _resolved(document, content.get("application/json", {}).get("schema", {}))


def _places(document: dict[str, Any]) -> Iterator[tuple[Place, dict[str, Any]]]:
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            for one in operation.get("parameters", ()):
                if not one["name"].endswith("_id") and one["name"] != "token":
                    yield Place(method.upper(), path, one["in"], one["name"]), operation
            for name in _body(document, operation).get("properties", ()):
                yield Place(method.upper(), path, "body", name), operation


def _send(api: Api, document: dict[str, Any], place: Place, operation: dict[str, Any], value: Any, ids: Any) -> bool:
    """Whether a request with a value at a place, and what is simplest at all others, is answered as it should be."""
    body = _body(document, operation)
    fields = {
        name: SIMPLEST.get(str(_resolved(document, schema).get("type")), "text")
        for name, schema in body.get("properties", {}).items()
        if name in body.get("required", ())
    }
    path, query = place.path, {}
    for one in operation.get("parameters", ()):
        given = value if (one["in"], one["name"]) == (place.kind, place.name) else ids.get(one["name"], "text")
        if one["in"] == "path":
            written = str(given).encode("utf-8", "surrogatepass")
            path = path.replace(f"{{{one['name']}}}", quote(written, safe=""))
        elif one["in"] == "query" and (one.get("required") or one["name"] == place.name):
            query[one["name"]] = str(given).encode("utf-8", "surrogatepass")
    if place.kind == "body":
        fields[place.name] = value
    options = {"json": fields} if body else {}
    answer = api.send(place.method, path, params=query, **options)
    said = answer.ok or not answer.content or set(answer.json()) == {"code", "message"}
    return answer.status_code < 500 and said


def _try(own: tuple[Api, Path], step: int) -> int:
    api, around = own
    document, ids, tried = api.get("/openapi.json"), api.dataset(3).one_of_each() | {"kind": "full"}, 0
    faults: list[tuple[Place, Any]] = []
    for number, (place, operation) in enumerate(_places(document)):
        if place.method == "DELETE":
            ids = api.dataset(3).one_of_each() | {"kind": "full"}
        for value in (NAMES if place.kind != "body" else [*NAMES, *VALUES])[number % step :: step]:
            if not _send(api, document, place, operation, value, ids):
                faults.append((place, value))
            tried += 1
    assert faults == []
    # It still works, and nothing has left its folder.
    assert api.dataset(1).names() == ["b-00.png"]
    assert [path.name for path in around.iterdir()] == ["data"]
    assert [path for path in around.rglob("*") if "outside" in path.name] == []
    return tried


def test_every_place__some_hostile_values(own: tuple[Api, Path]) -> None:
    assert _try(own, step=16) > 150


@pytest.mark.full
def test_every_place__all_hostile_values(own: tuple[Api, Path]) -> None:
    assert _try(own, step=1) > 3_000


@pytest.mark.parametrize("name", [name for name in NAMES if name not in ("", "\ud800")])
def test_file_name__is_kept_or_refused_and_never_a_path(own: tuple[Api, Path], name: str) -> None:
    api, around = own
    dataset = api.dataset()
    answer = api.send("POST", f"{dataset.path}/samples", json={"fileName": name})
    assert answer.status_code in {201, 422}, answer.text[:300]
    if answer.ok:
        url = api.get(f"{dataset.path}/samples/{answer.json()['id']}/writeurl")
        assert api.session.put(url, data=PNG, timeout=60).status_code == 200
        dataset.tag_all()
        assert dataset.names() == [name]
    assert [path.name for path in around.iterdir()] == ["data"]
