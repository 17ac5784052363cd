"""A long line between two network namespaces: `python -m tests.cluster.slow_link ONE OTHER MILLISECONDS`.

Each namespace gets a tun device `slow0`. This program stands between the two and holds every packet back for that long
on its way, in each direction. It says `ready` when the devices are there, and runs until it is killed.
"""

import ctypes
import fcntl
import os
import select
import struct
import sys
import time
from collections import deque
from pathlib import Path

DEVICE = "slow0"
MTU = 9000  # bytes; the fewer packets, the less of a CPU this takes
_TUNSETIFF, _TUN_WITHOUT_HEADER, _NETWORK = 0x400454CA, 0x1001, 0x40000000


def _tun(namespace: str) -> int:
    """A device in a namespace; the file that its packets are read from and written to."""
    libc = ctypes.CDLL(None, use_errno=True)
    with Path("/run/netns", namespace).open() as there:
        if libc.setns(there.fileno(), _NETWORK):
            raise OSError(ctypes.get_errno(), f"cannot enter the namespace {namespace}")
    device = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
    fcntl.ioctl(device, _TUNSETIFF, struct.pack("16sH22x", DEVICE.encode(), _TUN_WITHOUT_HEADER))
    return device


def main() -> None:
    """Hold packets back."""
    one, other, delay = _tun(sys.argv[1]), _tun(sys.argv[2]), float(sys.argv[3]) / 1e3
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    to, waiting = {one: other, other: one}, deque[tuple[float, int, bytes]]()
    poll = select.poll()
    for device in to:
        poll.register(device, select.POLLIN)
    while True:
        left = None if not waiting else max(0.0, 1e3 * (waiting[0][0] - time.monotonic()))
        for device, _ in poll.poll(left):
            waiting.append((time.monotonic() + delay, to[device], os.read(device, 2 * MTU)))
        now = time.monotonic()
        while waiting and waiting[0][0] <= now:
            _, device, packet = waiting.popleft()
            try:
                os.write(device, packet)
            except OSError:  # as on any line: the packet is lost, and is sent again
                continue


if __name__ == "__main__":
    main()
