"""Errors of Ray tasks as what they were before Ray wrapped them, and workers that are gone as one error of ours."""

import re
from collections.abc import Iterator
from contextlib import contextmanager

from ray.exceptions import GetTimeoutError, RayError, RayTaskError, TaskCancelledError

from lightly_ray import errors


@contextmanager
def plain_errors() -> Iterator[None]:
    """Raise a deliberate error of a Ray task as what it was, in place of Ray's account of the failed task.

    Raises:
        WorkerLostError: workers died, again and again: their nodes are gone, or memory is short.
    """
    try:
        yield
    except (GetTimeoutError, TaskCancelledError):
        raise
    except RayTaskError as error:
        # Ray keeps the text of the cause, and its class only by name.
        lines = re.findall(r"^lightly_ray\.errors\.(\w+): (.*)$", str(error), re.MULTILINE)
        if lines:
            name, message = lines[-1]
            raise getattr(errors, name)(message) from error
        if isinstance(error.cause, RayError):  # it waited for what another one should have made
            raise _lost(error.cause) from error
        raise
    except RayError as error:
        raise _lost(error) from error


def in_one_line(error: Exception) -> str:
    """What Ray says of a lost worker in a paragraph."""
    return " ".join(str(error).split())[:1000]


def _lost(error: RayError) -> errors.WorkerLostError:
    return errors.WorkerLostError(f"a worker was lost again and again: {in_one_line(error)}")
