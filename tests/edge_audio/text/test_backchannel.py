import pytest

from edge_audio.text.backchannel import is_backchannel


@pytest.mark.parametrize(
    "text", ["Mm-hmm.", "Yeah.", "Yeah, okay.", "I see.", "Uh-huh!", "", "...", "Okay, okay.", "I"]
)
def test_listening_noises_are_backchannels(text: str) -> None:
    assert is_backchannel(text, "en")


@pytest.mark.parametrize("text", ["Stop.", "Wait a moment.", "No.", "Okay, stop.", "I see a dog.", "What?"])
def test_words_that_want_something_are_not(text: str) -> None:
    assert not is_backchannel(text, "en")


@pytest.mark.parametrize(
    ("text", "language"),
    [("嗯嗯，对。", "zh"), ("對啊", "zh"), ("はい、はい。", "ja"), ("Ach so, ja.", "de"), ("D’accord.", "fr"),
     ("Sí, sí, claro.", "es"), ("Ah, va bene.", "it"), ("Pois é.", "pt")],
)  # fmt: skip
def test_each_language_has_its_own(text: str, language: str) -> None:
    assert is_backchannel(text, language)


@pytest.mark.parametrize(
    ("text", "language"),
    [("请停一下。", "zh"), ("请停一下。", "en"), ("やめてください", "ja"), ("やめてください", "en"),
     ("Стоп, подожди.", "ru"), ("توقف", "ar"), ("रुको", "hi"), ("Σταμάτα", "el"), ("Nein.", "de"),
     ("不是", "zh"), ("いいえ", "ja")],
)  # fmt: skip
def test_who_wants_to_interrupt_can_in_any_script(text: str, language: str) -> None:
    assert not is_backchannel(text, language)


@pytest.mark.parametrize("text", ["Okay, 42.", "Yeah é", "okay 好", "I 2"])
def test_a_backchannel_with_anything_else_in_it_is_none(text: str) -> None:
    assert not is_backchannel(text, "en")
