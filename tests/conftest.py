"""Real parts that tests share: one local Ray, and the rule for parts that may be missing."""

import logging
import os
from collections.abc import Iterator

import pytest
import ray


def missing(part: str, reason: str) -> None:
    """Skip the test for want of ``part``, or fail it where ``REQUIRE`` names the part or says ``all``."""
    required = os.environ.get("REQUIRE", "").split(",")
    if "all" in required or part in required:
        pytest.fail(f"{part} is required here and missing: {reason}")
    pytest.skip(f"{part} is missing: {reason}")


@pytest.fixture(scope="session")
def ray_local() -> Iterator[None]:
    """One local Ray of two CPUs for all tests that need any."""
    ray.init(
        num_cpus=2,
        object_store_memory=300 * 2**20,
        include_dashboard=False,
        logging_level=logging.WARNING,
        log_to_driver=False,
    )
    yield
    ray.shutdown()
