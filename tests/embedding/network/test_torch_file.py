"""Files of tensors in torch's old format, written here by hand: what is read, what is refused, that nothing runs."""

import pickle
from collections import OrderedDict
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lightly_ray.embedding.network import torch_file
from lightly_ray.embedding.network.torch_file import read_tensors
from lightly_ray.errors import InvalidInputError

MAGIC = 0x1950A86A20F9469CFC6C


class _Storage:
    """Stands for a storage while a file is written."""

    def __init__(self, key: str, size: int, kind: str = "FloatStorage") -> None:
        self.key, self.size, self.kind = key, size, kind


class _Global:
    """Pickles as a name of a module and nothing else."""

    def __init__(self, module: str, name: str) -> None:
        self.module, self.name = module, name


class _Tensor:
    def __init__(self, *arguments: Any) -> None:
        self.arguments = arguments


class _Writer(pickle._Pickler):
    def persistent_id(self, obj: Any) -> Any:
        return (
            ("storage", _Global("torch", obj.kind), obj.key, "cpu", obj.size, None)
            if isinstance(obj, _Storage)
            else None
        )

    def save(self, obj: Any, save_persistent_id: bool = True) -> Any:
        if isinstance(obj, _Global):
            return self.write(f"c{obj.module}\n{obj.name}\n".encode())  # type: ignore[attr-defined]  # the Python pickler has it
        if isinstance(obj, _Tensor):
            self.save(_Global("torch._utils", "_rebuild_tensor_v2"))
            self.save((*obj.arguments, False, OrderedDict()))
            return self.write(pickle.REDUCE)  # type: ignore[attr-defined]  # the Python pickler has it
        return super().save(obj, save_persistent_id)  # type: ignore[misc]  # the Python pickler has it


def _file(folder: Path, tensors: Any, storages: dict[str, np.ndarray], magic: int = MAGIC) -> bytes:
    path = folder / "weights.pth"
    with path.open("wb") as file:
        for part in (magic, 1001, {"little_endian": True}, tensors, list(storages)):
            _Writer(file, protocol=2).dump(part)
        for values in storages.values():
            file.write(np.int64(len(values)).tobytes() + values.tobytes())
    return path.read_bytes()


def test_read_tensors__shapes_strides_and_shared_storages(tmp_path: Path) -> None:
    values = np.arange(12, dtype="<f4")
    storage, counts = _Storage("a", 12), _Storage("b", 1, "LongStorage")
    tensors = OrderedDict(
        weight=_Tensor(storage, 0, (3, 4), (4, 1)),
        turned=_Tensor(storage, 0, (4, 3), (1, 4)),
        behind=_Tensor(storage, 10, (2,), (1,)),
        count=_Tensor(counts, 0, (), ()),
    )
    found = read_tensors(_file(tmp_path, tensors, {"a": values, "b": np.array([7], "<i8")}), "the file")
    np.testing.assert_array_equal(found["weight"], values.reshape(3, 4))
    np.testing.assert_array_equal(found["turned"], values.reshape(3, 4).T)
    np.testing.assert_array_equal(found["behind"], [10, 11])
    assert found["count"] == 7


def test_read_tensors__code_is_never_run(tmp_path: Path) -> None:
    class Evil:
        def __reduce__(self) -> Any:
            return Path.touch, (tmp_path / "ran",)

    with pytest.raises(InvalidInputError, match=r"it holds [\w.]+, which is no tensor; nothing of it was run"):
        read_tensors(_file(tmp_path, {"weight": Evil()}, {}), "the file")
    assert not (tmp_path / "ran").exists()
    data = _file(tmp_path, {"weight": _Global("os", "system")}, {})
    with pytest.raises(InvalidInputError, match=r"it holds os\.system"):
        read_tensors(data, "the file")


def test_read_tensors__broken_files_are_refused(tmp_path: Path) -> None:
    storage = _Storage("a", 4)
    values = {"a": np.zeros(4, "<f4")}
    whole = _file(tmp_path, {"weight": _Tensor(storage, 0, (4,), (1,))}, values)
    assert read_tensors(whole, "the file")["weight"].shape == (4,)
    bad = {
        "cut short": whole[:-5],
        "empty": b"",
        "text": b"weights",
        "another magic number": _file(tmp_path, {}, {}, magic=1),
        "outside": _file(tmp_path, {"weight": _Tensor(storage, 2, (4,), (1,))}, values),
        "before": _file(tmp_path, {"weight": _Tensor(storage, 0, (4,), (-1,))}, values),
        "another size": _file(tmp_path, {"weight": _Tensor(storage, 0, (4,), (1,))}, {"a": np.zeros(3, "<f4")}),
    }
    for what, data in bad.items():
        with pytest.raises(InvalidInputError, match=rf"^{what} cannot be read as a file of tensors"):
            read_tensors(data, what)


def test_storages__are_those_that_the_weights_have() -> None:
    assert set(torch_file._STORAGES) == {"FloatStorage", "LongStorage"}
