"""The progress of picking, on standard error and to whoever asked for it."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Protocol

from lightly_ray.parallel import metrics
from lightly_ray.progress import Progress
from lightly_ray.selection.request import Problem

OnProgress = Callable[[int, int], None]
"""Called with how many samples are selected so far, preselected included, and how many will be."""


class Advance(Protocol):
    """Called with how many more picks there are; ``earlier``: an earlier run made them."""

    def __call__(self, picks: int, /, *, earlier: bool = False) -> None:
        """Count them."""


@contextmanager
def counted_picks(problem: Problem, on_progress: OnProgress | None, *, show: bool) -> Iterator[Advance]:
    """Show progress for the length of a `with` block, which is given what to call with numbers of picks."""
    before = len(problem.preselected)
    with Progress("select", problem.picks, unit="picks", show=show) as progress:

        def advance(picks: int, /, *, earlier: bool = False) -> None:
            progress.advance(picks)
            if not earlier:
                metrics.count(metrics.PICKS, picks)
            if on_progress is not None:
                on_progress(before + progress.done, before + problem.picks)

        yield advance
