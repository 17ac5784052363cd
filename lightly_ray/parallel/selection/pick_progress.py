"""The progress of picking, on standard error and to whoever asked for it."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from lightly_ray.progress import Progress
from lightly_ray.selection.request import Problem

OnProgress = Callable[[int, int], None]
"""Called with how many samples are selected so far, preselected included, and how many will be."""


@contextmanager
def counted_picks(problem: Problem, on_progress: OnProgress | None, *, show: bool) -> Iterator[Callable[[int], None]]:
    """Show progress for the length of a `with` block, which is given what to call with numbers of picks."""
    before = len(problem.preselected)
    with Progress("select", problem.picks, unit="picks", show=show) as progress:

        def advance(picks: int) -> None:
            progress.advance(picks)
            if on_progress is not None:
                on_progress(before + progress.done, before + problem.picks)

        yield advance
