"""The loop: query, label, train, score, query again.

For every seed one initial selection is drawn at random; all methods go on from it, so their curves start in one point.
Every query is a selection job on the platform and leaves one tag, whose parent is the tag before.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from lightly_ray.active_learning.agents import ActiveLearningAgent
from lightly_ray.active_learning.config import SamplerConfig, SamplingMethod
from lightly_ray.active_learning.scorers import ScorerClassification
from lightly_ray.api import ApiWorkflowClient
from lightly_ray.embedding.classifier import Classifier
from lightly_ray.methods import needs_scores, takes_labels
from lightly_ray.parallel.embedding.train import Handle, Trainer
from lightly_ray.progress import Progress
from lightly_ray.workflow.curves import Curve

METHODS = (SamplingMethod.RANDOM, SamplingMethod.CORESET, SamplingMethod.CORAL, SamplingMethod.AUTO)


@dataclass(frozen=True, slots=True)
class Plan:
    """How many samples are labelled when, and how often all of it is repeated.

    Attributes:
        initial: size of the initial selection.
        per_round: samples added by each later query.
        n_rounds: queries after the initial one.
        seeds: repetitions, with seeds 0 .. seeds - 1.
        score: which score CORAL uses; AUTO looks at the probabilities themselves.
    """

    initial: int
    per_round: int
    n_rounds: int
    seeds: int
    score: str

    @property
    def labels(self) -> list[int]:
        """Numbers of labelled samples at which accuracy is measured."""
        return [self.initial + step * self.per_round for step in range(self.n_rounds + 1)]

    @property
    def queries(self) -> int:
        """Selection jobs over the whole experiment."""
        return self.seeds * (1 + len(METHODS) * self.n_rounds)


def run_loop(client: ApiWorkflowClient, trainer: Trainer, labels: Mapping[str, str], plan: Plan) -> dict[str, Curve]:
    """Run every method for every seed.

    Args:
        client: set to a dataset that holds the pool and its embeddings.
        trainer: knows the pool and the held-out set.
        labels: class by file name; read for selected samples only, as an annotator would give them.
        plan: sizes and repetitions.

    Returns:
        A curve per method, under its name in lower case.
    """
    accuracies: dict[str, list[list[Handle[float]]]] = {method: [] for method in METHODS}
    with Progress("active learning", plan.queries, unit="queries") as progress:
        for seed in range(plan.seeds):
            name = f"seed-{seed}-initial"
            agent = ActiveLearningAgent(client)
            agent.query(SamplerConfig(SamplingMethod.RANDOM, plan.initial, name=name, seed=seed))
            progress.advance(note=name)
            for method in METHODS:
                run = _Run(client, trainer, labels, plan, progress)
                accuracies[method].append(run.go_on(method, seed, name))
    return {method.lower(): Curve(plan.labels, trainer.results(runs)) for method, runs in accuracies.items()}


@dataclass(frozen=True, slots=True)
class _Run:
    client: ApiWorkflowClient
    trainer: Trainer
    labels: Mapping[str, str]
    plan: Plan
    progress: Progress

    def go_on(self, method: str, seed: int, initial: str) -> list[Handle[float]]:
        """Query with one method from an initial selection; accuracies are awaited only at the very end."""
        agent = ActiveLearningAgent(self.client, preselected_tag_name=initial)
        classifier = self.trainer.train(self._labelled(agent))
        accuracies = [self.trainer.accuracy(classifier)]
        for step, size in enumerate(self.plan.labels[1:], start=1):
            name = f"seed-{seed}-{method.lower()}-{step}"
            config = SamplerConfig(method, size, name=name, seed=seed)
            if takes_labels(method):
                agent.query(config, self._scorer(classifier), labels=self._classes(agent))
            elif needs_scores(method):
                config.score = self.plan.score
                agent.query(config, self._scorer(classifier))
            else:
                agent.query(config)
            classifier = self.trainer.train(self._labelled(agent))
            accuracies.append(self.trainer.accuracy(classifier))
            self.progress.advance(note=name)
        return accuracies

    def _scorer(self, classifier: Handle[Classifier]) -> ScorerClassification:
        return ScorerClassification.from_dataset(self.trainer.predict(classifier))

    def _classes(self, agent: ActiveLearningAgent) -> dict[str, int]:
        numbers = {name: number for number, name in enumerate(self.trainer.classes)}
        return {name: numbers[label] for name, label in self._labelled(agent).items()}

    def _labelled(self, agent: ActiveLearningAgent) -> dict[str, str]:
        return {name: self.labels[name] for name in agent.labeled_set}
