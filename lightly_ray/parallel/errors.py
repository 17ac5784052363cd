"""Errors of Ray tasks as what they were before Ray wrapped them."""

import re
from collections.abc import Iterator
from contextlib import contextmanager

from ray.exceptions import RayTaskError

from lightly_ray import errors


@contextmanager
def plain_errors() -> Iterator[None]:
    """Raise a deliberate error of a Ray task as what it was, in place of Ray's account of the failed task."""
    try:
        yield
    except RayTaskError as error:
        # Ray keeps the text of the cause, and its class only by name.
        lines = re.findall(r"^lightly_ray\.errors\.(\w+): (.*)$", str(error), re.MULTILINE)
        if not lines:
            raise
        name, message = lines[-1]
        raise getattr(errors, name)(message) from error
