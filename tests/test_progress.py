"""Progress: a bar in a terminal, plain lines where output is piped, nothing where it is not wanted."""

import os
import pty
import re
import subprocess
import sys
import termios

import numpy as np
import pytest

import lightly_ray
from lightly_ray import progress
from lightly_ray.progress import Progress

PROGRAM = """
import numpy as np, lightly_ray
lightly_ray.select(np.random.default_rng(0).normal(size=(500, 3)), 41, "coreset", progress={show})
"""


def in_terminal(code: str) -> str:
    """What a program shows in a terminal of 80 columns."""
    ours, its = pty.openpty()
    termios.tcsetwinsize(its, (24, 80))
    with subprocess.Popen([sys.executable, "-c", code], stdin=its, stdout=its, stderr=its) as program:
        os.close(its)
        shown = b""
        try:
            while part := os.read(ours, 4096):
                shown += part
        except OSError:  # the way a terminal says that the program has ended
            pass
        os.close(ours)
    assert program.returncode == 0
    return shown.decode()


def test_terminal__shows_a_bar() -> None:
    shown = in_terminal(PROGRAM.format(show=True))
    assert re.search(r"\rselect: 100%\|█+\| 41/41 ", shown)
    assert "done in" not in shown


def test_terminal__shows_nothing_where_it_is_not_wanted() -> None:
    assert in_terminal(PROGRAM.format(show=False)) == ""


def test_pipe__gets_a_line_at_the_end() -> None:
    done = subprocess.run([sys.executable, "-c", PROGRAM.format(show=True)], capture_output=True, text=True, check=True)
    *_, last = done.stderr.splitlines()  # on a slow machine there are more
    assert re.fullmatch(r"select: 41 of 41 picks \(done in \d+\.\d s\)", last)
    assert "\r" not in done.stderr
    assert done.stdout == ""


def test_pipe__gets_lines_on_the_way_without_control_characters(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(progress, "_LINE_EVERY", 0.0)
    with Progress("count", 1_234, unit="rows") as counted:
        counted.advance(1_000, "first")
        counted.to(1_234)
    lines = capsys.readouterr().err.splitlines()
    assert lines[:2] == ["count: 1,000 of 1,234 rows (first)", "count: 1,234 of 1,234 rows"]
    assert re.fullmatch(r"count: 1,234 of 1,234 rows \(done in \d+\.\d s\)", lines[2])
    assert len(lines) == 3


def test_pipe__a_failure_says_nothing_of_done(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(ZeroDivisionError), Progress("count", 3) as counted:
        counted.advance(1 // 0)
    assert capsys.readouterr().err == ""


@pytest.mark.usefixtures("ray_local")
def test_select__is_silent_on_actors_too(capfd: pytest.CaptureFixture[str]) -> None:
    vectors = np.random.default_rng(0).normal(size=(500, 3))
    lightly_ray.select(vectors, 41, "coreset", partitions=2, progress=False)
    assert capfd.readouterr() == ("", "")
