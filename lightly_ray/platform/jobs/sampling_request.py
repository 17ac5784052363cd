"""The body of a sampling request, as the published client sends it, with our optional fields."""

from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field
from pydantic.alias_generators import to_camel

from lightly_ray.methods import (
    OPEN_END,
    Normalize,
    require_normalize,
    require_possible,
    require_random_share,
    require_size,
    resolve_size,
)
from lightly_ray.platform.storage.store.records import Json

Method = Annotated[
    Literal["ACTIVE_LEARNING", "AUTO", "CLUSTER", "CORAL", "CORESET", "COVERAGE", "RANDOM"],
    BeforeValidator(lambda value: value.upper() if isinstance(value, str) else value),
]


class _Body(BaseModel):
    # Fields that later clients add are passed over, as in every other body.
    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, frozen=True)


class StoppingCondition(_Body):
    """When a selection ends.

    Attributes:
        n_samples: total with the preselected ones; a float in (0, 1] is a share, -1 as many as ``min_distance`` lets.
        min_distance: samples nearer than that to the selection are not taken; 0 or less: off.
    """

    n_samples: int | float = Field(allow_inf_nan=False)
    min_distance: float = Field(default=-1.0, allow_inf_nan=False)


class SamplingConfig(_Body):
    """The part of the body that holds the stopping condition."""

    stopping_condition: StoppingCondition


class SamplingRequest(_Body):
    """Select samples and make a tag of them."""

    new_tag_name: str
    method: Method
    config: SamplingConfig
    query_tag_id: str | None = None
    preselected_tag_id: str | None = None
    score_type: str | None = None
    seed: int = 0
    normalize: Normalize | None = False
    random_share: float = Field(default=0.0, allow_inf_nan=False)
    predictions_id: str | None = Field(default=None, pattern=r"^[0-9a-f]{64}$")

    def limits(self, available: int, preselected: int, *, left_out: int = 0) -> tuple[int | float, float | None]:
        """The number of samples and the distance, as ``lightly_ray.select`` takes them.

        Args:
            available: samples in the query set or preselected.
            preselected: how many are preselected.
            left_out: how many of the query set are never offered.

        Raises:
            InvalidInputError: no selection has that size.
        """
        n_samples, distance = self.config.stopping_condition.n_samples, self.config.stopping_condition.min_distance
        min_distance = distance if distance > 0 else None
        if self.normalize is not None:
            require_normalize(self.normalize, distance)
        require_random_share(self.random_share, distance)
        if n_samples < 0 and min_distance is not None:
            return resolve_size(OPEN_END, available, open_end=True), min_distance
        if isinstance(n_samples, float) and n_samples > 1 and n_samples.is_integer():
            n_samples = int(n_samples)  # JSON may say 100.0
        size = require_size(n_samples)
        require_possible(resolve_size(size, available), available, preselected, left_out=left_out)
        return size, min_distance

    def identity(self, embedding_id: str | None) -> Json:
        """What makes two requests the same: with the tag's name, all that the result depends on."""
        # Without a share it is as it was before there were any: jobs of that time answer still.
        left_out = None if self.random_share else {"random_share"}
        return self.model_dump(mode="json", by_alias=True, exclude=left_out) | {"embeddingId": embedding_id}
