"""A file of tensors in torch's format of 2016 to 2020 -> arrays.

Such a file is five pickles in a row - a magic number, the version of the format, sizes of C types, a dictionary of
tensors, the keys of their storages - and then every storage in the order of the keys: its number of elements (int64)
and the elements, little-endian. A pickle can hold any code. This reader knows the names that tensors need and
refuses all others before anything is called.
"""

import io
import pickle
from collections import OrderedDict
from dataclasses import dataclass
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from lightly_ray.errors import InvalidInputError

_MAGIC, _VERSION = 0x1950A86A20F9469CFC6C, 1001
_STORAGES = {"FloatStorage": np.dtype("<f4"), "LongStorage": np.dtype("<i8")}


@dataclass(frozen=True, slots=True)
class _Storage:
    key: str
    dtype: np.dtype[Any]
    size: int


@dataclass(frozen=True, slots=True)
class _Tensor:
    storage: _Storage
    offset: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]


class _TensorsOnly(pickle.Unpickler):
    """Rebuilds descriptions of tensors; any other name in the file is an error."""

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) == ("collections", "OrderedDict"):
            return OrderedDict
        if (module, name) == ("torch._utils", "_rebuild_tensor_v2"):
            return _tensor
        if module == "torch" and name in _STORAGES:
            return _STORAGES[name]
        raise pickle.UnpicklingError(f"it holds {module}.{name}, which is no tensor; nothing of it was run")

    def persistent_load(self, pid: Any) -> _Storage:
        kind, dtype, key, _location, size, _view = pid
        if kind != "storage":
            raise pickle.UnpicklingError(f"it refers to {kind!r}, which is no storage of tensors")
        return _Storage(key, dtype, size)


def _tensor(storage: _Storage, offset: int, shape: tuple[int, ...], strides: tuple[int, ...], *_: object) -> _Tensor:
    return _Tensor(storage, offset, shape, strides)


def read_tensors(data: bytes, what: str) -> dict[str, NDArray[Any]]:
    """Read a file of named tensors.

    Args:
        data: the bytes of the file.
        what: how messages call it.

    Returns:
        An array per name, float32 or int64, each in the shape that the file gives it.

    Raises:
        InvalidInputError: it is no such file, is cut short, or holds anything but tensors; nothing in it is run.
    """
    file = io.BytesIO(data)
    try:
        _require_format(_TensorsOnly(file).load(), _TensorsOnly(file).load())
        _sizes, tensors, keys = (_TensorsOnly(file).load() for _ in range(3))
        storages = {tensor.storage.key: tensor.storage for tensor in tensors.values()}
        values = {key: _read_storage(file, storages[key]) for key in keys}
        return {name: _array(tensor, values[tensor.storage.key]) for name, tensor in tensors.items()}
    except Exception as error:  # a broken pickle raises whatever its bytes happen to mean
        raise InvalidInputError(f"{what} cannot be read as a file of tensors: {error}") from error


def _require_format(magic: object, version: object) -> None:
    if (magic, version) != (_MAGIC, _VERSION):
        raise ValueError("it is not in torch's format of 2016 to 2020")


def _read_storage(file: BinaryIO, storage: _Storage) -> NDArray[Any]:
    (size,) = np.frombuffer(file.read(8), "<i8")
    if size != storage.size:
        raise ValueError(f"a storage of {storage.size} numbers is said to have {size}")
    return np.frombuffer(file.read(storage.size * storage.dtype.itemsize), storage.dtype, count=storage.size)


def _array(tensor: _Tensor, values: NDArray[Any]) -> NDArray[Any]:
    last = sum((size - 1) * stride for size, stride in zip(tensor.shape, tensor.strides, strict=True))
    if min(tensor.offset, *tensor.strides, *tensor.shape, 0) < 0 or tensor.offset + last >= len(values):
        raise ValueError("a tensor lies outside its storage")
    strides = [stride * values.itemsize for stride in tensor.strides]
    return np.lib.stride_tricks.as_strided(values[tensor.offset :], tensor.shape, strides, writeable=False).copy()
