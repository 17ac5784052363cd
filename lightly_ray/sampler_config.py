"""What to ask of one query: the method, how many samples, the name of the tag that results."""

from dataclasses import dataclass
from datetime import datetime

from lightly_ray.errors import InvalidInputError
from lightly_ray.methods import (
    Normalize,
    SamplingMethod,
    default_normalize,
    is_number,
    parse_method,
    require_normalize,
    require_random_share,
    require_size,
)


@dataclass
class SamplerConfig:
    """Settings of one selection. Loops may change an attribute and query again, so it is not frozen.

    Attributes:
        method: one of `SamplingMethod`, in any case; AUTO takes the one that suits what is given.
        n_samples: size of the resulting tag, the preselected samples included; a float in (0, 1] is a share
            of the query set and the preselected samples together; -1 leaves the end to `min_distance`.
        min_distance: stop before samples would lie nearer to each other than this; 0 or less: off.
        name: name of the new tag. By default method, sizes and the time of day down to microseconds, so
            that two configurations of one second do not claim one name.
        score: which score CORAL and ACTIVE_LEARNING use, for example "uncertainty_margin". None leaves it to
            the agent: `uncertainty_margin` where the scorer has it, else the scorer's first. Products of powers, which
            `lightly_ray.select` takes here, are none.
        seed: random numbers of RANDOM, and of the first pick of CORESET, depend on it.
        normalize: True brings the embeddings to unit length before distances are taken, "whiten" scales their
            principal axes to unit variance before. None: "whiten" for CORESET and CORAL without `min_distance`,
            which without it are often worse than RANDOM, unit length for COVERAGE; AUTO does as the method it takes.
        random_share: this part of the samples that are added, rounded up, is drawn at random before the others,
            whatever their scores: an honest sample, of which learning curves can be made
            (`ActiveLearningAgent.random_set`). In [0, 1), without `min_distance`.

    Raises:
        InvalidInputError: the method, size, distance or name of a score is none.
    """

    method: str = SamplingMethod.AUTO
    n_samples: float = 32
    min_distance: float = -1
    name: str | None = None
    score: str | None = None
    seed: int = 0
    normalize: Normalize | None = None
    random_share: float = 0.0

    def __post_init__(self) -> None:
        self.method = str(self.method).upper()
        self.check()
        if self.name is None:
            now = datetime.now().astimezone().strftime("%m_%d_%Y__%H_%M_%S_%f")
            self.name = f"{self.method}_{self.n_samples}_{self.min_distance}_{now}"

    def check(self) -> None:
        """Refuse settings that no selection can follow; attributes may have changed since construction."""
        parse_method(self.method)
        if self.score is not None and not isinstance(self.score, str):
            raise InvalidInputError(
                f"score must be the name of one score, got {self.score!r}: products of powers are taken by "
                "lightly_ray.select(score=...); for an agent multiply beforehand, and give it the product as a score"
            )
        require_size(self.n_samples)
        if not is_number(self.min_distance):
            raise InvalidInputError(f"min_distance must be a number, got {self.min_distance!r}")
        if self.normalization is not None:
            require_normalize(self.normalization, float(self.min_distance))
        require_random_share(self.random_share, float(self.min_distance))

    @property
    def normalization(self) -> Normalize | None:
        """What is done to the embeddings: what `normalize` says, or the default of the method; None: AUTO decides."""
        if self.normalize is None:
            return default_normalize(self.method, float(self.min_distance))
        return self.normalize
