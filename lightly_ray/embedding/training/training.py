"""How a network is trained."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Training:
    """How a network is trained.

    Attributes:
        model: the network to start from, see `start`.
        max_epochs: how often every image is seen; at least 1.
        num_workers: that train side by side; at least 1.
        batch_size: images of a worker's step; at least 2.
    """

    model: str
    max_epochs: int
    num_workers: int = 1
    batch_size: int = 64
