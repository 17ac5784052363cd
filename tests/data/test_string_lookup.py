import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lightly_ray.data import string_lookup as module
from lightly_ray.data.string_lookup import contents, duplicates, positions_in

TEXTS = st.text(alphabet="aü\0", max_size=4)


def arrow(values: list[str]) -> pa.LargeStringArray:
    return pa.array(values, type=pa.large_string())


@pytest.fixture(params=["fnv", "collisions"])
def hashes(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Real hashes; and ones of three values, where nearly all collide. Chunks are small."""
    monkeypatch.setattr(module, "CHUNK", 3)
    if request.param == "collisions":
        real = module._hashes
        monkeypatch.setattr(module, "_hashes", lambda names: real(names) % np.uint64(3))


@given(values=st.lists(TEXTS, max_size=40))
def test_duplicates__equals_counting(values: list[str]) -> None:
    expected = {value: values.count(value) for value in values if values.count(value) > 1}
    found = duplicates(arrow(values))
    assert {item["values"]: item["counts"] for item in found.to_pylist()} == expected


def test_duplicates__survives_collisions(hashes: None) -> None:
    assert len(duplicates(arrow([f"{number}.png" for number in range(50)]))) == 0
    twice = duplicates(arrow(["a", "b", "c", "b", "d", "a", "a"]))
    assert twice.to_pylist() == [{"values": "a", "counts": 3}, {"values": "b", "counts": 2}]


def test_positions_in__survives_collisions(hashes: None) -> None:
    names = arrow([f"{number}.png" for number in range(50)])
    assert positions_in(arrow(["7.png", "x.png", "49.png", "0.png", "y.png"]), names).tolist() == [7, -1, 49, 0, -1]
    everything = np.random.default_rng(0).permutation(50)
    assert positions_in(names.take(pa.array(everything)), names).tolist() == everything.tolist()
    assert positions_in(names[:0], names).tolist() == []
    assert positions_in(names[:2], names[:0]).tolist() == [-1, -1]


@given(values=st.lists(TEXTS, unique=True, max_size=30), more=st.lists(TEXTS, unique=True, max_size=9))
def test_positions_in__equals_looking_one_by_one(values: list[str], more: list[str]) -> None:
    expected = [values.index(name) if name in values else -1 for name in more]
    assert positions_in(arrow(more), arrow(values)).tolist() == expected


def test_contents__of_a_slice() -> None:
    offsets, data = contents(arrow(["ab", "", "ü", "cde"])[1:3])
    assert data[offsets[0] : offsets[-1]].tobytes() == "ü".encode()
    assert np.diff(offsets).tolist() == [0, 2]


def test_hashes__are_fnv() -> None:
    # The published values of 64-bit FNV-1a.
    assert module._hashes(arrow(["", "a", "foobar"])).tolist() == [
        0xCBF29CE484222325,
        0xAF63DC4C8601EC8C,
        0x85944171F73967E8,
    ]
