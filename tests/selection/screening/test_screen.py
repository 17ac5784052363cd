"""A screen never rules out a pair that could lower a bound, and rules out most others."""

import numpy as np
import pytest
from numpy.typing import NDArray

from lightly_ray.selection.distance import computable, distances
from lightly_ray.selection.screening.exact import may_be_nearer, product_limit
from lightly_ray.selection.screening.full import FullScreen
from lightly_ray.selection.screening.principal import PrincipalScreen, principal_screen
from lightly_ray.selection.screening.screen import Screen

ROWS, CENTERS = 211, 37
FACTORS = {"huge": 1e20, "tiny": 1e-20, "denormal": 1e-42, "float64": 1e150, "float64 tiny": 1e-161}


def vectors(kind: str) -> NDArray[np.floating]:
    rng = np.random.default_rng(3)
    points = rng.standard_normal((ROWS + CENTERS, 64)) * np.arange(1, 65) ** -0.7
    if kind == "two scales":
        points[::3] *= 1e-9
    elif kind == "low rank":
        points = points[:, :5] @ rng.standard_normal((5, 64))
    elif kind == "outlier":
        points[7] *= 1e30
        points[ROWS + 2] *= 1e28
    elif kind == "equal":
        points[:] = 0.3
    shift, factor = (1e4, 1.0) if kind == "shifted" else (0.0, FACTORS.get(kind, 1.0))
    return np.asarray(((points + shift) * factor).astype(np.float64 if "float64" in kind else np.float32))


KINDS = ["plain", "shifted", "two scales", "low rank", "equal", "outlier", *FACTORS]


def kept(screen: Screen, rows: NDArray[np.floating], centers: NDArray[np.floating]) -> NDArray[np.bool_]:
    """(N, K): the pairs that the screen leaves open when every bound is the distance to that very center."""
    positions = np.arange(len(rows), dtype=np.int32)
    features = np.empty((len(rows), screen.width), np.float32)
    sized = screen.tile(positions, computable(rows), positions, features)
    center_features, center_sized = screen.centers(centers)
    products = features @ center_features.T
    near = np.stack([distances(rows, center) for center in centers], axis=1)
    limits = np.array(
        [
            [
                product_limit(
                    near[i, j],
                    sized.lengths[i] + center_sized.lengths[j],
                    sized.slacks[i] + center_sized.slacks[j],
                    screen.scale,
                    screen.rounding,
                )
                for j in range(len(centers))
            ]
            for i in range(len(rows))
        ]
    )
    return np.asarray(products <= limits)


def screens(points: NDArray[np.floating]) -> list[Screen]:
    plain = FullScreen(points)
    axes = np.linalg.qr(np.random.default_rng(4).standard_normal((64, 12)))[0]
    return [plain, PrincipalScreen(plain, axes, len(points))]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("which", [0, 1])
def test_screen__never_rules_out_a_pair_at_its_own_distance(kind: str, which: int) -> None:
    points = vectors(kind)
    screen = screens(points[:ROWS])[which]
    assert kept(screen, points[:ROWS], points[ROWS:]).all()


@pytest.mark.parametrize("kind", ["plain", "shifted", "huge", "tiny"])
def test_screen__rules_out_what_is_a_little_farther(kind: str) -> None:
    points = vectors(kind)
    screen, rows, centers = FullScreen(points[:ROWS]), points[:ROWS], points[ROWS:]
    positions = np.arange(ROWS, dtype=np.int32)
    features = np.empty((ROWS, screen.width), np.float32)
    sized = screen.rows(computable(rows), positions, features)
    products = features @ screen.centers(centers)[0].T
    near = distances(rows, centers[0]) * (0.99 if kind == "shifted" else 0.9999)
    reach, slack = sized.lengths.max(), sized.slacks.max()
    limits = [
        product_limit(near[i], sized.lengths[i] + reach, sized.slacks[i] + slack, screen.scale, screen.rounding)
        for i in range(ROWS)
    ]
    assert (products[:, 0] > limits).mean() > 0.9


@pytest.mark.parametrize("kind", KINDS)
def test_may_be_nearer__never_denies_the_nearer(kind: str) -> None:
    points = computable(vectors(kind))
    scale = FullScreen(points[:ROWS]).scale
    for center in points[ROWS : ROWS + 5]:
        near = distances(points, center)
        assert all(may_be_nearer(points[i], center, np.nextafter(near[i], np.inf), scale) for i in range(ROWS))


def test_may_be_nearer__denies_the_farther() -> None:
    points = computable(vectors("plain"))
    near = distances(points, points[0])
    assert not any(may_be_nearer(points[i], points[0], near[i] * 0.999, 1.0) for i in range(1, ROWS))


