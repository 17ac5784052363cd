"""What a network that the user brings does not say of itself."""

from pydantic import BaseModel, ConfigDict

from lightly_ray.embedding.preparation import Colour


class ModelOptions(BaseModel):
    """Settings of a network; None: as it says itself, else ImageNet's.

    Attributes:
        input_size: pixels of the square that it takes.
        mean: of each colour, of values 0 to 1; subtracted.
        std: of each colour; divided by.
        output_name: which of several outputs.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")
    input_size: int | None = None
    mean: Colour | None = None
    std: Colour | None = None
    output_name: str | None = None
