"""How many of each class were chosen, beside the pool and beside random draws of the same size.

Counts of a random draw without replacement follow the multivariate hypergeometric distribution of the pool's counts, so
draws cost nothing, whatever the size of the pool. Evenness is the entropy of the chosen counts as a share of its
maximum:

    e = -sum p_c log p_c / log C,   p_c = share of class c among the chosen; C classes occur in the pool
"""

import numpy as np
from numpy.typing import NDArray

from lightly_ray.report.spread import Json, compared, rounded

DRAWS = 100
UNKNOWN = -1


def balance(codes: NDArray[np.int64], names: list[str], pool: NDArray[np.int64], chosen: NDArray[np.int64]) -> Json:
    """The classes of the chosen.

    Args:
        codes: (total,) class of each sample by row, `UNKNOWN` where it is not known.
        names: C of them.
        pool: (N,) rows that could be chosen, those that were among them.
        chosen: (K,) rows.

    Returns:
        ``classes``, each with its count among the chosen and in the pool. Where the class of all of the pool is known,
        each is ``compared`` with random draws, and so is the ``evenness``. ``unknown``: chosen samples without a class.
    """
    in_pool, of_chosen = _counts(codes[pool], len(names)), _counts(codes[chosen], len(names))
    known = int(in_pool.sum())
    result: Json = {
        "chosen": len(chosen),
        "unknown": len(chosen) - int(of_chosen.sum()),
        "pool": len(pool),
        "pool_known": known,
        "classes": [
            {"name": name, "chosen": int(of_chosen[code]), "pool": int(in_pool[code])}
            for code, name in enumerate(names)
            if in_pool[code] or of_chosen[code]
        ],
    }
    if known == len(pool) and len(chosen):
        # Known of all the pool: draws of it can be compared.
        generator = np.random.default_rng(0)
        draws = generator.multivariate_hypergeometric(in_pool, len(chosen), size=DRAWS)
        there = np.flatnonzero(in_pool)
        for one, code in zip(result["classes"], there, strict=True):
            one["compared"] = compared(one["chosen"], draws[:, code])
        if len(there) > 1:
            evenness = [_evenness(counts[there]) for counts in draws]
            result["evenness"] = compared(_evenness(of_chosen[there]), evenness)
    return result


def labels_per_class(codes: NDArray[np.int64], names: list[str], rows: NDArray[np.int64]) -> dict[str, int]:
    """How many of some rows have each class, those without a sample left out."""
    counts = _counts(codes[rows], len(names))
    return {name: int(count) for name, count in zip(names, counts, strict=True) if count}


def _counts(codes: NDArray[np.int64], classes: int) -> NDArray[np.int64]:
    return np.bincount(codes[codes != UNKNOWN], minlength=classes)


def _evenness(counts: NDArray[np.int64]) -> float:
    shares = counts[counts > 0] / counts.sum()
    return rounded(float(-(shares * np.log(shares)).sum() / np.log(len(counts)))) or 0.0