def chosen(points: NDArray[np.floating]) -> Screen | None:
    """The screen of leading coordinates for all but the last of the points, which are the centers."""
    rows, centers = points[:-CENTERS], points[-CENTERS:]
    return principal_screen(rows, FullScreen(rows), np.full(len(rows), np.inf), centers)


@pytest.mark.parametrize("apart", [1e-4, 1e-6, 0.0])
def test_leading__slack_of_near_twins_on_the_axes(apart: float) -> None:
    # What is left beside the axes is rounding alone, as large for each twin as it happens to be.
    rng = np.random.default_rng(8)
    axes = np.linalg.qr(rng.standard_normal((64, 12)))[0]
    points = (rng.standard_normal((ROWS, 12)) @ axes.T).astype(np.float32)
    twins = (points[:CENTERS] * (1 + apart * rng.standard_normal((CENTERS, 64)))).astype(np.float32)
    screen = PrincipalScreen(FullScreen(points), axes, ROWS)
    assert kept(screen, points, twins).all()
    # The inequality itself, without the margin for the rounding of products, which would cover much of it.
    features, some = np.empty((CENTERS, screen.width), np.float32), np.arange(CENTERS, dtype=np.int32)
    sized = screen.tile(some, computable(points), some, features)
    minus, center_sized = screen.centers(twins)
    between = np.linalg.norm(features[:, :-2].astype(np.float64) + minus[:, :-2], axis=1)
    exact = screen.scale * np.linalg.norm(points[:CENTERS].astype(np.float64) - twins, axis=1)
    assert (between <= exact + sized.slacks + center_sized.slacks).all()


def test_leading__only_where_the_spectrum_falls() -> None:
    rng = np.random.default_rng(0)
    flat = rng.standard_normal((ROWS, 64), dtype=np.float32)
    steep = flat * (np.arange(1, 65) ** -1.5).astype(np.float32)
    assert chosen(flat) is None
    assert chosen(steep[:, :40]) is None  # 0.2 of 40 coordinates are too few
    screen = chosen(steep)
    assert screen is not None
    assert screen.width == 11 + 3


def test_leading__not_where_the_leading_coordinates_tell_clusters_only() -> None:
    rng = np.random.default_rng(2)
    middles = np.zeros((4, 64), np.float32)
    middles[:, :4] = 20 * np.eye(4)  # nearly all of the squared length
    points = middles[rng.integers(0, 4, ROWS)] + rng.standard_normal((ROWS, 64), dtype=np.float32)
    assert chosen(points) is None


def test_leading__bounds_count_where_they_are_under_the_new_distances() -> None:
    rng = np.random.default_rng(2)
    middles = np.zeros((4, 64), np.float32)
    middles[:, :4] = 20 * np.eye(4)
    points = middles[rng.integers(0, 4, ROWS)] + rng.standard_normal((ROWS, 64), dtype=np.float32)
    rows, centers = points[:-CENTERS], points[-CENTERS:]
    assert principal_screen(rows, FullScreen(rows), np.zeros(len(rows)), centers) is not None  # nothing can get through


def test_leading__stays_within_its_share_of_memory() -> None:
    for dtype, coordinates in ((np.float16, 5), (np.float32, 11), (np.float64, 24)):
        points = np.random.default_rng(0).normal(size=(ROWS, 64)) * np.arange(1, 65) ** -2.0
        steep: NDArray[np.floating] = points.astype(dtype)
        screen = chosen(steep)
        assert screen is None if coordinates < 8 else screen is not None
        if screen is not None:
            assert (screen.width - 2) * 4 <= 0.2 * steep[0].nbytes


@pytest.mark.parametrize("rank", [1, 2, 5])
@pytest.mark.parametrize("rows", [2, 20, ROWS])
def test_leading__data_along_a_few_axes(rank: int, rows: int) -> None:
    rng = np.random.default_rng(rank)
    points = (rng.standard_normal((rows + CENTERS, rank)) @ rng.standard_normal((rank, 768))).astype(np.float32)
    screen = principal_screen(points[:rows], FullScreen(points[:rows]), np.zeros(rows), points[rows:])
    assert screen is not None
    assert kept(screen, points[:rows], points[rows:]).all()


def test_leading__slack_makes_up_for_axes_that_are_not_orthonormal() -> None:
    rng = np.random.default_rng(6)
    axes = np.linalg.qr(rng.standard_normal((64, 12)))[0]
    points = (rng.standard_normal((ROWS + CENTERS, 12)) @ axes.T).astype(np.float32)
    screen = PrincipalScreen(FullScreen(points), axes * 1.003, ROWS)
    assert kept(screen, points[:ROWS], points[ROWS:]).all()
