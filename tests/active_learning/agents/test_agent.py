"""The agent on a running platform: sets, queries, and every case in which nothing may change."""

from typing import Any

import numpy as np
import pytest
import ray.data

from lightly_ray import score, select
from lightly_ray.active_learning.agents import ActiveLearningAgent
from lightly_ray.active_learning.config import SamplerConfig, SamplingMethod
from lightly_ray.active_learning.scorers import Scorer, ScorerClassification
from lightly_ray.api import ApiWorkflowClient
from lightly_ray.errors import ConflictError, InvalidInputError, JobFailedError, LightlyRayError, NotFoundError
from tests.active_learning.agents.queried import PREDICTIONS, RNG, VECTORS, in_order


class Own(Scorer):
    """Scores given by name."""

    def __init__(self, scores: dict[str, Any], filenames: list[str] | None = None) -> None:
        super().__init__()
        self.scores, self.filenames = scores, filenames

    def calculate_scores(self) -> dict[str, Any]:
        return self.scores


def state(agent: ActiveLearningAgent) -> list[list[str]]:
    return [agent.query_set, agent.labeled_set, agent.unlabeled_set]


def test_agent__the_workflow_that_users_know(ready: ApiWorkflowClient) -> None:
    names = ready.get_filenames()
    agent = ActiveLearningAgent(ready)
    assert state(agent) == [names, [], names]
    with pytest.raises(RuntimeError, match="no added set before the first query"):
        _ = agent.added_set
    agent.query(SamplerConfig(n_samples=3, method=SamplingMethod.CORESET, name="initial-selection"))
    first = select(VECTORS, 3, "coreset", ids=names, normalize="whiten").ids
    assert agent.labeled_set == agent.added_set == in_order(names, first)

    agent = ActiveLearningAgent(ready, preselected_tag_name="initial-selection")
    assert agent.labeled_set == in_order(names, first)
    scorer = ScorerClassification(PREDICTIONS)
    agent.query(SamplerConfig(n_samples=7, method=SamplingMethod.CORAL, name="al-iteration-1"), scorer)
    margin = scorer.calculate_scores()["uncertainty_margin"]
    expected = select(VECTORS, 7, method="coral", ids=names, scores=margin, preselected=first, normalize="whiten")
    assert set(agent.labeled_set) == set(expected.ids)
    assert set(agent.added_set) == set(expected.added_ids)
    assert agent.added_set == [name for name in names if name in agent.added_set]
    assert agent.query_set == names
    assert agent.unlabeled_set == [name for name in names if name not in agent.labeled_set]
    tags = {tag.name: tag for tag in ready.get_all_tags()}
    assert tags["al-iteration-1"].prev_tag_id == tags["initial-selection"].id
    assert tags["initial-selection"].prev_tag_id == tags["initial-tag"].id


def test_agent__random_without_an_embedding(uploaded: ApiWorkflowClient) -> None:
    names = uploaded.get_filenames()
    agent = ActiveLearningAgent(uploaded)
    agent.query(SamplerConfig(n_samples=3, method=SamplingMethod.RANDOM, name="drawn"))
    assert agent.labeled_set == in_order(names, select(VECTORS, 3, method="random", ids=names).ids)
    with pytest.raises(ConflictError, match=r"no embedding yet"):
        agent.query(SamplerConfig(n_samples=5, method=SamplingMethod.CORESET, name="far"))
    assert agent.labeled_set == agent.added_set


def test_agent__a_part_is_random(ready: ApiWorkflowClient) -> None:
    names = ready.get_filenames()
    agent = ActiveLearningAgent(ready)
    with pytest.raises(RuntimeError, match=r"no random set before the first query"):
        _ = agent.random_set
    agent.query(SamplerConfig(n_samples=3, method=SamplingMethod.RANDOM, name="drawn"))
    assert agent.random_set == agent.added_set
    first = agent.labeled_set
    agent.query(SamplerConfig("CORESET", 8, name="mixed", random_share=np.float32(0.3)))  # type: ignore[arg-type]  # NumPy's
    expected = select(VECTORS, 8, "coreset", ids=names, preselected=first, random_share=0.3, normalize="whiten")
    assert agent.labeled_set == in_order(names, expected.ids)
    assert agent.random_set == in_order(names, expected.random_ids)
    assert len(agent.random_set) == 2
    agent.query(SamplerConfig(n_samples=10, name="far"))
    assert agent.random_set == []


