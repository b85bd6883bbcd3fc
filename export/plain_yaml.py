"""YAML from elsewhere, read as plain data whatever is in it."""

from pathlib import Path
from typing import Any

import yaml

from runtime.errors import UserError

_MOST_VALUES = 100_000
"""Values of a file with its aliases written out; a few lines of aliases to aliases can stand for billions."""


def read_yaml(path: Path, loader: type[yaml.SafeLoader], remedy: str) -> Any:
    """Return what the file says. Raises `UserError`, naming it, if it is missing, malformed or a bomb."""
    try:
        document = loader(path.read_text(encoding="utf-8"))
        node = document.get_single_node()
        if node is None:
            return None
        if _values(node, {}) > _MOST_VALUES:
            raise UserError(f"{path} stands for more than {_MOST_VALUES} values.", remedy)
        return document.construct_document(node)
    except OSError as error:
        raise UserError(f"{path} can't be read ({error.strerror}).", remedy) from error
    # PyYAML lets a malformed number, date or boolean fail in whatever way it does.
    except (yaml.YAMLError, ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        reason = getattr(error, "problem", None) or type(error).__name__
        raise UserError(f"{path} is no valid YAML ({reason}).", remedy) from error


def _values(node: yaml.Node, known: dict[yaml.Node, float]) -> float:
    """Return how many values `node` stands for; one that contains itself stands for infinitely many."""
    if node not in known:
        known[node] = float("inf")
        inner = node.value if isinstance(node, yaml.CollectionNode) else ()
        pairs = isinstance(node, yaml.MappingNode)
        nodes = (part for item in inner for part in (item if pairs else (item,)))
        known[node] = 1 + sum(_values(part, known) for part in nodes)
    return known[node]
