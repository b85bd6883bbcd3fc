"""Sentences with numerals in them."""

from export.nano.numerals import numeral_sentences


def test_the_same_seed_gives_the_same_sentences() -> None:
    assert list(numeral_sentences(50, seed=3)) == list(numeral_sentences(50, seed=3))
    assert list(numeral_sentences(50, seed=3)) != list(numeral_sentences(50, seed=4))


def test_every_slot_of_a_frame_is_filled() -> None:
    sentences = list(numeral_sentences(2000))

    assert not any("{" in sentence or "}" in sentence for sentence in sentences)
    assert sum(any(char.isdigit() for char in sentence) for sentence in sentences) > 1900