def test_agent__what_cannot_be_labelled_is_not_offered_again(ready: ApiWorkflowClient) -> None:
    names = ready.get_filenames()
    agent = ActiveLearningAgent(ready)
    agent.query(SamplerConfig(n_samples=4, name="first"))
    first, marked = agent.labeled_set, [agent.added_set[1], agent.unlabeled_set[2]]
    agent.mark_cannot_be_labelled(marked)
    assert [agent.query_set, agent.labeled_set] == [names, first]
    assert agent.unlabeled_set == [name for name in names if name not in {*first, *marked}]
    # By name, predictions of `unlabeled_set` will do; by position, they are of all of `query_set`.
    margins = ScorerClassification(PREDICTIONS).calculate_scores()["uncertainty_margin"]
    by_name = {name: PREDICTIONS[names.index(name)] for name in agent.unlabeled_set}
    agent.query(SamplerConfig(n_samples=7, method="CORAL", name="second"), ScorerClassification(by_name))
    options: dict[str, Any] = {"ids": names, "scores": margins, "normalize": "whiten", "cannot_be_labelled": marked}
    second = select(VECTORS, 7, "coral", preselected=first, **options).ids
    assert agent.labeled_set == in_order(names, second)
    agent.query(SamplerConfig(n_samples=9, method="CORAL", name="third"), ScorerClassification(PREDICTIONS))
    assert agent.labeled_set == in_order(names, select(VECTORS, 9, "coral", preselected=second, **options).ids)


def test_agent__marks_are_of_the_dataset(ready: ApiWorkflowClient) -> None:
    names = ready.get_filenames()
    agent, other = ActiveLearningAgent(ready), ActiveLearningAgent(ready)
    agent.mark_cannot_be_labelled([])
    assert [tag.name for tag in ready.get_all_tags()] == ["initial-tag"]
    agent.mark_cannot_be_labelled(names[4:5])
    agent.mark_cannot_be_labelled([names[7], names[4]])
    with pytest.raises(InvalidInputError, match=r"1 file names are no samples of the dataset, first: 'no\.png'"):
        agent.mark_cannot_be_labelled([names[0], "no.png"])
    tag = ready.get_tag_by_name("cannot-be-labelled")
    assert ready.get_filenames_in_tag(tag) == [names[4], names[7]]
    left = [name for name in names if name not in (names[4], names[7])]
    assert agent.unlabeled_set == ActiveLearningAgent(ready).unlabeled_set == left
    other.query(SamplerConfig(n_samples=-1, min_distance=1e-9, name="all that is left"))
    assert (other.labeled_set, other.unlabeled_set) == (left, [])
    with pytest.raises(InvalidInputError, match=r"all 2 samples that could be selected are marked as cannot"):
        other.query(SamplerConfig(n_samples=11, name="too many"))


def test_agent__query_tag_and_preselected_tag_may_be_strangers(ready: ApiWorkflowClient) -> None:
    names = ready.get_filenames()
    ready.create_tag_from_filenames(names[:6], "query")
    ready.create_tag_from_filenames(names[4:8], "labelled")
    agent = ActiveLearningAgent(ready, query_tag_name="query", preselected_tag_name="labelled")
    assert state(agent) == [names[:6], names[4:8], names[:4]]
    agent.query(SamplerConfig("CORESET", 6, name="more"))
    expected = select(VECTORS, 6, "coreset", ids=names, query=names[:6], preselected=names[4:8])
    assert set(agent.added_set) == set(expected.added_ids)
    assert set(agent.added_set) < set(names[:4])


@pytest.mark.parametrize("missing_tag", ["query_tag_name", "preselected_tag_name"])
def test_agent__unknown_tag(ready: ApiWorkflowClient, missing_tag: str) -> None:
    with pytest.raises(KeyError, match="there is no tag 'absent'"):
        ActiveLearningAgent(ready, **{missing_tag: "absent"})


def test_query__fewer_than_selected_warns_and_does_nothing(ready: ApiWorkflowClient) -> None:
    agent = ActiveLearningAgent(ready)
    agent.query(SamplerConfig(n_samples=5, name="five"))
    before = [*state(agent), agent.added_set]
    for n_samples in (4, 0, -1, 0.3):
        with pytest.warns(UserWarning, match="5 are selected already: this query does nothing"):
            agent.query(SamplerConfig(n_samples=n_samples, name=f"never {n_samples}"), Own({"s": np.ones(12)}))
    assert [*state(agent), agent.added_set] == before
    assert [tag.name for tag in ready.get_all_tags()] == ["initial-tag", "five"]
    assert ready.get_score_types(ready.get_tag_by_name("initial-tag").id) == []


