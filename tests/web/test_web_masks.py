"""Sets of rows, order and filters in the browser, against NumPy."""

from typing import TYPE_CHECKING

import numpy as np
import pytest
from matplotlib.path import Path as Polygon

from tests.conftest import in_full
from tests.web.conftest import Window, call

if TYPE_CHECKING:
    from playwright.sync_api import Page

MASKS, FILTERS = "lib/masks.js", "lib/filters.js"
LENGTHS = [1, 31, 32, 33, 64, 1000, 4099]


@pytest.fixture
def bare(window: Window) -> "Page":
    window.page.goto("/")
    return window.page


@pytest.mark.parametrize("length", [one if one in (33, 1000) else in_full(one) for one in LENGTHS])
def test_masks_are_the_platforms(bare: "Page", length: int) -> None:
    rng = np.random.default_rng(length)
    left, right = rng.random(length) < 0.5, rng.random(length) < 0.3
    packed = [np.packbits(side, bitorder="little").tolist() for side in (left, right)]
    script = """[0, 1].map((i) => m.Mask.fromBytes(a.length, new Uint8Array(a.packed[i]).buffer)).map((it, i, [l, r]) =>
        i ? [[...l.and(r).rows()], [...l.or(r).rows()], [...l.without(r).rows()], [...l.inverted().rows()], l.count]
          : [[...l.toBytes()], [...m.Mask.all(a.length).rows()], l.has(a.length - 1)])"""
    first, second = call(bare, MASKS, script, {"length": length, "packed": packed})
    assert first == [packed[0], list(range(length)), bool(left[-1])]
    for got, expected in zip(second[:4], (left & right, left | right, left & ~right, ~left), strict=True):
        assert got == np.flatnonzero(expected).tolist()
    assert second[4] == left.sum()


@pytest.mark.parametrize("descending", [False, True])
def test_rows_in_the_order_of_a_column(bare: "Page", descending: bool) -> None:
    rng = np.random.default_rng(1)
    values = rng.normal(size=3000).astype(np.float32).round(1) * np.float32(1e3)
    values[rng.random(3000) < 0.1] = np.nan
    rows = np.flatnonzero(rng.random(3000) < 0.7)
    given = [None if np.isnan(value) else float(value) for value in values]
    script = """[...m.kept(m.ordered(Float32Array.from(a.values, (v) => v ?? NaN), a.descending),
                       m.Mask.of(a.values.length, a.rows))]"""
    got = call(bare, MASKS, script, {"rows": rows.tolist(), "values": given, "descending": descending})
    keys = np.where(np.isnan(values), np.inf, -values if descending else values)[rows]
    assert got == rows[np.argsort(keys, kind="stable")].tolist()


def test_points_within_a_lasso(bare: "Page") -> None:
    rng = np.random.default_rng(2)
    points = rng.normal(size=(2000, 2)).astype(np.float32)
    angles = np.linspace(0, 2 * np.pi, 40, endpoint=False)
    star = np.stack([np.cos(angles), np.sin(angles)], axis=1) * rng.uniform(0.3, 2.0, size=(40, 1))
    script = "[...m.inside(Float32Array.from(a.points), a.star).rows()]"
    got = call(bare, FILTERS, script, {"points": points.ravel().tolist(), "star": star.tolist()})
    assert got == np.flatnonzero(Polygon(star).contains_points(points)).tolist()


def test_ranges_keep_what_the_column_shows(bare: "Page") -> None:
    # 0.1 as a float32 is more than 0.1: a limit read off the column must keep the value it was read from.
    values = [0.1, 0.2, 0.3, None]
    script = """[[0.1, 0.2], [null, 0.2], [0.2, null]].map(
        ([low, high]) => [...m.inRange(Float32Array.from(a, (value) => value ?? NaN), low, high).rows()])"""
    assert call(bare, FILTERS, script, values) == [[0, 1], [0, 1], [1, 2]]


def test_filters_survive_the_address(bare: "Page") -> None:
    filters = [
        {"kind": "in", "tag": "5f"},
        {"kind": "not", "tag": "60"},
        {"kind": "name", "text": "a~b &c=d"},
        {"kind": "range", "key": "score:5f:a~b", "low": 0.25, "high": None},
        {"kind": "value", "key": "label:1", "values": ["t-shirt", "a~b", ""]},
        {"kind": "lasso", "embedding": "7", "method": "PCA", "points": [[0.5, -1.25], [1, 2], [3, 4]]},
    ]
    script = "m.read(new URLSearchParams(new URLSearchParams(a.map(m.write)).toString()))"
    assert call(bare, FILTERS, script, filters) == filters


def test_filters_that_cannot_be_read_are_left_out(bare: "Page") -> None:
    script = "m.read(new URLSearchParams('lasso=7~PCA~1,2;x&name=&colour=red&range=a~~'))"
    assert call(bare, FILTERS, script) == [{"kind": "range", "key": "a", "low": None, "high": None}]
