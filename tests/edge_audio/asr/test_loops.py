import pytest

from edge_audio.asr.loops import repeats, without_repeats


@pytest.mark.parametrize(
    "text",
    [
        "Do you know a good recipe? Do you know a good recipe?",
        "Thank you. Thank you. Thank you.",
        "Be Be Be Be Be Be",
        "So I said that we go and we go and we go and",
        "don't do it now, don't do it now",
        "If I mix red and blue, what colour do I get? If I mix red and blue, what colour do I get?",
        "\u4f60\u597d\u4f60\u597d" * 20,
    ],
)
def test_text_that_goes_in_circles_is_noticed(text: str) -> None:
    assert repeats(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "No, no, no!",
        "It is very, very, very, very cold.",
        "Bye bye. Bye bye.",
        "What is the difference between the crocodile and the alligator?",
        "Is it what it is? It is what it is.",
        "One two three, one two four.",
        "He told me long stories about the sailors and the distant countries which they had seen.",
    ],
)
def test_what_people_really_say_passes(text: str) -> None:
    assert not repeats(text)
    assert without_repeats(text) == text


def test_a_circle_is_cut_after_its_first_round() -> None:
    text = "Hello. Where can I buy fish? Where can I buy fish? Where can I buy"
    assert without_repeats(text) == "Hello. Where can I buy fish? "


def test_a_circle_of_one_word_keeps_one_word() -> None:
    assert without_repeats("Stop stop stop stop stop stop") == "Stop "