@pytest.mark.parametrize("as_many", [5, 0.4])  # 0.4 x 12 is 4.8, rounded up
def test_query__as_many_as_selected_makes_an_equal_tag(ready: ApiWorkflowClient, as_many: float) -> None:
    agent = ActiveLearningAgent(ready)
    agent.query(SamplerConfig(n_samples=5, name="five"))
    labelled = agent.labeled_set
    with pytest.warns(UserWarning, match="5 are selected already: this query makes a tag that adds none"):
        agent.query(SamplerConfig(n_samples=as_many, name="five again"))
    assert (agent.labeled_set, agent.added_set) == (labelled, [])


def test_query__coverage_is_weighted_by_the_scorer_that_it_is_given(ready: ApiWorkflowClient) -> None:
    names = ready.get_filenames()
    agent = ActiveLearningAgent(ready)
    agent.query(SamplerConfig("COVERAGE", 3, name="first"))
    first = select(VECTORS, 3, "coverage", ids=names).ids
    assert set(agent.labeled_set) == set(first)
    scorer = ScorerClassification(PREDICTIONS)
    agent.query(SamplerConfig("COVERAGE", 6, name="second"), scorer)
    margin = scorer.calculate_scores()["uncertainty_margin"]
    second = select(VECTORS, 6, "coverage", ids=names, scores=margin, preselected=first).ids
    assert set(agent.labeled_set) == set(second)
    # The scores of the second round are on the platform; a third without a scorer weighs all alike, without a word.
    agent.query(SamplerConfig("COVERAGE", 9, name="third"))
    assert set(agent.labeled_set) == set(select(VECTORS, 9, "coverage", ids=names, preselected=second).ids)
    provenance = ready.get_tag_provenance(ready.get_tag_by_name("third").id)
    assert provenance["score"] is None
    assert provenance["coverage"]["covered"] == 6


def test_query__share_and_distance_alone(ready: ApiWorkflowClient) -> None:
    names = ready.get_filenames()
    agent = ActiveLearningAgent(ready)
    agent.query(SamplerConfig(n_samples=0.3, name="a third"))
    assert len(agent.labeled_set) == 4
    agent.query(SamplerConfig(n_samples=-1, min_distance=2.5, name="far ones"))
    # A third is whitened, the default; the distance is one of the given embeddings.
    third = select(VECTORS, 4, "coreset", ids=names, normalize="whiten").ids
    expected = select(VECTORS, 12, "coreset", ids=names, preselected=third, min_distance=2.5)
    assert set(agent.labeled_set) == set(expected.ids)
    assert 4 < len(agent.labeled_set) < 12


@pytest.mark.parametrize(
    ("config", "scorer", "kind"),
    [
        (SamplerConfig(n_samples=13, name="too many"), None, LightlyRayError),
        (SamplerConfig(n_samples=6, name="five"), None, ConflictError),
        (SamplerConfig("CORAL", 6, name="short"), Own({"s": np.ones(11)}), InvalidInputError),
        (SamplerConfig("CORAL", 6, name="none"), Own({}), InvalidInputError),
        (SamplerConfig("CORAL", 6, name="nan"), Own({"s": np.full(12, np.nan)}), InvalidInputError),
        (SamplerConfig("CORAL", 6, name="other", score="t"), Own({"s": np.ones(12)}), InvalidInputError),
        (SamplerConfig("CORAL", 6, name="no scores"), None, InvalidInputError),
        (SamplerConfig("CORAL", 6, name="negative"), Own({"s": -np.ones(12)}), (InvalidInputError, JobFailedError)),
    ],
    ids=lambda value: value.name if isinstance(value, SamplerConfig) else "",
)
def test_query__a_failure_changes_nothing(
    ready: ApiWorkflowClient, config: SamplerConfig, scorer: Any, kind: Any
) -> None:
    agent = ActiveLearningAgent(ready)
    agent.query(SamplerConfig(n_samples=5, name="five"))
    before = [*state(agent), agent.added_set]
    with pytest.raises(kind):
        agent.query(config, scorer)
    assert [*state(agent), agent.added_set] == before
    assert [tag.name for tag in ready.get_all_tags()] == ["initial-tag", "five"]
    agent.query(SamplerConfig(n_samples=6, name="six"))
    assert len(agent.labeled_set) == 6


