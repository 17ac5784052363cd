"""What a large request took, the machine has again."""

import subprocess
import sys

import pytest

_PROGRAM = """
import sys
import psutil
import pyarrow as pa
from lightly_ray.platform.memory import give_memory_back

if sys.argv[1] == "give":
    give_memory_back()
held = [bytearray(24 << 20)]  # when one that large goes, glibc takes the next ones from among the small
held.clear()
pa.array(["x"] * 10)
before = psutil.Process().memory_info().rss
blocks = [bytearray(1 << 20) for _ in range(200)]
kept = blocks[::20]
column = pa.array(["x" * 100] * 500_000)
del blocks, column
print((psutil.Process().memory_info().rss - before) >> 20)
"""


def _kept(word: str) -> int:
    return int(subprocess.check_output([sys.executable, "-c", _PROGRAM, word], text=True))


@pytest.mark.skipif(sys.platform != "linux", reason="of glibc")
def test_give_memory_back() -> None:
    assert _kept("give") < 40  # MiB; ten blocks are still there
    assert _kept("keep") > 100  # else there is nothing to be mended, and the file can go
