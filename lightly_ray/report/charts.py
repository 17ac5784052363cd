"""Drawings of a report as SVG: colours come from the page's style, so that they follow light and dark."""

from collections.abc import Sequence
from html import escape
from typing import NamedTuple

from lightly_ray.report.spread import Json

_WIDTH, _HEIGHT = 520, 220
_LEFT, _RIGHT, _TOP, _BOTTOM = 44, 12, 12, 44
_POINTS = 460  # side of the picture of the embedding


class Series(NamedTuple):
    """A line of a chart: its style in the page, its words in the legend, its heights."""

    style: str
    title: str
    values: Sequence[float]


def scatter(picture: Json) -> str:
    """The embedding in two dimensions."""
    groups = []
    for style in ("pool", "before", "new"):
        points = picture[style]
        moves = "".join(f"M{8 + 444 * x:.1f} {8 + 444 * (1 - y):.1f}h0" for x, y in points)
        groups.append(f'<path class="dots {style}" d="{moves}"/>')
    label = f"{len(picture['new'])} new samples among the pool and those selected before"
    return _svg(_POINTS, _POINTS, label, "".join(groups))


def histogram(edges: Sequence[float], series: Sequence[Series], axis: str) -> str:
    """Counts between edges, each series as a share of its own total, as steps."""
    shares = []
    for one in series:
        total = sum(one.values) or 1
        shares.append([value / total for value in one.values])
    top = max((max(values) for values in shares), default=0) or 1
    drawn = [_steps(one.style, values, top) for one, values in zip(series, shares, strict=True)]
    low, high = edges[0], edges[-1]
    ticks = [_tick(place / 4, f"{low + (high - low) * place / 4:.3g}") for place in range(5)]
    return _svg(_WIDTH, _HEIGHT, axis, "".join([_baseline(), *drawn, *ticks, _axis(axis)]))


def curves(rounds: Sequence[tuple[str, Sequence[tuple[int, float]]]], axis: str) -> str:
    """Accuracy by number of labels: lines of (style, points)."""
    points = [point for _, line in rounds for point in line]
    labels, heights = [x for x, _ in points], [y for _, y in points]
    low, high = min(labels), max(labels)
    floor, top = _frame(heights)
    drawn = [_horizontal(place / 4, f"{100 * (floor + (top - floor) * place / 4):.0f} %") for place in range(5)]
    for style, line in rounds:
        places = [
            (_x((x - low) / (high - low) if high > low else 0.5), _y((y - floor) / (top - floor))) for x, y in line
        ]
        path = "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in places)
        dots = "".join(f'<circle class="dot {style}" cx="{x:.1f}" cy="{y:.1f}" r="4"/>' for x, y in places)
        drawn.append(f'<path class="line {style}" d="{path}"/>{dots}')
    ticks = [_tick((x - low) / (high - low) if high > low else 0.5, f"{x:,}") for x in sorted(set(labels))[:8]]
    return _svg(_WIDTH, _HEIGHT, axis, "".join([_baseline(), *drawn, *ticks, _axis(axis)]))


def bar(chosen: float, spread: Json | None, largest: float) -> str:
    """A count as a bar; the spread of random draws as a line over it, their mean as a tick."""
    scale = 240 / (largest or 1)
    parts = [f'<rect class="bar" x="0" y="3" width="{max(chosen * scale, 1):.1f}" height="12" rx="2"/>']
    label = f"{chosen:g} chosen"
    if spread is not None:
        low, mean, high = (spread[key] for key in ("low", "mean", "high"))
        parts.append(f'<path class="whisker" d="M{low * scale:.1f} 9H{high * scale:.1f}"/>')
        parts.append(f'<path class="tick" d="M{mean * scale:.1f} 4v10"/>')
        label += f", random draws {low:g} to {high:g}"
    return _svg(244, 18, label, "".join(parts))


def _frame(heights: Sequence[float]) -> tuple[float, float]:
    low, high = min(heights), max(heights)
    room = max(0.1 * (high - low), 0.01)
    return max(0.0, low - room), min(1.0, high + room)


def _steps(style: str, shares: Sequence[float], top: float) -> str:
    bins = len(shares)
    path = f"M{_x(0):.1f} {_y(0):.1f}"
    for number, share in enumerate(shares):
        path += f"V{_y(0.92 * share / top):.1f}H{_x((number + 1) / bins):.1f}"
    return f'<path class="area {style}" d="{path}V{_y(0):.1f}Z"/>'


def _x(share: float) -> float:
    return _LEFT + share * (_WIDTH - _LEFT - _RIGHT)


def _y(share: float) -> float:
    return _HEIGHT - _BOTTOM - share * (_HEIGHT - _TOP - _BOTTOM)


def _baseline() -> str:
    return f'<path class="axis" d="M{_LEFT} {_y(0):.1f}H{_WIDTH - _RIGHT}"/>'


def _horizontal(share: float, text: str) -> str:
    y = _y(share)
    return (
        f'<path class="grid" d="M{_LEFT} {y:.1f}H{_WIDTH - _RIGHT}"/>'
        f'<text class="end" x="{_LEFT - 6}" y="{y + 4:.1f}">{escape(text)}</text>'
    )


def _tick(share: float, text: str) -> str:
    return f'<text class="middle" x="{_x(share):.1f}" y="{_HEIGHT - 28}">{escape(text)}</text>'


def _axis(text: str) -> str:
    return f'<text class="middle soft" x="{_x(0.5):.1f}" y="{_HEIGHT - 8}">{escape(text)}</text>'


def _svg(width: int, height: int, label: str, content: str) -> str:
    return f'<svg viewBox="0 0 {width} {height}" role="img" aria-label="{escape(label, quote=True)}">{content}</svg>'
