import pytest
import yaml

from export.plain_yaml import read_yaml
from runtime.errors import UserError


def write(folder, text):
    path = folder / "config.yaml"
    path.write_text(text)
    return path


def test_reads_values_and_small_aliases(tmp_path):
    path = write(tmp_path, "sizes: &sizes [1, 2]\nagain: *sizes\n")
    assert read_yaml(path, yaml.SafeLoader, "Mend it.") == {"sizes": [1, 2], "again": [1, 2]}


BOMB = "a0: &a0 [x, x]\n" + "".join(
    f"a{level}: &a{level} [{', '.join(9 * [f'*a{level - 1}'])}]\n" for level in range(1, 12)
)
MERGED = "a0: &a0 {x: 1}\n" + "".join(
    f"a{level}: &a{level} {{<<: [{', '.join(9 * [f'*a{level - 1}'])}]}}\n" for level in range(1, 12)
)


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        (BOMB, "stands for more than"),
        (MERGED, "stands for more than"),
        ("a: &a [*a]", "stands for more than"),
        ("a: " + 5000 * "[", "RecursionError"),
        ("a: 2020-99-99", "ValueError"),
        ("a: !!timestamp x", "AttributeError"),
        ("a: !!bool x", "KeyError"),
        ("a: !!int x", "ValueError"),
        ("a: " + 6000 * "9", "ValueError"),
        ("? [a]\n: 1", "unhashable"),
        ("a: !!python/object/apply:os.getcwd []", "could not determine a constructor"),
    ],
)
def test_refuses_what_is_malformed_or_explodes(tmp_path, text, complaint):
    path = write(tmp_path, text)
    with pytest.raises(UserError, match=complaint) as caught:
        read_yaml(path, yaml.SafeLoader, "Mend it.")
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)
