"""Every score of the last published client with scorers, on random predictions, against ours."""

import subprocess
from pathlib import Path

import numpy as np
import pytest

from tests.conftest import missing
from tests.contract import published_scores
from tests.contract.peers import PeerError, peer

pytestmark = pytest.mark.full


def test_scores__equal_those_of_the_published_client(tmp_path: Path) -> None:
    try:
        python, environment = peer("1.4.6")
    except PeerError as error:
        missing("peers", str(error))
    output = tmp_path / "published.npz"
    # It asks its makers for news at every start, and fails where it cannot.
    environment = {**environment, "LIGHTLY_DID_VERSION_CHECK": "True"}
    words = [str(python), "-W", "ignore", published_scores.__file__, "lightly", str(output)]
    done = subprocess.run(words, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    published, ours = np.load(output), published_scores.all_scores("lightly_ray")
    assert list(published) == list(ours)
    for name, scores in ours.items():
        assert scores.dtype == published[name].dtype
        np.testing.assert_allclose(scores, published[name], rtol=0, atol=1e-15, err_msg=name)
