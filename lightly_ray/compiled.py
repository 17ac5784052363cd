"""Loops that NumPy cannot express, compiled by numba."""

from collections.abc import Callable
from typing import Any

import numba

from lightly_ray.kernel_cache import kernel_cache


def compiled(**options: Any) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Decorate a function to be compiled on its first call, for the dtypes of that call, without the lock of Python.

    The result is kept on disk, once for each user of a machine (`lightly_ray.kernel_cache`); where that cannot be,
    every process compiles for itself.

    Args:
        options: further ones of ``numba.njit``. ``error_model="numpy"``: without it a division can raise, which keeps
            its loop from being vectorised.
    """

    def decorate(function: Callable[..., Any]) -> Callable[..., Any]:
        result: Any = numba.njit(nogil=True, **options)(function)
        kept = kernel_cache(function)
        if kept is not None:
            result._cache = kept  # what `enable_caching` of numba sets, too
        jitted: Callable[..., Any] = result
        return jitted

    return decorate
