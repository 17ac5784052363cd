"""Loops that NumPy cannot express, compiled by numba."""

from collections.abc import Callable
from typing import Any

import numba


def compiled(**options: Any) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Decorate a function to be compiled on its first call, for the dtypes of that call, without the lock of Python.

    The result is kept on disk, beside the package or in the user's cache; where neither can be written to, every
    process compiles for itself. What is kept is thrown away when the file of the function changes, not when a function
    of another file that it calls does: after such a change delete the ``*.nbi`` files in ``__pycache__``.

    Args:
        options: further ones of ``numba.njit``. ``error_model="numpy"``: without it a division can raise, which keeps
            its loop from being vectorised.
    """

    def decorate(function: Callable[..., Any]) -> Callable[..., Any]:
        try:
            jitted = numba.njit(nogil=True, cache=True, **options)(function)
        except RuntimeError:  # numba finds no folder for its cache
            jitted = numba.njit(nogil=True, **options)(function)
        result: Callable[..., Any] = jitted
        return result

    return decorate