def test_query__length_mismatch_says_both_counts(ready: ApiWorkflowClient) -> None:
    agent = ActiveLearningAgent(ready)
    with pytest.raises(ValueError, match=r"11 predictions \(uncertainty_least_confidence\) for 12 samples"):
        agent.query(SamplerConfig("CORAL", 3), ScorerClassification(PREDICTIONS[:11]))


def test_query__a_score_that_is_no_number_is_named(ready: ApiWorkflowClient) -> None:
    names = ready.get_filenames()
    scores = np.ones(12)
    scores[4] = np.nan
    with pytest.raises(InvalidInputError, match=f"1 of 12 scores 's' are not finite, the first is of '{names[7]}'"):
        ActiveLearningAgent(ready).query(SamplerConfig("CORAL", 3), Own({"s": scores}, names[::-1]))


def test_query__predictions_by_filename_in_any_order(ready: ApiWorkflowClient) -> None:
    names = ready.get_filenames()
    order = RNG.permutation(12)
    agent = ActiveLearningAgent(ready)
    agent.query(
        SamplerConfig("CORAL", 4, name="joined"), ScorerClassification({names[row]: PREDICTIONS[row] for row in order})
    )
    joined = agent.labeled_set
    agent = ActiveLearningAgent(ready)
    agent.query(SamplerConfig("CORAL", 4, name="by position"), ScorerClassification(PREDICTIONS))
    assert agent.labeled_set == joined


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda names: names[:3] + names[4:], "cats/3.png"),
        (lambda names: [*names, "stranger.png"], "stranger.png"),
        (lambda names: [*names[:11], names[2]], "cats/2.png"),
    ],
    ids=["missing", "unknown", "duplicate"],
)
def test_query__the_first_wrong_filename_is_named(ready: ApiWorkflowClient, change: Any, message: str) -> None:
    names = change(ready.get_filenames())
    agent = ActiveLearningAgent(ready)
    with pytest.raises(InvalidInputError, match=message):
        agent.query(SamplerConfig("CORAL", 3), Own({"s": np.ones(len(names))}, names))
    assert ready.get_score_types(ready.get_tag_by_name("initial-tag").id) == []


def test_query__which_score_coral_uses(ready: ApiWorkflowClient) -> None:
    names = ready.get_filenames()
    scores = {"a": RNG.random(12), "uncertainty_margin": RNG.random(12), "z": RNG.random(12)}
    cases = [
        (scores, None, "uncertainty_margin"),
        (scores, "z", "z"),
        ({"z": scores["z"], "a": scores["a"]}, None, "z"),
    ]
    for number, (given, asked, used) in enumerate(cases):
        agent = ActiveLearningAgent(ready)
        agent.query(SamplerConfig("ACTIVE_LEARNING", 3, name=f"query {number}", score=asked), Own(given))
        top = np.argsort(-scores[used], kind="stable")[:3]
        assert agent.labeled_set == [names[row] for row in sorted(top)]


def test_upload_scores__serve_a_later_query(ready: ApiWorkflowClient) -> None:
    names = ready.get_filenames()
    agent = ActiveLearningAgent(ready)
    scores = {"first": RNG.random(12), "second": RNG.random(12)}
    agent.upload_scores(Own(scores))
    assert agent.labeled_set == []
    agent.query(SamplerConfig("ACTIVE_LEARNING", 2, name="later"))
    assert agent.labeled_set == [names[row] for row in sorted(np.argsort(-scores["first"])[:2])]


def test_query__scores_of_the_round_before_are_told(ready: ApiWorkflowClient) -> None:
    agent = ActiveLearningAgent(ready)
    agent.upload_scores(Own({"s": RNG.random(12)}))
    agent.query(SamplerConfig("CORAL", 3, name="round-1"))  # uploaded for it: nothing to say
    message = r"CORAL was given no scorer: it takes the scores 's' of tag 'initial-tag', uploaded 20.* 'round-1'; give"
    with pytest.warns(UserWarning, match=message):
        agent.query(SamplerConfig("CORAL", 5, name="round-2"))
    fresh = ActiveLearningAgent(ready, preselected_tag_name="round-2")
    with pytest.warns(UserWarning, match=message):
        fresh.query(SamplerConfig("CORAL", 6, name="round-3"))
    fresh.query(SamplerConfig("CORAL", 7, name="round-4"), Own({"s": RNG.random(12)}))
    fresh.query(SamplerConfig("RANDOM", 8, name="round-5"))


