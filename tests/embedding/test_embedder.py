"""An embedder on disk: the same vectors again, or one clear error."""

from pathlib import Path

import numpy as np
import pytest

from lightly_ray.embedding.embedder import Embedder
from lightly_ray.embedding.models import open_model
from lightly_ray.embedding.reduction import fit_reduction
from lightly_ray.errors import ConflictError, InvalidInputError
from tests.embedding.onnx_files import tiny

VALUES = np.random.default_rng(0).normal(size=(9, 5)).astype(np.float32)


@pytest.mark.parametrize("reduced", [True, False])
def test_embedder__survives_saving(reduced: bool) -> None:
    embedder = Embedder.of(open_model("descriptor"), fit_reduction(VALUES, 3) if reduced else None)
    read = Embedder.from_bytes(embedder.to_bytes())
    assert (read.model, read.digest, read.space) == (embedder.model, embedder.digest, embedder.space)
    np.testing.assert_array_equal(read.embed(VALUES), embedder.embed(VALUES))
    np.testing.assert_allclose(np.linalg.norm(read.embed(VALUES), axis=1), 1, rtol=1e-6)
    assert read.embed(VALUES).shape == (9, 3 if reduced else 5)


def test_embedder__spaces_differ_by_model_and_axes() -> None:
    model = open_model("descriptor")
    spaces = {
        Embedder.of(model, None).space,
        Embedder.of(model, fit_reduction(VALUES, 3)).space,
        Embedder.of(model, fit_reduction(VALUES[1:], 3)).space,
        Embedder("descriptor", model.options, "another", None).space,
    }
    assert len(spaces) == 4


@pytest.mark.parametrize("content", [b"other bytes", b"", b"PK\x03\x04"])
def test_embedder__other_bytes_are_refused(content: bytes) -> None:
    with pytest.raises(InvalidInputError, match=r"^e\.npz is no embedder"):
        Embedder.from_bytes(content, "e.npz")


def test_embedder__a_model_that_changed_is_refused(tmp_path: Path) -> None:
    path = tiny(tmp_path / "tiny.onnx")
    embedder = Embedder.from_bytes(Embedder.of(open_model(str(path)), None).to_bytes())
    assert embedder.open_model().digest == embedder.digest
    tiny(path, outputs=("mean",))
    with pytest.raises(ConflictError, match=r"tiny\.onnx' is another one than the one that made these embeddings"):
        embedder.open_model()
