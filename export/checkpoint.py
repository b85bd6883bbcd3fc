"""A checkpoint: named tensors in files, checked by name and shape, read one at a time."""

import pickle
import zipfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import msgspec
import torch
from safetensors import SafetensorError, safe_open

from runtime.errors import UserError

Shape = tuple[int, ...]

INDEX = "model.safetensors.index.json"
"""The file that says which shard of a large checkpoint holds which tensor."""

_AGAIN = "Download it again."
_SHOWN = 100
"""Characters of a name that are shown."""

_WRAPPERS = ("state_dict", "model_state_dict")

_WEIGHTS = (torch.float32, torch.bfloat16, torch.float16, torch.float64)
"""Types of weights; smaller floats and integers mean nothing without their scales."""


@dataclass(frozen=True, slots=True)
class Tensors:
    """The tensors of a checkpoint by name; none is read before it is asked for."""

    source: Path
    """The file or folder, named in errors."""
    shapes: Mapping[str, Shape]
    _readers: Mapping[str, Callable[[], torch.Tensor]]
    _prefix: str = ""
    """What was taken off the names, told in errors."""

    def read(self, name: str) -> torch.Tensor:
        """Return the tensor `name` in the type it is stored in, mapped from the file if possible.

        Raises `UserError` if it can't be read, or holds anything else than finite floats.
        """
        return self._readers[name]()

    def size(self, name: str, axis: int = 0) -> int:
        """Return the length of one axis of the tensor `name`.

        Raises `UserError` if there is no such tensor or axis: a file of another model is found out here.
        """
        shape = self.shapes.get(name)
        if shape is None or len(shape) <= axis:
            found = "is missing" if shape is None else f"has the shape {list(shape)}"
            raise UserError(
                f"{self.source}: the tensor {self._prefix}{name} {found}.",
                "Check that it is the right checkpoint.",
            )
        return shape[axis]

    def count(self, pattern: str) -> int:
        """Return how many of `pattern` with `{}` replaced by 0, 1, 2 … are there without a gap."""
        number = 0
        while pattern.format(number) in self.shapes:
            number += 1
        return number

    def under(self, prefix: str) -> "Tensors":
        """Return the tensors whose names begin with `prefix`, without it."""
        inside = self.renamed(lambda name: name.removeprefix(prefix) if name.startswith(prefix) else None)
        return replace(inside, _prefix=self._prefix + prefix)

    def renamed(self, rename: Callable[[str], str | None]) -> "Tensors":
        """Return the tensors under other names; those that `rename` maps to None are left out."""
        names = {new: old for old in self.shapes if (new := rename(old)) is not None}
        return Tensors(
            self.source,
            {new: self.shapes[old] for new, old in names.items()},
            {new: self._readers[old] for new, old in names.items()},
        )

    def check(self, expected: Mapping[str, Shape]) -> None:
        """Raise `UserError`, naming file and tensor, unless these tensors are exactly the `expected` ones."""
        missing = [name for name in expected if name not in self.shapes]
        if missing:
            raise UserError(
                f"{self.source}: the tensor {self._prefix}{_some(missing)} is missing.", _OTHER_MODEL
            )
        extra = [name for name in self.shapes if name not in expected]
        if extra:
            named = f"{self._prefix}{_some(extra)}"
            raise UserError(f"{self.source}: the tensor {named} is not of this model.", _OTHER_MODEL)
        for name, shape in expected.items():
            if self.shapes[name] != shape:
                raise UserError(
                    f"{self.source}: the tensor {self._prefix}{name} has the shape "
                    f"{list(self.shapes[name])}, not {list(shape)}.",
                    _OTHER_MODEL,
                )

    def load_into(self, module: torch.nn.Module) -> None:
        """Fill `module` with these tensors, as float32; names and shapes must be exactly the module's.

        The module may live on the meta device; its parameters are replaced. Raises `UserError`.
        """
        self.check({name: tuple(value.shape) for name, value in module.state_dict().items()})
        state = {name: self.read(name).to(torch.float32) for name in self.shapes}
        module.load_state_dict(state, assign=True)


_OTHER_MODEL = "Check that the file belongs to this component and is complete."


def open_tensors(path: Path) -> Tensors:
    """Open a checkpoint: a .safetensors file, a folder of them, or a torch zip archive (.pt, .pth, .bin).

    No object but tensors is ever made from a file. Raises `UserError` for a missing, truncated or foreign
    file, and for a pickle that holds anything else than tensors.
    """
    if path.is_dir():
        return _open_folder(path)
    if not path.is_file():
        raise UserError(f"There is no checkpoint {path}.", "Check the path, or download the file.")
    if path.suffix == ".safetensors":
        return _open_safetensors(path, (path,))
    return _open_torch(path)


class _Index(msgspec.Struct, frozen=True):
    """What the index says: which file holds which tensor."""

    weight_map: dict[str, str]


