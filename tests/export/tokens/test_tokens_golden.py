import json
import shutil
from pathlib import Path

import pytest

from export.tokens.golden import checks
from runtime.errors import UserError

GOLDEN = Path("tests/data/golden")


@pytest.fixture
def copy(tmp_path):
    shutil.copytree(GOLDEN / "interleave", tmp_path / "interleave")
    return tmp_path


def change(path, change_data):
    data = json.loads(path.read_text())
    change_data(data)
    path.write_text(json.dumps(data))


def failed(folder):
    return [check.case for check in checks(folder, folder) if not check.passed]


def test_every_golden_case_is_equal(tmp_path):
    outcome = list(checks(GOLDEN, tmp_path))
    assert [check.case for check in outcome if not check.passed] == []
    assert {check.case.rstrip(" 0123456789").split()[0] for check in outcome} == {
        "interleave",
        "repetition",
        "instruction",
        "chat",
        "speech",
        "system",
    }


@pytest.mark.parametrize(
    ("file", "edit", "case"),
    [
        ("interleave.json", lambda data: data[3]["ids"].__setitem__(0, 65537), "interleave 3 ids"),
        (
            "interleave.json",
            lambda data: data[0].update(string_parsed_by_get_audio_tokens=[]),
            "interleave 0 names",
        ),
        ("instruction.json", lambda data: data[2].update(instruction="x"), "instruction 2"),
        ("chat.json", lambda data: data["cases"][1].update(text=None), "chat 1"),
        ("chat.json", lambda data: data["cases"][10].update(text="x"), "chat 10"),
        ("tts_prompt.json", lambda data: data["cases"][0]["ids"].pop(), "speech prompt 0"),
        ("repetition.json", lambda data: data.update(window=3), "repetition"),
        ("system_prompts.json", lambda data: data.update(sys_prompt_wo_spk=""), "system prompt wo_spk"),
    ],
)
def test_changed_golden_data_is_told_apart(copy, file, edit, case):
    change(copy / "interleave" / file, edit)
    assert any(name.startswith(case) for name in failed(copy))


def test_missing_file_is_one_clear_line(copy):
    (copy / "interleave" / "chat.json").unlink()
    with pytest.raises(UserError, match=r"chat\.json"):
        failed(copy)


def test_file_of_something_else_is_one_clear_line(copy):
    (copy / "interleave" / "repetition.npz").write_bytes(b"PK")
    with pytest.raises(UserError, match="repetition"):
        failed(copy)
    (copy / "interleave" / "interleave.json").write_text('{"a": 1}')
    with pytest.raises(UserError, match="interleave"):
        failed(copy)
