"""A checkpoint: named tensors in files, checked by name and shape, read one at a time."""

import json
import pickle
import zipfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open

from runtime.errors import UserError

Shape = tuple[int, ...]

INDEX = "model.safetensors.index.json"
"""The file that says which shard of a large checkpoint holds which tensor."""

_AGAIN = "Download it again."
_WRAPPERS = ("state_dict", "model_state_dict")


@dataclass(frozen=True, slots=True)
class Tensors:
    """The tensors of a checkpoint by name; none is read before it is asked for."""

    source: Path
    """The file or folder, named in errors."""
    shapes: Mapping[str, Shape]
    _readers: Mapping[str, Callable[[], torch.Tensor]]

    def read(self, name: str) -> torch.Tensor:
        """Return the tensor `name` in the type it is stored in, mapped from the file if possible."""
        try:
            return self._readers[name]()
        except (OSError, RuntimeError, SafetensorError) as error:
            raise UserError(
                f"{self.source}: the tensor {name} can't be read ({_first_line(error)}).", _AGAIN
            ) from error

    def size(self, name: str, axis: int = 0) -> int:
        """Return the length of one axis of the tensor `name`.

        Raises `UserError` if there is no such tensor or axis: a file of another model is found out here.
        """
        shape = self.shapes.get(name)
        if shape is None or len(shape) <= axis:
            found = "is missing" if shape is None else f"has the shape {list(shape)}"
            raise UserError(
                f"{self.source}: the tensor {name} {found}.", "Check that it is the right checkpoint."
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
        return self.renamed(lambda name: name.removeprefix(prefix) if name.startswith(prefix) else None)

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
            raise UserError(f"{self.source}: the tensor {_some(missing)} is missing.", _OTHER_MODEL)
        extra = [name for name in self.shapes if name not in expected]
        if extra:
            raise UserError(f"{self.source}: the tensor {_some(extra)} is not of this model.", _OTHER_MODEL)
        for name, shape in expected.items():
            if self.shapes[name] != shape:
                raise UserError(
                    f"{self.source}: the tensor {name} has the shape {list(self.shapes[name])}, "
                    f"not {list(shape)}.",
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


def _open_folder(folder: Path) -> Tensors:
    """Open the shards in `folder`: those that the index names, or all there are."""
    index = folder / INDEX
    if not index.is_file():
        files = tuple(sorted(folder.glob("*.safetensors")))
        if not files:
            raise UserError(f"{folder} holds no .safetensors file.", "Check the path, or download the files.")
        return _open_safetensors(folder, files)
    try:
        shard_of: dict[str, str] = json.loads(index.read_bytes())["weight_map"]
        names = sorted(set(shard_of.values()))
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise UserError(f"{index} is no index of a checkpoint.", _AGAIN) from error
    for name in names:
        if Path(name).name != name or not (folder / name).is_file():
            raise UserError(f"{index} names {name}, which is not in the folder.", "Download that file too.")
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
            readers[name] = _Reader(handle, name)
    return Tensors(source, shapes, readers)


@dataclass(frozen=True, slots=True)
class _Reader:
    """Reads one tensor of a safetensors file; the file stays mapped as long as one of its readers is kept."""

    handle: Any
    name: str

    def __call__(self) -> torch.Tensor:
        tensor: torch.Tensor = self.handle.get_tensor(self.name)
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
    readers = {name: (lambda tensor=tensor: tensor) for name, tensor in tensors.items()}
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
            raise UserError(f"{path}: {name!r} is no tensor.", "Check that it is a checkpoint.")
        yield name, value


def _some(names: list[str]) -> str:
    """Return the first of `names`, and how many more there are."""
    more = f" (and {len(names) - 1} more)" if len(names) > 1 else ""
    return names[0] + more


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0].rstrip(".")
