"""Progress on standard error: a bar in a terminal, plain lines where the output is piped."""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Never, Self

from tqdm import tqdm

_LINE_EVERY = 5.0  # seconds between plain lines


class Progress:
    """A running count of done units. Use as a context manager.

    Args:
        what: what is done, in a few words: "upload images".
        total: how many units there will be, None where that is unknown.
        unit: what one of them is called.
        show: False counts silently.
    """

    def __init__(self, what: str, total: int | None = None, *, unit: str = "", show: bool = True) -> None:
        self.what, self.total, self.unit = what, total, unit
        self.done = 0
        self._show = show
        self._bar: tqdm[Never] | None = None
        self._started = self._last = time.monotonic()

    def __enter__(self) -> Self:
        if self._show and sys.stderr.isatty():
            self._bar = tqdm(desc=self.what, total=self.total, unit=f" {self.unit}" if self.unit else "it")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._bar is not None:
            self._bar.close()
        elif self._show and kind is None:
            self._line(f"done in {time.monotonic() - self._started:.1f} s")

    def advance(self, count: int = 1, note: str = "") -> None:
        """Count ``count`` more units as done; ``note`` is shown behind the count."""
        self.done += count
        if self._bar is not None:
            self._bar.set_postfix_str(note, refresh=False)
            self._bar.update(count)
        elif self._show and time.monotonic() - self._last >= _LINE_EVERY:
            self._last = time.monotonic()
            self._line(note)

    def to(self, done: int, note: str = "") -> None:
        """Set the count to ``done``."""
        self.advance(done - self.done, note)

    def _line(self, note: str) -> None:
        of = "" if self.total is None else f" of {self.total:,}"
        parts = [f"{self.what}: {self.done:,}{of}", self.unit, f"({note})" if note else ""]
        sys.stderr.write(" ".join(part for part in parts if part) + "\n")
        sys.stderr.flush()


@contextmanager
def step(what: str) -> Iterator[None]:
    """Say on standard error that a step without a count begins, and how long it took."""
    started = time.monotonic()
    sys.stderr.write(f"{what} ...\n")
    sys.stderr.flush()
    yield
    sys.stderr.write(f"{what}: done in {time.monotonic() - started:.1f} s\n")
    sys.stderr.flush()
