"""What a configuration accepts, and the names it gives itself."""

import re

import pytest

from lightly_ray.active_learning.config import SamplerConfig, SamplingMethod, SelectionConfig
from lightly_ray.errors import InvalidInputError


def test_sampler_config__defaults_that_users_know() -> None:
    config = SamplerConfig()
    assert (config.method, config.n_samples, config.min_distance) == ("AUTO", 32, -1)
    assert (config.score, config.seed, config.normalize) == (None, 0, None)
    assert SelectionConfig is SamplerConfig


def test_sampler_config__default_names_differ_within_one_second() -> None:
    name = SamplerConfig(SamplingMethod.CORAL, 7, 0.5).name
    assert name is not None
    assert re.fullmatch(r"CORAL_7_0\.5_\d\d_\d\d_\d{4}__\d\d_\d\d_\d\d_\d{6}", name)
    assert len({SamplerConfig().name for _ in range(3)}) > 1


def test_sampler_config__positional_order_and_case() -> None:
    config = SamplerConfig("random", 10, 0.1, "mine")
    assert (config.method, config.n_samples, config.min_distance, config.name) == ("RANDOM", 10, 0.1, "mine")


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (
            {"method": "GUESS"},
            r"method must be one of auto, random, .*, got 'GUESS'",
        ),
        ({"n_samples": "12"}, "n_samples must be a whole number, got"),
        ({"n_samples": True}, "n_samples must be a whole number, got"),
        ({"n_samples": 1.5}, r"is a share in \(0, 1\], got 1.5"),
        ({"min_distance": None}, "min_distance must be a number"),
        ({"normalize": "unit"}, "normalize must be True, False or 'whiten', got 'unit'"),
        ({"normalize": "whiten", "min_distance": 1}, "min_distance=1 is a distance of the given embeddings"),
        (
            {"score": {"typicality": 1}},
            r"must be the name of one score, got .* taken by lightly_ray.select\(score=...\)",
        ),
        ({"random_share": 1.0}, r"random_share must be a number from 0 to less than 1, got 1\.0"),
        ({"random_share": -0.1}, "random_share must be"),
        ({"random_share": 0.5, "min_distance": 1}, "random_share=0.5 draws samples whatever their distance"),
    ],
)
def test_sampler_config__bad_settings(settings: dict[str, object], message: str) -> None:
    with pytest.raises(InvalidInputError, match=message):
        SamplerConfig(**settings)  # type: ignore[arg-type]  # wrong on purpose


def test_check__sees_attributes_that_changed() -> None:
    config = SamplerConfig()
    config.n_samples = 0.0
    with pytest.raises(InvalidInputError, match="is a share in"):
        config.check()


def test_normalization__whitened_where_distances_decide_and_none_is_given() -> None:
    assert [SamplerConfig(method, 5).normalization for method in ("CORESET", "coral", "RANDOM", "ACTIVE_LEARNING")] == [
        "whiten",
        "whiten",
        False,
        False,
    ]
    assert SamplerConfig("COVERAGE", 5).normalization is True
    assert SamplerConfig("CORESET", -1, 0.5).normalization is False
    assert SamplerConfig("CORESET", 5, normalize=False).normalization is False
    assert SamplerConfig("RANDOM", 5, normalize=True).normalization is True
