"""`ActiveLearningAgent`: which samples are labelled, which may be chosen, and the queries that choose.

The agent keeps two tags of one dataset. The *query tag* says what may be selected from and never changes. The
*preselected tag* holds what is selected already; every query makes a new tag of it and the samples chosen, and goes
on from there. All sets are file names in the order of the dataset.
"""

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from lightly_ray.active_learning.agents.labelled import labelled_names
from lightly_ray.active_learning.agents.scores import Scores, read_scores
from lightly_ray.active_learning.scorers.classification import ScorerClassification
from lightly_ray.api.models import TagData
from lightly_ray.bitmask import BitMask
from lightly_ray.data.labels.table import Labels
from lightly_ray.errors import ConflictError, InvalidInputError
from lightly_ray.methods import (
    INITIAL_TAG,
    OPEN_END,
    default_score,
    needs_scores,
    require_integer,
    require_size,
    resolve_size,
    takes_labels,
    takes_scores,
)
from lightly_ray.sampler_config import SamplerConfig
from lightly_ray.scores import align_scores

if TYPE_CHECKING:
    import ray.data

    from lightly_ray.active_learning.scorers.scorer import Scorer
    from lightly_ray.api.api_workflow_client import ApiWorkflowClient


class ActiveLearningAgent:
    """Selects samples of one dataset, query by query.

    Args:
        api_workflow_client: the client; its current dataset is the agent's, for good.
        query_tag_name: the tag that may be selected from; all samples by default.
        preselected_tag_name: the tag that is selected already; none by default. To go on in a new process where
            another agent stopped, name the tag of its last query.

    Raises:
        NotFoundError: the dataset has no tag of that name.

    Example:
        >>> agent = ActiveLearningAgent(ApiWorkflowClient(dataset_id="..."))  # doctest: +SKIP
        >>> agent.query(SamplerConfig(n_samples=100, name="initial"))  # doctest: +SKIP
        >>> predictions = {name: model(name) for name in agent.query_set}  # doctest: +SKIP
        >>> config = SamplerConfig(n_samples=150, method="CORAL", name="second")  # doctest: +SKIP
        >>> agent.query(config, ScorerClassification(predictions))  # doctest: +SKIP
        >>> agent.added_set  # the 50 new file names  # doctest: +SKIP
    """

    def __init__(
        self,
        api_workflow_client: "ApiWorkflowClient",
        query_tag_name: str = INITIAL_TAG,
        preselected_tag_name: str | None = None,
    ) -> None:
        self.api_workflow_client = api_workflow_client
        self._dataset_id = api_workflow_client.dataset_id
        self._query_tag = api_workflow_client.get_tag_by_name(query_tag_name)
        self._preselected: TagData | None = None
        if preselected_tag_name is not None:
            self._preselected = api_workflow_client.get_tag_by_name(preselected_tag_name)
        self._never_offered = self._read_never_offered()
        self._before: BitMask | None = None
        self._names: list[str] = []
        self._default_score: str | None = None

    @property
    def query_set(self) -> list[str]:
        """File names of the samples that may be selected, those selected already among them.

        Predictions by position are given for all of these, in this order.
        """
        return self._filenames(self._query_tag.mask)

    @property
    def labeled_set(self) -> list[str]:
        """File names of the samples that are selected, also of those that cannot be labelled; empty at first."""
        return self._filenames(self._selected)

    @property
    def unlabeled_set(self) -> list[str]:
        """File names of the query set that are not selected, without those that no query offers.

        That are those marked as cannot be labelled, and those held out for validation
        (`ApiWorkflowClient.create_validation_tag`). What others mark is seen from the next query on.
        """
        return self._filenames(self._query_tag.mask - self._selected - self._never_offered)

    @property
    def added_set(self) -> list[str]:
        """File names that the last query added.

        Raises:
            RuntimeError: there was no query yet (as `ConflictError`).
        """
        if self._before is None:
            raise ConflictError("there is no added set before the first query")
        return self._filenames(self._selected - self._before)

    @property
    def random_set(self) -> list[str]:
        """File names that the last query drew at random (`SamplerConfig.random_share`; RANDOM: all that it added).

        They are an honest sample of what was not selected before: of them, and not of others, a test of the model
        may be made.

        Raises:
            RuntimeError: there was no query yet (as `ConflictError`).
        """
        if self._before is None or self._preselected is None:
            raise ConflictError("there is no random set before the first query")
        provenance = self._client().get_tag_provenance(self._preselected.id)
        return self._filenames(BitMask.from_hex(provenance["random_mask"]))

    def query(
        self,
        sampler_config: SamplerConfig | None = None,
        al_scorer: "Scorer | ray.data.Dataset | None" = None,
        *,
        selection_config: SamplerConfig | None = None,
        labels: Mapping[str, int] | None = None,
    ) -> None:
        """Select samples; afterwards `labeled_set` holds them too, and `added_set` them alone.

        With fewer samples asked for than are selected already, it warns and does nothing; with as many, it warns, and
        the new tag adds none. CORAL and ACTIVE_LEARNING without a scorer take the scores that are on the platform, with
        a warning where a selection has used them already: they are of a model that knew less. When the query fails, the
        agent is as it was before, though scores may have been uploaded.

        Args:
            sampler_config: what to select.
            al_scorer: scores of the query set; by name, those of the samples that are not selected yet will do. A
                scorer, or a Ray dataset with a column `filename` and one column per score, as `lightly_ray.score`
                makes. They are uploaded, and CORAL, ACTIVE_LEARNING and COVERAGE use the one that the configuration
                names; COVERAGE without a scorer weighs all samples alike.
            selection_config: the later name of ``sampler_config``.
            labels: true classes of samples that are selected, as numbers of the columns of the scorer's probabilities;
                with a `ScorerClassification`, AUTO and COVERAGE then look at classes too, which gains most. Samples
                without one count as selected, of whatever class.

        Raises:
            InvalidInputError: scores do not fit the query set, or the named score is not among them.
            ConflictError: the tag name is taken.
            JobFailedError: the selection failed; the message says why.
        """
        config = sampler_config or selection_config or SamplerConfig()
        config.check()
        self._never_offered = self._read_never_offered()
        wanted, selected = self._wanted(config), self._selected.count
        if wanted <= selected and selected:
            does = "does nothing" if wanted < selected else "makes a tag that adds none"
            warnings.warn(
                f"{config.n_samples} samples were asked for and {selected} are selected already: this query {does}",
                stacklevel=2,
            )
        if wanted < selected:
            return
        scores = self._aligned(al_scorer) if al_scorer is not None else {}
        predictions = None if labels is None else self._with_labels(config, al_scorer, labels)
        # Beside predictions a score counts only where one is named: they have weights of their own.
        own_weights = predictions is not None and config.score is None
        config = self._spelled_out(config, {} if own_weights else scores)
        if scores:
            self._upload(scores)
        elif needs_scores(config.method):
            self._warn_of_used_scores(config)
        tag = self._client().selection(
            config,
            preselected_tag_id=self._preselected.id if self._preselected else None,
            query_tag_id=self._query_tag.id,
            predictions_id=None if predictions is None else self._client().upload_class_probabilities(*predictions),
        )
        self._before, self._preselected = self._selected, tag

    def mark_cannot_be_labelled(self, filenames: Sequence[str]) -> None:
        """Mark samples that cannot be labelled: no later query offers them, and they repel nothing.

        They leave `unlabeled_set`. `query_set` stays, as predictions are given by position in it; `labeled_set` and
        sizes of queries still count those that are selected. The marks are of the dataset, in its tag
        `cannot-be-labelled`, for all agents and clients; marking again changes nothing.

        Raises:
            InvalidInputError: a file name is not in the dataset; the message names the first, and none is marked.
        """
        if len(filenames):
            self._client().mark_cannot_be_labelled(filenames)
            self._never_offered = self._read_never_offered()

    def labels(self, source: str | None = None) -> Labels:
        """The labels of the dataset on the platform, also of samples that nobody selected.

        Args:
            source: of this source; None: of all, and of a sample of which several say something, what was said last.

        Returns:
            A row per labelled sample, in the order of the dataset.

        Raises:
            NotFoundError: there are none, or there is no such source.
            InvalidInputError: all sources are asked for, and they are of several tasks.
        """
        return self._client().labels(source)

    def unlabelled_of_selection(self, source: str | None = None) -> list[str]:
        """File names of `labeled_set` that have no label on the platform yet: what an annotator still has to do.

        Samples that cannot be labelled are done with. One with nothing to be seen is labelled when someone said so.

        Args:
            source: whose labels count; None: those of all sources.

        Raises:
            NotFoundError: there is no such source.
        """
        self._never_offered = self._read_never_offered()
        done = labelled_names(self._client(), source)
        return [name for name in self._filenames(self._selected - self._never_offered) if name not in done]

    def upload_scores(self, al_scorer: "Scorer | ray.data.Dataset") -> None:
        """Upload scores of the query set without selecting; later queries without a scorer use them.

        Raises:
            InvalidInputError: scores do not fit the query set.
        """
        self._upload(self._aligned(al_scorer))

    def _client(self) -> "ApiWorkflowClient":
        # Masks of one dataset would silently pick other files of another one.
        if self.api_workflow_client.dataset_id != self._dataset_id:
            raise ConflictError(
                f"this agent belongs to the dataset {self._dataset_id}, its client went on to "
                f"{self.api_workflow_client.dataset_id}: make a new agent, or give each agent a client of its own"
            )
        return self.api_workflow_client

    @property
    def _selected(self) -> BitMask:
        return self._preselected.mask if self._preselected else BitMask()

    def _read_never_offered(self) -> BitMask:
        return self._client().get_never_offered().mask

    def _filenames(self, mask: BitMask) -> list[str]:
        # Appended images come behind the others, so names once fetched stay right; only more may be needed.
        if not mask.fits(len(self._names)):
            self._names = self._client().get_filenames()
        return mask.select(self._names)

    def _wanted(self, config: SamplerConfig) -> int:
        available = ((self._query_tag.mask - self._never_offered) | self._selected).count
        return resolve_size(require_size(config.n_samples), available, open_end=config.min_distance > 0)

    def _aligned(self, al_scorer: Any) -> dict[str, NDArray[np.float64]]:
        scores: Scores = read_scores(al_scorer)
        query_set = self.query_set
        if not scores.values:
            raise InvalidInputError("the scorer has no scores: was its generator used up already?")
        _require_length(scores.values, query_set if scores.filenames is None else scores.filenames)
        values = dict(scores.values)
        if scores.filenames is not None:
            values = align_scores(*self._completed(values, scores.filenames, query_set), query_set)
        _require_finite(values, query_set)
        return values

    def _with_labels(
        self, config: SamplerConfig, al_scorer: Any, labels: Mapping[str, int]
    ) -> tuple[Sequence[str], NDArray[Any], Mapping[str, int]]:
        """File names, probabilities and labels to upload."""
        if not takes_labels(config.method):
            raise InvalidInputError(f"{config.method} does not look at labels: leave them out, or use AUTO or COVERAGE")
        if not isinstance(al_scorer, ScorerClassification):
            raise InvalidInputError(
                "labels need class probabilities beside them: give a ScorerClassification, got "
                + ("no scorer" if al_scorer is None else type(al_scorer).__name__)
            )
        strangers = sorted(set(labels).difference(self.labeled_set))
        if strangers:
            raise InvalidInputError(
                f"{len(strangers)} labels are of samples that are not selected, first: {strangers[0]!r}"
            )
        numbers = {name: require_integer(label, f"the label of {name!r}") for name, label in labels.items()}
        return al_scorer.filenames or self.query_set, al_scorer.model_output, numbers

    def _completed(
        self, values: Mapping[str, NDArray[Any]], filenames: Sequence[str], query_set: Sequence[str]
    ) -> tuple[dict[str, NDArray[Any]], list[str]]:
        """Scores with a 0 for samples that are not in `unlabeled_set` and have none: nobody predicts those again."""
        settled = self._filenames(self._selected | self._never_offered)
        lacking = set(settled).intersection(query_set).difference(filenames)
        zeros = np.zeros(len(lacking))
        return {name: np.concatenate([scores, zeros]) for name, scores in values.items()}, [*filenames, *lacking]

    def _warn_of_used_scores(self, config: SamplerConfig) -> None:
        """Say whose scores a query without a scorer takes, where an earlier selection has used them."""
        uploaded = {one.score_type: one for one in self._client().get_score_data(self._query_tag.id)}
        name = config.score or (default_score([list(uploaded)[-1], *uploaded]) if uploaded else None)
        if name not in uploaded or uploaded[name].uploaded_at is None:
            return  # there are none: the platform refuses the selection
        at = uploaded[name].uploaded_at or 0
        after = [tag for tag in self._client().get_all_tags() if tag.query_tag_id and tag.created_at > at]
        if after:
            first = min(after, key=lambda tag: tag.created_at)
            when = datetime.fromtimestamp(at / 1000).astimezone().strftime("%Y-%m-%d %H:%M:%S")
            warnings.warn(
                f"{config.method} was given no scorer: it takes the scores {name!r} of tag {self._query_tag.name!r}, "
                f"uploaded {when} for the selection {first.name!r}; give it scores of the model that you have now",
                stacklevel=3,
            )

    def _spelled_out(self, config: SamplerConfig, scores: Mapping[str, Any]) -> SamplerConfig:
        """The configuration with its size and its score said, so that the platform never has to guess."""
        n_samples = self._wanted(config) if config.n_samples == OPEN_END else config.n_samples
        # Coverage is weighted by the scores that it is given, never by those of a round before.
        unweighted = not needs_scores(config.method) and not scores and config.score is None
        if unweighted or not takes_scores(config.method):
            return replace(config, n_samples=n_samples)
        if config.score is not None and scores and config.score not in scores:
            raise InvalidInputError(f"the scorer has no score {config.score!r}; it has {', '.join(scores)}")
        score = config.score or (default_score(list(scores)) if scores else self._default_score)
        return replace(config, n_samples=n_samples, score=score)

    def _upload(self, scores: Mapping[str, NDArray[np.float64]]) -> None:
        self._client().upload_scores(scores, self._query_tag.id)
        self._default_score = default_score(list(scores))


def _require_length(values: Mapping[str, NDArray[Any]], filenames: Sequence[str]) -> None:
    for name, scores in values.items():
        if len(scores) != len(filenames):
            raise InvalidInputError(
                f"there are {len(scores)} predictions ({name}) for {len(filenames)} samples: by position they are "
                "given for all of query_set, in its order"
            )


def _require_finite(values: Mapping[str, NDArray[Any]], filenames: Sequence[str]) -> None:
    for name, scores in values.items():
        bad = np.flatnonzero(~np.isfinite(scores))
        if bad.size:
            raise InvalidInputError(
                f"{bad.size} of {len(filenames)} scores {name!r} are not finite, the first is of {filenames[bad[0]]!r}"
            )
