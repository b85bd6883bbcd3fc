from pathlib import Path

import pytest

from export.nano.sentences import is_held_out, read_sentences, write_sentences
from runtime.errors import UserError


def test_sentences_are_read_once_each_in_their_order(tmp_path: Path) -> None:
    one, two = tmp_path / "1.txt", tmp_path / "2.txt"
    one.write_text("How are you?\n\nI  have 3 dogs.\n")
    two.write_text("How are you?\nIt\u2019s late.\n", encoding="utf-8")
    assert read_sentences([one, two]) == ["How are you?", "I have 3 dogs.", "It's late."]


@pytest.mark.parametrize(
    "line", ["... !", "你好 世界", "see <b>this</b> here", "\N{GRINNING FACE} so good", "word " * 31]
)
def test_what_is_no_plain_sentence_is_left_out(tmp_path: Path, line: str) -> None:
    file = tmp_path / "lines.txt"
    assert write_sentences(file, [line, "This is one."]) == 1
    assert file.read_text() == "This is one.\n"


def test_a_file_of_nothing_or_none_at_all_is_a_clear_error(tmp_path: Path) -> None:
    empty, binary = tmp_path / "empty.txt", tmp_path / "binary.txt"
    empty.write_text("\n")
    binary.write_bytes(b"\xff\xfe\x00")
    for file, cause in ((empty, "no sentence"), (binary, "UTF-8"), (tmp_path / "none.txt", "can't be read")):
        with pytest.raises(UserError, match=cause):
            read_sentences([file])


def test_one_sentence_in_a_hundred_is_held_out_however_it_is_written() -> None:
    sentences = [f"The number {number} is my favorite." for number in range(5000)]
    assert 30 < sum(map(is_held_out, sentences)) < 75
    assert [is_held_out(s.upper().rstrip(".")) for s in sentences] == [is_held_out(s) for s in sentences]
