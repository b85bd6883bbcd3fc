"""`docs/config.md` says what the structs of the config's tables say."""

import re
from pathlib import Path

import msgspec

from edge_audio.config import Config
from edge_audio.plugins import SEAMS, installed
from tests.support.config_reference import reference

PAGE = Path(__file__).parents[2] / "docs" / "config.md"


def test_the_page_is_what_the_code_makes_of_itself() -> None:
    made = "python -m tests.support.config_reference > docs/config.md"
    assert PAGE.read_text(encoding="utf-8") == reference(), f"make it again: {made}"


def test_every_key_of_every_table_is_explained() -> None:
    text = reference()
    assert "\n\n\n" not in text
    entries = re.findall(r"^- \*\*`(\w+)`\*\*.*\n(.*)", text, re.MULTILINE)
    assert len(entries) > 60
    for name, after in entries:
        assert name == "adapter" or re.match(r"  \S", after), f"{name} has no docstring"


def test_the_old_names_of_keys_are_listed() -> None:
    text = reference()
    for seam in SEAMS:
        for old, new in seam.kind.renamed.items():
            entry = text[text.index(f"**`{new}`**") :].partition("\n- ")[0]
            assert f"`{old}`" in entry


def test_every_table_and_adapter_has_its_place() -> None:
    text = reference()
    for field in msgspec.structs.fields(Config):
        assert f"## [{field.name}]\n" in text
    for seam in SEAMS:
        for adapter in installed(seam):
            if adapter.package == "edge-audio":
                assert f'### [{seam.table}] with adapter = "{adapter.name}"\n' in text
                for key in msgspec.structs.fields(adapter.settings()):
                    assert f"- **`{key.name}`**" in text
