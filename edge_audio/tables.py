"""Tables of a config become typed structs, and structs tables again."""

import difflib
import re
from collections.abc import Mapping, Sequence
from enum import StrEnum
from pathlib import Path
from typing import Any, TypeVar, cast, get_args

import msgspec

from edge_audio.plugins import name_of, seam_of, settings_of
from edge_audio.settings import AdapterConfig, Table
from runtime.errors import UserError

_TableT = TypeVar("_TableT", bound=Table)

_REMEDY = "Fix or remove that key."


def read_table(kind: type[_TableT], value: object, folder: Path | None = None, place: str = "") -> _TableT:
    """Return the table `value`, with all tables in it, as a struct of `kind`.

    The table of an adapter becomes a struct of that adapter. A folder that lies in `folder` is meant by its
    relative path; one that doesn't stays as it is. What is None counts as missing, as it isn't in TOML.
    Raises `UserError` naming the key, below `place`, and what it may be.
    """
    if not isinstance(value, dict):
        raise UserError(f"{place}: expected a table.", _REMEDY)
    given = {key: item for key, item in value.items() if item is not None}
    if issubclass(kind, AdapterConfig):
        kind = cast(type[_TableT], _settings(kind, given, place))
    given = _by_present_names(kind, given, place)
    fields = {field.name: field for field in msgspec.structs.fields(kind)}
    known = ["adapter", *fields] if issubclass(kind, AdapterConfig) else [*fields]
    for key in given:
        if key not in fields:
            raise _unknown(_at(place, key), key, known)
    read: dict[str, Any] = {}
    for name, field in fields.items():
        if name not in given:
            if field.required:
                raise UserError(f"{place}: the key {name} is missing.", "Add it.")
        elif inner := _table_type(field.type):
            read[name] = read_table(inner, given[name], folder, _at(place, name))
        else:
            read[name] = _read_value(field.type, given[name], _at(place, name))
    for name in kind.folders:
        if folder is not None and isinstance(path := read.get(name), str) and (folder / path).is_dir():
            read[name] = str(folder / path)
    try:
        return kind(**read)
    except ValueError as error:
        raise UserError(f"{place}: {error}." if place else f"{error}.", _REMEDY) from None


def as_table(struct: Table) -> dict[str, Any]:
    """Return what `read_table` reads as `struct`, in types that TOML and JSON have, and None for no value."""
    table = {name: _as_value(getattr(struct, name)) for name in struct.__struct_fields__}
    return {"adapter": name_of(type(struct))} | table if isinstance(struct, AdapterConfig) else table


def _as_value(value: object) -> Any:
    return as_table(value) if isinstance(value, Table) else msgspec.to_builtins(value)


def _settings(kind: type[AdapterConfig], given: dict[str, Any], place: str) -> type[AdapterConfig]:
    """Take the key `adapter` out of `given`, and return the struct of the adapter that it names."""
    seam = seam_of(kind)
    name = _read_value(str, given.pop("adapter", seam.default), _at(place, "adapter"))
    try:
        return settings_of(seam, name)
    except UserError as error:
        raise UserError(f"{_at(place, 'adapter')}: {error.cause}", error.remedy) from error


def _by_present_names(kind: type[Table], given: Mapping[str, Any], place: str) -> dict[str, Any]:
    """Return what is `given` by the names that its keys have today."""
    for old, new in kind.renamed.items():
        if old in given and new in given:
            raise UserError(f"{_at(place, old)} and {_at(place, new)} are one key.", f"Remove {old}.")
    return {kind.renamed.get(key, key): item for key, item in given.items()}


def _table_type(annotation: Any) -> type[Table] | None:
    """Return the kind of table that a field of such a type holds, None if it holds something else."""
    for option in get_args(annotation) or (annotation,):
        if isinstance(option, type) and issubclass(option, Table):
            return option
    return None


def _read_value(annotation: Any, value: object, place: str) -> Any:
    try:
        return msgspec.convert(value, annotation)
    except msgspec.ValidationError as error:
        words = ", ".join(_words(annotation))
        remedy = f"Choose one of: {words}." if words else _REMEDY
        raise UserError(f"{_explain(str(error), place)}.", remedy) from None


def _words(annotation: Any) -> list[str]:
    """Return the words that a field of such a type may hold, if it may hold only some."""
    if isinstance(annotation, str):
        return [annotation]
    if isinstance(annotation, type) and issubclass(annotation, StrEnum):
        return list(annotation)
    return [word for option in get_args(annotation) for word in _words(option)]


_PLACE = re.compile(r" - at (?:`key` in )?`\$(?P<below>[^`]*)`")


def _explain(message: str, place: str) -> str:
    """Put msgspec's message in terms of the file's keys."""
    found = _PLACE.search(message)
    what = message[: found.start()] if found else message
    below = found["below"].replace("[...]", "") if found else ""
    return f"{place}{below}: {what[0].lower()}{what[1:]}"


def _unknown(path: str, key: str, known: Sequence[str]) -> UserError:
    near = difflib.get_close_matches(key, known, n=1)
    remedy = f"Did you mean {near[0]}?" if near else f"There are: {', '.join(known)}."
    return UserError(f"unknown key {path}.", remedy)


def _at(place: str, key: str) -> str:
    return f"{place}.{key}" if place else key
