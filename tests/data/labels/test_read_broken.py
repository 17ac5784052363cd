"""Whatever is wrong with a file of labels, it is one of the deliberate errors that says so."""

import json
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from lightly_ray.data.labels.exports import stream
from lightly_ray.data.labels.files import read_labels
from lightly_ray.data.labels.table import TASKS
from lightly_ray.errors import LightlyRayError
from tests.data.labels.drawn_labels import drawn

ODD: tuple[Any, ...] = (None, True, -1, 1e400, "", "x", [], {}, [[]], [None], [1], {"a": 1}, 10**30, 0, [["x"]], 2.5)


def _mutated(value: Any, rng: random.Random) -> Any:
    """The value with some parts lost or replaced by others."""
    if rng.random() < 0.03:
        return rng.choice(ODD)
    if isinstance(value, dict):
        return {key: _mutated(one, rng) for key, one in value.items() if rng.random() > 0.02}
    return [_mutated(one, rng) for one in value if rng.random() > 0.02] if isinstance(value, list) else value


def _mutated_json(content: bytes, rng: random.Random) -> bytes:
    return json.dumps(_mutated(json.loads(content), rng)).encode()


def _mutated_lines(content: bytes, rng: random.Random) -> bytes:
    return b"".join(_mutated_json(line, rng) + b"\n" for line in content.splitlines())


def _mutated_bytes(content: bytes, rng: random.Random) -> bytes:
    changed = bytearray(content)
    for _ in range(rng.randint(1, 5)):
        at = rng.randrange(len(changed))
        changed[at : at + rng.randint(0, 20)] = rng.choice([b"", b"<", b'"', b"&x;", b"\xff", b"{", b"-", b"9" * 40])
    return bytes(changed)


@pytest.mark.parametrize(
    ("name", "mutated"),
    [
        ("label-studio", _mutated_json),
        ("coco", _mutated_json),
        ("huggingface", _mutated_lines),
        ("cvat", _mutated_bytes),
        ("csv", _mutated_bytes),
        ("coco", _mutated_bytes),
    ],
)
def test_read_labels__is_clear_about_anything(
    name: str, mutated: Callable[[bytes, random.Random], bytes], tmp_path: Path
) -> None:
    messages = []
    for seed in range(120):
        rng = random.Random(seed)
        export = drawn(rng.choice(TASKS), ["a.jpg", "sub/a.jpg", "n.jpg", "u.jpg", "c.jpg"])
        (tmp_path / "file").write_bytes(mutated(b"".join(stream(name, export)), rng))
        try:
            read_labels(tmp_path / "file", format=name)
        except LightlyRayError as error:
            messages.append(str(error))
    assert len(messages) > 20
    assert all(str(tmp_path / "file") in message for message in messages)
