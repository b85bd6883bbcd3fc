"""`cosyvoice.yaml`, the description of a released speech decoder, read as plain data.

The file is in HyperPyYAML, whose tags name code to import and call (`!new:`, `!name:`, `!apply:`). Here a
tag never does anything: what it stands before is kept as a plain value. Only `!ref <key>` is followed.
"""

import re
from pathlib import Path
from typing import Any, TypeVar

import msgspec
import yaml

from export.plain_yaml import read_yaml
from runtime.errors import UserError

FILE = "cosyvoice.yaml"
"""Name of the file in a decoder's folder."""

T = TypeVar("T")

_REMEDY = "Download the file again, and check that it belongs to the decoder."

_REFERENCE = re.compile(r"<([^<>\[\]]+)((?:\[[^<>\[\]]+\])*)>")
"""`<key>`, or `<key[inner][inner]>` for a value inside a section."""


class _Reference(str):
    """The text of a `!ref`, such as `<sample_rate>`."""


class _Loader(yaml.SafeLoader):
    """YAML without code, whatever its tags say."""


def _plain(loader: _Loader, tag: str, node: yaml.Node) -> Any:
    """Return the value that a tag stands before, as if the tag were not there."""
    if isinstance(node, yaml.MappingNode):
        return loader.construct_mapping(node, deep=True)
    if isinstance(node, yaml.SequenceNode):
        return loader.construct_sequence(node, deep=True)
    text = str(node.value)
    return _Reference(text) if tag == "!ref" else text


_Loader.add_multi_constructor("", _plain)
# YAML 1.1 wants a dot in every float, but the released files write 1e-06.
_Loader.add_implicit_resolver(
    "tag:yaml.org,2002:float", re.compile(r"[-+]?\d+(?:\.\d*)?[eE][-+]?\d+$"), list("-+0123456789")
)


def read_cosyvoice_yaml(path: Path) -> dict[str, Any]:
    """Return the sections and values of the file: dictionaries, lists, strings, numbers.

    `!ref <key>` and `!ref <key[inner]>` become what they refer to; a reference that calculates stays text.
    Raises `UserError` if the file is missing, malformed, or refers to what it doesn't have.
    """
    content = read_yaml(path, _Loader, _REMEDY)
    if not isinstance(content, dict) or not all(isinstance(key, str) for key in content):
        raise UserError(f"{path} holds no sections.", _REMEDY)
    references = _References(path, content)
    try:
        return {key: references.resolved(value) for key, value in content.items()}
    except RecursionError as error:
        raise UserError(f"{path} nests too deeply.", _REMEDY) from error


def read_section(path: Path, name: str, kind: type[T]) -> T:
    """Return one section of the file as a typed settings struct; keys that it has no field for are skipped.

    Raises `UserError`, naming file, section and key, if the section is missing or a value doesn't fit.
    """
    content = read_cosyvoice_yaml(path)
    if name not in content:
        raise UserError(f"{path} has no section {name}.", _REMEDY)
    try:
        return msgspec.convert(content[name], kind)
    except msgspec.ValidationError as error:
        raise UserError(f"{path}, section {name}: {error}.", _REMEDY) from error


class _References:
    """Replaces references; each is followed once, so that references to references can't explode."""

    def __init__(self, path: Path, content: dict[str, Any]) -> None:
        self._path = path
        self._content = content
        self._found: dict[str, Any] = {}

    def resolved(self, value: Any, followed: tuple[str, ...] = ()) -> Any:
        """Return `value` with its references replaced; `followed` are those on the way to it."""
        if isinstance(value, dict):
            return {key: self.resolved(inner, followed) for key, inner in value.items()}
        if isinstance(value, list):
            return [self.resolved(inner, followed) for inner in value]
        if not isinstance(value, _Reference):
            return value
        if value not in self._found:
            self._found[value] = self._target(value, followed)
        return self._found[value]

    def _target(self, value: str, followed: tuple[str, ...]) -> Any:
        reference = _REFERENCE.fullmatch(value.strip())
        if reference is None:
            return str(value)
        if value in followed:
            raise UserError(f"{self._path}: {value} refers to itself.", _REMEDY)
        target: Any = self._content
        for key in (reference[1], *re.findall(r"\[([^\]]+)\]", reference[2])):
            target = target.get(key) if isinstance(target, dict) else None
            if target is None:
                raise UserError(f"{self._path} refers to {value}, which it doesn't have.", _REMEDY)
        return self.resolved(target, (*followed, value))
