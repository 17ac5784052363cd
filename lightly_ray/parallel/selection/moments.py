"""What a whitening is fitted on, of rows that lie on a cluster: a task for each partition."""

from collections.abc import Mapping, Sequence
from typing import Any

import ray
from ray.exceptions import GetTimeoutError

from lightly_ray.data.ids import RowNumbers
from lightly_ray.data.sources import Blocks
from lightly_ray.data.vectors import VectorFault
from lightly_ray.errors import WorkerLostError
from lightly_ray.parallel.errors import plain_errors
from lightly_ray.parallel.selection.whitened_blocks import moments_of
from lightly_ray.selection.whitening import Moments

_MOST_LOSSES = 5  # of workers on the way


def moments_on_workers(
    parts: Sequence[tuple[Blocks, RowNumbers]], timeout: float | None, remote_args: Mapping[str, Any]
) -> list[Moments | VectorFault]:
    """`moments_of` for each part, in a task that asks Ray for no CPU, as shards do.

    Raises:
        WorkerLostError: workers hang, or are lost again and again.
    """
    for attempt in range(_MOST_LOSSES + 1):
        answers = [_sum_for_whitening.options(**remote_args).remote(*part) for part in parts]
        try:
            with plain_errors():
                return list(ray.get(answers, timeout=timeout))
        except GetTimeoutError as error:
            raise WorkerLostError(f"no answer to 'moments' within {timeout:g} s") from error
        except WorkerLostError:
            if attempt == _MOST_LOSSES:
                raise
    raise AssertionError("the loop returns or raises")


@ray.remote(num_cpus=0)
def _sum_for_whitening(given: Blocks, rows: RowNumbers) -> Moments | VectorFault:
    return moments_of(given, rows)
