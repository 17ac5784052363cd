"""The rules of methods and sizes, and that every door keeps them."""

import warnings
from typing import Any

import numpy as np
import pytest

from lightly_ray import methods, select
from lightly_ray.errors import InvalidInputError
from lightly_ray.platform.jobs.sampling_request import SamplingRequest
from lightly_ray.sampler_config import SamplerConfig


def test_methods__their_names_both_ways() -> None:
    upper = {value for name, value in vars(methods.SamplingMethod).items() if name.isupper()}
    assert {methods.parse_method(name) for name in upper} == {"auto", *methods.METHODS}
    assert upper == {"AUTO", *(name.upper() for name in methods.METHODS)}


@pytest.mark.parametrize(
    ("method", "scores", "embeddings"),
    [
        ("random", False, False),
        ("coreset", False, True),
        ("CORAL", True, True),
        ("ACTIVE_LEARNING", True, False),
    ],
)
def test_needs__by_method_in_any_case(method: str, scores: bool, embeddings: bool) -> None:
    assert methods.needs_scores(method) is scores
    assert methods.needs_embeddings(method) is embeddings


@pytest.mark.parametrize(
    ("size", "available", "expected"),
    [
        (0.07, 100, 7),  # 0.07 * 100 is 7.000000000000001
        (0.29, 100, 29),
        (np.float32(0.1), 10, 1),
        (0.001, 10, 1),
        (1.0, 7, 7),
        (np.int64(5), 7, 5),
        (np.uint8(5), 7, 5),
        (3, 7, 3),
        (-1, 7, -1),
    ],
)
def test_resolve_size__shares_are_exact(size: Any, available: int, expected: int) -> None:
    assert methods.resolve_size(methods.require_size(size), available) == expected


def test_resolve_size__an_open_end_is_everything() -> None:
    assert methods.resolve_size(methods.OPEN_END, 7, open_end=True) == 7


@pytest.mark.parametrize("size", ["5", None, True, np.bool_(True), 1.5, 0.0, -0.5, float("nan"), np.float64(2), [5]])
def test_require_size__what_is_no_size_is_refused_by_every_door(size: Any) -> None:
    for door in (methods.require_size, lambda n: SamplerConfig(n_samples=n), lambda n: select(np.eye(4), n)):
        with pytest.raises(InvalidInputError, match="n_samples"):
            door(size)


@pytest.mark.parametrize(
    ("share", "picks", "expected"),
    [(0.07, 100, 7), (0.29, 100, 29), (np.float32(0.1), 10, 1), (0.1, 11, 2), (0.001, 3, 1), (0, 9, 0), (0.999, 1, 1)],
)
def test_resolve_random_share__is_exact(share: Any, picks: int, expected: int) -> None:
    assert methods.resolve_random_share(methods.require_random_share(share, 0.0), picks) == expected


@pytest.mark.parametrize("share", [1, 1.0, -0.1, float("nan"), float("inf"), "0.1", None, True, np.bool_(False), [0.1]])
def test_require_random_share__what_is_no_share_is_refused_by_every_door(share: Any) -> None:
    for door in (
        lambda it: methods.require_random_share(it, 0.0),
        lambda it: SamplerConfig(random_share=it),
        lambda it: select(np.eye(4), 2, random_share=it),
    ):
        with pytest.raises(InvalidInputError, match=r"random_share must be a number from 0 to less than 1"):
            door(share)


def test_sizes__agent_engine_and_platform_agree() -> None:
    points = np.random.default_rng(0).random((100, 3))
    for share in np.round(np.arange(0.01, 1.0, 0.01), 2):
        engine = len(select(points, float(share), "random", progress=False).ids)
        assert methods.resolve_size(methods.require_size(float(share)), 100) == engine


def test_sampling_request__a_share_below_the_preselected_is_refused_at_once() -> None:
    body = {"newTagName": "x", "method": "coreset", "config": {"stoppingCondition": {"nSamples": 0.07}}}
    assert SamplingRequest.model_validate(body).limits(100, 7) == (0.07, None)
    with pytest.raises(InvalidInputError, match="n_samples=7 counts the preselected samples too, and there are 8"):
        SamplingRequest.model_validate(body).limits(100, 8)


def test_sampler_config__checking_changes_nothing() -> None:
    config = SamplerConfig(n_samples=np.int64(5), method="coral")  # type: ignore[arg-type]  # NumPy's int is no float
    config.method = "Random"
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        config.check()
    assert config.method == "Random"
