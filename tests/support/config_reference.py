"""Writes `docs/config.md`, the reference of every table and key, from the structs that read them.

python -m tests.support.config_reference > docs/config.md
"""

import ast
import inspect
import json
import re
import textwrap
from collections.abc import Iterator
from types import UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

import msgspec
from msgspec import NODEFAULT, Meta

from edge_audio.config import Config
from edge_audio.plugins import SEAMS, Seam, installed
from edge_audio.settings import AdapterConfig, Table

WIDTH = 110

HEAD = """\
# The config

A config is a TOML file, for `edge-audio talk --config my.toml` or `Assistant.open("my.toml")`; without one it
is `configs/desktop.toml`. A key that isn't *required* may be left out, and so may a table: it then has the
defaults, or is missing where that is said. The key `adapter` says what fills the place of a table, and which
other keys it has; `edge-audio adapters` lists what is installed, from other packages too.

A key's name ends in its unit: `_ms`, `_s`. Folders may be relative to the file. An unknown key is an error
that lists the known ones.

This page is made from the code, by `python -m tests.support.config_reference > docs/config.md`.
"""

_KINDS = {int: "whole number", float: "number", str: "text", bool: "true or false"}


def reference() -> str:
    """Return the page."""
    kinds = {field.name: _table_of(field.type) for field in msgspec.structs.fields(Config)}
    seams = {seam.table: seam for seam in SEAMS}
    told = _docstrings(Config)
    parts = [HEAD]
    for name, kind in kinds.items():
        parts.append(f"## [{name}]\n")
        parts.append(f"{_paragraph(_summary(kind))}\n")
        if name in told:
            parts.append(f"{_paragraph(told[name])}\n")
        parts.extend(_seam(seams[name]) if name in seams else _keys(kind, _names(kind)))
        parts.append("")
    return "\n".join(parts).rstrip() + "\n"


def _seam(seam: Seam) -> Iterator[str]:
    """Write the keys that all adapters of a seam have, and what each of ours adds to them."""
    ours = [adapter for adapter in installed(seam) if adapter.package == "edge-audio"]
    names = ", ".join(f'`"{adapter.name}"`' for adapter in ours)
    yield f'- **`adapter`**: {names}, or that of another package; default `"{seam.default}"`.'
    yield from _keys(seam.kind, _names(seam.kind))
    for adapter in ours:
        settings = adapter.settings()
        yield f'\n### [{seam.table}] with adapter = "{adapter.name}"\n'
        yield f"{_paragraph(_summary(settings))}\n"
        yield from _keys(settings, _names(settings) - _names(seam.kind))


def _names(kind: type[Table]) -> set[str]:
    return {field.name for field in msgspec.structs.fields(kind)}


def _keys(kind: type[Table], names: set[str]) -> Iterator[str]:
    """Write an entry for each key of `kind` that is in `names`."""
    told = _docstrings(kind)
    old_names = {new: old for old, new in kind.renamed.items()}
    for field in msgspec.structs.fields(kind):
        if field.name not in names:
            continue
        inner = _table_of(field.type)
        what = "a table like `[llm]`" if inner else _type(field.type)
        yield f"- **`{field.name}`**: {what}; {_default(field)}."
        text = told.get(field.name, "")
        if old := old_names.get(field.name):
            text += f" Its name in 0.1.0, `{old}`, is still read."
        yield _paragraph(text, "  ")


def _type(annotation: Any) -> str:
    """Say what values a key may have."""
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        meta = next(argument for argument in arguments if isinstance(argument, Meta))
        return f"{_type(arguments[0])}, {_limits(meta)}"
    if origin is Literal:
        *most, last = (f"`{json.dumps(argument)}`" for argument in arguments)
        return f"{', '.join(most)} or {last}"
    if origin is dict:
        keys, values = arguments
        names = _type(keys).replace('"', "")
        inner = "a table" if get_origin(values) is dict else _type(values)
        return f"a table with the keys {names}, each {inner}"
    if origin in (Union, UnionType):
        return " or ".join(_type(argument) for argument in arguments if argument is not type(None))
    return _KINDS[annotation]


def _limits(meta: Meta) -> str:
    """Say between which values a number may be."""
    if meta.ge is not None and meta.le is not None:
        return f"{meta.ge} to {meta.le}"
    told = {"at least": meta.ge, "above": meta.gt, "at most": meta.le, "below": meta.lt}
    return " and ".join(f"{words} {limit}" for words, limit in told.items() if limit is not None)


def _default(field: msgspec.structs.FieldInfo) -> str:
    if field.required:
        return "*required*"
    if field.default is NODEFAULT:
        return "empty by default"
    return "none by default" if field.default is None else f"default `{json.dumps(field.default)}`"


def _table_of(annotation: Any) -> type[Table] | None:
    options = get_args(annotation) or (annotation,)
    return next((kind for kind in options if isinstance(kind, type) and issubclass(kind, Table)), None)


def _summary(kind: type[Table]) -> str:
    """Return a struct's docstring, without the name of its table."""
    text = re.sub(r"^``\[\w+\]``: ", "", inspect.getdoc(kind) or "")
    return text[0].upper() + text[1:]


def _docstrings(kind: type[Table]) -> dict[str, str]:
    """Return the docstring of each field, of the structs that `kind` is made from too."""
    found: dict[str, str] = {}
    for base in reversed(kind.__mro__):
        if not issubclass(base, Table) or base in (Table, AdapterConfig):
            continue
        (definition,) = ast.parse(textwrap.dedent(inspect.getsource(base))).body
        assert isinstance(definition, ast.ClassDef)
        for field, text in zip(definition.body, definition.body[1:], strict=False):
            if isinstance(field, ast.AnnAssign) and isinstance(text, ast.Expr):
                assert isinstance(field.target, ast.Name)
                assert isinstance(text.value, ast.Constant)
                found[field.target.id] = str(text.value.value)
    return found


def _paragraph(text: str, indent: str = "") -> str:
    """Return a docstring as wrapped Markdown."""
    text = " ".join(text.replace("``", "`").split())
    return textwrap.fill(text, WIDTH, initial_indent=indent, subsequent_indent=indent, break_on_hyphens=False)


if __name__ == "__main__":
    print(reference(), end="")
