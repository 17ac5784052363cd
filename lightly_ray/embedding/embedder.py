"""A model and the reduction that was fitted on its features: all that is needed to embed further images alike.

An embedder is kept beside the embeddings it made, and on the platform with them.
"""

import hashlib
import io
import json
from dataclasses import dataclass
from typing import Any
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray
from pydantic import ValidationError

from lightly_ray.embedding.model_options import ModelOptions
from lightly_ray.embedding.models import Model, open_model
from lightly_ray.embedding.reduction import Reduction, unit_length
from lightly_ray.errors import ConflictError, InvalidInputError


@dataclass(frozen=True, eq=False)
class Embedder:
    """How embeddings were made.

    Attributes:
        model: name of the model, as `open_model` takes it.
        options: of the model.
        digest: of the model.
        reduction: fitted on its features; None: they are only scaled to unit length.
    """

    model: str
    options: ModelOptions
    digest: str
    reduction: Reduction | None

    @classmethod
    def of(cls, model: Model, reduction: Reduction | None) -> "Embedder":
        """An embedder of a model as it is now."""
        return cls(model.name, model.options, model.digest, reduction)

    @property
    def space(self) -> str:
        """A digest of the vector space: embeddings can be compared where theirs is the same."""
        parts = [] if self.reduction is None else [self.reduction.mean.tobytes(), self.reduction.axes.tobytes()]
        return hashlib.blake2b(b"".join([self.digest.encode(), *parts]), digest_size=16).hexdigest()

    def embed(self, features: NDArray[np.float32]) -> NDArray[np.float32]:
        """Features (N, F) -> embeddings (N, D) float32 of unit length."""
        return unit_length(features) if self.reduction is None else self.reduction.embed(features)

    def open_model(self) -> Model:
        """The model, if it is still the one that the reduction was fitted on.

        Raises:
            ConflictError: it gives other features now.
            InvalidInputError, NotFoundError, MissingExtraError: as `open_model` of the models.
        """
        model = open_model(self.model, self.options)
        if model.digest != self.digest:
            raise ConflictError(f"model {self.model!r} is another one than the one that made these embeddings")
        return model

    def to_bytes(self) -> bytes:
        """The embedder as the bytes of an ``.npz`` file."""
        about = {"model": self.model, "options": self.options.model_dump(), "digest": self.digest}
        arrays: dict[str, Any] = {"about": np.array(json.dumps(about))}
        if self.reduction is not None:
            arrays |= {"mean": self.reduction.mean, "axes": self.reduction.axes}
        buffer = io.BytesIO()
        np.savez(buffer, **arrays)
        return buffer.getvalue()

    @classmethod
    def from_bytes(cls, data: bytes, what: str = "the file") -> "Embedder":
        """Read what ``to_bytes`` wrote.

        Raises:
            InvalidInputError: it is something else.
        """
        try:
            with np.load(io.BytesIO(data), allow_pickle=False) as arrays:
                about = json.loads(str(arrays["about"]))
                reduction = Reduction(arrays["mean"], arrays["axes"]) if "axes" in arrays else None
                options = ModelOptions.model_validate(about["options"])
                return cls(str(about["model"]), options, str(about["digest"]), reduction)
        except (ValueError, KeyError, OSError, EOFError, TypeError, BadZipFile, ValidationError) as error:
            raise InvalidInputError(f"{what} is no embedder: {error}") from error
