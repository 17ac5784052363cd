"""Two things that numba cannot express, written for LLVM directly.

Eight running sums in one vector register, the inner loop of the exact distance: numba leaves them as scalars, three
times slower. The loop holds no freedom: every lane adds in order, without fused or reordered operations, hence the
same bits on every machine. And a request for a cache line ahead of its use.
"""

from typing import Any

import numpy as np
from llvmlite import ir
from numba.core import cgutils, types
from numba.extending import intrinsic
from numpy.typing import NDArray

from lightly_ray.compiled import compiled

_LANES = 8


@intrinsic  # type: ignore[untyped-decorator]  # numba ships no types
def sum_in_lanes(typing: Any, x: Any, c: Any, start: Any, whole: Any) -> Any:
    """Sum of (x_k - c_k)^2 over ``whole`` coordinates from ``start``, a multiple of eight.

        lane_i = sum over k = i mod 8, in order;  ((l0 + l1) + (l2 + l3)) + ((l4 + l5) + (l6 + l7))

    Args:
        typing: numba's typing context.
        x: C-contiguous (D,) float32 or float64.
        c: the same kind.
        start: first coordinate.
        whole: how many coordinates.
    """

    def generate(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        wide = ir.VectorType(ir.DoubleType(), _LANES)
        arrays = [
            context.make_array(kind)(context, builder, value)
            for kind, value in zip(signature.args, values[:2], strict=False)
        ]
        loads = [_loader(builder, array.data, kind.dtype) for array, kind in zip(arrays, signature.args, strict=False)]
        total = cgutils.alloca_once_value(builder, ir.Constant(wide, [0.0] * _LANES))
        size = values[3].type
        loop = cgutils.for_range_slice(builder, size(0), values[3], size(_LANES), inc=True)
        with loop as (k, _):
            at = builder.add(values[2], k)
            difference = builder.fsub(loads[0](at), loads[1](at))
            square = builder.fmul(difference, difference)
            builder.store(builder.fadd(builder.load(total), square), total)
        return _folded(builder, builder.load(total))

    return types.float64(x, c, types.intp, types.intp), generate


def _loader(builder: Any, data: Any, dtype: Any) -> Any:
    """A function that loads eight numbers from a position on, as float64."""
    element = ir.FloatType() if dtype == types.float32 else ir.DoubleType()

    def load(at: Any) -> Any:
        pointer = builder.bitcast(builder.gep(data, [at]), ir.VectorType(element, _LANES).as_pointer())
        vector = builder.load(pointer)
        vector.align = dtype.bitwidth // 8  # slices of arrays are aligned to their numbers only
        return vector if element == ir.DoubleType() else builder.fpext(vector, ir.VectorType(ir.DoubleType(), _LANES))

    return load


def _folded(builder: Any, vector: Any) -> Any:
    sums = [builder.extract_element(vector, ir.IntType(32)(lane)) for lane in range(_LANES)]
    while len(sums) > 1:
        sums = [builder.fadd(left, right) for left, right in zip(sums[::2], sums[1::2], strict=True)]
    return sums[0]


@compiled(inline="always")
def prefetch_row(array: NDArray[np.floating], row: int) -> None:
    """Ask for all cache lines of a row of a C-contiguous (N, D) array.

    Rows of a tile lie anywhere in memory. Asking for them a few rows ahead halves the time to gather them.
    """
    count = array.shape[1]
    for k in range(0, count, 64 // array.itemsize):
        _prefetch(array, np.intp(row) * count + k)


@intrinsic  # type: ignore[untyped-decorator]  # numba ships no types
def _prefetch(typing: Any, array: Any, at: Any) -> Any:
    """Ask for the cache line that holds element ``at`` of an array; waits for nothing, changes nothing.

    Args:
        typing: numba's typing context.
        array: C-contiguous.
        at: counted over all elements.
    """

    def generate(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        byte, number = ir.IntType(8).as_pointer(), ir.IntType(32)
        data = context.make_array(signature.args[0])(context, builder, values[0]).data
        kind = ir.FunctionType(ir.VoidType(), [byte, number, number, number])
        function = cgutils.get_or_insert_function(builder.module, kind, "llvm.prefetch.p0i8")
        read, keep, of_data = number(0), number(3), number(1)
        builder.call(function, [builder.bitcast(builder.gep(data, [values[1]]), byte), read, keep, of_data])
        return context.get_dummy_value()

    return types.void(array, types.intp), generate
