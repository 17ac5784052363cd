"""Environments for published clients and tools: one virtual environment for each set of what they need."""

import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

# Others can be asked for by `LIGHTLY_RAY_PEER_VERSIONS="1.2.0 1.2.40"`.
VERSIONS = tuple(os.environ.get("LIGHTLY_RAY_PEER_VERSIONS", "1.1.17 1.2.13 1.4.6").split())
# The releases that these clients were written against, as far as they still install.
_PINNED = ["torch==2.13.0", "numpy<2", "setuptools<80"]
_ALONE = ["torchvision==0.16.2", "pytorch-lightning==1.7.7", "lightly-utils"]  # their own pins contradict the above
_NEEDED = [
    "requests",
    "six",
    "python-dateutil",
    "urllib3",
    "certifi",
    "tqdm",
    "pillow",
    "hydra-core",
    "pyDeprecate",
    "torchmetrics<1",
    "packaging",
    "PyYAML",
    "tensorboard",
]


class PeerError(Exception):
    """An environment cannot be made here; the message says what pip said."""


def peers_folder() -> Path:
    """Where the environments live: `LIGHTLY_RAY_PEERS`, else the folder for temporary files. They are kept."""
    return Path(os.environ.get("LIGHTLY_RAY_PEERS") or Path(tempfile.gettempdir()) / "lightly_ray_peers")


def peer(version: str) -> tuple[Path, dict[str, str]]:
    """The interpreter, and the environment variables, that run one published client.

    Raises:
        PeerError: it is not there and cannot be installed.
    """
    base, client = peers_folder() / "base", peers_folder() / f"lightly-{version}"
    python = base / "bin" / "python"
    _once(base, lambda: _make_base(base, python))
    install = ("-m", "pip", "install", "-q", "--no-deps", "--target", client, f"lightly=={version}")
    _once(client, lambda: _run(python, *install))
    return python, {**os.environ, "PYTHONPATH": str(client)}


def environment(name: str, *packages: str) -> Path:
    """The interpreter of an environment of its own with these packages.

    Raises:
        PeerError: it is not there and cannot be installed.
    """
    folder = peers_folder() / name
    python = folder / "bin" / "python"

    def make() -> None:
        _run(Path(sys.executable), "-m", "venv", "--clear", folder)
        _run(python, "-m", "pip", "install", "-q", *packages)

    _once(folder, make)
    return python


def _once(target: Path, make: Callable[[], None]) -> None:
    done = target.with_name(f"{target.name}.done")  # A half-made one is made again.
    if not done.exists():
        target.parent.mkdir(parents=True, exist_ok=True)
        make()
        done.touch()


def _make_base(base: Path, python: Path) -> None:
    _run(Path(sys.executable), "-m", "venv", "--clear", base)
    _run(python, "-m", "pip", "install", "-q", *_PINNED)
    _run(python, "-m", "pip", "install", "-q", "--no-deps", *_ALONE)
    _run(python, "-m", "pip", "install", "-q", *_NEEDED)


def _run(*command: str | Path) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        said = [line for line in done.stderr.splitlines() if line.startswith("ERROR")] or ["no reason was given"]
        raise PeerError(said[-1])
