"""In which language a text is."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_audio.text.script import language_of


@pytest.mark.parametrize(
    ("text", "told", "language"),
    [
        ("Hello.", ("en",), "en"),
        ("Hallo.", (None, "de"), "de"),
        ("Hallo.", (), None),
        ("Hallo.", ("", "de"), "de"),
        ("Hallo.", ("nl",), "nl"),
        ("42", ("fr",), "fr"),
        ("...", (), None),
        ("", ("it",), "it"),
        ("今天天气怎么样？", (), "zh"),
        ("今天天气怎么样？", ("en",), "zh"),
        ("今天天气怎么样？", ("ru", "en"), "zh"),
        ("大丈夫", ("ja",), "ja"),
        ("今日の天気は？", ("zh",), "ja"),
        ("コーヒーをください", (), "ja"),
        ("ｶﾌｪ", (), "ja"),
        ("Ｏｋａｙ", ("en",), "en"),
        ("Стоп, подожди.", ("en",), None),
        ("Стоп, подожди.", ("en", "ru"), "ru"),
        ("안녕하세요", ("en",), "ko"),
        ("รอสักครู่", (), "th"),
        ("Σταμάτα", (), "el"),
        ("रुको", ("en",), None),
        ("Hello.", ("zh",), None),
        ("Hello.", ("zh", "en"), "en"),
    ],
)
def test_who_tells_is_right_unless_the_script_says_otherwise(
    text: str, told: tuple[str | None, ...], language: str | None
) -> None:
    assert language_of(text, *told) == language


@pytest.mark.parametrize(
    ("text", "told", "language"),
    [
        ("我想用手机打开Wi-Fi和蓝牙。", "en", "zh"),
        ("“你好” means hello in Chinese.", "en", "en"),
        ("The song is called Ça ira.", "en", "en"),
        ("iPhoneの電池を見て", "en", "ja"),
    ],
)
def test_a_word_in_another_script_changes_nothing(text: str, told: str, language: str) -> None:
    assert language_of(text, told) == language


@given(st.text(), st.lists(st.sampled_from([None, "en", "zh", "ru", "xx"]), max_size=3))
def test_any_text_has_a_language_or_none(text: str, told: list[str | None]) -> None:
    found = language_of(text, *told)
    assert found is None or len(found) == 2