def test_query__scores_by_name_of_what_is_not_selected_will_do(ready: ApiWorkflowClient) -> None:
    names = ready.get_filenames()
    agent = ActiveLearningAgent(ready)
    agent.query(SamplerConfig("RANDOM", 4, name="labelled"))
    left = agent.unlabeled_set
    scores = dict(zip(left, RNG.random(8), strict=True))

    given = Own({"s": np.array([scores[name] for name in left])}, left)
    agent.query(SamplerConfig("ACTIVE_LEARNING", 6, name="more"), given)
    assert agent.added_set == sorted(sorted(left, key=lambda name: -scores[name])[:2], key=names.index)
    agent = ActiveLearningAgent(ready)
    with pytest.raises(InvalidInputError, match="5 of 12 files are not among the predictions"):
        agent.query(SamplerConfig("ACTIVE_LEARNING", 6, name="none"), Own({"s": np.ones(7)}, left[1:]))


@pytest.mark.usefixtures("ray_local")
def test_query__a_ray_dataset_of_scores(ready: ApiWorkflowClient) -> None:
    names = ready.get_filenames()
    values = RNG.random(12)
    rows = [{"filename": names[row], "size": values[row]} for row in RNG.permutation(12)]
    agent = ActiveLearningAgent(ready)
    agent.query(SamplerConfig("ACTIVE_LEARNING", 3, name="from ray"), ray.data.from_items(rows, override_num_blocks=2))
    assert agent.labeled_set == [names[row] for row in sorted(np.argsort(-values)[:3])]


@pytest.mark.usefixtures("ray_local")
def test_query__scores_as_ray_data_makes_them(ready: ApiWorkflowClient) -> None:
    names = ready.get_filenames()
    rows = [{"filename": names[row], "probabilities": PREDICTIONS[row]} for row in RNG.permutation(12)]
    agent = ActiveLearningAgent(ready)
    agent.query(SamplerConfig("CORAL", 4, name="by Ray Data"), score(ray.data.from_items(rows), task="classification"))
    scored = agent.labeled_set
    agent = ActiveLearningAgent(ready)
    agent.query(SamplerConfig("CORAL", 4, name="by class"), ScorerClassification(PREDICTIONS))
    assert agent.labeled_set == scored
    hole = next(row for row in rows if row["filename"] not in scored)
    hole["probabilities"] = np.array([0.5, np.nan, 0.5])
    skipped = score(ray.data.from_items(rows), task="classification", on_error="skip")
    with pytest.raises(InvalidInputError, match=f"first: '{hole['filename']}'"):
        agent.query(SamplerConfig("CORAL", 5, name="with a hole"), skipped)


def test_sets__images_appended_later_are_not_in_old_sets(ready: ApiWorkflowClient, images: Any, tmp_path: Any) -> None:
    import shutil

    agent = ActiveLearningAgent(ready)
    names = agent.query_set
    shutil.copytree(images / "cats", tmp_path / "birds")
    ready.upload_dataset(tmp_path, mode="full")
    assert agent.query_set == names
    assert ActiveLearningAgent(ready).query_set == [*names, *(f"birds/{n}.png" for n in range(6))]


def test_agent__its_client_must_not_change_the_dataset(ready: ApiWorkflowClient) -> None:
    agent = ActiveLearningAgent(ready)
    first = ready.dataset_id
    ready.create_new_dataset_with_unique_name("elsewhere")
    with pytest.raises(ConflictError, match="this agent belongs to the dataset"):
        agent.query(SamplerConfig(n_samples=3))
    with pytest.raises(ConflictError, match="make a new agent"):
        _ = agent.query_set
    ready.dataset_id = first
    agent.query(selection_config=SamplerConfig(n_samples=3))  # the later name of the argument
    assert len(agent.labeled_set) == 3


def test_agent__other_dataset_has_other_tags(ready: ApiWorkflowClient) -> None:
    ready.create_new_dataset_with_unique_name("empty")
    with pytest.raises(NotFoundError, match="none: upload images first"):
        ActiveLearningAgent(ready)
