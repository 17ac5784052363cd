"""Scores and selections on a running platform, compared with `lightly_ray.select` on the same data."""

import numpy as np
import pytest

from lightly_ray import select
from lightly_ray.active_learning.config import SamplerConfig
from lightly_ray.api import ApiWorkflowClient
from lightly_ray.errors import ConflictError, InvalidInputError, JobFailedError, NotFoundError

RNG = np.random.default_rng(0)
VECTORS = RNG.normal(size=(12, 5)).astype(np.float32)
SCORES = {"uncertainty_entropy": RNG.random(12), "uncertainty_margin": RNG.random(12)}


@pytest.fixture
def ready(uploaded: ApiWorkflowClient) -> ApiWorkflowClient:
    """A client whose dataset has images, embeddings and scores."""
    uploaded.upload_embeddings_from_arrays(uploaded.get_filenames(), VECTORS)
    uploaded.upload_scores(SCORES)
    return uploaded


def chosen(client: ApiWorkflowClient, config: SamplerConfig, **tags: str) -> set[str]:
    return set(client.get_filenames_in_tag(client.sampling(config, **tags)))


@pytest.mark.parametrize(
    ("method", "score"),
    [
        ("RANDOM", None),
        ("CORESET", None),
        ("CORAL", "uncertainty_margin"),
        ("ACTIVE_LEARNING", "uncertainty_entropy"),
        ("COVERAGE", None),
        ("COVERAGE", "uncertainty_margin"),
    ],
)
def test_selection__equals_select(ready: ApiWorkflowClient, method: str, score: str | None) -> None:
    names = ready.get_filenames()
    preselected = ready.create_tag_from_filenames([names[3], names[8]], "labelled")
    expected = select(
        VECTORS,
        5,
        method=method,
        ids=names,
        scores=None if score is None else SCORES[score],
        preselected=[names[3], names[8]],
        normalize="whiten" if method in ("CORESET", "CORAL") else False,
    )
    config = SamplerConfig(method, 5, name=f"of {method}", score=score)
    assert chosen(ready, config, preselected_tag_id=preselected.id) == set(expected.ids)
    tag = ready.get_tag_by_name(f"of {method}")
    assert (tag.prev_tag_id, tag.preselected_tag_id) == (preselected.id, preselected.id)


def test_selection__seed_and_normalize_reach_the_platform(ready: ApiWorkflowClient) -> None:
    names = ready.get_filenames()
    draws = [chosen(ready, SamplerConfig("RANDOM", 4, name=f"draw {seed}", seed=seed)) for seed in range(3)]
    assert draws == [set(select(VECTORS, 4, method="random", ids=names, seed=seed).ids) for seed in range(3)]
    assert len({frozenset(draw) for draw in draws}) > 1
    for normalize in (True, False):
        expected = select(VECTORS, 4, "coreset", ids=names, normalize=normalize).ids
        config = SamplerConfig("CORESET", 4, name=f"unit {normalize}", normalize=normalize)
        assert chosen(ready, config) == set(expected)


def test_selection__share_and_min_distance(ready: ApiWorkflowClient) -> None:
    assert len(chosen(ready, SamplerConfig(n_samples=0.4, name="share"))) == 5
    names = ready.get_filenames()
    far = select(VECTORS, 12, "coreset", ids=names, min_distance=2.5).ids
    assert 1 < len(far) < 12
    assert chosen(ready, SamplerConfig(n_samples=12, min_distance=2.5, name="far")) == set(far)


def test_selection__the_embedding_can_be_chosen(ready: ApiWorkflowClient) -> None:
    first, other = ready.embedding_id, RNG.normal(size=(12, 3)).astype(np.float32)
    ready.upload_embeddings_from_arrays(ready.get_filenames(), other, "second")
    names = ready.get_filenames()
    assert chosen(ready, SamplerConfig("CORESET", 4, name="by second")) == set(
        select(other, 4, "coreset", ids=names, normalize="whiten").ids
    )
    tag = ready.sampling(SamplerConfig("CORESET", 4, name="by first"), embedding_id=first)
    assert set(ready.get_filenames_in_tag(tag)) == set(select(VECTORS, 4, "coreset", ids=names, normalize="whiten").ids)
    assert ready.get_tag_provenance(tag.id) != ready.get_tag_provenance(ready.get_tag_by_name("by second").id)


