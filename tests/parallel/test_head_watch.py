"""What is said of a program that could not say it itself."""

import subprocess
import sys

import pytest


@pytest.mark.parametrize(
    ("then", "said"), [("os._exit(3)", "gone\n"), ("word.forget(); os._exit(3)", ""), ("raise SystemExit(3)", "")]
)
def test_last_word__is_said_where_a_program_ends_at_once(then: str, said: str) -> None:
    program = f"""
import os
from lightly_ray.parallel.head_watch import LastWord
word = LastWord("gone")
{then}
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (3, said)
