from collections.abc import Set
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_audio.dialogue.opening import Opening

PIECES = st.sampled_from(
    "(happy)|（高兴1）|(laughs)|(very |fast) |( |)|(|（| |\n|rap|Hello|(I |(a|(ii)|（笑）".split("|")
)


def opened(text: str, cuts: Set[int] = frozenset()) -> tuple[str, str | None]:
    """The words of a reply that comes in pieces, and the name of its tag."""
    opening = Opening()
    places = [0, *sorted(cut for cut in cuts if cut < len(text)), len(text)]
    words = "".join(opening.push(text[start:end]) for start, end in pairwise(places)) + opening.flush()
    return words, opening.tag.name if opening.tag else None


@pytest.mark.parametrize(
    ("text", "words", "tag"),
    [
        ("(happy) I am glad.", "I am glad.", "happy"),
        (" (Happy)\nI am glad.", "I am glad.", "happy"),
        ("（高兴2）你好。", "你好。", "very happy"),
        ("(laughs) No!", "No!", None),
        ("(laughs) (sad) No!", "No!", "sad"),
        ("(sad)(happy) No!", "No!", "sad"),
        ("(fast) (I think so, too.)", "(I think so, too.)", "fast"),
        ("(I think so, too.)", "(I think so, too.)", None),
        (" I am (happy).", " I am (happy).", None),
        ("(hap", "(hap", None),
        ("(sad) (hap", "(hap", "sad"),
        ("", "", None),
        (" ", " ", None),
        (" (laughs) ", " (laughs) ", None),
        ("(sad)", "(sad)", "sad"),
    ],
)
def test_tags_before_a_reply_are_taken_off(text: str, words: str, tag: str | None) -> None:
    assert opened(text) == (words, tag)


@given(st.lists(PIECES, max_size=8).map("".join), st.sets(st.integers(1, 60)))
def test_words_and_tag_are_the_same_however_the_reply_comes_in_pieces(text: str, cuts: set[int]) -> None:
    assert opened(text, cuts) == opened(text) == opened(text, set(range(1, len(text))))


@given(st.text(max_size=30))
def test_nothing_is_lost_but_tags_and_white_space(text: str) -> None:
    words, _ = opened(text)
    assert text.endswith(words)
    assert words == text or text[: len(text) - len(words)].strip()[-1] in ")）"


def test_text_is_held_only_while_it_can_become_a_tag() -> None:
    opening = Opening()
    assert [opening.push(piece) for piece in (" ", "(", "I", " think", ")", "(happy)")] == [
        *("", "", "", " (I think"),
        *(")", "(happy)"),
    ]
    assert Opening().push("Hello") == "Hello"
    assert Opening().push("((") == "(("