def test_selection__without_an_embedding(uploaded: ApiWorkflowClient) -> None:
    names = uploaded.get_filenames()
    assert chosen(uploaded, SamplerConfig("RANDOM", 4, name="drawn")) == set(
        select(VECTORS, 4, method="random", ids=names).ids
    )
    uploaded.upload_scores(SCORES)
    config = SamplerConfig("ACTIVE_LEARNING", 3, name="highest")
    by_margin = np.argsort(-SCORES["uncertainty_margin"], kind="stable")
    assert chosen(uploaded, config) == {names[row] for row in by_margin[:3]}
    for method in ("CORESET", "CORAL", "COVERAGE"):
        with pytest.raises(ConflictError, match=r"no embedding yet: upload embeddings first"):
            uploaded.selection(SamplerConfig(method, 4, name="none"))


def test_selection__default_score_is_margin_then_the_last(uploaded: ApiWorkflowClient) -> None:
    uploaded.upload_embeddings_from_arrays(uploaded.get_filenames(), VECTORS)
    names = uploaded.get_filenames()
    with pytest.raises(InvalidInputError, match="upload scores for the query tag first"):
        uploaded.sampling(SamplerConfig("CORAL", 4, name="too early"))
    for name, expected in (
        ("first", "first"),
        ("last", "last"),
        ("uncertainty_margin", "uncertainty_margin"),
        ("x", "uncertainty_margin"),
    ):
        scores = {"first": SCORES["uncertainty_entropy"], "last": 1 - VECTORS[:, 0] ** 2 / 10}.get(
            name, SCORES["uncertainty_margin"]
        )
        uploaded.upload_scores({name: scores})
        tag = uploaded.sampling(SamplerConfig("ACTIVE_LEARNING", 3, name=f"by {name}"))
        by = np.asarray(uploaded.get_scores(uploaded.get_tag_by_name("initial-tag").id, expected))
        assert uploaded.get_filenames_in_tag(tag) == [names[row] for row in sorted(np.argsort(-by, kind="stable")[:3])]


def test_upload_scores__replace_and_come_back(ready: ApiWorkflowClient) -> None:
    tag = ready.create_tag_from_filenames(ready.get_filenames()[:3], "part")
    ready.upload_scores({"mine": [1, 0.5, 0]}, tag.id)
    ready.upload_scores({"mine": np.array([0.25, 0.5, 1], dtype=np.float32)}, tag.id)
    assert ready.get_score_types(tag.id) == ["mine"]
    assert ready.get_scores(tag.id, "mine") == [0.25, 0.5, 1]
    with pytest.raises(NotFoundError, match="no scores 'other'"):
        ready.get_scores(tag.id, "other")


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ([0.1, float("nan")], "1 scores 'mine' are not finite, the first at row 1"),
        ([[1.0]], "one number per sample"),
        (["a"], "one number per"),
    ],
)
def test_upload_scores__bad_values(uploaded: ApiWorkflowClient, values: list[float], message: str) -> None:
    with pytest.raises(InvalidInputError, match=message):
        uploaded.upload_scores({"fine": [1.0], "mine": values})
    assert uploaded.get_score_types(uploaded.get_tag_by_name("initial-tag").id) == []


def test_upload_scores__wrong_number_is_refused_by_the_platform(uploaded: ApiWorkflowClient) -> None:
    with pytest.raises(InvalidInputError):
        uploaded.upload_scores({"mine": [1.0] * 11})


def test_selection__what_goes_wrong_makes_no_tag(ready: ApiWorkflowClient) -> None:
    with pytest.raises(ConflictError, match="there is a tag 'initial-tag'"):
        ready.sampling(SamplerConfig(n_samples=3, name="initial-tag"))
    with pytest.raises((JobFailedError, InvalidInputError), match=r"13|12"):
        ready.sampling(SamplerConfig(n_samples=13, name="too many"))
    with pytest.raises((JobFailedError, InvalidInputError, NotFoundError), match="absent"):
        ready.sampling(SamplerConfig("CORAL", 3, name="no such score", score="absent"))
    ready.upload_embeddings_from_arrays(ready.get_filenames()[1:], VECTORS[1:], "partial")
    with pytest.raises((JobFailedError, InvalidInputError), match=r"cats/0\.png"):
        ready.sampling(SamplerConfig(n_samples=3, name="not all embedded"))
    assert [tag.name for tag in ready.get_all_tags()] == ["initial-tag"]
