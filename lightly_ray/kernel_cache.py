"""Where compiled functions are kept: once for each user of a machine, whichever folder the package is run from.

    ROOT/numba-0.68.1-py311-3f2a.../lightly_ray.selection.distance.distances-1c9e....nbc

A job under Ray's ``--working-dir`` runs from a folder of its own, and would compile everything again where the code is
kept beside the sources. Here the folder is called by what the code follows from: numba, Python, and a digest of all
sources of the package, so that two versions never meet. A file is called by the signature and the processor; it appears
whole, and two processes that compile the same function write the same file.

What is kept is code that will be run, so a folder that another user could write to is not used. ROOT is
``lightly_ray/kernels`` in the user's cache (``XDG_CACHE_HOME``, else ``~/.cache``), or in ``NUMBA_CACHE_DIR`` where
that is set; where the first cannot be used, a folder in the one for temporary files. Versions that nobody has used for
a month are deleted.
"""

import hashlib
import os
import pickle
import shutil
import stat
import sys
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any

import numba
from numba.core.caching import FunctionCache
from numba.core.compiler import CompileResult
from numba.core.runtime import rtsys
from numba.core.serialize import dumps

_PACKAGE = Path(__file__).parent
_MONTH = 30 * 86_400.0  # seconds


class KernelCache(FunctionCache):  # type: ignore[misc]  # numba ships no types
    """What numba asks for the code of one function.

    Args:
        function: of this package.
        folder: of this version.
    """

    def __init__(self, function: Callable[..., Any], folder: Path) -> None:
        # Not numba's own: it would look for a folder beside the sources.
        self._py_func, self._folder = function, folder
        self._name = f"{function.__module__}.{function.__qualname__}"
        self.enable()

    @property
    def cache_path(self) -> str:
        """The folder."""
        return str(self._folder)

    def flush(self) -> None:
        """Forget all of this function."""
        for path in self._folder.glob(f"{self._name}-*.nbc"):
            path.unlink(missing_ok=True)

    def load_overload(self, sig: Any, target_context: Any) -> Any:
        """The code for a signature, None where it has to be compiled."""
        # Not numba's own, which loads all that can be compiled: half a second that code which is there does not need.
        rtsys.initialize(target_context)
        key = self._index_key(sig, target_context.codegen())
        try:
            kept, reduced = pickle.loads(self._place(key).read_bytes())  # noqa: S301 - the folder is ours alone
        except OSError:
            return None
        return CompileResult._rebuild(target_context, *reduced) if kept == key else None

    def _save_overload(self, sig: Any, data: Any) -> None:
        if data.lifted or data.library.has_dynamic_globals:  # addresses of this process
            return
        key = self._index_key(sig, data.codegen)
        place = self._place(key)
        draft = place.with_suffix(f".{uuid.uuid4().hex[:12]}")
        try:
            draft.write_bytes(dumps((key, data._reduce())))
            draft.replace(place)
        except OSError:  # a full disk: then every process compiles for itself
            draft.unlink(missing_ok=True)

    def _place(self, key: Any) -> Path:
        return self._folder / f"{self._name}-{hashlib.blake2b(repr(key).encode(), digest_size=12).hexdigest()}.nbc"


def kernel_cache(function: Callable[..., Any]) -> KernelCache | None:
    """A cache for a function of this package; None where there is no folder for it, or it is of another package."""
    if not Path(function.__code__.co_filename).is_relative_to(_PACKAGE):
        return None
    folder = _folder_of_version()
    return None if folder is None else KernelCache(function, folder)


@cache
def _folder_of_version() -> Path | None:
    root = next((folder for folder in _roots() if _is_ours(folder)), None)
    if root is None:
        return None
    python = f"{sys.version_info.major}{sys.version_info.minor}"
    folder = root / f"numba-{numba.__version__}-py{python}-{_digest_of_sources()}"
    if not _is_ours(folder):
        return None
    with suppress(OSError):
        os.utime(folder)
        for other in root.iterdir():
            if other.stat().st_mtime < time.time() - _MONTH:
                shutil.rmtree(other, ignore_errors=True)
    return folder


def _roots() -> Iterator[Path]:
    given = os.environ.get("NUMBA_CACHE_DIR")
    if given:
        yield Path(given) / "lightly_ray" / "kernels"
        return
    with suppress(RuntimeError):  # a user without a home
        yield Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "lightly_ray" / "kernels"
    yield Path(tempfile.gettempdir()) / f"lightly_ray-kernels-{os.getuid()}"


def _is_ours(folder: Path) -> bool:
    """Whether a folder is there, or could be made, that this user can write to and no other."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        about = folder.lstat()
    except OSError:
        return False
    others = stat.S_IWGRP | stat.S_IWOTH
    return (
        stat.S_ISDIR(about.st_mode)
        and about.st_uid == os.getuid()
        and not about.st_mode & others
        and os.access(folder, os.W_OK)
    )


def _digest_of_sources() -> str:
    """Of all sources: a compiled function holds those that it calls, and the constants of other files."""
    digest = hashlib.blake2b(digest_size=12)
    for path in sorted(_PACKAGE.rglob("*.py")):
        digest.update(f"{path.relative_to(_PACKAGE)}\0".encode() + path.read_bytes() + b"\0")
    return digest.hexdigest()