def _open_folder(folder: Path) -> Tensors:
    """Open the shards in `folder`: those that the index names, or all there are."""
    index = folder / INDEX
    if not index.is_file():
        files = tuple(sorted(folder.glob("*.safetensors")))
        if not files:
            raise UserError(f"{folder} holds no .safetensors file.", "Check the path, or download the files.")
        return _open_safetensors(folder, files)
    try:
        shard_of = msgspec.json.decode(index.read_bytes(), type=_Index).weight_map
    except (OSError, msgspec.DecodeError, RecursionError) as error:
        raise UserError(f"{index} is no index of a checkpoint ({_first_line(error)}).", _AGAIN) from error
    names = sorted(set(shard_of.values()))
    present = {path.name for path in folder.iterdir() if path.is_file()}
    for name in names:
        if name not in present:
            raise UserError(
                f"{index} names {_short(name)}, which is not in the folder.", "Download that file too."
            )
    tensors = _open_safetensors(folder, tuple(folder / name for name in names))
    absent = [name for name in shard_of if name not in tensors.shapes]
    if absent:
        raise UserError(f"{folder}: the tensor {_some(absent)} of the index is in no file.", _AGAIN)
    return tensors


def _open_safetensors(source: Path, files: tuple[Path, ...]) -> Tensors:
    shapes: dict[str, Shape] = {}
    readers: dict[str, Callable[[], torch.Tensor]] = {}
    for file in files:
        try:
            handle: Any = safe_open(file, framework="pt")
        except (SafetensorError, OSError) as error:
            raise UserError(f"{file} is truncated or no safetensors file.", _AGAIN) from error
        for name in handle.keys():  # noqa: SIM118 (not a mapping)
            if name in shapes:
                raise UserError(f"{source}: the tensor {name} is there twice.", _AGAIN)
            shapes[name] = tuple(handle.get_slice(name).get_shape())
            readers[name] = _Stored(file, name, handle.get_tensor)
    return Tensors(source, shapes, readers)


@dataclass(frozen=True, slots=True)
class _Stored:
    """Reads one tensor of a file, which stays mapped as long as one of its readers is kept."""

    source: Path
    name: str
    """As it is in the file, whatever the tensor is called later."""
    get: Callable[[str], torch.Tensor]

    def __call__(self) -> torch.Tensor:
        try:
            tensor = self.get(self.name)
        except (OSError, RuntimeError, SafetensorError) as error:
            raise UserError(
                f"{self.source}: the tensor {self.name} can't be read ({_first_line(error)}).", _AGAIN
            ) from error
        if tensor.dtype not in _WEIGHTS:
            stored = str(tensor.dtype).removeprefix("torch.")
            raise UserError(
                f"{self.source}: the tensor {self.name} is of the type {stored}, not float.",
                "Get the checkpoint in float32, bfloat16 or float16.",
            )
        if not _finite(tensor):
            raise UserError(f"{self.source}: the tensor {self.name} holds NaN or infinite values.", _AGAIN)
        return tensor


def _open_torch(path: Path) -> Tensors:
    if not zipfile.is_zipfile(path):
        raise UserError(
            f"{path} is truncated or no torch archive.", f"{_AGAIN} Pickles of other kinds are never read."
        )
    try:
        content = torch.load(path, map_location="cpu", weights_only=True, mmap=True)
    except pickle.UnpicklingError as error:
        raise UserError(
            f"{path} holds code or objects besides tensors and was not loaded.", "Get it from its publisher."
        ) from error
    except (RuntimeError, OSError, EOFError, ValueError, KeyError, zipfile.BadZipFile) as error:
        raise UserError(f"{path} is truncated or no torch archive ({_first_line(error)}).", _AGAIN) from error
    tensors = dict(_flat(path, content))
    readers = {name: _Stored(path, name, tensors.__getitem__) for name in tensors}
    return Tensors(path, {name: tuple(tensor.shape) for name, tensor in tensors.items()}, readers)


def _flat(path: Path, content: object) -> Iterator[tuple[str, torch.Tensor]]:
    """Yield the tensors of a state dict, which may be wrapped in another dictionary."""
    for wrapper in _WRAPPERS:
        if isinstance(content, dict) and isinstance(content.get(wrapper), dict):
            content = content[wrapper]
    if not isinstance(content, dict):
        raise UserError(f"{path} holds no dictionary of tensors.", "Check that it is a checkpoint.")
    for name, value in content.items():
        if not isinstance(name, str) or not isinstance(value, torch.Tensor):
            raise UserError(f"{path}: {_short(repr(name))} is no tensor.", "Check that it is a checkpoint.")
        if value.layout != torch.strided or value.is_nested or value.is_quantized or value.is_meta:
            raise UserError(
                f"{path}: the tensor {name} is sparse, nested, quantised or empty of data.",
                "Get the checkpoint with plain tensors.",
            )
        yield name, value


def _finite(tensor: torch.Tensor) -> bool:
    """Return whether all values are finite as float32, without a copy of the tensor."""
    # The extremes are NaN if any value is.
    return not tensor.numel() or all(
        bool(torch.isfinite(extreme.float())) for extreme in torch.aminmax(tensor.detach())
    )


def _short(text: str) -> str:
    """Return the beginning of a text that a file may make as long as it likes, on one line."""
    line = " ".join(text.split())
    return line if len(line) <= _SHOWN else line[:_SHOWN] + "…"


def _some(names: list[str]) -> str:
    """Return the first of `names`, and how many more there are."""
    more = f" (and {len(names) - 1} more)" if len(names) > 1 else ""
    return _short(names[0]) + more


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0].rstrip(".")
