"""Eight running sums in one vector register: the inner loop of the exact distance.

Numba leaves the eight sums of NumPy's pairwise summation as scalars, three times slower than the eight-wide vector
that they are. So this one loop is written for LLVM directly. It holds no freedom: every lane adds in order, without
fused or reordered operations, hence the same bits on every machine.
"""

from typing import Any

from llvmlite import ir
from numba.core import cgutils, types
from numba.extending import intrinsic

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
